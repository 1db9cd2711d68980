#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"

static const char *const methods[] = {"get", "post", "put", "patch", "delete"};
static const char *const method_names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

enum { METHOD_COUNT = sizeof methods / sizeof *methods };

/* Where we are in the document, for messages. */
struct reading {
	struct contract *contract;
	struct contract_operation *operation;
	struct text *error;
};

static bool refuse(struct reading *reading, const char *why)
{
	text_append_printf(reading->error, "%s %s: %s", reading->operation->method,
		reading->operation->path, why);
	return false;
}

/* Follows `$ref` to a component of the document. */
static const json_t *resolve(const struct contract *contract, const json_t *node)
{
	const char *reference = json_string_value(json_object_get(node, "$ref"));
	if (reference == NULL)
		return node;
	struct slice rest = slice_of(reference);
	struct slice part;
	slice_split(&rest, '/', &part);
	node = contract->document;
	while (node != NULL && slice_split(&rest, '/', &part))
		node = json_object_getn(node, part.bytes, part.length);
	return node;
}

static const struct schema *compile(struct reading *reading, const json_t *node, const char *what)
{
	struct text pointer = {0};
	text_append_printf(&pointer, "%s/%s", reading->operation->id, what);
	const struct schema *schema = schema_compile(
		reading->contract->schemas, node, pointer.bytes, reading->error);
	text_done(&pointer);
	return schema;
}

/* Defaults of parameters are scalars; the text of a string is the string itself. */
static char *default_text(const json_t *schema)
{
	const json_t *value = json_object_get(schema, "default");
	if (json_is_string(value))
		return strdup(json_string_value(value));
	return value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY);
}

static bool read_parameter(struct reading *reading, const json_t *node)
{
	static const char *const places[] = {"path", "query", "header"};
	struct contract_operation *operation = reading->operation;
	struct contract_parameter parameter = {
		.name = json_string_value(json_object_get(node, "name")),
		.is_required = json_is_true(json_object_get(node, "required")),
	};
	const char *place = json_string_value(json_object_get(node, "in"));
	size_t i = 0;
	while (i < 3 && (place == NULL || strcmp(place, places[i]) != 0))
		i++;
	if (i == 3 || parameter.name == NULL)
		return refuse(
			reading, "a parameter needs a name, and stands in path, query or header");
	parameter.place = (enum parameter_place)i;
	parameter.schema = compile(reading, json_object_get(node, "schema"), parameter.name);
	if (parameter.schema == NULL)
		return false;
	parameter.is_array = schema_allows_type(parameter.schema, "array");
	if (parameter.is_array && !json_is_false(json_object_get(node, "explode")))
		return refuse(reading, "an array as a parameter needs explode: false");
	parameter.default_value = default_text(schema_source(parameter.schema));
	if (parameter.place == PARAMETER_HEADER && strcmp(parameter.name, "If-Match") == 0)
		operation->is_conditional = parameter.is_required;
	operation->parameters[operation->parameter_count++] = parameter;
	return true;
}

/* Parameters of the path item come first, then those of the operation. */
static bool read_parameters(struct reading *reading, const json_t *item, const json_t *node)
{
	const json_t *lists[] = {
		json_object_get(item, "parameters"), json_object_get(node, "parameters")};
	reading->operation->parameters = calloc(
		json_array_size(lists[0]) + json_array_size(lists[1]) + 1,
		sizeof *reading->operation->parameters);
	if (reading->operation->parameters == NULL)
		return refuse(reading, "out of memory");
	for (size_t list = 0; list < 2; list++) {
		size_t i;
		json_t *parameter;
		json_array_foreach (lists[list], i, parameter)
			if (!read_parameter(reading, resolve(reading->contract, parameter)))
				return false;
	}
	return true;
}

static bool read_body(struct reading *reading, const json_t *node)
{
	struct contract_operation *operation = reading->operation;
	const json_t *body = resolve(reading->contract, json_object_get(node, "requestBody"));
	json_t *content = json_object_get(body, "content");
	const char *type;
	json_t *media;
	json_object_foreach (content, type, media) {
		if (operation->body_type_count == CONTRACT_MEDIA_TYPES_MAX)
			return refuse(reading, "too many media types");
		operation->body_types[operation->body_type_count++] = type;
		if (strstr(type, "json") == NULL || strstr(type, "ndjson") != NULL)
			continue;
		operation->body = compile(reading, json_object_get(media, "schema"), "body");
		if (operation->body == NULL)
			return false;
	}
	const json_t *rows = json_object_get(node, "x-rows");
	if (rows == NULL)
		return true;
	operation->rows = compile(reading, rows, "x-rows");
	operation->exported = compile(reading, json_object_get(node, "x-exported"), "x-exported");
	return operation->rows != NULL && operation->exported != NULL;
}

/* A list is an answer of `data`, `next_cursor` and `has_more`: what the rows are stands in `data`.
 */
static bool read_answer(struct reading *reading, const json_t *answer)
{
	struct contract_operation *operation = reading->operation;
	const json_t *media = json_object_get(
		json_object_get(answer, "content"), "application/json");
	if (media == NULL)
		return true;
	operation->answer = compile(reading, json_object_get(media, "schema"), "answer");
	if (operation->answer == NULL)
		return false;
	const struct schema *data = schema_member(operation->answer, "data");
	operation->is_list = data != NULL && schema_member(operation->answer, "has_more") != NULL;
	if (!operation->is_list)
		return true;
	operation->answer = compile(
		reading, json_object_get(schema_source(data), "items"), "answer/data");
	return operation->answer != NULL;
}

static bool read_success(struct reading *reading, const json_t *node)
{
	const char *status;
	json_t *answer;
	json_object_foreach (json_object_get(node, "responses"), status, answer) {
		if (status[0] != '2')
			continue;
		if (reading->operation->success_status == 200 && strcmp(status, "202") == 0) {
			reading->operation->is_deferrable = true;
			continue;
		}
		if (reading->operation->success_status != 0)
			return refuse(reading, "more than one 2xx answer");
		reading->operation->success_status = (int)strtol(status, NULL, 10);
		if (!read_answer(reading, resolve(reading->contract, answer)))
			return false;
	}
	return reading->operation->success_status != 0 || refuse(reading, "no 2xx answer");
}

/* The operations that anybody may call, and those for every caller that is known; all others name a
 * scope. */
static const char public_operations[] =
	"getFrontPage getHealth getReadiness getMetrics getContract "
	"getDocs getDocsAsset getProblem listEnums";
static const char operations_for_every_caller[] = "getMe";

static bool read_permissions(struct reading *reading, const json_t *node)
{
	struct contract_operation *operation = reading->operation;
	const json_t *security = json_object_get(node, "security");
	const json_t *scopes = json_object_get(json_array_get(security, 0), "key");
	operation->is_public = security != NULL && json_array_size(security) == 0;
	if (operation->is_public && !words_have(public_operations, slice_of(operation->id)))
		return refuse(
			reading, "only the operations of the short public list go without scope");
	bool needs_scope = !operation->is_public &&
			   !(json_is_array(scopes) && words_have(operations_for_every_caller,
							      slice_of(operation->id)));
	if (needs_scope && json_array_size(scopes) == 0)
		return refuse(reading, "no permission (security: [{key: [resource:read]}])");
	size_t i;
	json_t *scope;
	json_array_foreach (scopes, i, scope) {
		if (i == CONTRACT_SCOPES_MAX)
			return refuse(reading, "too many scopes");
		operation->scopes[operation->scope_count++] = json_string_value(scope);
	}
	return true;
}

/* Reads the first second of a day; false when it is none. */
static bool read_day(const json_t *day, time_t *ret_second)
{
	struct tm time = {0};
	const char *text = json_string_value(day);
	const char *end = text == NULL ? NULL : strptime(text, "%Y-%m-%d", &time);
	if (end == NULL || *end != '\0')
		return false;
	int month_day = time.tm_mday;
	time_t second = timegm(&time);
	if (time.tm_mday != month_day) /* the 30th of February */
		return false;
	*ret_second = second;
	return true;
}

/* What is deprecated says since when, and, where that is settled, when it ends. */
static bool read_deprecation(struct reading *reading, const json_t *node)
{
	struct contract_operation *operation = reading->operation;
	const json_t *since = json_object_get(node, "x-deprecated-at");
	const json_t *until = json_object_get(node, "x-sunset-at");
	if (json_is_true(json_object_get(node, "deprecated")) != (since != NULL) ||
		(until != NULL && since == NULL))
		return refuse(reading, "deprecated and x-deprecated-at go together");
	time_t second;
	struct tm time;
	if (since == NULL)
		return true;
	if (!read_day(since, &second))
		return refuse(reading, "x-deprecated-at is no day");
	snprintf(operation->deprecation, CONTRACT_DATE_SIZE, "@%lld", (long long)second);
	if (until == NULL)
		return true;
	if (!read_day(until, &second) || gmtime_r(&second, &time) == NULL)
		return refuse(reading, "x-sunset-at is no day");
	strftime(operation->sunset, CONTRACT_DATE_SIZE, "%a, %d %b %Y %H:%M:%S GMT", &time);
	return true;
}

static bool read_operation(struct contract *contract, const json_t *item,
	struct contract_operation *operation, struct text *ret_error)
{
	struct reading reading = {.contract = contract, .operation = operation, .error = ret_error};
	size_t i = 0;
	while (strcmp(operation->method, method_names[i]) != 0)
		i++;
	const json_t *node = json_object_get(item, methods[i]);
	operation->id = json_string_value(json_object_get(node, "operationId"));
	if (operation->id == NULL)
		return refuse(&reading, "no operationId");
	operation->located = json_string_value(json_object_get(node, "x-located"));
	return read_parameters(&reading, item, node) && read_body(&reading, node) &&
	       read_success(&reading, node) && read_permissions(&reading, node) &&
	       read_deprecation(&reading, node);
}

static size_t count_operations(json_t *paths)
{
	size_t count = 0;
	const char *path;
	json_t *item;
	json_object_foreach (paths, path, item)
		for (size_t i = 0; i < METHOD_COUNT; i++)
			count += json_object_get(item, methods[i]) != NULL;
	return count;
}

static bool read_operations(struct contract *contract, struct text *ret_error)
{
	json_t *paths = json_object_get(contract->document, "paths");
	contract->operations = calloc(count_operations(paths) + 1, sizeof *contract->operations);
	if (contract->operations == NULL)
		return false;
	const char *path;
	json_t *item;
	json_object_foreach (paths, path, item)
		for (size_t i = 0; i < METHOD_COUNT; i++) {
			if (json_object_get(item, methods[i]) == NULL)
				continue;
			struct contract_operation *operation =
				&contract->operations[contract->operation_count++];
			operation->method = method_names[i];
			operation->path = path;
			if (!read_operation(contract, item, operation, ret_error))
				return false;
		}
	return true;
}

/* Answers are not read again, and most of them is for people; the schemas that are compiled from
 * them are kept by their set. */
static void forget_answers(struct contract *contract)
{
	const char *path;
	json_t *item;
	json_object_foreach (json_object_get(contract->document, "paths"), path, item)
		for (size_t i = 0; i < METHOD_COUNT; i++)
			json_object_del(json_object_get(item, methods[i]), "responses");
	json_object_del(json_object_get(contract->document, "components"), "responses");
}

struct contract *contract_new(struct slice json, struct text *ret_error)
{
	struct contract *contract = calloc(1, sizeof *contract);
	if (contract == NULL)
		return NULL;
	json_error_t error;
	contract->document = json_loadb(json.bytes, json.length, JSON_REJECT_DUPLICATES, &error);
	if (contract->document == NULL)
		text_append_printf(ret_error, "the contract is no JSON: %s", error.text);
	else
		contract->schemas = schema_set_new(contract->document);
	if (contract->schemas == NULL || !read_operations(contract, ret_error)) {
		contract_free(contract);
		return NULL;
	}
	forget_answers(contract);
	return contract;
}

static void free_defaults(struct contract_operation *operation)
{
	for (size_t i = 0; i < operation->parameter_count; i++)
		free(operation->parameters[i].default_value);
	free(operation->parameters);
}

void contract_free(struct contract *contract)
{
	if (contract == NULL)
		return;
	for (size_t i = 0; i < contract->operation_count; i++)
		free_defaults(&contract->operations[i]);
	free(contract->operations);
	schema_set_free(contract->schemas);
	json_decref(contract->document);
	free(contract);
}

const struct contract_parameter *contract_parameter(
	const struct contract_operation *operation, const char *name)
{
	for (size_t i = 0; i < operation->parameter_count; i++)
		if (strcmp(operation->parameters[i].name, name) == 0)
			return &operation->parameters[i];
	return NULL;
}

bool contract_has_member(const struct contract_operation *operation, const char *member)
{
	return operation->answer != NULL && schema_member(operation->answer, member) != NULL;
}
