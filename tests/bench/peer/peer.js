/* The same three operations as a peer would write them: one process a core, no keys, no contract, the statements of the server. */
import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import Fastify from "fastify";
import postgres from "postgres";

const [host, port, statementsFile, processes, options] = process.argv.slice(2);
const statements = JSON.parse(readFileSync(statementsFile, "utf8"));

function serve() {
	const sql = postgres({ host, database: "qudao", username: "qudao", max: 8, connection: { options } });
	const app = Fastify();
	app.get("/v1/partners/:id", async (request) => (await sql.unsafe(statements.getPartner, [[request.params.id]], { prepare: true }))[0]);
	app.get("/v1/sales-records", async (request) => ({
		data: await sql.unsafe(statements.listSalesRecords, [request.query.partner_id, 50], { prepare: true }),
	}));
	app.post("/v1/sales-records", async (request, reply) => {
		const id = randomUUID();
		const row = await sql.begin(async (transaction) => {
			await transaction.unsafe(statements.createSalesRecord, [[request.body], [id], new Date()], { prepare: true });
			return (await transaction.unsafe(statements.getSalesRecord, [[id]], { prepare: true }))[0];
		});
		reply.code(201).send(row);
	});
	app.listen({ host: "127.0.0.1", port: Number(port) });
}

if (cluster.isPrimary) for (let i = 0; i < Number(processes); i++) cluster.fork();
else serve();
