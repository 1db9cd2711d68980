/* node node.mjs play|hurry|follow ADDRESS KEY [NAME]: prints what the scenario saw. */
import { follow, hurry, play, type Seen } from "./scenario.mjs";

declare const process: { argv: string[] };

const [, , which, address = "", key = "", name = ""] = process.argv;
const scenarios: Record<string, (address: string, key: string, name: string) => Promise<Seen>> = { follow, hurry, play };
console.log(JSON.stringify(await scenarios[which ?? ""]?.(address, key, name)));
