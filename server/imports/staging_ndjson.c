/* NDJSON into rows: each line is an object. What is null in it is erased. */
#include <stdlib.h>
#include <string.h>

#include "imports/staging_rows.h"
#include "json.h"

/* Members that the contract does not know move to `custom`, where the schema judges them. */
static void move_unknown(struct staging *staging, json_t *row)
{
	json_t *custom = json_object_get(row, "custom");
	const char *name;
	json_t *value;
	void *next;
	if (custom == NULL || json_is_null(custom)) {
		custom = json_object();
		json_object_set_new(row, "custom", custom);
	}
	json_object_foreach_safe (row, next, name, value) {
		if (!json_is_object(custom) ||
			staging_find_member(staging, slice_of(name)) != COLUMN_CUSTOM)
			continue;
		json_object_set(custom, name, value);
		json_object_del(row, name);
	}
	if (json_object_size(custom) == 0)
		json_object_del(row, "custom");
}

static void pass_over(const struct staging *staging, json_t *row)
{
	for (int i = 0; i < staging->passed_count; i++)
		json_object_del(row, staging->passed[i]);
}

/* 5.0 is an integer for JSON Schema, and none for PostgreSQL. */
static json_t *whole_number(const json_t *value)
{
	return json_integer((json_int_t)json_real_value(value));
}

static void write_json(struct staging *staging, const json_t *value)
{
	json_t *whole = json_is_real(value) ? whole_number(value) : NULL;
	char *json = json_dumps(whole == NULL ? value : whole, JSON_ENCODE_ANY | JSON_COMPACT);
	staging_write_text(staging, slice_of(json));
	json_decref(whole);
	free(json);
}

static void write_value(struct staging *staging, const struct member *member, const json_t *value)
{
	if (value == NULL || json_is_null(value))
		staging_write_null(staging);
	else if (json_is_string(value))
		staging_write_text(staging,
			(struct slice){json_string_value(value), json_string_length(value)});
	else if (member->is_list)
		staging_write_array(staging, value);
	else
		write_json(staging, value);
}

static void write_object(struct staging *staging, const json_t *row)
{
	for (int i = 0; i < staging->member_count; i++)
		if (json_is_null(json_object_get(row, staging->members[i].name)))
			staging_erase(staging, &staging->members[i]);
	staging_begin_line(staging, staging->line_number);
	for (int i = 0; i < staging->member_count; i++) {
		json_t *value = json_object_get(row, staging->members[i].name);
		staging->members[i].is_brought |= value != NULL;
		text_append_char(staging->copy, '\t');
		write_value(staging, &staging->members[i], value);
	}
	text_append_char(staging->copy, '\n');
}

static void take_json_line(struct staging *staging, struct slice line)
{
	struct json_fault fault = {.language = staging->row_faults.language};
	staging->line_number++;
	if (line.length > 0 && line.bytes[line.length - 1] == '\r')
		line.length--;
	if (slice_trim(line).length == 0)
		return;
	json_t *row = json_read(line.bytes, line.length, &fault);
	if (row == NULL) {
		fault_add(&staging->row_faults, "", fault.code, "%s", fault.detail);
	} else {
		pass_over(staging, row);
		if (staging->keeps_unknown && staging->custom >= 0 && json_is_object(row))
			move_unknown(staging, row);
		schema_check(staging->rows, row, SCHEMA_WHOLE, &staging->row_faults);
	}
	if (staging->row_faults.count > 0)
		staging_write_faulty(staging, staging->line_number);
	else
		write_object(staging, row);
	json_decref(row);
}

bool staging_feed_ndjson(struct staging *staging, const char *bytes, size_t length)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t part = end == NULL ? length : (size_t)(end - bytes);
		if (staging->line.length + part > LINE_MAX_BYTES) {
			fault_add(&staging->file_faults, "", "invalid_file",
				"Line %zu is longer than %d bytes.", staging->line_number + 1,
				LINE_MAX_BYTES);
			return false;
		}
		bool is_whole = end != NULL && staging->line.length == 0;
		if (!is_whole)
			text_append(&staging->line, bytes, part);
		if (end == NULL)
			break;
		take_json_line(staging,
			is_whole ? (struct slice){bytes, part}
				 : (struct slice){staging->line.bytes, staging->line.length});
		text_clear(&staging->line);
		bytes += part + 1;
		length -= part + 1;
	}
	return true;
}

void staging_finish_ndjson(struct staging *staging)
{
	if (staging->line.length > 0)
		take_json_line(staging, (struct slice){staging->line.bytes, staging->line.length});
}
