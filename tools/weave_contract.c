/* The part of weave that completes the contract: what x-every-operation says holds for each
 * operation, and a token does wherever a key is asked for, so that none repeats it, but whoever
 * reads the served contract finds it there. */
#include <string.h>

#include "weave.h"

/* Adds what `every` has and `node` has not. */
static void add_missing(json_t *node, const json_t *every)
{
	if (json_object_update_missing(node, (json_t *)(size_t)every) != 0)
		die("x-every-operation", "is no object");
}

static void add_headers(json_t *responses, const json_t *headers)
{
	const char *name;
	json_t *response;
	json_object_foreach (responses, name, response) {
		if (json_object_get(response, "$ref") != NULL)
			continue;
		if (json_object_get(response, "headers") == NULL)
			json_object_set_new(response, "headers", json_object());
		add_missing(json_object_get(response, "headers"), headers);
	}
}

static const char components[] = "#/components/schemas/";

const char *answer_reference(json_t *operation)
{
	const char *reference = NULL;
	json_unpack(operation, "{s:{s:{s:{s:{s:{s:s}}}}}}", "responses", "200", "content",
		"application/json", "schema", "$ref", &reference);
	bool is_component = reference != NULL &&
			    strncmp(reference, components, strlen(components)) == 0;
	return is_component ? reference : NULL;
}

json_t *find_component(json_t *document, const char *reference)
{
	json_t *schemas = NULL;
	json_unpack(document, "{s:{s:o}}", "components", "schemas", &schemas);
	return json_object_get(schemas, reference + strlen(components));
}

/* Wherever a key is asked for, a token will do. */
static void accept_token(json_t *operation)
{
	json_t *security = json_object_get(operation, "security");
	json_t *scopes = json_object_get(json_array_get(security, 0), "key");
	if (scopes != NULL &&
		json_array_append_new(security, json_pack("{s:O}", "token", scopes)) != 0)
		die("openapi.yaml", "names a key without permissions");
}

/* Puts the tags in the order that x-tags says, those that it does not name behind it. */
static void order_tags(json_t *document)
{
	json_t *order = json_object_get(document, "x-tags"), *ordered = json_array();
	json_t *tags = json_object_get(document, "tags"), *tag, *name;
	size_t i, k;
	json_array_foreach (order, i, name)
		json_array_foreach (tags, k, tag)
			if (json_equal(json_object_get(tag, "name"), name))
				json_array_append(ordered, tag);
	if (json_array_size(ordered) != json_array_size(order))
		die("x-tags", "names a tag that is not there");
	json_array_foreach (tags, k, tag) {
		bool is_there = false;
		json_array_foreach (order, i, name)
			is_there |= json_equal(json_object_get(tag, "name"), name);
		if (!is_there)
			json_array_append(ordered, tag);
	}
	json_object_set_new(document, "tags", ordered);
}

/* Takes out what the document has for weave only. */
static void forget_sources(json_t *document)
{
	static const char *const members[] = {"x-every-operation", "x-tags", "x-kinds",
		"x-statuses", "x-record", "x-page", "x-written", "x-operations", "x-problems",
		"x-roles", "x-folders"};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		json_object_del(document, members[i]);
	const char *name;
	json_t *schema;
	json_object_foreach (schemas_of(document), name, schema) {
		json_object_del(schema, "x-noun");
		json_object_del(schema, "x-extends");
		json_object_del(schema, "example");
	}
}

void complete_contract(json_t *document)
{
	const json_t *every = json_object_get(document, "x-every-operation");
	const json_t *headers = json_object_get(every, "headers");
	const char *template, *method;
	json_t *path, *operation;
	order_tags(document);
	json_object_foreach (json_object_get(document, "paths"), template, path) {
		json_object_foreach (path, method, operation) {
			json_t *responses = json_object_get(operation, "responses");
			if (responses == NULL)
				continue; /* the parameters of the path */
			add_missing(responses, json_object_get(every, "responses"));
			add_headers(responses, headers);
			accept_token(operation);
		}
	}
	add_headers(json_object_get(json_object_get(document, "components"), "responses"), headers);
	forget_sources(document);
}
