/* A file that is put off is one transaction (intake.h), so that it is there as a whole once the
 * answer has left, or not at all:
 *
 *   begin, identity, open, store  <- the file, piece by piece, while it arrives
 *   key, close, read, keep the answer, commit
 */
#include "imports/import_later.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "imports/intake.h"
#include "postgres/rows.h"
#include "request/answer.h"
#include "request/binding.h"
#include "request/caller.h"
#include "request/parameters.h"
#include "request/result.h"

enum { PIECE_SIZE = 256 << 10 };

struct later {
	struct intake intake;
	bool is_open;
	struct text piece; /* of the file, not stored yet */
	struct text wire;  /* the piece under way, as PostgreSQL takes it */
	int pieces;
};

static struct later *later_of(struct intake *intake)
{
	return (struct later *)(void *)intake;
}

static bool send_statement(struct later *later, const char *statement)
{
	struct intake *intake = &later->intake;
	struct request *r = intake->r;
	char bytes[BINDING_NUMBER_SIZE], chunks[BINDING_NUMBER_SIZE], most[BINDING_NUMBER_SIZE];
	bool is_csv = strstr(r->head.headers[HEADER_CONTENT_TYPE], "ndjson") == NULL;
	const struct binding bindings[] = {
		{"id", r->made.id},
		{"resource", r->operation->code->import->resource},
		{"now", r->made.now},
		{"actor_id", r->actor.id},
		{"actor", caller_describe(r)},
		{"is_dry_run", parameters_value(r, "dry_run")},
		{"is_atomic", parameters_value(r, "atomic")},
		{"target", r->head.target},
		{"format", is_csv ? "csv" : "ndjson"},
		{"language", r->language == NULL ? NULL : r->language->tag},
		{"request_id", r->id},
		{"key", r->asked.idempotency_key},
		{"most", most},
		{"bytes", bytes},
		{"chunks", chunks},
		{"digest", intake->digest},
		{"ids", arena_printf(&r->arena, "{%s}", r->made.id)},
		{NULL, NULL},
	};
	snprintf(most, sizeof most, "%d", r->service->config->caller_imports);
	snprintf(bytes, sizeof bytes, "%lld", (long long)intake->bytes);
	snprintf(chunks, sizeof chunks, "%d", later->pieces);
	return intake_send(intake, statement, bindings);
}

static bool send_open(struct intake *intake, bool *ret_is_sent)
{
	*ret_is_sent = send_statement(later_of(intake), SQL(openImport));
	return true;
}

/* What comes after the first result says that a piece is stored. */
static const struct problem *take_open(struct intake *intake, const PGresult *result)
{
	struct later *later = later_of(intake);
	if (later->is_open)
		return NULL;
	later->is_open = intake->takes_bytes = true;
	return result_refusal(intake->r, result);
}

static bool send_close(struct intake *intake, bool *ret_is_sent)
{
	*ret_is_sent = send_statement(later_of(intake), SQL(closeImport));
	return true;
}

static bool send_read(struct intake *intake, bool *ret_is_sent)
{
	*ret_is_sent = send_statement(later_of(intake), SQL(getImport));
	return true;
}

static const struct problem *render(struct request *r, const PGresult *result)
{
	const struct operation *read = operation_find(r->service->operations, "getImport");
	const struct sql_choice choice = {0};
	struct variant *variant = variant_find(r->service->variants, read->statement, &choice);
	struct rows rows = {.result = result, .variant = variant};
	if (variant == NULL || PQntuples(result) != 1 ||
		!rows_describe(variant, result, read->contract) ||
		!rows_append_object(&r->answer.body, &rows, 0))
		return FAULT(r, "the import that was kept cannot be read");
	return NULL;
}

/* What a read of the import would answer, and where. */
static const struct problem *take_read(struct intake *intake, const PGresult *result)
{
	struct request *r = intake->r;
	answer_begin(r, 202, "application/json");
	answer_header(r, "Location", arena_printf(&r->arena, "/v1/imports/%s", r->made.id));
	answer_header(r, "Preference-Applied", "respond-async");
	answer_header(r, "Retry-After", "1");
	return render(r, result);
}

static const struct intake_step steps[] = {
	{.send = intake_send_begin},
	{.send = intake_send_identity},
	{.send = send_open, .take = take_open},
	{.send = intake_send_key},
	{.send = send_close},
	{.send = send_read, .take = take_read},
	{.send = intake_send_store},
	{.send = intake_send_commit},
};

static bool send_piece(struct later *later)
{
	char number[BINDING_NUMBER_SIZE];
	const struct binding bindings[] = {{"id", later->intake.r->made.id}, {"number", number},
		{"bytes", later->wire.bytes}, {NULL, NULL}};
	snprintf(number, sizeof number, "%d", later->pieces++);
	return intake_send(&later->intake, SQL(storeImportChunk), bindings);
}

static void store_piece(struct later *later)
{
	const struct text *piece = &later->piece;
	text_clear(&later->wire);
	binding_append_bytea(&later->wire, (const unsigned char *)piece->bytes, piece->length);
	bool is_broken = piece->is_broken || later->wire.is_broken;
	text_clear(&later->piece);
	later->intake.is_waiting = true;
	if (is_broken || !send_piece(later))
		intake_give_up(&later->intake, &problem_unavailable);
}

static void take_bytes(struct intake *intake, const char *bytes, size_t length)
{
	struct later *later = later_of(intake);
	int most = intake->r->service->config->import_bytes;
	text_append(&later->piece, bytes, length);
	if (intake->bytes > most)
		intake_give_up(intake,
			request_fault(intake->r, &problem_payload_too_large,
				"A file that is imported later has at most %d bytes here.", most));
	else if (later->piece.length >= PIECE_SIZE)
		store_piece(later);
}

static void take_end(struct intake *intake)
{
	struct later *later = later_of(intake);
	intake->takes_bytes = false;
	if (later->piece.length > 0)
		store_piece(later);
	else
		intake_next(intake);
}

static void later_free(struct intake *intake)
{
	struct later *later = later_of(intake);
	text_done(&later->piece);
	text_done(&later->wire);
}

/* Between two pieces the transaction waits for the client, as long as `import-ms` and the watch
 * over slow ones let it. */
static const char waits_for_client[] = "-c idle_in_transaction_session_timeout=0";

const struct intake_way import_later = {
	.settings = waits_for_client,
	.steps = steps,
	.step_count = sizeof steps / sizeof *steps,
	.size = sizeof(struct later),
	.take_bytes = take_bytes,
	.take_end = take_end,
	.free = later_free,
};
