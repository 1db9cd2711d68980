#include "yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libyaml.h>

enum { YAML_DEPTH_MAX = 100 };

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the one that is looked at; replaced by the next */
	json_t *anchors;    /* the values that have one, by its name */
	size_t depth;
	bool is_refused;
	struct text *error;
};

static json_t *read_value(struct reader *reader);

/* The first fault stands, for what follows it is its consequence. Returns NULL. */
static json_t *refuse_at(struct reader *reader, const yaml_mark_t *mark, const char *fault)
{
	if (!reader->is_refused)
		text_append_printf(reader->error, "line %zu, column %zu: %s", mark->line + 1,
			mark->column + 1, fault);
	reader->is_refused = true;
	return NULL;
}

static json_t *refuse(struct reader *reader, const char *fault)
{
	return refuse_at(reader, &reader->event.start_mark, fault);
}

/* Drops a value that cannot be completed: what has not been refused so far failed for memory. */
static json_t *abandon(struct reader *reader, json_t *value)
{
	json_decref(value);
	return refuse(reader, "memory is exhausted");
}

/* Replaces the event by the next one; false when the parser has found a fault. */
static bool advance(struct reader *reader)
{
	yaml_event_delete(&reader->event);
	yaml_parser_t *parser = &reader->parser;
	if (yaml_parser_parse(parser, &reader->event))
		return true;
	reader->event = (yaml_event_t){.type = YAML_NO_EVENT};
	yaml_mark_t mark = parser->error == YAML_READER_ERROR ? parser->mark : parser->problem_mark;
	refuse_at(reader, &mark, parser->problem != NULL ? parser->problem : "memory is exhausted");
	return false;
}

/* Advances to an event of `type`, which libyaml's grammar promises unless there is a fault. */
static bool expect(struct reader *reader, yaml_event_type_t type)
{
	if (!advance(reader))
		return false;
	if (reader->event.type != type)
		refuse(reader, "this is not expected here");
	return !reader->is_refused;
}

static const struct {
	const char *word;
	json_type type;
} words[] = {
	{"", JSON_NULL},
	{"~", JSON_NULL},
	{"null", JSON_NULL},
	{"Null", JSON_NULL},
	{"NULL", JSON_NULL},
	{"true", JSON_TRUE},
	{"True", JSON_TRUE},
	{"TRUE", JSON_TRUE},
	{"false", JSON_FALSE},
	{"False", JSON_FALSE},
	{"FALSE", JSON_FALSE},
};

/* Returns null, true or false, or NULL for another word. */
static json_t *read_word(struct slice plain)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!slice_equals(plain, words[i].word))
			continue;
		return words[i].type == JSON_NULL ? json_null()
						  : json_boolean(words[i].type == JSON_TRUE);
	}
	return NULL;
}

static size_t skip(const char **next, const char *accepted)
{
	size_t length = strspn(*next, accepted);
	*next += length;
	return length;
}

static void skip_sign(const char **next)
{
	if (**next == '-' || **next == '+')
		++*next;
}

static const char digits[] = "0123456789";

/* Returns the base in which a plain scalar is an integer, or 0 when it is none. */
static int integer_base(const char *plain)
{
	static const struct {
		const char *prefix;
		const char *digits;
		int base;
	} bases[] = {
		{"0x", "0123456789abcdefABCDEF", 16},
		{"0o", "01234567", 8},
	};
	for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
		const char *next = plain + strlen(bases[i].prefix);
		if (strncmp(plain, bases[i].prefix, strlen(bases[i].prefix)) == 0)
			return skip(&next, bases[i].digits) > 0 && *next == '\0' ? bases[i].base
										 : 0;
	}
	skip_sign(&plain);
	return skip(&plain, digits) > 0 && *plain == '\0' ? 10 : 0;
}

/* [-+]? ( \.[0-9]+ | [0-9]+(\.[0-9]*)? ) ([eE][-+]?[0-9]+)? */
static bool is_real(const char *plain)
{
	skip_sign(&plain);
	size_t count = skip(&plain, digits);
	if (*plain == '.') {
		plain++;
		count += skip(&plain, digits);
	}
	if (count == 0)
		return false;
	if (*plain == 'e' || *plain == 'E') {
		plain++;
		skip_sign(&plain);
		count = skip(&plain, digits);
	}
	return count > 0 && *plain == '\0';
}

/* The infinities and NaN, which JSON cannot say. */
static bool is_not_finite(const char *plain)
{
	skip_sign(&plain);
	return strcasecmp(plain, ".inf") == 0 || strcasecmp(plain, ".nan") == 0;
}

static json_t *read_plain(struct reader *reader, const char *plain, size_t length)
{
	json_t *word = read_word((struct slice){plain, length});
	if (word != NULL)
		return word;
	errno = 0;
	int base = integer_base(plain);
	if (base != 0) {
		long long integer = strtoll(base == 10 ? plain : plain + 2, NULL, base);
		return errno == 0 ? json_integer(integer)
				  : refuse(reader, "the integer is out of range");
	}
	if (is_not_finite(plain))
		return refuse(reader, "JSON has no such number");
	if (!is_real(plain))
		return json_stringn(plain, length);
	json_t *real = json_real(strtod(plain, NULL));
	return real != NULL ? real : refuse(reader, "the number is out of range");
}

/* Returns the text of the scalar that is looked at, or NULL when a C string cannot hold it. */
static const char *scalar_text(struct reader *reader, size_t *ret_length)
{
	const char *bytes = (const char *)reader->event.data.scalar.value;
	*ret_length = reader->event.data.scalar.length;
	if (strlen(bytes) == *ret_length)
		return bytes;
	refuse(reader, "U+0000 is not welcome");
	return NULL;
}

static json_t *read_scalar(struct reader *reader)
{
	size_t length = 0;
	const char *bytes = scalar_text(reader, &length);
	if (bytes == NULL)
		return NULL;
	if (reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return read_plain(reader, bytes, length);
	return json_stringn(bytes, length);
}

static json_t *read_sequence(struct reader *reader)
{
	json_t *array = json_array();
	while (advance(reader) && reader->event.type != YAML_SEQUENCE_END_EVENT) {
		if (json_array_append_new(array, read_value(reader)) != 0)
			return abandon(reader, array);
	}
	return array;
}

/* Returns a copy of the key that is looked at, or NULL. A key is its text: 200 is "200". */
static char *read_key(struct reader *reader, const json_t *object)
{
	size_t length = 0;
	if (reader->event.type != YAML_SCALAR_EVENT || reader->event.data.scalar.tag != NULL)
		refuse(reader, "the key is no scalar without a tag");
	else if (json_object_get(object, scalar_text(reader, &length)) != NULL)
		refuse(reader, "the key is there already");
	if (reader->is_refused)
		return NULL;
	return strdup((const char *)reader->event.data.scalar.value);
}

/* Reads the key that is looked at and its value into `object`; false when it cannot. */
static bool read_member(struct reader *reader, json_t *object)
{
	char *key = read_key(reader, object);
	bool is_read = key != NULL && advance(reader) &&
		       json_object_set_new(object, key, read_value(reader)) == 0;
	free(key);
	return is_read;
}

static json_t *read_mapping(struct reader *reader)
{
	json_t *object = json_object();
	while (advance(reader) && reader->event.type != YAML_MAPPING_END_EVENT) {
		if (!read_member(reader, object))
			return abandon(reader, object);
	}
	return object;
}

/* An alias shares the value of its anchor. An anchor is known once its value is complete, so that
 * no value holds itself. */
static json_t *read_alias(struct reader *reader)
{
	json_t *value = json_object_get(
		reader->anchors, (const char *)reader->event.data.alias.anchor);
	return value != NULL ? json_incref(value) : refuse(reader, "the anchor is not known");
}

static const struct {
	yaml_event_type_t type;
	json_t *(*read)(struct reader *reader);
} readers[] = {
	{YAML_SCALAR_EVENT, read_scalar},
	{YAML_SEQUENCE_START_EVENT, read_sequence},
	{YAML_MAPPING_START_EVENT, read_mapping},
	{YAML_ALIAS_EVENT, read_alias},
};
enum { READERS_COUNT = sizeof readers / sizeof *readers };

struct properties {
	const yaml_char_t *anchor;
	const yaml_char_t *tag;
};

static struct properties properties_of(const yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		return (struct properties){event->data.scalar.anchor, event->data.scalar.tag};
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return (struct properties){
			event->data.sequence_start.anchor, event->data.sequence_start.tag};
	if (event->type == YAML_MAPPING_START_EVENT)
		return (struct properties){
			event->data.mapping_start.anchor, event->data.mapping_start.tag};
	return (struct properties){0};
}

static json_t *read_untagged(struct reader *reader)
{
	size_t i = 0;
	while (i < READERS_COUNT && readers[i].type != reader->event.type)
		i++;
	if (i == READERS_COUNT)
		return refuse(reader, "this is not expected here");
	reader->depth++;
	json_t *value = readers[i].read(reader);
	reader->depth--;
	return reader->is_refused || value == NULL ? abandon(reader, value) : value;
}

/* Reads the value that begins with the event that is looked at, and stops at its last event.
 * Returns a new reference, or NULL when the document is refused. */
static json_t *read_value(struct reader *reader)
{
	struct properties properties = properties_of(&reader->event);
	if (properties.tag != NULL)
		return refuse(reader, "tags are not welcome");
	if (reader->depth == YAML_DEPTH_MAX)
		return refuse(reader, "this is nested too deeply");
	if (properties.anchor == NULL)
		return read_untagged(reader);
	char *anchor = strdup((const char *)properties.anchor);
	json_t *value = anchor != NULL ? read_untagged(reader) : NULL;
	bool is_known = value != NULL && json_object_set(reader->anchors, anchor, value) == 0;
	free(anchor);
	return is_known ? value : abandon(reader, value);
}

/* Reads the one document of the stream. */
static json_t *read_document(struct reader *reader)
{
	if (!expect(reader, YAML_STREAM_START_EVENT) || !advance(reader))
		return NULL;
	if (reader->event.type == YAML_STREAM_END_EVENT)
		return refuse(reader, "there is no document");
	if (!advance(reader))
		return NULL;
	json_t *value = read_value(reader);
	if (value != NULL && expect(reader, YAML_DOCUMENT_END_EVENT) && advance(reader) &&
		reader->event.type != YAML_STREAM_END_EVENT)
		refuse(reader, "there is a second document");
	return reader->is_refused ? abandon(reader, value) : value;
}

json_t *yaml_read(struct slice source, struct text *ret_error)
{
	struct reader reader = {.error = ret_error, .anchors = json_object()};
	if (reader.anchors == NULL || !yaml_parser_initialize(&reader.parser)) {
		json_decref(reader.anchors);
		return refuse_at(&reader, &(yaml_mark_t){0}, "memory is exhausted");
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&reader.parser, (const unsigned char *)source.bytes, source.length);
	json_t *value = read_document(&reader);
	yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	json_decref(reader.anchors);
	return value;
}
