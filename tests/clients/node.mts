/* node node.mjs play|hurry ADDRESS KEY [NAME]: prints what the scenario saw. */
import { hurry, play } from "./scenario.mjs";

declare const process: { argv: string[] };

const [, , which, address = "", key = "", name = ""] = process.argv;
console.log(JSON.stringify(which === "play" ? await play(address, key, name) : await hurry(address, key)));
