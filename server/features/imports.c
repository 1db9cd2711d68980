/* An import is one transaction on a connection of its own:
 *
 *   begin, identity, stage, COPY  <- the file, row by row, while it arrives
 *   key, judge, post, errors, finish, keep the answer, commit
 *
 * Whatever breaks on the way (the client, the file, PostgreSQL) rolls it back as a whole. */
#include "imports.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "binding.h"
#include "http.h"
#include "keyed.h"
#include "parameters.h"
#include "staging.h"
#include "stream.h"

enum {
	COPY_PIECE_SIZE = 64 << 10,
	STALL_MS = 5000, /* PostgreSQL says itself that a statement takes too long, if it can */
};

struct import {
	struct request *r;
	struct stream *stream;
	struct staging *staging;
	struct digester *digester;
	struct text copy; /* lines on their way to PostgreSQL */
	int step;         /* index into steps */
	bool takes_rows;  /* PostgreSQL is in COPY */
	bool is_complete; /* the file has ended */
	bool is_dry_run, is_atomic;
	const struct problem *problem; /* why it is refused; the rest of the file is dropped */

	char started_at[40];
	char digest[2 * DIGEST_SIZE + 1];
	char *members;
	int64_t rows, created, updated, unchanged, rejected;
};

/* A step sends a query and, when its result has come, takes it; false: this import skips it. */
struct step {
	bool (*send)(struct import *import, bool *ret_is_sent);
	const struct problem *(*take)(struct import *import, const PGresult *result);
};

static const struct step steps[];

static bool is_posting(const struct import *import)
{
	return !import->is_dry_run && !(import->is_atomic && import->rejected > 0);
}

static bool send_call(struct import *import, const struct call *call)
{
	const struct variant *variant = call->variant;
	return stream_query(import->stream, variant->sql.text.bytes,
		(int)variant->sql.parameter_count, call->values);
}

/* Sends a statement with the values of this import. */
static bool send_statement(struct import *import, const char *statement)
{
	struct request *r = import->r;
	struct arena *arena = &r->arena;
	const struct binding bindings[] = {
		{"columns", import->members},
		{"import_id", r->new_id},
		{"id", r->new_id},
		{"resource", r->operation->code->import->resource},
		{"started_at", import->started_at},
		{"now", r->now},
		{"actor_id", r->actor.id},
		{"rows", arena_printf(arena, "%lld", (long long)import->rows)},
		{"created", arena_printf(arena, "%lld", (long long)import->created)},
		{"updated", arena_printf(arena, "%lld", (long long)import->updated)},
		{"unchanged", arena_printf(arena, "%lld", (long long)import->unchanged)},
		{"rejected", arena_printf(arena, "%lld", (long long)import->rejected)},
		{"digest", import->digest},
		{"is_dry_run", import->is_dry_run ? "true" : "false"},
		{"is_atomic", import->is_atomic ? "true" : "false"},
		{"is_posted", is_posting(import) ? "true" : "false"},
		{NULL, NULL},
	};
	struct call call;
	return binding_of(r, statement, bindings, &call) && send_call(import, &call);
}

static bool send_begin(struct import *import, bool *ret_is_sent)
{
	*ret_is_sent = stream_query(import->stream, "begin", 0, NULL);
	return true;
}

static bool send_identity(struct import *import, bool *ret_is_sent)
{
	struct call call;
	*ret_is_sent = binding_identity(import->r, import->r->new_id, NULL, &call) &&
		       send_call(import, &call);
	return true;
}

static bool send_stage(struct import *import, bool *ret_is_sent)
{
	*ret_is_sent = send_statement(import, import->r->operation->code->import->stage);
	return true;
}

static bool send_copy(struct import *import, bool *ret_is_sent)
{
	struct text sql = {0};
	text_append_string(&sql, "copy staging (");
	staging_append_columns(import->staging, &sql);
	text_append_string(&sql, ") from stdin");
	*ret_is_sent = !sql.is_broken && stream_query(import->stream, sql.bytes, 0, NULL);
	text_done(&sql);
	return true;
}

static bool send_key(struct import *import, bool *ret_is_sent)
{
	struct call call;
	if (import->r->idempotency_key == NULL)
		return false;
	*ret_is_sent = keyed_bind_begin(import->r, slice_of(import->digest), &call) &&
		       send_call(import, &call);
	return true;
}

static bool send_judge(struct import *import, bool *ret_is_sent)
{
	*ret_is_sent = send_statement(import, import->r->operation->code->import->judge);
	return true;
}

static int64_t read_count(const PGresult *result, const char *name)
{
	uint64_t wire = 0;
	int column = PQfnumber(result, name);
	if (column >= 0 && PQgetlength(result, 0, column) == sizeof wire)
		memcpy(&wire, PQgetvalue(result, 0, column), sizeof wire);
	return (int64_t)be64toh(wire);
}

static const struct problem *take_judgement(struct import *import, const PGresult *result)
{
	if (PQntuples(result) != 1)
		return FAULT(import->r, "the judgement has %d rows", PQntuples(result));
	import->rows = read_count(result, "rows");
	import->created = read_count(result, "created");
	import->updated = read_count(result, "updated");
	import->unchanged = read_count(result, "unchanged");
	import->rejected = read_count(result, "rejected");
	if (import->is_atomic && import->rejected > 0) /* all or nothing: nothing */
		import->created = import->updated = 0;
	return NULL;
}

static bool send_post(struct import *import, bool *ret_is_sent)
{
	if (!is_posting(import))
		return false;
	*ret_is_sent = send_statement(import, import->r->operation->code->import->post);
	return true;
}

static bool send_errors(struct import *import, bool *ret_is_sent)
{
	*ret_is_sent = send_statement(import, SQL(stagedErrors));
	return true;
}

static void append_member(struct text *body, const char *name, struct slice value)
{
	text_append_printf(body, ",\"%s\":", name);
	text_append_json(body, value.bytes, value.length);
}

/* With the first errors everything is known that the answer says. */
static const struct problem *take_errors(struct import *import, const PGresult *result)
{
	struct text *body = &import->r->answer.body;
	text_append_printf(body,
		"{\"id\":\"%s\",\"rows\":%lld,\"created\":%lld,\"updated\":%lld,\"unchanged\":%lld,"
		"\"rejected\":%lld,\"errors\":[",
		import->r->new_id, (long long)import->rows, (long long)import->created,
		(long long)import->updated, (long long)import->unchanged,
		(long long)import->rejected);
	for (int row = 0; row < PQntuples(result); row++) {
		uint64_t line;
		memcpy(&line, PQgetvalue(result, row, PQfnumber(result, "line")), sizeof line);
		text_append_printf(
			body, "%s{\"line\":%lld", row == 0 ? "" : ",", (long long)be64toh(line));
		append_member(body, "pointer", rows_text(result, row, "pointer"));
		append_member(body, "code", rows_text(result, row, "code"));
		append_member(body, "detail", rows_text(result, row, "detail"));
		text_append_char(body, '}');
	}
	text_append_printf(body, "],\"dry_run\":%s}", import->is_dry_run ? "true" : "false");
	answer_begin(import->r, 200, "application/json");
	return NULL;
}

static bool send_finish(struct import *import, bool *ret_is_sent)
{
	*ret_is_sent = send_statement(import, SQL(finishImport));
	return true;
}

static bool send_store(struct import *import, bool *ret_is_sent)
{
	struct call call;
	if (import->r->idempotency_key == NULL)
		return false;
	*ret_is_sent = keyed_bind_store(import->r, &call) && send_call(import, &call);
	return true;
}

static bool send_commit(struct import *import, bool *ret_is_sent)
{
	*ret_is_sent = stream_query(import->stream, "commit", 0, NULL);
	return true;
}

enum {
	STEP_BEGIN,
	STEP_IDENTITY,
	STEP_STAGE,
	STEP_COPY,
	STEP_KEY,
	STEP_JUDGE,
	STEP_POST,
	STEP_ERRORS,
	STEP_FINISH,
	STEP_STORE,
	STEP_COMMIT,
	STEP_COUNT,
};

static const struct step steps[STEP_COUNT] = {
	[STEP_BEGIN] = {.send = send_begin},
	[STEP_IDENTITY] = {.send = send_identity},
	[STEP_STAGE] = {.send = send_stage},
	[STEP_COPY] = {.send = send_copy},
	[STEP_KEY] = {.send = send_key},
	[STEP_JUDGE] = {.send = send_judge, .take = take_judgement},
	[STEP_POST] = {.send = send_post},
	[STEP_ERRORS] = {.send = send_errors, .take = take_errors},
	[STEP_FINISH] = {.send = send_finish},
	[STEP_STORE] = {.send = send_store},
	[STEP_COMMIT] = {.send = send_commit},
};

static void import_free(struct request *r)
{
	struct import *import = r->feature;
	r->feature = NULL;
	r->service->imports--;
	stream_free(import->stream);
	staging_free(import->staging);
	digester_free(import->digester);
	text_done(&import->copy);
	free(import->members);
	free(import);
}

/* Gives up: the transaction ends with its connection. While the file still comes in, the client
 * does not listen; it is told at the end of it. */
static void give_up(struct import *import, const struct problem *problem)
{
	stream_free(import->stream);
	import->stream = NULL;
	import->problem = problem;
	if (import->is_complete)
		request_refuse(import->r, problem);
	else
		http_wake(import->r->http);
}

static void refuse_file(struct import *import)
{
	struct request *r = import->r;
	const struct fault_list *faults = staging_faults(import->staging);
	bool is_unknown = faults->count > 0 &&
			  strcmp(faults->items[0].code, "unknown_columns") == 0;
	for (size_t i = 0; i < faults->count; i++)
		fault_add(&r->faults, faults->items[i].pointer, faults->items[i].code, "%s",
			faults->items[i].detail);
	give_up(import,
		request_fault(r, is_unknown ? &problem_unknown_columns : &problem_invalid_file,
			"%s", faults->count > 0 ? faults->items[0].detail : "out of memory"));
}

static void answer_posted(struct import *import)
{
	struct request *r = import->r;
	stream_free(import->stream);
	import->stream = NULL;
	atomic_fetch_add_explicit(
		&r->service->metrics->rows_imported, (uint64_t)import->rows, memory_order_relaxed);
	request_answer(r);
}

/* Sends the next step that this import takes. */
static void send_next(struct import *import)
{
	bool is_sent = false;
	while (++import->step < STEP_COUNT && !steps[import->step].send(import, &is_sent))
		;
	if (import->step == STEP_COUNT)
		answer_posted(import);
	else if (!is_sent)
		give_up(import,
			FAULT(import->r, "step %d of an import cannot be sent", import->step));
}

static bool put_copy(struct import *import)
{
	struct text *copy = &import->copy;
	bool is_put = !copy->is_broken &&
		      (copy->length == 0 || stream_put(import->stream, copy->bytes, copy->length));
	text_clear(copy);
	return is_put;
}

/* The file is complete and PostgreSQL is in COPY: the last lines go out. */
static void finish_copy(struct import *import)
{
	struct text members = {0};
	if (!staging_finish(import->staging, &import->copy)) {
		refuse_file(import);
		return;
	}
	staging_append_members(import->staging, &members);
	import->members = members.bytes;
	import->takes_rows = false;
	unsigned char bytes[DIGEST_SIZE];
	digester_finish(import->digester, bytes);
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		snprintf(import->digest + 2 * i, 3, "%02x", bytes[i]);
	if (!put_copy(import) || !stream_put_end(import->stream))
		give_up(import, &problem_unavailable);
}

static void refuse_result(struct import *import, PGresult *result)
{
	struct request *r = import->r;
	if (keyed_replay(r, result)) {
		stream_free(import->stream);
		import->stream = NULL;
		return;
	}
	give_up(import, request_problem_of(r, result));
}

static void on_result(void *ctx, PGresult *result)
{
	struct import *import = ctx;
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_COPY_IN) {
		import->takes_rows = true;
		if (import->is_complete)
			finish_copy(import);
		else
			http_wake(import->r->http);
		return;
	}
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		refuse_result(import, result);
		return;
	}
	const struct problem *p = NULL;
	if (steps[import->step].take != NULL)
		p = steps[import->step].take(import, result);
	if (p != NULL)
		give_up(import, p);
	else
		send_next(import);
}

static void on_ready(void *ctx)
{
	send_next(ctx);
}

static void on_drained(void *ctx)
{
	struct import *import = ctx;
	http_wake(import->r->http);
}

static void on_lost(void *ctx, const char *why)
{
	struct import *import = ctx;
	(void)why;
	give_up(import,
		import->step == STEP_COMMIT ? &problem_outcome_unknown : &problem_unavailable);
}

static bool is_true(const struct request *r, const char *parameter)
{
	const char *value = parameters_value(r, parameter);
	return value != NULL && strcmp(value, "true") == 0;
}

static struct import *import_new(struct request *r)
{
	const struct stream_events events = {
		.query_ms = r->service->config->bulk_statement_ms + STALL_MS,
		.on_ready = on_ready,
		.on_result = on_result,
		.on_drained = on_drained,
		.on_lost = on_lost};
	const char *type = r->headers[HEADER_CONTENT_TYPE];
	const char *unknown = parameters_value(r, "unknown");
	struct import *import = calloc(1, sizeof *import);
	if (import == NULL)
		return NULL;
	r->feature = import;
	r->feature_free = import_free;
	r->service->imports++;
	*import = (struct import){.r = r,
		.step = -1,
		.is_dry_run = is_true(r, "dry_run"),
		.is_atomic = is_true(r, "atomic"),
		.digester = digester_new()};
	memcpy(import->started_at, r->now, sizeof import->started_at);
	import->staging = staging_new(r->operation->contract->rows,
		strstr(type, "ndjson") == NULL ? STAGING_CSV : STAGING_NDJSON,
		unknown != NULL && strcmp(unknown, "custom") == 0);
	if (import->staging != NULL)
		staging_speak(import->staging, r->language);
	PGconn *connection = lane_connect(r->service->database_url, actor_lane_role(&r->actor), "",
		r->service->config->bulk_statement_ms);
	import->stream = stream_new(r->service->loop, connection, &events, import);
	return import;
}

static const struct problem *import_begin(struct request *r)
{
	if (r->service->imports >= r->service->config->imports)
		return request_fault(r, &problem_overloaded, "Too many imports are under way.");
	struct import *import = import_new(r);
	if (import == NULL || import->staging == NULL || import->digester == NULL)
		return FAULT(r, "out of memory");
	return import->stream == NULL ? &problem_unavailable : NULL;
}

static size_t import_take(struct request *r, const char *bytes, size_t length)
{
	struct import *import = r->feature;
	if (import->problem != NULL)
		return length;
	if (!import->takes_rows || stream_is_congested(import->stream))
		return 0;
	digester_feed(import->digester, bytes, length);
	if (!staging_feed(import->staging, bytes, length, &import->copy))
		refuse_file(import);
	else if (import->copy.length >= COPY_PIECE_SIZE && !put_copy(import))
		give_up(import, &problem_unavailable);
	return length;
}

static void import_end(struct request *r)
{
	struct import *import = r->feature;
	import->is_complete = true;
	if (import->problem != NULL)
		request_refuse(r, import->problem);
	else if (import->takes_rows)
		finish_copy(import);
}

const struct body_stream import_stream = {
	.begin = import_begin, .take = import_take, .end = import_end};
