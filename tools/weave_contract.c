/* The part of weave that completes the contract: what x-every-operation says holds for each
 * operation, what x-every-list says for each list, and that a token does wherever a key is asked
 * for, so that none repeats it, but whoever reads the served contract finds it there. */
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

/* A list takes what every list takes, and its page may have what every page may. */
static void complete_list(json_t *document, json_t *operation)
{
	const json_t *every = json_object_get(document, "x-every-list");
	const char *reference = answer_reference(operation);
	json_t *schema = reference == NULL ? NULL : find_component(document, reference);
	json_t *page = json_object_get(schema, "properties");
	if (json_object_get(page, "has_more") == NULL)
		return;
	add_missing(page, json_object_get(every, "properties"));
	if (json_array_extend(json_object_get(operation, "parameters"),
		    json_object_get(every, "parameters")) != 0)
		die("x-every-list", "meets a list without parameters");
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

void complete_contract(json_t *document)
{
	const json_t *every = json_object_get(document, "x-every-operation");
	const json_t *headers = json_object_get(every, "headers");
	const char *template, *method;
	json_t *path, *operation;
	json_object_foreach (json_object_get(document, "paths"), template, path) {
		json_object_foreach (path, method, operation) {
			json_t *responses = json_object_get(operation, "responses");
			if (responses == NULL)
				continue; /* the parameters of the path */
			add_missing(responses, json_object_get(every, "responses"));
			add_headers(responses, headers);
			complete_list(document, operation);
			accept_token(operation);
		}
	}
	add_headers(json_object_get(json_object_get(document, "components"), "responses"), headers);
	json_object_del(document, "x-every-operation");
	json_object_del(document, "x-every-list");
}
