#include "request/result.h"

#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "config.h"
#include "request/answer.h"
#include "request/count.h"
#include "request/expand.h"

static char *copy_text(struct request *r, struct slice slice)
{
	return slice.length == 0 ? NULL : arena_copy(&r->arena, slice.bytes, slice.length);
}

static const char *uuid_text(struct request *r, const PGresult *result, int row, const char *name)
{
	struct slice wire = rows_text(result, row, name);
	char *text = wire.length == sizeof(uuid_t) ? arena_take(&r->arena, UUID_TEXT_SIZE) : NULL;
	if (text != NULL)
		uuid_unparse_lower((const unsigned char *)wire.bytes, text);
	return text;
}

/* The current ETag goes with a 412, so that the client need not read again to know it. */
static void note_current_version(struct request *r, const PGresult *result, int row)
{
	struct slice wire = rows_text(result, row, "version");
	if (wire.length == 4) {
		const unsigned char *bytes = (const unsigned char *)wire.bytes;
		unsigned version = (unsigned)bytes[0] << 24 | (unsigned)bytes[1] << 16 |
				   (unsigned)bytes[2] << 8 | bytes[3];
		answer_header(r, "ETag", arena_printf(&r->arena, "\"%u\"", version));
	}
}

/* A statement that makes objects for several requests says whose fault each is. */
static bool is_of_another(struct request *r, const PGresult *result, int row)
{
	const char *new_id = uuid_text(r, result, row, "new_id");
	return new_id != NULL && strcmp(new_id, r->made.id) != 0;
}

/* Who may not do something learns nothing of what it would have met. */
static bool is_forbidden(struct request *r, const PGresult *result, int rows)
{
	for (int row = 0; row < rows; row++)
		if (slice_equals(rows_text(result, row, "problem"), problem_forbidden.code) &&
			!is_of_another(r, result, row))
			return true;
	return false;
}

const struct problem *result_refusal(struct request *r, const PGresult *result)
{
	const struct problem *first = NULL;
	int rows = PQfnumber(result, "problem") < 0 ? 0 : PQntuples(result);
	bool hides = is_forbidden(r, result, rows);
	for (int row = 0; row < rows; row++) {
		char *code = copy_text(r, rows_text(result, row, "problem"));
		if (code == NULL || is_of_another(r, result, row))
			continue;
		const struct problem *problem = problem_find(code);
		if (problem == NULL)
			return FAULT(r, "the statement returned the unknown problem %s", code);
		if (hides && problem != &problem_forbidden)
			continue;
		const char *pointer = copy_text(r, rows_text(result, row, "pointer"));
		const char *detail = copy_text(r, rows_text(result, row, "detail"));
		if (detail != NULL)
			detail = language_text(r->language, detail);
		if (pointer != NULL)
			fault_add(&r->faults, pointer, problem->code, "%s",
				detail == NULL ? language_text(r->language, problem->title)
					       : detail);
		if (first != NULL)
			continue;
		first = problem;
		r->detail = detail;
		r->existing_id = uuid_text(r, result, row, "existing_id");
		if (problem == &problem_precondition_failed)
			note_current_version(r, result, row);
	}
	return first;
}

/* In a log, the place of a row is no member of it. */
static int sort_column(const struct request *r, const PGresult *result)
{
	if (r->operation->code->is_log)
		return PQfnumber(result, "position");
	const char *sort = r->asked.sort == NULL ? "id" : r->asked.sort;
	return PQfnumber(result, sort[0] == '-' ? sort + 1 : sort);
}

bool result_position(struct request *r, const struct rows *rows, int row, struct text *key,
	struct cursor *ret_cursor)
{
	int sort = sort_column(r, rows->result);
	const char *id = uuid_text(r, rows->result, row, "id");
	if (id == NULL || sort < 0 || !rows_append_plain(key, rows, row, sort) || key->is_broken)
		return false;
	memcpy(ret_cursor->id, id, UUID_TEXT_SIZE);
	ret_cursor->key = key->bytes == NULL ? "" : key->bytes;
	return true;
}

static void append_cursor(struct request *r, struct text *text, const struct rows *rows, int row)
{
	struct text key = {0};
	struct cursor cursor;
	if (result_position(r, rows, row, &key, &cursor))
		cursor_seal(text, &cursor,
			(struct slice){r->asked.scope.bytes, r->asked.scope.length},
			r->service->cursor_secret);
	text_done(&key);
}

/* A log goes on growing: behind its last page, the next one begins. */
static void append_log_end(struct request *r, struct text *text)
{
	const struct cursor cursor = {.key = r->log_end, .id = NO_ID};
	cursor_seal(text, &cursor, (struct slice){r->asked.scope.bytes, r->asked.scope.length},
		r->service->cursor_secret);
}

/* How clients reach us. A Host that nobody has allowed is not repeated: the link is a path then. */
static void append_base(const struct request *r, struct text *link)
{
	const struct config *config = r->service->config;
	const char *host = r->head.headers[HEADER_HOST];
	if (config->public_url != NULL)
		text_append_string(link, config->public_url);
	else if (host != NULL &&
		 (config->allowed_hosts == NULL || list_has(config->allowed_hosts, host)))
		text_append_printf(link, "http://%s", host);
}

/* The address of the next page: the same query with another cursor. */
static void add_next_link(struct request *r, const char *cursor)
{
	struct text link = {0};
	text_append_string(&link, "<");
	append_base(r, &link);
	struct slice query = slice_of(r->head.target);
	struct slice part;
	slice_split(&query, '?', &part);
	text_append(&link, part.bytes, part.length);
	char separator = '?';
	while (slice_split(&query, '&', &part)) {
		if (part.length == 0 || (part.length >= 7 && memcmp(part.bytes, "cursor=", 7) == 0))
			continue;
		text_append_char(&link, separator);
		text_append(&link, part.bytes, part.length);
		separator = '&';
	}
	text_append_printf(&link, "%ccursor=%s>; rel=\"next\"", separator, cursor);
	if (!link.is_broken)
		answer_header(r, "Link", arena_copy(&r->arena, link.bytes, link.length));
	text_done(&link);
}

static const struct problem *refuse_size(struct request *r)
{
	text_clear(&r->answer.body);
	fault_add(&r->faults, "?limit", "too_large", "The page would have more than %d bytes",
		r->service->config->answer_bytes);
	return &problem_invalid_request;
}

/* One row more than the page was asked for, so that we know whether there are more. */
static const struct problem *append_page(struct request *r, const struct rows *rows)
{
	struct text *body = &r->answer.body;
	size_t most = (size_t)r->service->config->answer_bytes;
	int count = PQntuples(rows->result);
	bool has_more = count > r->asked.limit;
	if (has_more)
		count = r->asked.limit;
	text_append_string(body, "{\"data\":[");
	for (int row = 0; row < count; row++) {
		if (row > 0)
			text_append_char(body, ',');
		if (!rows_append_object(body, rows, row))
			return FAULT(
				r, "a column of %s cannot be written", r->operation->contract->id);
		if (body->length > most)
			return refuse_size(r);
		/* The other rows are about as long: the body need not grow and move with them. */
		if (row == 0 && body->length <= most / (size_t)count)
			text_reserve(body, body->length * (size_t)count * 9 / 8);
	}
	text_append_string(body, "],\"next_cursor\":");
	struct text cursor = {0};
	if (has_more || (r->operation->code->is_log && count > 0))
		append_cursor(r, &cursor, rows, count - 1);
	else if (r->operation->code->is_log)
		append_log_end(r, &cursor);
	if (cursor.length > 0)
		text_append_json(body, cursor.bytes, cursor.length);
	else
		text_append_string(body, "null");
	if (has_more && cursor.length > 0)
		add_next_link(r, cursor.bytes);
	text_done(&cursor);
	text_append_printf(body, ",\"has_more\":%s", has_more ? "true" : "false");
	if (r->run.count_call >= 0 && !count_append(body, r))
		return FAULT(r, "%s cannot be counted", r->operation->contract->id);
	text_append_char(body, '}');
	return NULL;
}

static void add_etag(struct request *r, const struct rows *rows, int row, int version)
{
	struct text tag = {0};
	text_append_char(&tag, '"');
	rows_append_plain(&tag, rows, row, version);
	text_append_char(&tag, '"');
	const char *etag = tag.is_broken ? NULL : arena_copy(&r->arena, tag.bytes, tag.length);
	text_done(&tag);
	answer_etag(r, etag);
}

static void add_retry_after(struct request *r, const struct rows *rows, int row)
{
	struct slice seconds = rows_text(rows->result, row, "retry_after");
	if (seconds.length > 0)
		answer_header(
			r, "Retry-After", arena_copy(&r->arena, seconds.bytes, seconds.length));
}

/* The version makes the ETag; a created object has an address, where it can be read. */
static void add_object_headers(struct request *r, const struct rows *rows, int row)
{
	int version = PQfnumber(rows->result, "version");
	if (version >= 0 && r->run.expand == NULL)
		add_etag(r, rows, row, version);
	if (r->operation->code->is_polled)
		add_retry_after(r, rows, row);
	const char *path = r->operation->location;
	bool is_made = r->answer.status == 201 ||
		       (r->answer.status == 202 && r->operation->code->is_polled);
	const char *id = is_made ? uuid_text(r, rows->result, row, "id") : NULL;
	if (id != NULL)
		answer_header(r, "Location",
			arena_printf(&r->arena, "%.*s%s", (int)strcspn(path, "{"), path, id));
}

static const struct problem *append_row(struct request *r, const struct rows *rows, int row)
{
	add_object_headers(r, rows, row);
	if (r->answer.status == 304)
		return NULL;
	return rows_append_object(&r->answer.body, rows, row)
		       ? NULL
		       : FAULT(r, "a column of %s cannot be written", r->operation->contract->id);
}

const struct problem *result_rows(
	struct request *r, struct variant *variant, const PGresult *result, int row)
{
	if (!rows_describe(variant, result, r->operation->contract))
		return FAULT(r, "out of memory");
	struct rows rows = {.result = result,
		.variant = variant,
		.fields = r->asked.fields,
		.field_count = r->asked.field_count};
	if (r->run.expand != NULL)
		expand_complete(r, &rows);
	answer_begin(r, r->operation->contract->success_status, "application/json");
	if (r->operation->contract->is_list) {
		answer_vary(r, "Accept");
		return append_page(r, &rows);
	}
	return row < PQntuples(result) ? append_row(r, &rows, row) : &problem_not_found;
}

void result_answer(struct request *r)
{
	answer_reset(r);
	const PGresult *result = r->run.segment.results[r->run.statement_call];
	struct variant *variant = r->run.segment.calls[r->run.statement_call].variant;
	const struct problem *p = result_refusal(r, result);
	if (p == NULL && r->operation->is_write && PQntuples(result) == 0)
		p = &problem_not_found;
	if (p == NULL && r->run.then_call >= 0) {
		result = r->run.segment.results[r->run.then_call];
		variant = r->run.segment.calls[r->run.then_call].variant;
	}
	if (p == NULL && !r->operation->contract->is_list && PQntuples(result) > 1)
		p = FAULT(r, "%s returned %d rows", variant->statement->name, PQntuples(result));
	if (p == NULL && r->operation->contract->success_status == 204)
		answer_begin(r, 204, NULL);
	else if (p == NULL)
		p = result_rows(r, variant, result, 0);
	if (p != NULL)
		answer_problem(r, p);
}

/* The problem behind an error of PostgreSQL. A value that it refuses passed the contract, so the
 * message tells the client what is wrong with it; other messages stay inside. */
const struct problem *result_problem(struct request *r, const PGresult *error)
{
	const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);
	const struct problem *problem = problem_of_error(state,
		PQresultErrorField(error, PG_DIAG_CONSTRAINT_NAME),
		PQresultErrorField(error, PG_DIAG_SOURCE_FUNCTION));
	if (problem == NULL)
		return FAULT(r, "%s: %s %s", r->operation->contract->id, state == NULL ? "" : state,
			message == NULL ? PQresultErrorMessage(error) : message);
	if (problem->pointer != NULL)
		fault_add(&r->faults, problem->pointer, problem->code, "%s",
			language_text(r->language, problem->title));
	if (problem == &problem_value_refused && message != NULL && strncmp(state, "22", 2) == 0)
		return request_fault(r, problem, "%s", message);
	return problem;
}
