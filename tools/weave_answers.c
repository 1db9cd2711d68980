/* The part of weave that gives operations their answers: statuses and headers follow from what an
 * operation takes, and from its problems. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "weave_making.h"

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

void add_responses(struct making *making)
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
	const char *reader = schema == NULL ? NULL : operation_of_kind(document, "x-reads", schema);
	if (schema == NULL || reader != NULL)
		return reader;
	return reader_of(
		document, string_of(json_object_get(schemas_of(document), schema), "x-extends"));
}

/* Says where the object that is made can be read. */
void add_location(struct making *making)
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
