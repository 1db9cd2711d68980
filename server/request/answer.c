#include "request/answer.h"

#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "request/count.h"
#include "request/expand.h"
#include "request/parameters.h"

void answer_reset(struct request *r)
{
	struct text body = r->answer.body;
	text_clear(&body);
	r->answer = (struct answer){.body = body};
	request_forget_faults(r);
}

void answer_header(struct request *r, const char *name, const char *value)
{
	struct answer *answer = &r->answer;
	if (value != NULL && answer->header_count < ANSWER_HEADERS_MAX)
		answer->headers[answer->header_count++] = (struct answer_header){name, value};
}

void answer_vary(struct request *r, const char *header)
{
	struct answer *answer = &r->answer;
	for (size_t i = 0; i < answer->header_count; i++)
		if (strcmp(answer->headers[i].name, "Vary") == 0) {
			answer->headers[i].value = arena_printf(
				&r->arena, "%s, %s", answer->headers[i].value, header);
			return;
		}
	answer_header(r, "Vary", header);
}

void answer_deprecation(struct request *r)
{
	const struct contract_operation *contract = r->operation == NULL ? NULL
									 : r->operation->contract;
	if (contract == NULL || contract->deprecation[0] == '\0')
		return;
	answer_header(r, "Deprecation", contract->deprecation);
	answer_header(r, "Link", "</docs>; rel=\"deprecation\"; type=\"text/html\"");
	if (contract->sunset[0] != '\0')
		answer_header(r, "Sunset", contract->sunset);
}

void answer_begin(struct request *r, int status, const char *content_type)
{
	r->answer.status = status;
	r->answer.content_type = content_type;
}

void answer_language(struct request *r)
{
	answer_header(r, "Content-Language", language_tag(r->language));
	answer_vary(r, "Accept-Language");
}

const struct problem *answer_json(struct request *r, int status, json_t *value)
{
	char *dumped = value == NULL ? NULL : json_dumps(value, JSON_COMPACT);
	json_decref(value);
	if (dumped == NULL)
		return FAULT(r, "out of memory");
	answer_begin(r, status, "application/json");
	text_append_string(&r->answer.body, dumped);
	free(dumped);
	return NULL;
}

static void append_member(struct text *body, const char *name, const char *value)
{
	if (value == NULL)
		return;
	text_append_printf(body, ",\"%s\":", name);
	text_append_json(body, value, strlen(value));
}

static void append_faults(struct text *body, const struct fault_list *faults)
{
	if (faults->count == 0)
		return;
	text_append_string(body, ",\"errors\":");
	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->items[i];
		text_append_string(body, i == 0 ? "[{\"pointer\":" : ",{\"pointer\":");
		const char *pointer = fault->pointer == NULL ? "" : fault->pointer;
		text_append_json(body, pointer, strlen(pointer));
		append_member(body, "code", fault->code);
		append_member(body, "detail", fault->detail);
		text_append_char(body, '}');
	}
	text_append_char(body, ']');
}

/* The media types that an operation takes, for Accept-Post and Accept-Patch. */
static const char *accepted_types(struct request *r)
{
	const struct contract_operation *contract = r->operation->contract;
	const char *types = contract->body_types[0];
	for (size_t i = 1; i < contract->body_type_count; i++)
		types = arena_printf(&r->arena, "%s, %s", types, contract->body_types[i]);
	return types;
}

/* Headers that belong to a status, whatever refused the request. */
static void add_problem_headers(struct request *r, const struct problem *problem)
{
	if (problem->status == 401)
		answer_header(r, "WWW-Authenticate",
			problem == &problem_invalid_token
				? "Bearer realm=\"qudao\", error=\"invalid_token\""
				: "Bearer realm=\"qudao\"");
	if (problem->status == 405)
		answer_header(r, "Allow", r->allowed);
	if (problem->status == 503 || problem == &problem_idempotency_in_progress)
		answer_header(r, "Retry-After", "1");
	if (problem->status == 415 && r->operation != NULL &&
		r->operation->contract->body_type_count > 0) {
		const char *header = strcmp(r->method, "PATCH") == 0 ? "Accept-Patch"
				     : strcmp(r->method, "PUT") == 0 ? "Accept"
								     : "Accept-Post";
		answer_header(r, header, accepted_types(r));
	}
}

/* The query stays out of it: filters may hold what nobody should log. */
static const char *path_of(struct request *r)
{
	return arena_copy(&r->arena, r->target, strcspn(r->target, "?"));
}

/* Something is said in any case: what the caller set, else the first fault, else the title. */
static const char *detail_of(const struct request *r, const struct problem *problem)
{
	if (r->detail != NULL)
		return r->detail;
	return r->faults.count > 0 ? r->faults.items[0].detail
				   : language_text(r->language, problem->title);
}

void answer_problem(struct request *r, const struct problem *problem)
{
	struct text *body = &r->answer.body;
	text_clear(body);
	r->answer.constant = (struct slice){0};
	r->answer.produce = NULL;
	answer_begin(r, problem->status, "application/problem+json");
	answer_language(r);
	add_problem_headers(r, problem);
	text_append_printf(body, "{\"type\":\"/problems/%s\"", problem->code);
	append_member(body, "title", language_text(r->language, problem->title));
	text_append_printf(body, ",\"status\":%d", problem->status);
	append_member(body, "detail", detail_of(r, problem));
	append_member(body, "instance", path_of(r));
	append_member(body, "request_id", r->id);
	append_member(body, "code", problem->code);
	append_member(body, "existing_id", r->existing_id);
	append_faults(body, &r->faults);
	text_append_char(body, '}');
}

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
	return new_id != NULL && strcmp(new_id, r->new_id) != 0;
}

const struct problem *answer_refusal(struct request *r, const PGresult *result)
{
	const struct problem *first = NULL;
	int rows = PQfnumber(result, "problem") < 0 ? 0 : PQntuples(result);
	for (int row = 0; row < rows; row++) {
		char *code = copy_text(r, rows_text(result, row, "problem"));
		if (code == NULL || is_of_another(r, result, row))
			continue;
		const struct problem *problem = problem_find(code);
		if (problem == NULL)
			return FAULT(r, "the statement returned the unknown problem %s", code);
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
	const char *sort = r->sort == NULL ? "id" : r->sort;
	return PQfnumber(result, sort[0] == '-' ? sort + 1 : sort);
}

bool answer_position(struct request *r, const struct rows *rows, int row, struct text *key,
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
	if (answer_position(r, rows, row, &key, &cursor))
		cursor_seal(text, &cursor, (struct slice){r->scope.bytes, r->scope.length},
			r->service->cursor_secret);
	text_done(&key);
}

/* A log goes on growing: behind its last page, the next one begins. */
static void append_log_end(struct request *r, struct text *text)
{
	const struct cursor cursor = {.key = r->log_end, .id = NO_ID};
	cursor_seal(text, &cursor, (struct slice){r->scope.bytes, r->scope.length},
		r->service->cursor_secret);
}

/* The address of the next page: the same query with another cursor. */
static void add_next_link(struct request *r, const char *cursor)
{
	const char *host = r->headers[HEADER_HOST] == NULL ? "localhost" : r->headers[HEADER_HOST];
	const char *base = r->service->config->public_url;
	struct text link = {0};
	text_append_string(&link, "<");
	if (base == NULL)
		text_append_printf(&link, "http://%s", host);
	else
		text_append_string(&link, base);
	struct slice query = slice_of(r->target);
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
	bool has_more = count > r->limit;
	if (has_more)
		count = r->limit;
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
	if (r->count_call >= 0 && !count_append(body, r))
		return FAULT(r, "%s cannot be counted", r->operation->contract->id);
	text_append_char(body, '}');
	return NULL;
}

static bool etag_matches(const char *if_none_match, const char *etag)
{
	struct slice rest = slice_of(if_none_match);
	struct slice tag;
	while (slice_split(&rest, ',', &tag)) {
		tag = slice_trim(tag);
		if (tag.length > 2 && memcmp(tag.bytes, "W/", 2) == 0)
			tag = (struct slice){tag.bytes + 2, tag.length - 2};
		if (slice_equals(tag, "*") || slice_equals(tag, etag))
			return true;
	}
	return false;
}

const char *answer_packed_etag(struct request *r, const char *etag)
{
	return arena_printf(&r->arena, "%.*s-gzip\"", (int)strlen(etag) - 1, etag);
}

void answer_etag(struct request *r, const char *etag)
{
	const char *if_none_match = r->headers[HEADER_IF_NONE_MATCH];
	bool is_plain_read = !r->operation->is_write && r->field_count == 0;
	const char *matched = NULL;
	if (etag != NULL && if_none_match != NULL && is_plain_read) {
		const char *packed = answer_packed_etag(r, etag);
		if (etag_matches(if_none_match, etag))
			matched = etag;
		else if (packed != NULL && etag_matches(if_none_match, packed))
			matched = packed;
	}
	answer_header(r, "ETag", matched == NULL ? etag : matched);
	if (matched != NULL)
		answer_begin(r, 304, NULL);
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
	if (version >= 0 && r->expand == NULL)
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

const struct problem *answer_rows(
	struct request *r, struct variant *variant, const PGresult *result, int row)
{
	if (!rows_describe(variant, result, r->operation->contract))
		return FAULT(r, "out of memory");
	struct rows rows = {.result = result,
		.variant = variant,
		.fields = r->fields,
		.field_count = r->field_count};
	if (r->expand != NULL)
		expand_complete(r, &rows);
	answer_begin(r, r->operation->contract->success_status, "application/json");
	if (r->operation->contract->is_list) {
		answer_vary(r, "Accept");
		return append_page(r, &rows);
	}
	return row < PQntuples(result) ? append_row(r, &rows, row) : &problem_not_found;
}
