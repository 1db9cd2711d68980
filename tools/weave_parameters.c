/* The part of weave that gives operations their parameters. */
#include <string.h>

#include "weave_making.h"

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

void add_parameters(struct making *making)
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
bool has_parameter(struct making *making, const char *name)
{
	size_t i;
	json_t *parameter;
	json_array_foreach (json_object_get(making->operation, "parameters"), i, parameter) {
		json_t *whole = resolved(making->document, parameter);
		if (strcmp(string_of(whole, "name"), name) == 0)
			return true;
	}
	return false;
}
