/* What a typed client does: it runs in Node and in a page alike, and says what it saw. */
import createClient from "openapi-fetch";
import type { paths } from "qudao";

export type Seen = Record<string, unknown>;

/* The contract shows a merge patch as the object that it is checked against, all of it optional. */
function patch<Whole>(part: Partial<NoInfer<Whole>>): Whole {
	return part as Whole;
}

/* One region, from its creation to its deletion. `name` makes its code and key unique. */
export async function play(baseUrl: string, key: string, name: string): Promise<Seen> {
	const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
	const stranger = createClient<paths>({ baseUrl });
	const body = { code: name, name: "North 北" };
	const headers = { "Idempotency-Key": name };

	const created = await client.POST("/v1/regions", { params: { header: headers }, body });
	const replayed = await client.POST("/v1/regions", { params: { header: headers }, body });
	if (created.data === undefined) throw new Error(JSON.stringify(created.error));
	const region = created.data;
	const path = { id: region.id };

	const etag = created.response.headers.get("ETag") ?? "";
	const read = await client.GET("/v1/regions/{id}", { params: { path } });
	const known = await fetch(`${baseUrl}/v1/regions/${region.id}`, {
		cache: "no-store",
		headers: { Authorization: `Bearer ${key}`, "If-None-Match": etag },
	});
	const changed = await client.PATCH("/v1/regions/{id}", {
		params: { path, header: { "If-Match": etag } },
		body: patch({ name: "The North" }),
		headers: { "Content-Type": "application/merge-patch+json" },
	});
	const stale = await client.PATCH("/v1/regions/{id}", {
		params: { path, header: { "If-Match": etag } },
		body: patch({ name: "Too late" }),
		headers: { "Content-Type": "application/merge-patch+json" },
	});
	const listed = await client.GET("/v1/regions", { params: { query: { code: name, limit: 1 } } });
	const refused = await stranger.GET("/v1/regions");
	const invalid = await client.POST("/v1/regions", { body: { code: "", name: "" } });
	/* @ts-expect-error: the types know that a code is a string, and so does the server. */
	const mistyped = await client.POST("/v1/regions", { body: { ...body, code: 7 } });
	const version = changed.response.headers.get("ETag") ?? "";
	const deleted = await client.DELETE("/v1/regions/{id}", {
		params: { path, header: { "If-Match": version } },
	});
	return {
		created: created.response.status,
		location: created.response.headers.get("Location") === `/v1/regions/${region.id}`,
		replayed: replayed.response.headers.get("Idempotency-Replayed"),
		replayedId: replayed.data?.id === region.id,
		read: read.data?.name,
		known: known.status,
		knownEtag: known.headers.get("ETag") === etag,
		changed: changed.data?.name,
		stale: [stale.response.status, stale.error?.code, stale.response.headers.get("ETag") === version],
		listed: typeof listed.data === "object" && listed.data.data.map((one) => one.code),
		refused: [refused.response.status, refused.error?.code, refused.response.headers.has("WWW-Authenticate")],
		invalid: invalid.error?.errors?.map((fault) => fault.pointer),
		mistyped: mistyped.response.status,
		deleted: deleted.response.status,
	};
}

/* Reads a stream of events, from behind `place`, until one is about `subject`; returns its id. EventSource sends no key. */
async function heard(baseUrl: string, key: string, place: string, subject: () => Promise<string>): Promise<string> {
	const headers = { Authorization: `Bearer ${key}`, Accept: "text/event-stream", "Last-Event-ID": place };
	const ending = new AbortController();
	const response = await fetch(`${baseUrl}/v1/events`, { headers, signal: ending.signal });
	if (response.body === null || response.status !== 200) throw new Error(await response.text());
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	const wanted = await subject();
	let received = "";
	for (;;) {
		const { done, value } = await reader.read();
		if (done) throw new Error(`The stream ended: ${received}`);
		received += value;
		const whole = received.split("\n\n").slice(0, -1);
		const message = whole.find((block) => block.includes(wanted));
		if (message === undefined) continue;
		ending.abort();
		return /^id: (.*)$/m.exec(message)?.[1] ?? "";
	}
}

/* Follows events: one as it happens, and then, from there, one that happened while nobody listened. */
export async function follow(baseUrl: string, key: string, name: string): Promise<Seen> {
	const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
	async function make(code: string): Promise<string> {
		const { data, error } = await client.POST("/v1/regions", { body: { code, name: code } });
		if (data === undefined) throw new Error(JSON.stringify(error));
		return data.id;
	}
	const first = await client.GET("/v1/events", { params: { query: { limit: 1 } } });
	const place = typeof first.data === "object" ? (first.data.next_cursor ?? "") : "";
	const live = await heard(baseUrl, key, place, () => make(`${name}-LIVE`));
	const missed = await make(`${name}-MISSED`);
	const resumed = await heard(baseUrl, key, live, () => Promise.resolve(missed));
	return { live: live !== "", resumed: resumed !== "" && resumed !== live };
}

/* Asks until it is told to wait, and returns what it was told. */
export async function hurry(baseUrl: string, key: string): Promise<Seen> {
	const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
	for (let i = 0; i < 100; i++) {
		const { error, response } = await client.GET("/v1/regions");
		if (response.status === 429)
			return {
				code: error?.code,
				retryAfter: Number(response.headers.get("Retry-After")) > 0,
				policy: response.headers.has("RateLimit-Policy"),
			};
	}
	return {};
}
