/* The part of weave that writes the woven contract as YAML, for people to read and for history to
 * show: short values in one line, texts as blocks. */
#include <stdlib.h>
#include <string.h>

#include <libyaml.h>

#include "weave.h"

enum { LINE_MAX_WIDTH = 110 };

static int append_output(void *ctx, unsigned char *bytes, size_t length)
{
	text_append(ctx, (const char *)bytes, length);
	return 1;
}

static void emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
	if (!yaml_emitter_emit(emitter, event))
		die("openapi.yaml", emitter->problem);
}

/* True when a value fits into one line. */
static bool is_short(json_t *value)
{
	char *json = json_dumps(value, JSON_ENCODE_ANY);
	bool fits = strlen(json) < LINE_MAX_WIDTH && strstr(json, "\\n") == NULL;
	free(json);
	return fits;
}

static yaml_scalar_style_t style_of(const char *string)
{
	return strchr(string, '\n') != NULL ? YAML_LITERAL_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE;
}

/* True when a plain scalar of this text would be read as something other than a string. */
static bool needs_quotes(const char *string)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL", "true", "True", "TRUE",
		"false", "False", "FALSE", "yes", "no", "on", "off", "y", "n"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(string, words[i]) == 0)
			return true;
	return strspn(string, "0123456789+-.:eExXoOabcdefTZ_") == strlen(string) &&
	       strpbrk(string, "0123456789") != NULL;
}

static void emit_scalar(yaml_emitter_t *emitter, const char *text, bool is_string)
{
	yaml_event_t event;
	yaml_scalar_style_t style = !is_string           ? YAML_PLAIN_SCALAR_STYLE
				    : needs_quotes(text) ? YAML_SINGLE_QUOTED_SCALAR_STYLE
							 : style_of(text);
	yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
		(int)strlen(text), 1, is_string, style);
	emit(emitter, &event);
}

static void emit_value(yaml_emitter_t *emitter, json_t *value);

static void emit_object(yaml_emitter_t *emitter, json_t *value)
{
	yaml_event_t event;
	const char *name;
	json_t *child;
	yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
		is_short(value) ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE);
	emit(emitter, &event);
	json_object_foreach (value, name, child) {
		emit_scalar(emitter, name, true);
		emit_value(emitter, child);
	}
	yaml_mapping_end_event_initialize(&event);
	emit(emitter, &event);
}

static void emit_array(yaml_emitter_t *emitter, json_t *value)
{
	yaml_event_t event;
	json_t *child;
	size_t i;
	yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
		is_short(value) ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE);
	emit(emitter, &event);
	json_array_foreach (value, i, child)
		emit_value(emitter, child);
	yaml_sequence_end_event_initialize(&event);
	emit(emitter, &event);
}

static void emit_value(yaml_emitter_t *emitter, json_t *value)
{
	if (json_is_object(value)) {
		emit_object(emitter, value);
	} else if (json_is_array(value)) {
		emit_array(emitter, value);
	} else if (json_is_string(value)) {
		emit_scalar(emitter, json_string_value(value), true);
	} else {
		char *json = json_dumps(value, JSON_ENCODE_ANY);
		emit_scalar(emitter, json, false);
		free(json);
	}
}

static void emit_document(yaml_emitter_t *emitter, json_t *document)
{
	yaml_event_t event;
	yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	emit(emitter, &event);
	yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
	emit(emitter, &event);
	emit_value(emitter, document);
	yaml_document_end_event_initialize(&event, 1);
	emit(emitter, &event);
	yaml_stream_end_event_initialize(&event);
	emit(emitter, &event);
}

void append_yaml(json_t *document, struct text *out)
{
	yaml_emitter_t emitter;
	if (!yaml_emitter_initialize(&emitter))
		die("openapi.yaml", "memory is exhausted");
	yaml_emitter_set_output(&emitter, append_output, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	emit_document(&emitter, document);
	yaml_emitter_delete(&emitter);
}
