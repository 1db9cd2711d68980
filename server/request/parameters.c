#include "request/parameters.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"
#include "weight.h"

enum { PAGE_ROWS_DEFAULT = 50 };

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

char *parameters_decode(struct arena *arena, struct slice encoded, bool is_query)
{
	char *decoded = arena_take(arena, encoded.length + 1);
	size_t length = 0;
	for (size_t i = 0; decoded != NULL && i < encoded.length; i++) {
		char byte = encoded.bytes[i];
		if (byte == '%') {
			bool is_whole = i + 2 < encoded.length;
			int high = is_whole ? hex_digit(encoded.bytes[i + 1]) : -1;
			int low = is_whole ? hex_digit(encoded.bytes[i + 2]) : -1;
			if (high < 0 || low < 0)
				return NULL;
			byte = (char)(high * 16 + low);
			i += 2;
		} else if (byte == '+' && is_query) {
			byte = ' ';
		}
		decoded[length++] = byte;
	}
	return decoded != NULL && text_is_utf8(decoded, length) ? decoded : NULL;
}

static size_t index_of(const struct contract_operation *contract, const char *name)
{
	size_t i = 0;
	while (i < contract->parameter_count && strcmp(contract->parameters[i].name, name) != 0)
		i++;
	return i;
}

const char *parameters_value(const struct request *r, const char *name)
{
	size_t i = index_of(r->operation->contract, name);
	return i < r->operation->contract->parameter_count ? r->asked.values[i] : NULL;
}

/* Where a fault of a parameter points: "?limit" for the query, "/id" for the path. */
static const char *pointer_to(struct request *r, const struct contract_parameter *parameter)
{
	return arena_printf(&r->arena, "%c%s", parameter->place == PARAMETER_QUERY ? '?' : '/',
		parameter->name);
}

static void check_value(struct request *r, const struct contract_parameter *parameter,
	const char *value, const char *pointer)
{
	struct slice rest = slice_of(value);
	struct slice item;
	struct text array = {0};
	if (!parameter->is_array) {
		schema_check_text(parameter->schema, rest, pointer, &r->faults);
		return;
	}
	while (slice_split(&rest, ',', &item)) {
		text_append_char(&array, array.length == 0 ? '[' : ',');
		text_append_json(&array, item.bytes, item.length);
	}
	text_append_char(&array, ']');
	schema_check_text(
		parameter->schema, (struct slice){array.bytes, array.length}, pointer, &r->faults);
	text_done(&array);
}

static void take_value(struct request *r, size_t i, const char *value)
{
	const struct contract_parameter *parameter = &r->operation->contract->parameters[i];
	const char *pointer = pointer_to(r, parameter);
	if (value == NULL)
		fault_add(&r->faults, pointer, "encoding", "%s has a broken escape or is no UTF-8",
			parameter->name);
	else if (r->asked.values[i] != NULL)
		fault_add(&r->faults, pointer, "repeated", "%s stands twice", parameter->name);
	else if (*value == '\0')
		fault_add(&r->faults, pointer, "empty", "%s is empty", parameter->name);
	else
		check_value(r, parameter, value, pointer);
	r->asked.values[i] = value == NULL ? "" : value;
}

static void take_pair(struct request *r, struct slice pair)
{
	const struct contract_operation *contract = r->operation->contract;
	struct slice rest = pair;
	struct slice name;
	slice_split(&rest, '=', &name);
	const char *decoded = parameters_decode(&r->arena, name, true);
	size_t i = decoded == NULL ? contract->parameter_count : index_of(contract, decoded);
	if (i == contract->parameter_count || contract->parameters[i].place != PARAMETER_QUERY) {
		const char *pointer = arena_printf(
			&r->arena, "?%.*s", (int)name.length, name.bytes);
		fault_add(&r->faults, pointer == NULL ? "?" : pointer, "unknown_parameter",
			"%s is not a parameter of %s", decoded == NULL ? "?" : decoded,
			contract->id);
		return;
	}
	if (rest.bytes == NULL)
		rest = SLICE("");
	take_value(r, i, parameters_decode(&r->arena, rest, true));
}

static void take_query(struct request *r)
{
	const char *question = strchr(r->head.target, '?');
	struct slice rest = slice_of(question == NULL ? NULL : question + 1);
	struct slice pair;
	while (slice_split(&rest, '&', &pair))
		if (pair.length > 0)
			take_pair(r, pair);
}

static void take_path(struct request *r)
{
	for (size_t i = 0; i < r->route.parameter_count; i++)
		take_value(r, index_of(r->operation->contract, r->route.parameters[i].name),
			parameters_decode(&r->arena, r->route.parameters[i].value, false));
}

static void fill_defaults(struct request *r)
{
	const struct contract_operation *contract = r->operation->contract;
	for (size_t i = 0; i < contract->parameter_count; i++) {
		const struct contract_parameter *parameter = &contract->parameters[i];
		if (parameter->place == PARAMETER_HEADER || r->asked.values[i] != NULL)
			continue;
		r->asked.values[i] = parameter->default_value;
		if (parameter->is_required)
			fault_add(&r->faults, pointer_to(r, parameter), "required",
				"%s is required", parameter->name);
	}
}

static void read_fields(struct request *r)
{
	struct slice rest = slice_of(parameters_value(r, "fields"));
	struct slice field;
	while (slice_split(&rest, ',', &field)) {
		field = slice_trim(field);
		char *name = arena_copy(&r->arena, field.bytes, field.length);
		if (name == NULL || !contract_has_member(r->operation->contract, name) ||
			operation_expandable(r->operation, field) != NULL)
			fault_add(&r->faults, "?fields", "unknown_member",
				"%.*s is not a member of the answer", (int)field.length,
				field.bytes);
		else if (r->asked.field_count < REQUEST_FIELDS_MAX)
			r->asked.fields[r->asked.field_count++] = field;
	}
}

/* A cursor is bound to everything that decides which rows come in which order. */
static void describe_scope(struct request *r)
{
	const struct contract_operation *contract = r->operation->contract;
	text_append_string(&r->asked.scope, contract->id);
	if (r->operation->code->is_log)
		return;
	for (size_t i = 0; i < contract->parameter_count; i++) {
		const char *name = contract->parameters[i].name;
		if (r->asked.values[i] == NULL || strcmp(name, "cursor") == 0 ||
			strcmp(name, "limit") == 0 || strcmp(name, "fields") == 0 ||
			strcmp(name, "count") == 0 || strcmp(name, "expand") == 0)
			continue;
		text_append_printf(&r->asked.scope, "\n%s=%s", name, r->asked.values[i]);
	}
}

static const struct problem *read_page(struct request *r)
{
	const char *limit = parameters_value(r, "limit");
	const char *sealed = parameters_value(r, "cursor");
	r->asked.limit = limit == NULL ? PAGE_ROWS_DEFAULT : (int)strtol(limit, NULL, 10);
	r->asked.sort = parameters_value(r, "sort");
	if (!r->operation->contract->is_list)
		return NULL;
	describe_scope(r);
	if (r->asked.scope.is_broken)
		return FAULT(r, "out of memory");
	struct slice scope = {r->asked.scope.bytes, r->asked.scope.length};
	if (sealed != NULL && !cursor_open(slice_of(sealed), scope, r->service->cursor_secret,
				      &r->arena, &r->asked.cursor))
		return request_fault(r, &problem_invalid_cursor,
			"The cursor belongs to another list, other filters, or another sort.");
	return NULL;
}

/* The version in a strong tag ("7", or "7-gzip" of a compressed answer); an empty slice for what is
 * no tag of ours. */
static struct slice version_in(struct slice tag)
{
	static const char compressed[] = "-gzip";
	enum { SUFFIX = sizeof compressed - 1, DIGITS_MAX = 9 };
	if (tag.length < 3 || tag.bytes[0] != '"' || tag.bytes[tag.length - 1] != '"')
		return (struct slice){0};
	struct slice version = {tag.bytes + 1, tag.length - 2};
	if (version.length > SUFFIX &&
		memcmp(version.bytes + version.length - SUFFIX, compressed, SUFFIX) == 0)
		version.length -= SUFFIX;
	bool is_number = version.length <= DIGITS_MAX &&
			 strspn(version.bytes, "0123456789") >= version.length;
	return is_number ? version : (struct slice){0};
}

/* The versions of If-Match as an array literal: any of them will do. */
static const char *versions_in(struct request *r, const char *if_match)
{
	struct text versions = {0};
	struct slice rest = slice_of(if_match);
	struct slice tag;
	text_append_char(&versions, '{');
	while (slice_split(&rest, ',', &tag)) {
		struct slice version = version_in(slice_trim(tag));
		if (version.length == 0)
			continue;
		if (versions.length > 1)
			text_append_char(&versions, ',');
		text_append(&versions, version.bytes, version.length);
	}
	text_append_char(&versions, '}');
	const char *copy = versions.is_broken
				   ? NULL
				   : arena_copy(&r->arena, versions.bytes, versions.length);
	text_done(&versions);
	return copy == NULL ? "{}" : copy;
}

static const struct problem *read_if_match(struct request *r)
{
	if (!r->operation->contract->is_conditional)
		return NULL;
	const char *if_match = r->head.headers[HEADER_IF_MATCH];
	if (if_match == NULL)
		return request_fault(r, &problem_precondition_required,
			"Send If-Match with the ETag that you read.");
	if (strcmp(if_match, "*") != 0)
		r->asked.if_match = versions_in(r, if_match);
	return NULL;
}

/* The key may be bare or quoted (a structured string). */
static const struct problem *read_idempotency_key(struct request *r)
{
	if (r->head.headers[HEADER_IDEMPOTENCY_KEY] == NULL || strcmp(r->head.method, "POST") != 0)
		return NULL;
	struct slice key = slice_trim(slice_of(r->head.headers[HEADER_IDEMPOTENCY_KEY]));
	if (key.length >= 2 && key.bytes[0] == '"' && key.bytes[key.length - 1] == '"')
		key = (struct slice){key.bytes + 1, key.length - 2};
	bool is_good = key.length > 0 && key.length <= 255;
	for (size_t i = 0; i < key.length; i++)
		is_good = is_good && key.bytes[i] >= 0x20 && key.bytes[i] < 0x7f &&
			  key.bytes[i] != '"';
	if (!is_good)
		return request_fault(r, &problem_invalid_request,
			"Idempotency-Key must be 1 to 255 printable ASCII characters without quotes.");
	r->asked.idempotency_key = arena_copy(&r->arena, key.bytes, key.length);
	return r->asked.idempotency_key == NULL ? FAULT(r, "out of memory") : NULL;
}

/* Files and streams are rows and nothing else. */
static void refuse_beside_rows(struct request *r)
{
	static const char *const beside_rows[] = {"count", "expand"};
	for (size_t i = 0; i < sizeof beside_rows / sizeof *beside_rows; i++)
		if (parameters_value(r, beside_rows[i]) != NULL)
			fault_add(&r->faults, arena_printf(&r->arena, "?%s", beside_rows[i]),
				"only_json", "%s is only for application/json", beside_rows[i]);
}

const struct problem *parameters_check(struct request *r)
{
	r->asked.values = arena_take(
		&r->arena, (r->operation->contract->parameter_count + 1) * sizeof *r->asked.values);
	if (r->asked.values == NULL)
		return FAULT(r, "out of memory");
	take_path(r);
	take_query(r);
	r->asked.has_limit = parameters_value(r, "limit") != NULL;
	fill_defaults(r);
	if (r->operation->contract->answer != NULL)
		read_fields(r);
	if (r->operation->contract->is_list)
		r->asked.format = parameters_format(
			r->head.headers[HEADER_ACCEPT], r->operation->code->is_log);
	if (r->asked.format != FORMAT_JSON)
		refuse_beside_rows(r);
	const struct problem *p = NULL;
	if ((p = read_if_match(r)) != NULL || (p = read_idempotency_key(r)) != NULL)
		return p;
	return r->faults.count > 0 ? &problem_invalid_request : read_page(r);
}

enum answer_format parameters_format(const char *accept, bool is_log)
{
	static const struct {
		const char *type;
		enum answer_format format;
		bool is_for_logs;
	} types[] = {
		{"application/json", FORMAT_JSON, false},
		{"text/csv", FORMAT_CSV, false},
		{"application/x-ndjson", FORMAT_NDJSON, false},
		{"text/event-stream", FORMAT_EVENT_STREAM, true},
		{"application/*", FORMAT_JSON, false},
		{"*/*", FORMAT_JSON, false},
	};
	enum answer_format best = FORMAT_JSON;
	int best_weight = 0;
	struct slice rest = slice_of(accept);
	struct slice range;
	while (slice_split(&rest, ',', &range)) {
		struct slice type;
		slice_split(&range, ';', &type);
		int weight = weight_read(range);
		for (size_t i = 0; i < sizeof types / sizeof *types; i++)
			if (weight > best_weight && (is_log || !types[i].is_for_logs) &&
				slice_equals_ignoring_case(slice_trim(type), types[i].type)) {
				best = types[i].format;
				best_weight = weight;
			}
	}
	return best;
}
