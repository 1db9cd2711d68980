/* The part of weave that makes operations whole. What an operation says of itself is what differs;
 * its kind says the rest, and from its parameters follow the statuses and headers of its answers.
 * What it says explicitly wins. */
#include <string.h>

#include "weave_making.h"

bool has_component(struct making *making, const char *section, const char *name)
{
	json_t *components = json_object_get(making->document, "components");
	return name != NULL && json_object_get(json_object_get(components, section), name) != NULL;
}

/* Returns {$ref} to a component; it must be there. */
json_t *component_of(struct making *making, const char *section, const char *name)
{
	if (!has_component(making, section, name))
		die_of(making->id, "names %s, which is not one of the %s", name, section);
	return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", section, name));
}

static json_t *schema_named(struct making *making, const char *name)
{
	return json_object_get(schemas_of(making->document), name);
}

bool has_member(struct making *making, const char *schema, const char *member)
{
	json_t *properties = json_object_get(schema_named(making, schema), "properties");
	return json_object_get(properties, member) != NULL;
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
