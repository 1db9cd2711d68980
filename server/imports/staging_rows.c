#include "imports/staging_rows.h"

#include <string.h>

int staging_find_member(const struct staging *staging, struct slice name)
{
	for (int i = 0; i < staging->member_count; i++)
		if (slice_equals(name, staging->members[i].name))
			return i;
	for (int i = 0; i < staging->passed_count; i++)
		if (slice_equals(name, staging->passed[i]))
			return COLUMN_PASSED;
	return COLUMN_CUSTOM;
}

/* The text form of COPY: tab between columns, backslash before what would end one. */
static void append_copied(struct text *copy, struct slice value)
{
	size_t start = 0;
	for (size_t i = 0; i < value.length; i++) {
		char byte = value.bytes[i];
		char escape = byte == '\t' ? 't' : byte == '\n' ? 'n' : byte == '\r' ? 'r' : byte;
		if (byte != '\\' && escape == byte)
			continue;
		text_append(copy, value.bytes + start, i - start);
		text_append(copy, (char[]){'\\', escape}, 2);
		start = i + 1;
	}
	text_append(copy, value.bytes + start, value.length - start);
}

/* A JSON array of strings as an array literal: {"a","b"}; JSON's own escapes of quote and backslash
 * are the literal's, too. */
static void append_array(struct text *copy, const json_t *array)
{
	struct text literal = {0};
	size_t i;
	json_t *element;
	text_append_char(&literal, '{');
	json_array_foreach (array, i, element) {
		text_append_string(&literal, i == 0 ? "\"" : ",\"");
		for (const char *byte = json_string_value(element); byte != NULL && *byte != '\0';
			byte++) {
			if (*byte == '"' || *byte == '\\')
				text_append_char(&literal, '\\');
			text_append_char(&literal, *byte);
		}
		text_append_char(&literal, '"');
	}
	text_append_char(&literal, '}');
	append_copied(copy, (struct slice){literal.bytes, literal.length});
	copy->is_broken |= literal.is_broken;
	text_done(&literal);
}

void staging_erase(struct staging *staging, const struct member *member)
{
	text_append_char(&staging->erased, staging->erased.length == 0 ? '{' : ',');
	text_append_string(&staging->erased, member->name);
}

static void begin_line(struct staging *staging, size_t line)
{
	char uuid[UUID_TEXT_SIZE];
	uuid_v7(staging->now_ms, uuid);
	text_append_integer(staging->copy, (long long)line);
	text_append_char(staging->copy, '\t');
	text_append(staging->copy, uuid, UUID_TEXT_SIZE - 1);
}

void staging_begin_line(struct staging *staging, size_t line)
{
	struct text *erased = &staging->erased;
	begin_line(staging, line);
	text_append_string(staging->copy, "\t\\N\t");
	if (erased->length == 0) {
		staging_write_null(staging);
		return;
	}
	text_append_char(erased, '}');
	text_append(staging->copy, erased->bytes, erased->length);
	staging->copy->is_broken |= erased->is_broken;
	text_clear(erased);
}

static void append_fault_member(struct text *text, const char *name, const char *value)
{
	text_append_string(text, name);
	text_append_json(text, value, strlen(value));
}

/* A row with faults carries nothing but them. */
void staging_write_faulty(struct staging *staging, size_t line)
{
	struct text json = {0};
	for (size_t i = 0; i < staging->row_faults.count; i++) {
		const struct fault *fault = &staging->row_faults.items[i];
		append_fault_member(&json, i == 0 ? "[{\"pointer\":" : ",{\"pointer\":",
			fault->pointer == NULL ? "" : fault->pointer);
		append_fault_member(&json, ",\"code\":", fault->code);
		append_fault_member(
			&json, ",\"detail\":", fault->detail == NULL ? "" : fault->detail);
		text_append_char(&json, '}');
	}
	text_append_char(&json, ']');
	begin_line(staging, line);
	text_append_char(staging->copy, '\t');
	append_copied(staging->copy, (struct slice){json.bytes, json.length});
	for (int i = -1; i < staging->member_count; i++) /* what is erased, and the members */
		text_append(staging->copy, "\t\\N", 3);
	text_append_char(staging->copy, '\n');
	staging->copy->is_broken |= json.is_broken;
	text_done(&json);
	staging->row_faults = (struct fault_list){
		.arena = &staging->arena, .language = staging->row_faults.language};
	arena_done(&staging->arena);
}

void staging_write_null(struct staging *staging)
{
	text_append(staging->copy, "\\N", 2);
}

void staging_write_text(struct staging *staging, struct slice value)
{
	append_copied(staging->copy, value);
}

void staging_write_array(struct staging *staging, const json_t *array)
{
	append_array(staging->copy, array);
}
