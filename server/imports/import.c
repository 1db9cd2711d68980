/* An import is one transaction (intake.h):
 *
 *   begin, identity, stage, COPY  <- the file, row by row, while it arrives
 *   key, judge, before, post, errors, finish, keep the answer, commit
 *
 * A file that was put off comes here, too, from where it is kept: see import_later.c. */
#include "imports/import.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "imports/import_later.h"
#include "imports/intake.h"
#include "imports/staging.h"
#include "postgres/rows.h"
#include "prefer.h"
#include "request/answer.h"
#include "request/parameters.h"
#include "request/result.h"
#include "watch/metrics.h"

enum {
	COPY_PIECE_SIZE = 64 << 10,
	ERRORS_SHOWN = 1000, /* in the answer */
};

struct import {
	struct intake intake;
	struct staging *staging;
	struct text copy; /* lines on their way to PostgreSQL */
	bool is_dry_run, is_atomic;
	bool comes_again; /* the client says that it knows */
	char started_at[sizeof((struct request *)0)->made.now];
	char *members;
	int64_t rows, created, updated, unchanged, rejected;
};

static struct import *import_of(struct intake *intake)
{
	return (struct import *)(void *)intake;
}

static bool is_posting(const struct import *import)
{
	return !import->is_dry_run && !(import->is_atomic && import->rejected > 0);
}

/* A dry run leaves no more than its answer says, however often it is repeated. */
static int errors_kept(const struct import *import)
{
	int most = import->intake.r->service->config->import_errors;
	return import->is_dry_run && most > ERRORS_SHOWN ? ERRORS_SHOWN : most;
}

/* Sends a statement with the values of this import. */
static bool send_statement(struct import *import, const char *statement)
{
	struct intake *intake = &import->intake;
	struct request *r = intake->r;
	struct arena *arena = &r->arena;
	const struct binding bindings[] = {
		{"columns", import->members},
		{"import_id", r->made.id},
		{"id", r->made.id},
		{"attempt", r->attempt},
		{"resource", r->operation->code->import->resource},
		{"started_at", import->started_at},
		{"now", r->made.now},
		{"actor_id", r->actor.id},
		{"bytes", arena_printf(arena, "%lld", (long long)intake->bytes)},
		{"rows", arena_printf(arena, "%lld", (long long)import->rows)},
		{"created", arena_printf(arena, "%lld", (long long)import->created)},
		{"updated", arena_printf(arena, "%lld", (long long)import->updated)},
		{"unchanged", arena_printf(arena, "%lld", (long long)import->unchanged)},
		{"rejected", arena_printf(arena, "%lld", (long long)import->rejected)},
		{"shown", arena_printf(arena, "%d", ERRORS_SHOWN)},
		{"kept", arena_printf(arena, "%d", errors_kept(import))},
		{"digest", intake->digest},
		{"is_dry_run", import->is_dry_run ? "true" : "false"},
		{"is_atomic", import->is_atomic ? "true" : "false"},
		{"is_posted", is_posting(import) ? "true" : "false"},
		{NULL, NULL},
	};
	return intake_send(intake, statement, bindings);
}

static bool send_stage(struct intake *intake, bool *ret_is_sent)
{
	struct import *import = import_of(intake);
	*ret_is_sent = send_statement(import, intake->r->operation->code->import->stage);
	return true;
}

static bool send_copy(struct intake *intake, bool *ret_is_sent)
{
	struct import *import = import_of(intake);
	struct text sql = {0};
	text_append_string(&sql, "copy staging (");
	staging_append_columns(import->staging, &sql);
	text_append_string(&sql, ") from stdin");
	*ret_is_sent = !sql.is_broken && stream_query(intake->stream, sql.bytes, 0, NULL);
	text_done(&sql);
	return true;
}

static bool send_judge(struct intake *intake, bool *ret_is_sent)
{
	struct import *import = import_of(intake);
	*ret_is_sent = send_statement(import, intake->r->operation->code->import->judge);
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

static const struct problem *take_judgement(struct intake *intake, const PGresult *result)
{
	struct import *import = import_of(intake);
	if (PQntuples(result) != 1)
		return FAULT(intake->r, "the judgement has %d rows", PQntuples(result));
	import->rows = read_count(result, "rows");
	import->created = read_count(result, "created");
	import->updated = read_count(result, "updated");
	import->unchanged = read_count(result, "unchanged");
	import->rejected = read_count(result, "rejected");
	if (import->is_atomic && import->rejected > 0) /* all or nothing: nothing */
		import->created = import->updated = 0;
	return NULL;
}

static bool send_before(struct intake *intake, bool *ret_is_sent)
{
	struct import *import = import_of(intake);
	if (import->comes_again || import->created == 0)
		return false;
	*ret_is_sent = send_statement(import, SQL(importedBefore));
	return true;
}

static const struct problem *take_before(struct intake *intake, const PGresult *result)
{
	struct request *r = intake->r;
	const struct problem *p = result_refusal(r, result);
	return p != &problem_file_imported_before
		       ? p
		       : request_fault(r, p, "The import %s had this file.", r->existing_id);
}

static bool send_post(struct intake *intake, bool *ret_is_sent)
{
	struct import *import = import_of(intake);
	if (!is_posting(import))
		return false;
	*ret_is_sent = send_statement(import, intake->r->operation->code->import->post);
	return true;
}

static bool send_errors(struct intake *intake, bool *ret_is_sent)
{
	struct import *import = import_of(intake);
	*ret_is_sent = send_statement(import, SQL(stagedErrors));
	return true;
}

static void append_member(struct text *body, const char *name, struct slice value)
{
	text_append_printf(body, ",\"%s\":", name);
	text_append_json(body, value.bytes, value.length);
}

/* With the first errors everything is known that the answer says. */
static const struct problem *take_errors(struct intake *intake, const PGresult *result)
{
	struct import *import = import_of(intake);
	struct text *body = &intake->r->answer.body;
	text_append_printf(body,
		"{\"id\":\"%s\",\"rows\":%lld,\"created\":%lld,\"updated\":%lld,\"unchanged\":%lld,"
		"\"rejected\":%lld,\"errors\":[",
		intake->r->made.id, (long long)import->rows, (long long)import->created,
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
	answer_begin(intake->r, 200, "application/json");
	return NULL;
}

static bool send_finish(struct intake *intake, bool *ret_is_sent)
{
	struct import *import = import_of(intake);
	*ret_is_sent = send_statement(import, SQL(finishImport));
	return true;
}

/* Without a row somebody else has ended it meanwhile: what was posted goes with the transaction. */
static const struct problem *take_finish(struct intake *intake, const PGresult *result)
{
	(void)intake;
	return PQntuples(result) > 0 ? NULL : &problem_import_finished;
}

static const struct intake_step steps[] = {
	{.send = intake_send_begin},
	{.send = intake_send_identity},
	{.send = send_stage},
	{.send = send_copy},
	{.send = intake_send_key},
	{.send = send_judge, .take = take_judgement},
	{.send = send_before, .take = take_before},
	{.send = send_post},
	{.send = send_errors, .take = take_errors},
	{.send = send_finish, .take = take_finish},
	{.send = intake_send_store},
	{.send = intake_send_commit},
};

static void refuse_file(struct import *import)
{
	struct request *r = import->intake.r;
	const struct fault_list *faults = staging_faults(import->staging);
	bool is_unknown = faults->count > 0 &&
			  strcmp(faults->items[0].code, "unknown_columns") == 0;
	for (size_t i = 0; i < faults->count; i++)
		fault_add(&r->faults, faults->items[i].pointer, faults->items[i].code, "%s",
			faults->items[i].detail);
	intake_give_up(&import->intake,
		request_fault(r, is_unknown ? &problem_unknown_columns : &problem_invalid_file,
			"%s", faults->count > 0 ? faults->items[0].detail : "out of memory"));
}

static bool put_copy(struct import *import)
{
	struct text *copy = &import->copy;
	bool is_put = !copy->is_broken && (copy->length == 0 || stream_put(import->intake.stream,
									copy->bytes, copy->length));
	text_clear(copy);
	return is_put;
}

static void take_bytes(struct intake *intake, const char *bytes, size_t length)
{
	struct import *import = import_of(intake);
	if (!staging_feed(import->staging, bytes, length, &import->copy))
		refuse_file(import);
	else if (import->copy.length >= COPY_PIECE_SIZE && !put_copy(import))
		intake_give_up(intake, &problem_unavailable);
}

/* The file is complete and PostgreSQL is in COPY: the last lines go out. */
static void take_end(struct intake *intake)
{
	struct import *import = import_of(intake);
	struct text members = {0};
	if (!staging_finish(import->staging, &import->copy)) {
		refuse_file(import);
		return;
	}
	staging_append_members(import->staging, &members);
	import->members = members.bytes;
	intake->takes_bytes = false;
	if (!put_copy(import) || !stream_put_end(intake->stream))
		intake_give_up(intake, &problem_unavailable);
}

static void done(struct intake *intake)
{
	const struct import *import = import_of(intake);
	atomic_fetch_add_explicit(&intake->r->service->metrics->rows_imported,
		(uint64_t)import->rows, memory_order_relaxed);
}

static void import_free(struct intake *intake)
{
	struct import *import = import_of(intake);
	staging_free(import->staging);
	text_done(&import->copy);
	free(import->members);
}

static bool is_true(const struct request *r, const char *parameter)
{
	const char *value = parameters_value(r, parameter);
	return value != NULL && strcmp(value, "true") == 0;
}

static bool begin(struct intake *intake)
{
	struct import *import = import_of(intake);
	const struct request *r = intake->r;
	const char *type = r->head.headers[HEADER_CONTENT_TYPE];
	const char *unknown = parameters_value(r, "unknown");
	const char *blank = parameters_value(r, "blank");
	import->is_dry_run = is_true(r, "dry_run");
	import->is_atomic = is_true(r, "atomic");
	import->comes_again = is_true(r, "again");
	memcpy(import->started_at, r->made.now, sizeof import->started_at);
	import->staging = staging_new(r->operation->contract->rows,
		strstr(type, "ndjson") == NULL ? STAGING_CSV : STAGING_NDJSON,
		unknown != NULL && strcmp(unknown, "custom") == 0);
	if (import->staging == NULL)
		return false;
	staging_speak(import->staging, r->language);
	if (blank != NULL && strcmp(blank, "erase") == 0)
		staging_erase_blanks(import->staging);
	staging_pass_over(import->staging, r->operation->contract->exported);
	return true;
}

static const struct intake_way way = {
	.steps = steps,
	.step_count = sizeof steps / sizeof *steps,
	.size = sizeof(struct import),
	.begin = begin,
	.take_bytes = take_bytes,
	.take_end = take_end,
	.done = done,
	.free = import_free,
};

/* Only clients are refused for being too many: what was put off waits for its turn anyway. */
static const struct problem *import_begin(struct request *r)
{
	if (r->attempt != NULL)
		return intake_begin(r, &way);
	if (r->service->imports >= r->service->config->imports)
		return request_fault(r, &problem_overloaded, "Too many imports are under way.");
	bool is_put_off = r->operation->contract->is_deferrable &&
			  prefer_has(r->head.headers[HEADER_PREFER], "respond-async");
	return intake_begin(r, is_put_off ? &import_later : &way);
}

const struct body_stream import_stream = {
	.begin = import_begin, .take = intake_take, .end = intake_end};
