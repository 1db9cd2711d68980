/* The part of weave that knows kinds of operations: x-lists, x-creates, … by x-kinds of
 * server/contract.yaml. */
#include <string.h>

#include "weave.h"

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
