/* The part of weave that gives operations their bodies: an object with an example, or a file with a
 * sample. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "weave_making.h"

/* Makes a schema of the members that stand in the operation itself; whoever may not be null is
 * required, unless it has a default. */
static const char *schema_of_members(struct making *making, json_t *members)
{
	char name[128];
	snprintf(name, sizeof name, "%c%s", toupper((unsigned char)making->id[0]), making->id + 1);
	json_t *required = json_array(), *member;
	const char *key;
	json_object_foreach (members, key, member) {
		const char *reference = string_of(member, "$ref");
		bool may_lack = json_object_get(member, "default") != NULL ||
				(reference != NULL && strstr(reference, "/Nullable") != NULL);
		if (!may_lack)
			json_array_append_new(required, json_string(key));
	}
	json_t *schema = json_pack("{s:o, s:s, s:b, s:O}", "description",
		json_sprintf("What `%s` is told.", making->id), "type", "object",
		"additionalProperties", 0, "properties", members);
	if (json_array_size(required) > 0)
		json_object_set(schema, "required", required);
	json_decref(required);
	json_object_set_new(schemas_of(making->document), name, schema);
	return json_object_iter_key(json_object_iter_at(schemas_of(making->document), name));
}

/* Returns the name of the first of the schemas that is there. */
static const char *first_schema(struct making *making, json_t *names)
{
	size_t i;
	json_t *name;
	if (json_is_string(names))
		return json_string_value(names);
	json_array_foreach (names, i, name)
		if (has_component(making, "schemas", json_string_value(name)))
			return json_string_value(name);
	die_of(making->id, "takes a body that no schema describes");
}

/* The rows that a sample of a file shows: those that the operation gives, or the example of what
 * they are. */
static json_t *sample_rows(struct making *making)
{
	json_t *rows = json_object_get(making->operation, "x-sample");
	json_t *examples = json_object_get(
		json_object_get(making->document, "components"), "examples");
	if (rows != NULL)
		return json_incref(rows);
	json_t *value = json_object_get(json_object_get(examples, making->thing.name), "value");
	if (value != NULL)
		return json_pack("[O]", value);
	char list[128];
	snprintf(list, sizeof list, "%sList", making->thing.name);
	value = json_object_get(json_object_get(examples, list), "value");
	rows = json_object_get(value, "data");
	if (json_array_size(rows) == 0)
		die_of(making->thing.name, "needs an example");
	return json_incref(rows);
}

void add_file_types(struct making *making, json_t *content)
{
	json_t *columns = json_object_get(making->operation, "x-columns");
	if (columns == NULL)
		die_of(making->id, "reads or writes files, so it needs x-columns, the columns "
				   "of their example");
	json_t *rows = sample_rows(making);
	json_object_set_new(content, "text/csv",
		json_pack("{s:o, s:o}", "schema", component_of(making, "schemas", "CsvFile"),
			"example", csv_sample(columns, rows)));
	json_object_set_new(content, "application/x-ndjson",
		json_pack("{s:o, s:o}", "schema", component_of(making, "schemas", "NdjsonFile"),
			"example", ndjson_sample(columns, rows)));
	json_decref(rows);
}

/* Returns the schema of a row of a file: that of a new object, with what the operation adds to it
 * or says otherwise. */
static json_t *schema_of_rows(struct making *making)
{
	const char *written = first_schema(making, json_object_get(making->kind, "rows"));
	json_t *more = json_object_get(making->operation, "x-row");
	if (more == NULL)
		return component_of(making, "schemas", written);
	char name[128];
	snprintf(name, sizeof name, "%sRow", making->thing.name);
	json_t *schema = json_deep_copy(json_object_get(schemas_of(making->document), written));
	json_object_update(json_object_get(schema, "properties"), more);
	json_object_set_new(schema, "description",
		json_sprintf("A row of a file that `%s` takes.", making->id));
	json_object_set_new(schemas_of(making->document), name, schema);
	json_object_del(making->operation, "x-row");
	return component_of(making, "schemas", name);
}

static void add_file_body(struct making *making)
{
	json_t *content = json_object();
	add_file_types(making, content);
	json_object_set_new(making->operation, "requestBody",
		json_pack("{s:b, s:o}", "required", 1, "content", content));
	if (json_object_get(making->operation, "x-rows") == NULL)
		json_object_set_new(making->operation, "x-rows", schema_of_rows(making));
	json_object_set_new(making->operation, "x-exported",
		component_of(making, "schemas", making->thing.name));
}

/* Returns the example of a body: the one that the operation gives, or, of a new object, what makes
 * the example of its schema; a new reference. */
static json_t *body_example(struct making *making)
{
	json_t *example = json_object_get(making->operation, "example");
	bool is_creation = json_object_get(making->operation, "x-creates") != NULL;
	example = example == NULL && is_creation
			  ? written_example(making->document, making->thing.name)
			  : json_incref(example);
	if (json_object_size(example) == 0)
		die_of(making->id, "needs an example of its body");
	return example;
}

void add_body(struct making *making)
{
	json_t *body = json_object_get(making->operation, "body");
	if (body == NULL)
		body = json_object_get(making->kind, "body");
	if (json_object_get(making->kind, "rows") != NULL)
		add_file_body(making);
	if (body == NULL || json_object_get(making->operation, "requestBody") != NULL)
		return;
	const char *schema = json_is_object(body) ? schema_of_members(making, body)
						  : first_schema(making, body);
	const char *type = strcmp(making->method, "patch") == 0 ? "application/merge-patch+json"
								: "application/json";
	json_object_set_new(making->operation, "requestBody",
		json_pack("{s:b, s:{s:{s:o, s:o}}}", "required", 1, "content", type, "schema",
			component_of(making, "schemas", schema), "example", body_example(making)));
}
