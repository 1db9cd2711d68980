/* The part of weave that knows languages: translations of messages, and labels of enums. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token.h"
#include "weave.h"
#include "yaml.h"

enum { ETAG_BYTES = 12 };

/* Adds the values of an enum to those of its name, in their order and without null. */
static void add_enum(json_t *enums, const char *name, const json_t *values)
{
	json_t *known = json_object_get(enums, name);
	if (known == NULL) {
		known = json_array();
		json_object_set_new(enums, name, known);
	}
	size_t i, k;
	json_t *value, *other;
	json_array_foreach (values, i, value) {
		bool is_known = !json_is_string(value);
		json_array_foreach (known, k, other)
			is_known |= json_equal(value, other);
		if (!is_known)
			json_array_append(known, value);
	}
}

static bool is_sort(const json_t *node)
{
	const char *name = json_string_value(json_object_get(node, "name"));
	return name != NULL && strcmp(name, "sort") == 0;
}

static void collect_enums(const char *path, json_t *node, json_t *enums)
{
	const json_t *values = json_object_get(node, "enum");
	const json_t *name = json_object_get(node, "x-enum");
	const char *key;
	size_t i;
	json_t *child;
	if (is_sort(node))
		return;
	if (json_is_array(values) && json_is_string(name))
		add_enum(enums, json_string_value(name), values);
	else if (json_is_array(values) && !json_is_false(name))
		die(path, json_dumps(node, JSON_ENCODE_ANY));
	json_array_foreach (node, i, child)
		collect_enums(path, child, enums);
	json_object_foreach (node, key, child)
		if (strncmp(key, "example", strlen("example")) != 0)
			collect_enums(path, child, enums);
}

json_t *enums_of(const char *path, json_t *document)
{
	json_t *enums = json_object();
	collect_enums(path, document, enums);
	return enums;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Returns the names of an object in their order, and NULL behind them; to be freed. */
static const char **sorted_names(json_t *object)
{
	size_t count = 0;
	const char **names = calloc(json_object_size(object) + 1, sizeof *names);
	const char *name;
	json_t *value;
	json_object_foreach (object, name, value)
		names[count++] = name;
	qsort(names, count, sizeof *names, compare_names);
	return names;
}

static void append_messages(const char *path, json_t *messages, struct text *out)
{
	const char **names = sorted_names(messages);
	for (size_t i = 0; names[i] != NULL; i++) {
		const char *translated = json_string_value(json_object_get(messages, names[i]));
		if (translated == NULL)
			die(path, names[i]);
		text_append_string(out, "\t{");
		append_literal(out, names[i]);
		text_append_string(out, ",\n\t\t");
		append_literal(out, translated);
		text_append_string(out, "},\n");
	}
	free(names);
}

/* Returns [{value, label}, …]. */
static json_t *labelled(const char *path, json_t *values, json_t *labels)
{
	json_t *list = json_array();
	size_t i;
	json_t *value;
	json_array_foreach (values, i, value) {
		json_t *label = json_object_get(labels, json_string_value(value));
		if (!json_is_string(label)) {
			fprintf(stderr, "weave: no label for %s\n", json_string_value(value));
			die(path, json_dumps(values, 0));
		}
		json_array_append_new(
			list, json_pack("{s:O, s:O}", "value", value, "label", label));
	}
	if (json_object_size(labels) != json_array_size(values))
		die(path, json_dumps(labels, 0));
	return list;
}

/* Returns what listEnums answers in the language of a catalogue. */
static char *enums_answer(const char *path, json_t *catalogue, json_t *enums)
{
	json_t *labels = json_object_get(catalogue, "enums");
	json_t *list = json_array();
	const char **names = sorted_names(enums);
	for (size_t i = 0; names[i] != NULL; i++) {
		json_t *values = labelled(
			path, json_object_get(enums, names[i]), json_object_get(labels, names[i]));
		json_array_append_new(
			list, json_pack("{s:s, s:o}", "name", names[i], "values", values));
	}
	free(names);
	if (json_object_size(labels) != json_object_size(enums))
		die(path, "there are labels of an enum that the contract does not have");
	json_t *answer = json_pack(
		"{s:O, s:o}", "language", json_object_get(catalogue, "tag"), "enums", list);
	char *json = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	return json;
}

static void weave_labels(struct catalogues *catalogues, const char *path, json_t *catalogue)
{
	unsigned char bytes[DIGEST_SIZE];
	char name[32];
	char *json = enums_answer(path, catalogue, catalogues->enums);
	digest(slice_of(json), bytes);
	snprintf(name, sizeof name, "labels_%d", catalogues->count);
	append_bytes(catalogues->out, name, slice_of(json));
	struct text *list = &catalogues->labels;
	text_append_string(list, "\t{");
	append_literal(list, json_string_value(json_object_get(catalogue, "tag")));
	text_append_printf(list, ", {%s, sizeof %s - 1}, \"\\\"", name, name);
	text_append_hex(list, bytes, ETAG_BYTES);
	text_append_string(list, "\\\"\"},\n");
	free(json);
}

static void weave_messages(struct catalogues *catalogues, const char *path, json_t *catalogue)
{
	json_t *messages = json_object_get(catalogue, "messages");
	int number = catalogues->count;
	if (messages == NULL) /* English stands in the code */
		return;
	text_append_printf(
		catalogues->out, "static const struct translation messages_%d[] = {\n", number);
	append_messages(path, messages, catalogues->out);
	text_append_string(catalogues->out, "};\n\n");
	text_append_string(&catalogues->languages, "\t{");
	append_literal(
		&catalogues->languages, json_string_value(json_object_get(catalogue, "tag")));
	text_append_printf(&catalogues->languages,
		", messages_%d, sizeof messages_%d / sizeof *messages_%d},\n", number, number,
		number);
}

void weave_catalogue(struct catalogues *catalogues, const char *path)
{
	json_t *catalogue = read_yaml(path);
	if (!json_is_string(json_object_get(catalogue, "tag")))
		die(path, "the tag of the language is missing");
	catalogues->count++;
	weave_messages(catalogues, path, catalogue);
	weave_labels(catalogues, path, catalogue);
	json_decref(catalogue);
}

void weave_catalogues_end(struct catalogues *catalogues)
{
	text_append_printf(catalogues->out,
		"const struct language woven_languages[] = {\n%s\t{0}};\n\n"
		"const struct woven_enums woven_enums[] = {\n%s\t{0}};\n\n",
		catalogues->languages.bytes, catalogues->labels.bytes);
	text_done(&catalogues->languages);
	text_done(&catalogues->labels);
	json_decref(catalogues->enums);
}
