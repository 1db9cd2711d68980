/* The part of weave that makes operations whole. What an operation says of itself is what differs;
 * its kind (x-lists, x-creates, … by x-kinds of server/contract.yaml) says the rest, and from its
 * parameters follow the statuses and headers of its answers. What it says explicitly wins. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "weave.h"

/* The operation that is made whole. */
struct making {
	json_t *document;
	json_t *operation;
	const char *id;
	const char *path;
	const char *method;
	struct thing thing; /* what its kind is about; its name is NULL where it has no kind */
	json_t *kind;       /* the template, filled; owned */
	json_t *answer;     /* status, description, schema, …; owned */
};

static const char *string_of(json_t *node, const char *name)
{
	return json_string_value(json_object_get(node, name));
}

static const char *schema_of_kind(json_t *kind)
{
	return json_is_string(kind) ? json_string_value(kind)
				    : json_object_iter_key(json_object_iter(kind));
}

const char *kind_of_operation(json_t *document, json_t *operation, const char **ret_schema)
{
	const char *name;
	json_t *template;
	json_object_foreach (json_object_get(document, "x-kinds"), name, template) {
		json_t *kind = json_object_get(operation, name);
		if (kind == NULL)
			continue;
		*ret_schema = schema_of_kind(kind);
		return name;
	}
	return NULL;
}

json_t *things_of(json_t *document)
{
	json_t *things = json_object(), *operation;
	const char *id, *schema = NULL;
	json_object_foreach (json_object_get(document, "x-operations"), id, operation) {
		const char *kind = kind_of_operation(document, operation, &schema);
		if (kind == NULL)
			continue;
		if (json_object_get(things, schema) == NULL)
			json_object_set_new(things, schema, json_object());
		json_object_set(json_object_get(things, schema), kind, json_true());
	}
	return things;
}

const char *operation_of_kind(json_t *document, const char *kind, const char *schema)
{
	const char *id;
	json_t *operation;
	json_object_foreach (json_object_get(document, "x-operations"), id, operation) {
		json_t *about = json_object_get(operation, kind);
		if (about != NULL && strcmp(schema_of_kind(about), schema) == 0)
			return id;
	}
	return NULL;
}

static bool has_component(struct making *making, const char *section, const char *name)
{
	json_t *components = json_object_get(making->document, "components");
	return name != NULL && json_object_get(json_object_get(components, section), name) != NULL;
}

/* Returns {$ref} to a component; it must be there. */
static json_t *component_of(struct making *making, const char *section, const char *name)
{
	if (!has_component(making, section, name))
		die_of(making->id, "names %s, which is not one of the %s", name, section);
	return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", section, name));
}

static json_t *schema_named(struct making *making, const char *name)
{
	return json_object_get(schemas_of(making->document), name);
}

static bool has_member(struct making *making, const char *schema, const char *member)
{
	json_t *properties = json_object_get(schema_named(making, schema), "properties");
	return json_object_get(properties, member) != NULL;
}

static json_t *sort_parameter(json_t *sorts)
{
	return json_pack("{s:s, s:s, s:s, s:{s:s, s:O, s:O}}", "name", "sort", "in", "query",
		"description", "The order; `-` is descending.", "schema", "type", "string", "enum",
		sorts, "default", json_array_get(sorts, 0));
}

/* `unknown` asks what to do with columns that are no members, so it needs `custom` to keep them;
 * an object without a version has no ETag to compare. */
static bool takes(struct making *making, const char *parameter)
{
	if (strcmp(parameter, "Unknown") == 0)
		return has_member(making, making->thing.name, "custom");
	if (strcmp(parameter, "IfNoneMatch") == 0)
		return has_member(making, making->thing.name, "version");
	if (strcmp(parameter, "IfMatch") == 0)
		return !json_is_false(json_object_get(making->operation, "x-if-match"));
	return true;
}

static void add_parameters(struct making *making)
{
	json_t *operation = making->operation, *all = json_object_get(operation, "parameters");
	json_t *sorts = json_object_get(operation, "x-sorts"), *name;
	size_t i;
	if (all == NULL) {
		all = json_array();
		json_object_set_new(operation, "parameters", all);
	}
	if (sorts != NULL)
		json_array_append_new(all, sort_parameter(sorts));
	json_array_foreach (json_object_get(making->kind, "parameters"), i, name)
		if (takes(making, json_string_value(name)))
			json_array_append_new(
				all, component_of(making, "parameters", json_string_value(name)));
	if (json_array_size(all) == 0)
		json_object_del(operation, "parameters");
}

/* True when the operation takes the parameter of that name. */
static bool has_parameter(struct making *making, const char *name)
{
	size_t i;
	json_t *parameter;
	json_array_foreach (json_object_get(making->operation, "parameters"), i, parameter) {
		json_t *whole = parameter;
		const char *reference = string_of(parameter, "$ref");
		if (reference != NULL)
			whole = json_object_get(
				json_object_get(json_object_get(making->document, "components"),
					"parameters"),
				strrchr(reference, '/') + 1);
		if (strcmp(string_of(whole, "name"), name) == 0)
			return true;
	}
	return false;
}

/* Makes a schema of the members that stand in the operation itself; whoever may not be null is
 * required, unless it has a default. */
static const char *schema_of_members(struct making *making, json_t *members)
{
	char name[128];
	snprintf(name, sizeof name, "%c%s", toupper((unsigned char)making->id[0]), making->id + 1);
	json_t *required = json_array(), *member;
	const char *key;
	json_object_foreach (members, key, member) {
		const char *reference = string_of(member, "$ref");
		bool may_lack = json_object_get(member, "default") != NULL ||
				(reference != NULL && strstr(reference, "/Nullable") != NULL);
		if (!may_lack)
			json_array_append_new(required, json_string(key));
	}
	json_t *schema = json_pack("{s:o, s:s, s:b, s:O}", "description",
		json_sprintf("What `%s` is told.", making->id), "type", "object",
		"additionalProperties", 0, "properties", members);
	if (json_array_size(required) > 0)
		json_object_set(schema, "required", required);
	json_decref(required);
	json_object_set_new(schemas_of(making->document), name, schema);
	return json_object_iter_key(json_object_iter_at(schemas_of(making->document), name));
}

/* Returns the name of the first of the schemas that is there. */
static const char *first_schema(struct making *making, json_t *names)
{
	size_t i;
	json_t *name;
	if (json_is_string(names))
		return json_string_value(names);
	json_array_foreach (names, i, name)
		if (has_component(making, "schemas", json_string_value(name)))
			return json_string_value(name);
	die_of(making->id, "takes a body that no schema describes");
}

/* The rows that a sample of a file shows: those that the operation gives, or the example of what
 * they are. */
static json_t *sample_rows(struct making *making)
{
	json_t *rows = json_object_get(making->operation, "x-sample");
	json_t *examples = json_object_get(
		json_object_get(making->document, "components"), "examples");
	if (rows != NULL)
		return json_incref(rows);
	json_t *value = json_object_get(json_object_get(examples, making->thing.name), "value");
	if (value != NULL)
		return json_pack("[O]", value);
	char list[128];
	snprintf(list, sizeof list, "%sList", making->thing.name);
	value = json_object_get(json_object_get(examples, list), "value");
	rows = json_object_get(value, "data");
	if (json_array_size(rows) == 0)
		die_of(making->thing.name, "needs an example");
	return json_incref(rows);
}

static void add_file_types(struct making *making, json_t *content)
{
	json_t *columns = json_object_get(making->operation, "x-columns");
	if (columns == NULL)
		die_of(making->id, "reads or writes files, so it needs x-columns, the columns "
				   "of their example");
	json_t *rows = sample_rows(making);
	json_object_set_new(content, "text/csv",
		json_pack("{s:o, s:o}", "schema", component_of(making, "schemas", "CsvFile"),
			"example", csv_sample(columns, rows)));
	json_object_set_new(content, "application/x-ndjson",
		json_pack("{s:o, s:o}", "schema", component_of(making, "schemas", "NdjsonFile"),
			"example", ndjson_sample(columns, rows)));
	json_decref(rows);
}

static void add_file_body(struct making *making)
{
	json_t *content = json_object();
	add_file_types(making, content);
	json_object_set_new(making->operation, "requestBody",
		json_pack("{s:b, s:o}", "required", 1, "content", content));
	if (json_object_get(making->operation, "x-rows") == NULL)
		json_object_set_new(making->operation, "x-rows",
			component_of(making, "schemas",
				first_schema(making, json_object_get(making->kind, "rows"))));
}

/* Returns the example of a body: the one that the operation gives, or, of a new object, what makes
 * the example of its schema; a new reference. */
static json_t *body_example(struct making *making)
{
	json_t *example = json_object_get(making->operation, "example");
	bool is_creation = json_object_get(making->operation, "x-creates") != NULL;
	example = example == NULL && is_creation
			  ? written_example(making->document, making->thing.name)
			  : json_incref(example);
	if (json_object_size(example) == 0)
		die_of(making->id, "needs an example of its body");
	return example;
}

static void add_body(struct making *making)
{
	json_t *body = json_object_get(making->operation, "body");
	if (body == NULL)
		body = json_object_get(making->kind, "body");
	if (json_object_get(making->kind, "rows") != NULL)
		add_file_body(making);
	if (body == NULL || json_object_get(making->operation, "requestBody") != NULL)
		return;
	const char *schema = json_is_object(body) ? schema_of_members(making, body)
						  : first_schema(making, body);
	const char *type = strcmp(making->method, "patch") == 0 ? "application/merge-patch+json"
								: "application/json";
	json_object_set_new(making->operation, "requestBody",
		json_pack("{s:b, s:{s:{s:o, s:o}}}", "required", 1, "content", type, "schema",
			component_of(making, "schemas", schema), "example", body_example(making)));
}

static json_t *answer_examples(struct making *making, const char *schema)
{
	json_t *given = json_object_get(making->answer, "examples");
	if (given != NULL)
		return json_incref(given);
	const char *name = string_of(making->answer, "example");
	if (name == NULL)
		name = schema;
	char key[128];
	bool is_page = json_object_get(making->operation, "x-lists") != NULL;
	snprintf(key, sizeof key, "%c%s", tolower((unsigned char)name[0]), name + 1);
	return json_pack("{s:o}", is_page ? "page" : key, component_of(making, "examples", name));
}

static json_t *answer_content(struct making *making)
{
	const char *schema = string_of(making->answer, "of");
	json_t *content = json_object();
	if (schema == NULL)
		return content;
	json_object_set_new(content, "application/json",
		json_pack("{s:o, s:o}", "schema", component_of(making, "schemas", schema),
			"examples", answer_examples(making, schema)));
	if (json_object_get(making->operation, "x-lists") != NULL)
		add_file_types(making, content);
	return content;
}

static void add_header(struct making *making, json_t *headers, const char *name)
{
	json_object_set_new(headers, name, component_of(making, "headers", name));
}

static json_t *answer_headers(struct making *making, const char *status)
{
	const char *schema = string_of(making->answer, "of");
	json_t *headers = json_object();
	bool is_page = json_object_get(making->operation, "x-lists") != NULL;
	if (is_page)
		add_header(making, headers, "Link");
	if (!is_page && schema != NULL && has_member(making, schema, "version"))
		add_header(making, headers, "ETag");
	if (strcmp(status, "201") == 0)
		add_header(making, headers, "Location");
	json_object_update_missing(headers, json_object_get(making->answer, "headers"));
	add_header(making, headers, "Request-Id");
	if (has_parameter(making, "Idempotency-Key"))
		add_header(making, headers, "Idempotency-Replayed");
	return headers;
}

/* Adds the 2xx answer. */
static void add_answer(struct making *making, json_t *responses)
{
	const char *status = string_of(making->answer, "status");
	const char *description = string_of(making->answer, "description");
	if (description == NULL)
		die_of(making->id, "needs an answer: what a 2xx says");
	json_t *answer = json_pack("{s:s, s:o}", "description", description, "headers",
		answer_headers(making, status == NULL ? "200" : status));
	json_t *content = answer_content(making);
	if (json_object_size(content) > 0)
		json_object_set(answer, "content", content);
	json_decref(content);
	json_object_set_new(responses, status == NULL ? "200" : status, answer);
}

static void add_status(struct making *making, json_t *responses, const char *status)
{
	const char *name = string_of(json_object_get(making->document, "x-statuses"), status);
	if (name == NULL)
		die_of(making->id, "answers %s, which x-statuses of server/contract.yaml lacks",
			status);
	if (json_object_get(responses, status) == NULL)
		json_object_set_new(responses, status, component_of(making, "responses", name));
}

static void add_statuses_if(
	struct making *making, json_t *responses, bool is_so, const char *statuses)
{
	struct slice rest = slice_of(statuses), status;
	while (is_so && slice_split(&rest, ' ', &status)) {
		char text[8];
		snprintf(text, sizeof text, "%.*s", (int)status.length, status.bytes);
		add_status(making, responses, text);
	}
}

/* Adds to an update the problems of members that grow by a merge patch, when they grow too large.
 */
static void add_implied_problems(struct making *making)
{
	static const char *const implied[][2] = {
		{"custom", "custom_too_many"}, {"external_refs", "external_refs_too_many"}};
	json_t *problems = json_object_get(making->operation, "x-problems");
	if (json_object_get(making->operation, "x-updates") == NULL)
		return;
	problems = problems == NULL ? json_array() : json_incref(problems);
	for (size_t i = 0; i < sizeof implied / sizeof *implied; i++)
		if (has_member(making, making->thing.name, implied[i][0]))
			json_array_append_new(problems, json_string(implied[i][1]));
	if (json_array_size(problems) > 0)
		json_object_set(making->operation, "x-problems", problems);
	json_decref(problems);
}

/* Adds the statuses that an operation can answer because of what it is. */
static void add_statuses(struct making *making, json_t *responses)
{
	json_t *security = json_object_get(making->operation, "security");
	json_t *scopes = json_object_get(json_array_get(security, 0), "key");
	bool has_body = json_object_get(making->operation, "requestBody") != NULL;
	const struct {
		bool is_so;
		const char *statuses;
	} rules[] = {
		{true, "400 429"},
		{scopes != NULL, "401 503"},
		{json_array_size(scopes) > 0, "403"},
		{strchr(making->path, '{') != NULL, "404"},
		{has_body, "413 415"},
		{has_parameter(making, "If-Match"), "412 428"},
		{has_parameter(making, "If-None-Match"), "304"},
		{has_parameter(making, "Idempotency-Key"), "409 422"},
	};
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		add_statuses_if(making, responses, rules[i].is_so, rules[i].statuses);
}

static void add_problem_statuses(struct making *making, json_t *responses)
{
	size_t i;
	json_t *problem;
	json_array_foreach (json_object_get(making->operation, "x-problems"), i, problem) {
		char status[8];
		const char *code = problem_code(problem);
		snprintf(status, sizeof status, "%d",
			problem_status(making->document, making->id, code));
		add_status(making, responses, status);
	}
}

static void add_responses(struct making *making)
{
	json_t *given = json_object_get(making->operation, "responses");
	json_t *responses = json_object();
	add_answer(making, responses);
	add_statuses(making, responses);
	add_problem_statuses(making, responses);
	json_object_update(responses, json_object_get(making->kind, "responses"));
	json_object_update_recursive(responses, given);
	json_object_set_new(making->operation, "responses", responses);
}

/* Returns the operation that reads one object of a schema, or of the one that it extends, or NULL.
 */
static const char *reader_of(json_t *document, const char *schema)
{
	const char *id;
	json_t *operation;
	if (schema == NULL)
		return NULL;
	json_object_foreach (json_object_get(document, "x-operations"), id, operation) {
		const char *read = string_of(operation, "x-reads");
		if (read != NULL && strcmp(read, schema) == 0)
			return id;
	}
	return reader_of(
		document, string_of(json_object_get(schemas_of(document), schema), "x-extends"));
}

/* Says where the object that is made can be read. */
static void add_location(struct making *making)
{
	const char *schema = string_of(making->answer, "of"),
		   *status = string_of(making->answer, "status");
	const char *reader = reader_of(making->document, schema);
	if (status == NULL || (strcmp(status, "201") != 0 && strcmp(status, "202") != 0))
		return;
	if (reader == NULL)
		die_of(making->id, "makes a %s, which no operation reads (x-reads)", schema);
	json_object_set_new(making->operation, "x-located", json_string(reader));
}

static void add_texts(struct making *making)
{
	json_t *operation = making->operation;
	const char *own = string_of(operation, "description");
	const char *of_kind = string_of(making->kind, "description");
	if (own == NULL)
		die_of(making->id, "needs a description");
	struct text text = {0};
	text_append_string(&text, own);
	if (of_kind != NULL)
		text_append_printf(&text, "\n\n%s", of_kind);
	append_problems(making->document, making->id, operation, &text);
	json_object_set_new(operation, "description", json_string(text.bytes));
	text_done(&text);
	if (json_object_get(operation, "summary") == NULL)
		json_object_set(operation, "summary", json_object_get(making->kind, "summary"));
	if (json_object_get(operation, "summary") == NULL)
		die_of(making->id, "needs a summary");
}

/* Forgets what only says how to make the operation whole. */
static void forget_short_form(json_t *operation)
{
	static const char *const members[] = {
		"x-sorts", "x-columns", "x-sample", "x-if-match", "body", "example", "answer"};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		json_object_del(operation, members[i]);
}

/* Returns the answer of the kind, with what the operation says of it laid over. */
static json_t *answer_of(struct making *making)
{
	json_t *given = json_object_get(making->operation, "answer");
	json_t *answer = json_copy(json_object_get(making->kind, "answer"));
	if (answer == NULL)
		answer = json_object();
	if (json_is_string(given))
		json_object_set(answer, "description", given);
	else
		json_object_update(answer, given);
	return answer;
}

static void make_whole(struct making *making)
{
	const char *schema = NULL;
	const char *kind = kind_of_operation(making->document, making->operation, &schema);
	if (kind != NULL) {
		making->thing = thing_of(making->document, schema);
		making->kind = fill_all(
			json_object_get(json_object_get(making->document, "x-kinds"), kind),
			&making->thing);
	}
	making->answer = answer_of(making);
	add_parameters(making);
	add_implied_problems(making);
	add_move_words(making->document, making->id, making->operation);
	add_body(making);
	add_responses(making);
	add_location(making);
	add_texts(making);
	forget_short_form(making->operation);
	json_decref(making->kind);
	json_decref(making->answer);
}

static void add_path_parameters(json_t *path, const char *template)
{
	if (strstr(template, "{id}") != NULL && json_object_get(path, "parameters") == NULL)
		json_object_set_new(path, "parameters",
			json_pack("[{s:s}]", "$ref", "#/components/parameters/Id"));
}

void complete_operations(json_t *document)
{
	const char *template, *method;
	json_t *path, *operation;
	json_object_foreach (json_object_get(document, "paths"), template, path) {
		json_object_foreach (path, method, operation) {
			if (json_object_get(operation, "operationId") == NULL)
				continue;
			struct making making = {.document = document,
				.operation = operation,
				.id = string_of(operation, "operationId"),
				.path = template,
				.method = method};
			make_whole(&making);
		}
		add_path_parameters(path, template);
	}
}
