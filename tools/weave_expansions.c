/* The part of weave that knows expansions. What the objects of a schema refer to stands there, in
 * x-expands: the name of the object, the member that has its id, and the operation that reads it.
 * Each name becomes an optional member of the schema, and a value of the parameter `expand` of
 * whatever reads such objects, with the names of the second level behind it. One that leads nowhere
 * ends weave.
 */
#include <string.h>

#include "contract.h"
#include "weave.h"

static json_t *find_operation(json_t *document, const char *id)
{
	const char *template, *method;
	json_t *path, *operation;
	json_object_foreach (json_object_get(document, "paths"), template, path) {
		json_object_foreach (path, method, operation) {
			const char *its = json_string_value(
				json_object_get(operation, "operationId"));
			if (id != NULL && its != NULL && strcmp(its, id) == 0)
				return strcmp(method, "get") == 0 ? operation : NULL;
		}
	}
	return NULL;
}

/* Returns where the contract describes what a rule of x-expands leads to; ends weave if nowhere. */
static const char *reference_of(json_t *document, const json_t *schema, const json_t *rule)
{
	const json_t *properties = json_object_get(schema, "properties");
	const char *by = json_string_value(json_object_get(rule, "by"));
	json_t *read = find_operation(document, json_string_value(json_object_get(rule, "with")));
	const char *reference = read == NULL ? NULL : answer_reference(read);
	if (by == NULL || json_object_get(properties, by) == NULL || reference == NULL)
		die("x-expands", json_dumps(rule, 0));
	return reference;
}

static void add_members(json_t *document, json_t *schema, const json_t *every)
{
	const char *name;
	json_t *rule;
	json_t *properties = json_object_get(schema, "properties");
	json_object_foreach (json_object_get(schema, "x-expands"), name, rule) {
		json_t *member = json_deep_copy(every);
		json_t *either = json_pack("[{s:s}, {s:s}]", "$ref",
			reference_of(document, schema, rule), "type", "null");
		json_object_set_new(member, "anyOf", either);
		if (json_object_get(properties, name) != NULL)
			die("x-expands names a member that is there", name);
		json_object_set_new(properties, name, member);
	}
}

/* Returns what can be asked for: each name, and each behind it. */
static json_t *values_of(json_t *document, json_t *schema)
{
	json_t *values = json_array();
	const char *name, *below;
	json_t *rule, *rule_below;
	json_object_foreach (json_object_get(schema, "x-expands"), name, rule) {
		json_t *read = find_component(document, reference_of(document, schema, rule));
		json_array_append_new(values, json_string(name));
		json_object_foreach (json_object_get(read, "x-expands"), below, rule_below) {
			json_array_append_new(values, json_sprintf("%s.%s", name, below));
		}
	}
	return values;
}

/* Adds the parameter to an operation that reads objects with references, one or a page of them. */
static void add_parameter(json_t *document, json_t *operation, const json_t *every)
{
	const char *reference = answer_reference(operation);
	json_t *schema = reference == NULL ? NULL : find_component(document, reference);
	const char *of_rows = NULL;
	json_unpack(schema, "{s:{s:{s:{s:s}}}}", "properties", "data", "items", "$ref", &of_rows);
	if (of_rows != NULL)
		schema = find_component(document, of_rows);
	if (json_object_get(schema, "x-expands") == NULL)
		return;
	json_t *parameter = json_deep_copy(every);
	json_t *values = json_object_get(parameter, "schema");
	json_object_set_new(values, "maxItems", json_integer(CONTRACT_EXPANSIONS_MAX));
	json_object_set_new(json_object_get(values, "items"), "enum", values_of(document, schema));
	if (json_array_append_new(json_object_get(operation, "parameters"), parameter) != 0)
		die("x-expands", "belongs to what an operation without parameters reads");
}

void complete_expansions(json_t *document)
{
	const json_t *every = json_object_get(document, "x-every-expansion");
	const char *name, *template;
	json_t *schemas = NULL, *schema, *path;
	json_unpack(document, "{s:{s:o}}", "components", "schemas", &schemas);
	json_object_foreach (schemas, name, schema) {
		add_members(document, schema, json_object_get(every, "member"));
	}
	json_object_foreach (json_object_get(document, "paths"), template, path) {
		if (json_object_get(path, "get") != NULL)
			add_parameter(document, json_object_get(path, "get"),
				json_object_get(every, "parameter"));
	}
	json_object_del(document, "x-every-expansion");
}
