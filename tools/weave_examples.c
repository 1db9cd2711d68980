/* The part of weave that makes examples. The example of a schema says what is worth saying; the
 * members that it leaves out are their defaults, null, or what every record has. From it follow the
 * example of a page, of what a client writes, and of a file. */
#include <stdlib.h>
#include <string.h>

#include "weave.h"

static json_t *examples_of(json_t *document)
{
	return json_object_get(json_object_get(document, "components"), "examples");
}

static bool allows_null(json_t *document, json_t *member)
{
	json_t *schema = resolved(document, member);
	json_t *type = json_object_get(schema, "type");
	const char *reference = json_string_value(json_object_get(member, "$ref"));
	size_t i;
	json_t *one;
	if (reference != NULL && strstr(reference, "/Nullable") != NULL)
		return true;
	json_array_foreach (type, i, one)
		if (strcmp(json_string_value(one), "null") == 0)
			return true;
	return false;
}

/* Returns what a member is in an example that does not say: a new reference. */
static json_t *usual_value(
	json_t *document, const char *schema_name, const char *name, json_t *member)
{
	json_t *value = json_object_get(member, "default");
	if (value == NULL)
		value = json_object_get(
			json_object_get(json_object_get(document, "x-record"), "example"), name);
	if (value != NULL)
		return json_incref(value);
	if (!allows_null(document, member))
		die_of(schema_name, "its example needs the member %s, which has no default", name);
	return json_null();
}

static json_t *completed(json_t *document, const char *name, json_t *given)
{
	json_t *schema = json_object_get(schemas_of(document), name);
	json_t *value = json_object();
	const char *key;
	json_t *member;
	json_object_foreach (json_object_get(schema, "properties"), key, member) {
		json_t *its = json_object_get(given, key);
		if (json_is_true(json_object_get(member, "writeOnly")))
			continue;
		json_object_set_new(value, key,
			its == NULL ? usual_value(document, name, key, member) : json_incref(its));
	}
	json_object_foreach (given, key, member)
		if (json_object_get(value, key) == NULL)
			die_of(name, "its example has %s, which is no member", key);
	return value;
}

static void add_example(json_t *document, const char *name, const char *summary, json_t *value)
{
	json_t *example = json_object_get(examples_of(document), name);
	if (example == NULL) {
		json_object_set_new(examples_of(document), name,
			json_pack("{s:s, s:O}", "summary", summary, "value", value));
	} else if (json_object_get(example, "value") == NULL) {
		json_object_set(example, "value", value);
	}
	json_decref(value);
}

static json_t *page_example(json_t *object)
{
	return json_pack("{s:[O], s:n, s:b}", "data", object, "next_cursor", "has_more", 0);
}

static void add_page_example(json_t *document, const char *name)
{
	char list[128];
	snprintf(list, sizeof list, "%sList", name);
	json_t *object = json_object_get(json_object_get(examples_of(document), name), "value");
	if (object != NULL)
		add_example(document, list, "The only page", page_example(object));
}

/* Lays the example that says from which it differs over that one. */
static void derive_example(json_t *document, json_t *example)
{
	const char *from = json_string_value(json_object_get(example, "x-from"));
	if (from == NULL)
		return;
	json_t *other = json_object_get(examples_of(document), from);
	if (other == NULL)
		die_of(from, "is no example that another could differ from");
	derive_example(document, other);
	json_t *value = json_deep_copy(json_object_get(other, "value"));
	json_object_update(value, json_object_get(example, "value"));
	json_object_set_new(example, "value", value);
	json_object_del(example, "x-from");
}

void complete_examples(json_t *document)
{
	json_t *things = things_of(document);
	const char *name;
	json_t *kinds, *example;
	json_object_foreach (things, name, kinds) {
		json_t *schema = json_object_get(schemas_of(document), name);
		json_t *given = json_object_get(schema, "example");
		if (given == NULL)
			continue;
		struct thing thing = thing_of(document, name);
		json_t *summary = fill("{a one}", &thing);
		add_example(document, name, json_string_value(summary),
			completed(document, name, given));
		json_decref(summary);
	}
	json_object_foreach (examples_of(document), name, example)
		derive_example(document, example);
	json_object_foreach (things, name, kinds)
		if (json_object_get(kinds, "x-lists") != NULL)
			add_page_example(document, name);
	json_decref(things);
}

/* True when the member is written, and no other that is given says the same: of a reference, the
 * code says what the id would. */
static bool is_written(json_t *document, json_t *schema, json_t *given, const char *name)
{
	json_t *record = json_object_get(document, "x-record");
	json_t *member = json_object_get(json_object_get(schema, "properties"), name);
	char code[128];
	size_t length = strlen(name);
	if (json_is_true(json_object_get(member, "readOnly")) ||
		json_object_get(json_object_get(record, "example"), name) != NULL)
		return false;
	if (length < 3 || strcmp(name + length - 3, "_id") != 0)
		return true;
	snprintf(code, sizeof code, "%.*s_code", (int)length - 3, name);
	return json_object_get(given, code) == NULL;
}

json_t *written_example(json_t *document, const char *name)
{
	json_t *schema = json_object_get(schemas_of(document), name);
	json_t *given = json_object_get(schema, "example"), *written = json_object();
	const char *key;
	json_t *value;
	json_object_foreach (given, key, value)
		if (is_written(document, schema, given, key))
			json_object_set(written, key, value);
	return written;
}

static void append_cell(struct text *out, const json_t *value)
{
	const char *string = json_string_value(value);
	char *json = string == NULL && !json_is_null(value)
			     ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)
			     : NULL;
	const char *cell = json != NULL ? json : string != NULL ? string : "";
	bool is_quoted = strpbrk(cell, ",\"\n") != NULL;
	if (is_quoted)
		text_append_char(out, '"');
	for (const char *c = cell; *c != '\0'; c++)
		text_append_printf(out, *c == '"' ? "\"\"" : "%c", *c);
	if (is_quoted)
		text_append_char(out, '"');
	free(json);
}

json_t *csv_sample(json_t *columns, json_t *rows)
{
	struct text out = {0};
	size_t i, k;
	json_t *row, *column;
	json_array_foreach (columns, i, column)
		text_append_printf(&out, "%s%s", i == 0 ? "" : ",", json_string_value(column));
	text_append_char(&out, '\n');
	json_array_foreach (rows, k, row) {
		json_array_foreach (columns, i, column) {
			if (i > 0)
				text_append_char(&out, ',');
			append_cell(&out, json_object_get(row, json_string_value(column)));
		}
		text_append_char(&out, '\n');
	}
	json_t *sample = json_string(out.bytes);
	text_done(&out);
	return sample;
}

json_t *ndjson_sample(json_t *columns, json_t *rows)
{
	struct text out = {0};
	size_t i, k;
	json_t *row, *column;
	json_array_foreach (rows, k, row) {
		json_t *picked = json_object();
		json_array_foreach (columns, i, column) {
			json_t *value = json_object_get(row, json_string_value(column));
			json_object_set_new(picked, json_string_value(column),
				value == NULL ? json_null() : json_incref(value));
		}
		char *line = json_dumps(picked, 0);
		text_append_printf(&out, "%s\n", line);
		free(line);
		json_decref(picked);
	}
	json_t *sample = json_string(out.bytes);
	text_done(&out);
	return sample;
}
