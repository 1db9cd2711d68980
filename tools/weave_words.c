/* The part of weave that finds words: what an object is called, one of them and many, and templates
 * such as "Add {a one}". */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "weave.h"

/* "SalesRecord" -> "sales record". */
static void split_words(const char *name, char *out, size_t size)
{
	size_t length = 0;
	for (const char *c = name; *c != '\0' && length + 2 < size; c++) {
		if (isupper((unsigned char)*c) && c != name)
			out[length++] = ' ';
		out[length++] = (char)tolower((unsigned char)*c);
	}
	out[length] = '\0';
}

/* "/v1/sales-records" -> "sales records": what a list of them is called. */
static void last_words(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');
	snprintf(out, size, "%s", slash + 1);
	for (char *c = out; *c != '\0'; c++)
		if (*c == '-')
			*c = ' ';
}

/* Returns the path at which the objects of a schema are listed, or NULL. */
static const char *list_path(json_t *document, const char *name)
{
	const char *path, *listed;
	json_t *item;
	json_object_foreach (json_object_get(document, "paths"), path, item) {
		listed = json_string_value(
			json_object_get(json_object_get(item, "get"), "x-lists"));
		if (listed != NULL && strcmp(listed, name) == 0)
			return path;
	}
	return NULL;
}

struct thing thing_of(json_t *document, const char *name)
{
	json_t *schema = json_object_get(schemas_of(document), name);
	json_t *noun = json_object_get(schema, "x-noun");
	struct thing thing = {.name = name};
	const char *path = list_path(document, name);
	split_words(name, thing.one, sizeof thing.one);
	if (path != NULL)
		last_words(path, thing.many, sizeof thing.many);
	if (noun != NULL) {
		snprintf(thing.one, sizeof thing.one, "%s",
			json_string_value(json_array_get(noun, 0)));
		snprintf(thing.many, sizeof thing.many, "%s",
			json_string_value(json_array_get(noun, 1)));
	}
	return thing;
}

static const char *article(const char *word)
{
	return strchr("aeioAEIO", word[0]) != NULL ? "an" : "a";
}

static void append_value(struct text *out, struct slice name, const struct thing *thing)
{
	if (slice_equals(name, "Schema"))
		text_append_string(out, thing->name);
	else if (slice_equals(name, "one"))
		text_append_string(out, thing->one);
	else if (slice_equals(name, "many"))
		text_append_string(out, thing->many);
	else if (slice_equals_ignoring_case(name, "a one"))
		text_append_printf(
			out, "%c%s %s", name.bytes[0], article(thing->one) + 1, thing->one);
	else
		die_of("x-kinds",
			"no template has {%.*s}; it may have {Schema}, {one}, {many}, "
			"{a one} and {A one}",
			(int)name.length, name.bytes);
}

json_t *fill(const char *template, const struct thing *thing)
{
	struct text out = {0};
	for (const char *c = template; *c != '\0'; c++) {
		const char *end = *c == '{' ? strchr(c, '}') : NULL;
		if (end == NULL) {
			text_append_char(&out, *c);
			continue;
		}
		append_value(&out, (struct slice){c + 1, (size_t)(end - c - 1)}, thing);
		c = end;
	}
	json_t *filled = json_string(out.bytes == NULL ? "" : out.bytes);
	text_done(&out);
	return filled;
}

json_t *fill_all(json_t *template, const struct thing *thing)
{
	if (json_is_string(template))
		return fill(json_string_value(template), thing);
	json_t *copy = json_copy(template), *child;
	const char *name;
	void *next;
	size_t i;
	json_array_foreach (copy, i, child)
		json_array_set_new(copy, i, fill_all(child, thing));
	json_object_foreach_safe (copy, next, name, child)
		json_object_set_new(copy, name, fill_all(child, thing));
	return copy;
}
