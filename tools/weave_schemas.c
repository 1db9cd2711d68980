/* The part of weave that makes schemas. What is created, read or listed is described once: of X
 * follow NewX (what a client writes), XChange (where a member is given once only), X (what the
 * server answers) and XList (a page of it). A schema of its own by that name wins. */
#include <stdlib.h>
#include <string.h>

#include "weave.h"

json_t *schemas_of(json_t *document)
{
	return json_object_get(json_object_get(document, "components"), "schemas");
}

/* The members that every record has, around its own. */
static void add_record_members(json_t *document, json_t *schema)
{
	json_t *record = json_object_get(document, "x-record");
	json_t *own = json_object_get(schema, "properties");
	json_t *all = json_object();
	if (json_is_false(json_object_get(schema, "x-record")) ||
		json_object_get(own, "id") != NULL)
		return;
	json_object_update(all, json_object_get(record, "before"));
	json_object_update(all, own);
	json_object_update(all, json_object_get(record, "after"));
	json_object_set_new(schema, "properties", all);
}

static bool is_true(const json_t *member, const char *annotation)
{
	return json_is_true(json_object_get(member, annotation));
}

/* Returns a member as a client writes it. */
static json_t *written_member(json_t *member)
{
	json_t *other = json_object_get(member, "x-new");
	json_t *copy = json_deep_copy(other == NULL ? member : other);
	json_object_del(copy, "writeOnly");
	json_object_del(copy, "x-once");
	return copy;
}

/* True when a client writes the member: it is neither the server's nor, in a change, given once
 * only. */
static bool is_written(json_t *document, const char *name, json_t *member, bool is_change)
{
	json_t *record = json_object_get(document, "x-record");
	bool is_the_servers = is_true(member, "readOnly") &&
			      json_object_get(member, "x-new") == NULL;
	return !is_the_servers && !(is_change && is_true(member, "x-once")) &&
	       json_object_get(json_object_get(record, "after"), name) != member;
}

/* Returns what a client writes of a schema: to make an object, or to change it. */
static json_t *written_schema(
	json_t *document, json_t *schema, const char *description, bool is_change)
{
	json_t *properties = json_object(), *required = json_object_get(schema, "required");
	const char *name;
	json_t *member;
	json_object_foreach (json_object_get(schema, "properties"), name, member)
		if (is_written(document, name, member, is_change))
			json_object_set_new(properties, name, written_member(member));
	json_t *written = json_pack("{s:s, s:s, s:b, s:o}", "description", description, "type",
		"object", "additionalProperties", 0, "properties", properties);
	if (json_array_size(required) > 0)
		json_object_set(written, "required", required);
	if (!is_change)
		json_object_update(written, json_object_get(schema, "x-new"));
	return written;
}

/* Leaves of a schema what the server answers: every member, and nothing of how it is written. */
static void make_answer(json_t *schema)
{
	json_t *required = json_array();
	json_t *properties = json_object_get(schema, "properties");
	const char *name;
	json_t *member;
	void *next;
	json_object_foreach_safe (properties, next, name, member) {
		if (is_true(member, "writeOnly")) {
			json_object_del(properties, name);
			continue;
		}
		json_object_del(member, "default");
		json_object_del(member, "x-new");
		json_object_del(member, "x-once");
		if (!is_true(member, "x-optional"))
			json_array_append_new(required, json_string(name));
		json_object_del(member, "x-optional");
	}
	json_object_set_new(schema, "type", json_string("object"));
	json_object_set_new(schema, "required", required);
	json_object_del(schema, "x-record");
	json_object_del(schema, "x-new");
}

static bool has_once(json_t *schema)
{
	const char *name;
	json_t *member;
	json_object_foreach (json_object_get(schema, "properties"), name, member)
		if (is_true(member, "x-once"))
			return true;
	return false;
}

static void add_schema(
	json_t *document, const char *prefix, const char *name, const char *suffix, json_t *schema)
{
	char full[128];
	snprintf(full, sizeof full, "%s%s%s", prefix, name, suffix);
	if (json_object_get(schemas_of(document), full) == NULL)
		json_object_set(schemas_of(document), full, schema);
	json_decref(schema);
}

static json_t *page_schema(json_t *document, const struct thing *thing)
{
	json_t *page = json_deep_copy(json_object_get(document, "x-page"));
	json_t *data = json_object_get(json_object_get(page, "properties"), "data");
	json_object_set_new(data, "items",
		json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", thing->name)));
	json_object_set_new(page, "description", fill("A page of {many}.", thing));
	return page;
}

/* Makes the schemas that follow from one that operations name by their kinds. */
static void make_schemas(json_t *document, json_t *schema, const struct thing *thing, json_t *kinds)
{
	bool is_created = json_object_get(kinds, "x-creates") != NULL;
	bool is_updated = json_object_get(kinds, "x-updates") != NULL;
	const char *words = json_string_value(
		json_object_get(json_object_get(document, "x-written"),
			!is_updated || has_once(schema) ? "new" : "both"));
	const char *changing = json_string_value(
		json_object_get(json_object_get(document, "x-written"), "change"));
	if (is_created) {
		json_t *text = fill(words, thing);
		add_schema(document, "New", thing->name, "",
			written_schema(document, schema, json_string_value(text), false));
		json_decref(text);
	}
	if (is_updated && has_once(schema)) {
		json_t *text = fill(changing, thing);
		add_schema(document, "", thing->name, "Change",
			written_schema(document, schema, json_string_value(text), true));
		json_decref(text);
	}
	if (json_object_get(kinds, "x-lists") != NULL)
		add_schema(document, "", thing->name, "List", page_schema(document, thing));
	make_answer(schema);
}

/* Gives a schema the members of the one that it extends, before its own. */
static void extend(json_t *document, const char *name, json_t *schema)
{
	const char *base = json_string_value(json_object_get(schema, "x-extends"));
	if (base == NULL)
		return;
	json_t *other = json_object_get(schemas_of(document), base);
	if (other == NULL)
		die_of(name, "extends %s, which is not there", base);
	extend(document, base, other);
	json_t *all = json_deep_copy(json_object_get(other, "properties"));
	json_object_update(all, json_object_get(schema, "properties"));
	json_object_set_new(schema, "properties", all);
}

void prepare_schemas(json_t *document)
{
	json_t *things = things_of(document), *schemas = schemas_of(document);
	const char *name;
	json_t *kinds, *schema;
	json_object_foreach (things, name, kinds)
		if (json_object_get(kinds, "x-creates") != NULL)
			add_record_members(document, json_object_get(schemas, name));
	json_object_foreach (schemas, name, schema)
		extend(document, name, schema);
	json_decref(things);
}

/* Splits an enum that has null, {type: [string, null], enum: […, null]}, into either the enum or
 * null: generators of clients know no other form. What describes stays outside, what constrains
 * goes in. */
static void split_nullable_enum(json_t *schema)
{
	static const char *const constraints[] = {"type", "enum", "x-enum"};
	json_t *values = json_object_get(schema, "enum"), *value, *inner = json_object();
	size_t i, null_at = json_array_size(values);
	json_array_foreach (values, i, value)
		if (json_is_null(value))
			null_at = i;
	if (null_at == json_array_size(values)) {
		json_decref(inner);
		return;
	}
	json_array_remove(values, null_at);
	for (i = 0; i < sizeof constraints / sizeof *constraints; i++) {
		json_object_set(inner, constraints[i], json_object_get(schema, constraints[i]));
		json_object_del(schema, constraints[i]);
	}
	json_object_set(inner, "type", json_array_get(json_object_get(inner, "type"), 0));
	json_object_set_new(schema, "anyOf", json_pack("[o, {s:s}]", inner, "type", "null"));
}

static void split_nullable_enums(json_t *node)
{
	const char *name;
	json_t *child;
	size_t i;
	json_array_foreach (node, i, child)
		split_nullable_enums(child);
	json_object_foreach (node, name, child)
		split_nullable_enums(child);
	if (json_is_array(json_object_get(node, "enum")))
		split_nullable_enum(node);
}

void complete_schemas(json_t *document)
{
	json_t *things = things_of(document), *schemas = schemas_of(document);
	const char *name;
	json_t *kinds, *schema;
	json_object_foreach (things, name, kinds) {
		schema = json_object_get(schemas, name);
		if (schema == NULL)
			die_of(name, "is no schema, but an operation reads or writes it");
		struct thing thing = thing_of(document, name);
		make_schemas(document, schema, &thing, kinds);
	}
	json_object_foreach (schemas, name, schema)
		if (json_object_get(schema, "x-extends") != NULL)
			make_answer(schema);
	split_nullable_enums(schemas);
	json_decref(things);
}
