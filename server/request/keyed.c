#include "request/keyed.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "request/answer.h"
#include "request/binding.h"
#include "request/result.h"

/* A key stands for one request: method, target and the bytes of the body, and as whom it is made:
 * one subject may come with several tokens. The caller is part of the table's key. */
static bool hash_request(struct request *r, struct slice content)
{
	struct digester *digester = digester_new();
	if (digester == NULL)
		return false;
	digester_feed(digester, r->head.method, strlen(r->head.method) + 1);
	digester_feed(digester, r->head.target, strlen(r->head.target) + 1);
	digester_feed(digester, r->actor.partner_id, strlen(r->actor.partner_id) + 1);
	digester_feed(digester, actor_role_name(r->actor.role),
		strlen(actor_role_name(r->actor.role)) + 1);
	digester_feed(digester, content.bytes, content.length);
	digester_finish(digester, r->run.request_hash);
	digester_free(digester);
	return true;
}

static bool bind_key(struct request *r, const char *statement, struct call *ret_call)
{
	const struct binding bindings[] = {
		{"caller_id", r->actor.id},
		{"key", r->asked.idempotency_key},
		{"request_hash", binding_bytea(&r->arena, r->run.request_hash, DIGEST_SIZE)},
		{NULL, NULL},
	};
	return binding_of(r, statement, bindings, ret_call);
}

/* The headers that are part of an answer, a line each. */
static const char *const stored_headers[] = {
	"Content-Language", "ETag", "Location", "Preference-Applied"};

static const char *headers_text(struct request *r)
{
	struct text lines = {0};
	for (size_t i = 0; i < r->answer.header_count; i++)
		for (size_t kind = 0; kind < sizeof stored_headers / sizeof *stored_headers; kind++)
			if (strcmp(r->answer.headers[i].name, stored_headers[kind]) == 0)
				text_append_printf(&lines, "%s: %s\n", r->answer.headers[i].name,
					r->answer.headers[i].value);
	const char *copy = arena_copy(&r->arena, lines.bytes, lines.length);
	text_done(&lines);
	return copy;
}

/* What is kept: success, and refusals by the business. Others may turn out differently next time.
 */
static bool is_worth_keeping(int status)
{
	return status / 100 == 2 || status == 409 || status == 422;
}

/* The body as it is kept: with null in place of a key that was made for it. */
static const char *body_to_keep(struct request *r)
{
	const struct text *body = &r->answer.body;
	const char *secret = r->made.secret[0] == '\0' ? NULL : strstr(body->bytes, r->made.secret);
	if (secret == NULL)
		return binding_bytea(&r->arena, (const unsigned char *)body->bytes, body->length);
	const char *kept = arena_printf(&r->arena, "%.*snull%s", (int)(secret - body->bytes) - 1,
		body->bytes, secret + strlen(r->made.secret) + 1);
	return kept == NULL ? NULL
			    : binding_bytea(&r->arena, (const unsigned char *)kept, strlen(kept));
}

bool keyed_bind_store(struct request *r, struct call *ret_call)
{
	if (!is_worth_keeping(r->answer.status))
		return false;
	const struct binding bindings[] = {
		{"caller_id", r->actor.id},
		{"key", r->asked.idempotency_key},
		{"request_hash", binding_bytea(&r->arena, r->run.request_hash, DIGEST_SIZE)},
		{"status", arena_printf(&r->arena, "%d", r->answer.status)},
		{"headers", headers_text(r)},
		{"body", body_to_keep(r)},
		{NULL, NULL},
	};
	return binding_of(r, SQL(idempotencyStore), bindings, ret_call);
}

/* The lane has the results: the answer is rendered now and stored with them. */
static bool store_answer(struct segment *segment, struct call ret_store[static SEGMENT_STORE_CALLS])
{
	struct request *r = segment->ctx;
	result_answer(r);
	return binding_identity(r, "", NULL, &ret_store[0]) && keyed_bind_store(r, &ret_store[1]);
}

bool keyed_bind_begin(struct request *r, struct slice content, struct call *ret_call)
{
	return hash_request(r, content) && bind_key(r, SQL(idempotencyBegin), ret_call);
}

bool keyed_begin(struct request *r, int position)
{
	if (r->asked.idempotency_key == NULL)
		return true;
	r->run.segment.key = r->asked.idempotency_key;
	r->run.segment.store = store_answer;
	return keyed_bind_begin(
		r, (struct slice){r->body.bytes, r->body.length}, &r->run.segment.calls[position]);
}

static void replay_headers(struct request *r, struct slice lines)
{
	struct slice line;
	while (slice_split(&lines, '\n', &line)) {
		struct slice name;
		if (line.length == 0 || !slice_split(&line, ':', &name))
			continue;
		struct slice value = slice_trim(line);
		answer_header(r, arena_copy(&r->arena, name.bytes, name.length),
			arena_copy(&r->arena, value.bytes, value.length));
	}
}

static void take_stored(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	const PGresult *found = outcome == SEGMENT_DONE ? segment->results[1] : NULL;
	if (found == NULL || PQntuples(found) != 1) {
		answer_refuse(r, &problem_unavailable);
		return;
	}
	uint32_t status;
	memcpy(&status, PQgetvalue(found, 0, PQfnumber(found, "status")), sizeof status);
	struct slice body = rows_text(found, 0, "body");
	int code = (int)be32toh(status);
	answer_begin(r, code, code < 300 ? "application/json" : "application/problem+json");
	replay_headers(r, rows_text(found, 0, "headers"));
	answer_header(r, "Idempotency-Replayed", "true");
	text_append(&r->answer.body, body.bytes, body.length);
	if (body.length == 0)
		r->answer.content_type = NULL;
	answer_send(r);
}

static void answer_stored_refusal(struct segment *segment, enum segment_outcome outcome)
{
	(void)outcome; /* a refusal that could not be stored will be found again by the retry */
	answer_send(segment->ctx);
}

/* Runs one call by itself, in the lanes of the caller's role. */
static bool run(struct request *r, const struct call *call, segment_done_function *done)
{
	struct segment *segment = &r->run.segment;
	segment_clear(segment);
	*segment = (struct segment){.call_count = 2, .is_write = true, .done = done};
	segment->calls[1] = *call;
	return binding_identity(r, "", NULL, &segment->calls[0]) &&
	       request_submit(r, LANE_WRITE) == NULL;
}

bool keyed_replay(struct request *r, const PGresult *error)
{
	const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE);
	struct call call;
	if (r->asked.idempotency_key == NULL || state == NULL || strcmp(state, "QD003") != 0)
		return false;
	return bind_key(r, SQL(idempotencyFind), &call) && run(r, &call, take_stored);
}

bool keyed_keep_refusal(struct request *r, const struct problem *problem)
{
	if (r->asked.idempotency_key == NULL || !is_worth_keeping(problem->status) ||
		problem == &problem_idempotency_in_progress ||
		problem == &problem_idempotency_key_reused)
		return false;
	struct call call;
	answer_problem(r, problem);
	return keyed_bind_store(r, &call) && run(r, &call, answer_stored_refusal);
}
