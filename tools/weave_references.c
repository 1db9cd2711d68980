/* The part of weave that knows references. In the sources a component is named by its name alone:
 * `name: Name` is the schema, `parameters: [Search]` the parameter. A parameter stands in the query
 * unless it says otherwise; NullableX is X or null, and need not be written down. */
#include <string.h>

#include "weave.h"

/* Where references stand, below a member of this name. */
enum form { FORM_ONE, FORM_EACH_ELEMENT, FORM_EACH_MEMBER };

static const struct place {
	const char *member;
	const char *section;
	enum form form;
} places[] = {
	{"schema", "schemas", FORM_ONE},
	{"items", "schemas", FORM_ONE},
	{"additionalProperties", "schemas", FORM_ONE},
	{"propertyNames", "schemas", FORM_ONE},
	{"x-rows", "schemas", FORM_ONE},
	{"x-exported", "schemas", FORM_ONE},
	{"body", "schemas", FORM_EACH_MEMBER},
	{"x-row", "schemas", FORM_EACH_MEMBER},
	{"before", "schemas", FORM_EACH_MEMBER}, /* of x-record */
	{"after", "schemas", FORM_EACH_MEMBER},
	{"x-new", "schemas", FORM_ONE},
	{"properties", "schemas", FORM_EACH_MEMBER},
	{"anyOf", "schemas", FORM_EACH_ELEMENT},
	{"oneOf", "schemas", FORM_EACH_ELEMENT},
	{"allOf", "schemas", FORM_EACH_ELEMENT},
	{"parameters", "parameters", FORM_EACH_ELEMENT},
	{"headers", "headers", FORM_EACH_MEMBER},
	{"responses", "responses", FORM_EACH_MEMBER},
	{"examples", "examples", FORM_EACH_MEMBER},
};

/* Values, not descriptions of them. */
static const char data[] = "example value default enum const required";

static void expand_below(json_t *node);

static const struct place *place_of(const char *member)
{
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (strcmp(places[i].member, member) == 0)
			return &places[i];
	return NULL;
}

static json_t *reference_to(const char *section, const char *name)
{
	return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", section, name));
}

/* Returns what a node stands for: itself, or a reference in the long form; a new reference. */
static json_t *expanded(json_t *node, const char *section)
{
	const char *name = json_string_value(json_object_get(node, "$ref"));
	if (json_is_string(node))
		return reference_to(section, json_string_value(node));
	if (name != NULL && name[0] != '#')
		json_object_update_new(node, reference_to(section, name));
	if (name == NULL && strcmp(section, "parameters") == 0 &&
		json_object_get(node, "in") == NULL)
		json_object_set_new(node, "in", json_string("query"));
	if (strcmp(section, "examples") != 0)
		expand_below(node);
	return json_incref(node);
}

static void expand_each(json_t *container, const char *section)
{
	size_t i;
	const char *name;
	json_t *node;
	void *next;
	json_array_foreach (container, i, node)
		json_array_set_new(container, i, expanded(node, section));
	json_object_foreach_safe (container, next, name, node)
		json_object_set_new(container, name, expanded(node, section));
}

static void expand_below(json_t *node)
{
	const char *name;
	json_t *child;
	void *next;
	size_t i;
	json_array_foreach (node, i, child)
		expand_below(child);
	json_object_foreach_safe (node, next, name, child) {
		const struct place *place = place_of(name);
		if (words_have(data, slice_of(name)))
			continue;
		if (place == NULL)
			expand_below(child);
		else if (place->form != FORM_ONE)
			expand_each(child, place->section);
		else
			json_object_set_new(node, name, expanded(child, place->section));
	}
}

void expand_references(json_t *document)
{
	static const char *const templates[] = {
		"paths", "x-record", "x-page", "x-every-operation", "x-every-expansion"};
	const char *section;
	json_t *components;
	void *next;
	json_object_foreach_safe (
		json_object_get(document, "components"), next, section, components)
		if (strcmp(section, "examples") != 0)
			expand_each(components, section);
	for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
		expand_below(json_object_get(document, templates[i]));
}

/* A component of that kind, as the last part of a reference names it, or NULL. */
static json_t *component(json_t *document, const char *reference)
{
	struct slice rest = slice_of(reference), part;
	json_t *node = document;
	slice_split(&rest, '/', &part); /* the "#" */
	while (node != NULL && slice_split(&rest, '/', &part))
		node = json_object_getn(node, part.bytes, part.length);
	return node;
}

json_t *resolved(json_t *document, json_t *node)
{
	const char *reference = json_string_value(json_object_get(node, "$ref"));
	return reference == NULL ? node : component(document, reference);
}

static json_t *nullable(const char *name, json_t *schema)
{
	json_t *description = json_object_get(schema, "description");
	json_t *type = json_object_get(schema, "type");
	if (json_object_get(schema, "enum") == NULL && json_is_string(type)) {
		json_t *copy = json_deep_copy(schema);
		json_object_set_new(copy, "type", json_pack("[O, s]", type, "null"));
		return copy;
	}
	json_t *either = json_pack("{s:[{s:o}, {s:s}]}", "anyOf", "$ref",
		json_sprintf("#/components/schemas/%s", name), "type", "null");
	if (description != NULL)
		json_object_set(either, "description", description);
	return either;
}

/* Makes the schema NullableX when a reference wants it, it is not there, and X is. */
static void make_nullable(json_t *document, const char *reference)
{
	static const char prefix[] = "#/components/schemas/Nullable";
	if (strncmp(reference, prefix, strlen(prefix)) != 0 ||
		component(document, reference) != NULL)
		return;
	const char *name = reference + strlen(prefix);
	json_t *schemas = schemas_of(document), *plain = json_object_get(schemas, name);
	if (plain != NULL)
		json_object_set_new(schemas, strrchr(reference, '/') + 1, nullable(name, plain));
}

/* Calls `visit` for each reference in a value. */
static void each_reference(
	json_t *document, json_t *node, void (*visit)(json_t *document, const char *reference))
{
	const char *name, *reference = json_string_value(json_object_get(node, "$ref"));
	json_t *child;
	size_t i;
	void *next;
	if (reference != NULL)
		visit(document, reference);
	json_array_foreach (node, i, child)
		each_reference(document, child, visit);
	json_object_foreach_safe (node, next, name, child)
		if (!words_have(data, slice_of(name)))
			each_reference(document, child, visit);
}

void make_nullables(json_t *document)
{
	each_reference(document, document, make_nullable);
}

static void check(json_t *document, const char *reference)
{
	if (component(document, reference) == NULL)
		die_of("the contract",
			"names %s, which is not there; write it down, or name one that is",
			reference);
}

void check_references(json_t *document)
{
	each_reference(document, document, check);
}
