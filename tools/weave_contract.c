/* The part of weave that completes the contract: what x-every-operation says holds for each
 * operation, so that none repeats it, but whoever reads the served contract finds it there. */
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
		}
	}
	add_headers(json_object_get(json_object_get(document, "components"), "responses"), headers);
	json_object_del(document, "x-every-operation");
}
