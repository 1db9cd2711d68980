#include "staging.h"

#include "csv.h"
#include "json.h"
#include "token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	MEMBERS_MAX = 64,
	COLUMNS_MAX = 256, /* of a file */
	LINE_MAX_BYTES = 1 << 20,
	COLUMN_CUSTOM = -1,
};

/* What a member of the row is in `staging`. */
enum member_kind { MEMBER_SCALAR, MEMBER_ARRAY, MEMBER_OBJECT };

struct member {
	const char *name;
	char *pointer; /* "/name" */
	const struct schema *schema;
	enum member_kind kind;
	bool is_required;
	bool is_brought; /* the file has it */
};

struct staging {
	const struct schema *rows;
	enum staging_format format;
	bool keeps_unknown;
	struct member members[MEMBERS_MAX];
	int member_count;
	int custom; /* the place of the member `custom`; -1: there is none */

	struct csv_reader *csv;
	int columns[COLUMNS_MAX]; /* the member of each column of the file */
	char *column_names[COLUMNS_MAX];
	int column_count; /* 0: the header has not come yet */

	struct text line;   /* NDJSON: what came of the line under way */
	size_t line_number; /* NDJSON */

	struct text *copy;  /* where lines go, while we are fed */
	struct text extras; /* of the row under way: members of `custom` */
	struct arena arena; /* of the row under way: its faults */
	struct fault_list row_faults;
	struct arena file_arena;
	struct fault_list file_faults;
	uint64_t row_count;
	int64_t now_ms;
};

static void add_member(void *ctx, const char *name, const struct schema *schema, bool is_required)
{
	struct staging *staging = ctx;
	if (staging->member_count == MEMBERS_MAX || schema_is_read_only(schema))
		return;
	struct text pointer = {0};
	text_append_printf(&pointer, "/%s", name);
	if (strcmp(name, "custom") == 0)
		staging->custom = staging->member_count;
	staging->members[staging->member_count++] = (struct member){
		.name = name,
		.pointer = pointer.bytes,
		.schema = schema,
		.is_required = is_required,
		.kind = schema_allows_type(schema, "object")  ? MEMBER_OBJECT
			: schema_allows_type(schema, "array") ? MEMBER_ARRAY
							      : MEMBER_SCALAR,
	};
}

static bool take_csv_row(void *ctx, size_t line, const struct slice *cells, size_t cell_count);

struct staging *staging_new(
	const struct schema *rows, enum staging_format format, bool keeps_unknown)
{
	struct staging *staging = calloc(1, sizeof *staging);
	if (staging == NULL)
		return NULL;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	staging->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	staging->rows = rows;
	staging->format = format;
	staging->keeps_unknown = keeps_unknown;
	staging->custom = -1;
	staging->row_faults.arena = &staging->arena;
	staging->file_faults.arena = &staging->file_arena;
	schema_each_member(rows, add_member, staging);
	bool is_made = true;
	for (int i = 0; i < staging->member_count; i++)
		is_made = is_made && staging->members[i].pointer != NULL;
	if (format == STAGING_CSV)
		staging->csv = csv_reader_new(take_csv_row, staging);
	if (!is_made || (format == STAGING_CSV && staging->csv == NULL)) {
		staging_free(staging);
		return NULL;
	}
	return staging;
}

void staging_free(struct staging *staging)
{
	if (staging == NULL)
		return;
	csv_reader_free(staging->csv);
	for (int i = 0; i < staging->member_count; i++)
		free(staging->members[i].pointer);
	for (int i = 0; i < staging->column_count; i++)
		free(staging->column_names[i]);
	text_done(&staging->line);
	text_done(&staging->extras);
	arena_done(&staging->arena);
	arena_done(&staging->file_arena);
	free(staging);
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

static void begin_line(struct staging *staging, size_t line)
{
	char uuid[UUID_TEXT_SIZE];
	uuid_v7(staging->now_ms, uuid);
	text_append_integer(staging->copy, (long long)line);
	text_append_char(staging->copy, '\t');
	text_append(staging->copy, uuid, UUID_TEXT_SIZE - 1);
}

static void append_fault_member(struct text *text, const char *name, const char *value)
{
	text_append_string(text, name);
	text_append_json(text, value, strlen(value));
}

/* A row with faults carries nothing but them. */
static void write_faulty(struct staging *staging, size_t line)
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
	for (int i = 0; i < staging->member_count; i++)
		text_append(staging->copy, "\t\\N", 3);
	text_append_char(staging->copy, '\n');
	staging->copy->is_broken |= json.is_broken;
	text_done(&json);
	staging->row_faults = (struct fault_list){.arena = &staging->arena};
	arena_done(&staging->arena);
}

/* The member `custom`, with the columns that the contract does not know added to it. */
static void write_custom(struct staging *staging, struct slice own)
{
	if (staging->extras.length == 0) {
		append_copied(staging->copy, own);
		return;
	}
	struct text joined = {0};
	size_t end = own.length;
	while (end > 0 && own.bytes[end - 1] != '}')
		end--;
	if (end > 1)
		text_append(&joined, own.bytes, end - 1);
	else
		text_append_char(&joined, '{');
	bool is_empty = end <= 2;
	text_append(&joined, staging->extras.bytes + is_empty, staging->extras.length - is_empty);
	text_append_char(&joined, '}');
	append_copied(staging->copy, (struct slice){joined.bytes, joined.length});
	staging->copy->is_broken |= joined.is_broken;
	text_done(&joined);
}

static void add_extra(struct staging *staging, const char *name, struct slice json)
{
	text_append_char(&staging->extras, ',');
	text_append_json(&staging->extras, name, strlen(name));
	text_append_char(&staging->extras, ':');
	text_append(&staging->extras, json.bytes, json.length);
}

/* CSV: a header names the members, empty cells are absent ones. */

static int find_member(const struct staging *staging, struct slice name)
{
	for (int i = 0; i < staging->member_count; i++)
		if (slice_equals(name, staging->members[i].name))
			return i;
	return COLUMN_CUSTOM;
}

/* A JSON pointer writes ~ and / of a name as ~0 and ~1. */
static void refuse_column(struct staging *staging, const char *name)
{
	struct text pointer = {0};
	text_append_char(&pointer, '/');
	for (const char *byte = name; *byte != '\0'; byte++) {
		if (*byte == '~' || *byte == '/')
			text_append_char(&pointer, '~');
		text_append_char(&pointer, *byte == '~' ? '0' : *byte == '/' ? '1' : *byte);
	}
	fault_add(&staging->file_faults, pointer.is_broken ? "" : pointer.bytes, "unknown_columns",
		"%s is not a member; unknown=custom keeps it in custom.", name);
	text_done(&pointer);
}

static bool take_header(struct staging *staging, const struct slice *cells, size_t cell_count)
{
	struct fault_list *faults = &staging->file_faults;
	if (cell_count > COLUMNS_MAX)
		fault_add(faults, "", "invalid_file", "The file has more than %d columns.",
			COLUMNS_MAX);
	for (size_t i = 0; i < cell_count && faults->count == 0; i++) {
		staging->column_names[i] = strndup(cells[i].bytes, cells[i].length);
		staging->columns[i] = find_member(staging, cells[i]);
		staging->column_count = (int)i + 1;
		for (size_t other = 0; other < i; other++)
			if (slice_equals(cells[i], staging->column_names[other]))
				fault_add(faults, "", "invalid_file",
					"The column %.*s stands twice.", (int)cells[i].length,
					cells[i].bytes);
		if (staging->columns[i] != COLUMN_CUSTOM)
			staging->members[staging->columns[i]].is_brought = true;
	}
	for (int i = 0; i < staging->column_count && !staging->keeps_unknown; i++)
		if (staging->columns[i] == COLUMN_CUSTOM) {
			refuse_column(staging, staging->column_names[i]);
		}
	return faults->count == 0;
}

/* Sorts the cells by member, and checks them. */
static void check_cells(
	struct staging *staging, const struct slice *cells, struct slice values[static MEMBERS_MAX])
{
	struct text json = {0};
	for (int i = 0; i < staging->column_count; i++) {
		int member = staging->columns[i];
		if (cells[i].length == 0)
			continue;
		if (member == COLUMN_CUSTOM) {
			text_clear(&json);
			text_append_json(&json, cells[i].bytes, cells[i].length);
			add_extra(staging, staging->column_names[i],
				(struct slice){json.bytes, json.length});
			continue;
		}
		values[member] = cells[i];
		schema_check_text(staging->members[member].schema, cells[i],
			staging->members[member].pointer, &staging->row_faults);
	}
	for (int i = 0; i < staging->member_count; i++)
		if (staging->members[i].is_required && values[i].length == 0)
			fault_add(&staging->row_faults, staging->members[i].pointer, "required",
				"%s is required", staging->members[i].name);
	text_done(&json);
}

static void write_cell(struct staging *staging, int member, struct slice value)
{
	if (member == staging->custom && (value.length > 0 || staging->extras.length > 0)) {
		write_custom(staging, value);
	} else if (value.length == 0) {
		text_append(staging->copy, "\\N", 2);
	} else if (staging->members[member].kind == MEMBER_ARRAY) {
		json_t *array = json_loadb(value.bytes, value.length, 0, NULL);
		append_array(staging->copy, array);
		json_decref(array);
	} else {
		append_copied(staging->copy, value);
	}
}

static bool take_csv_row(void *ctx, size_t line, const struct slice *cells, size_t cell_count)
{
	struct staging *staging = ctx;
	struct slice values[MEMBERS_MAX] = {0};
	if (staging->column_count == 0)
		return take_header(staging, cells, cell_count);
	staging->row_count++;
	text_clear(&staging->extras);
	if ((int)cell_count != staging->column_count)
		fault_add(&staging->row_faults, "", "columns",
			"The row has %zu cells, the header %d.", cell_count, staging->column_count);
	else
		check_cells(staging, cells, values);
	if (staging->row_faults.count > 0) {
		write_faulty(staging, line);
		return true;
	}
	begin_line(staging, line);
	text_append(staging->copy, "\t\\N", 3);
	for (int i = 0; i < staging->member_count; i++) {
		text_append_char(staging->copy, '\t');
		write_cell(staging, i, values[i]);
	}
	text_append_char(staging->copy, '\n');
	return !staging->copy->is_broken;
}

/* NDJSON: each line is an object. */

/* Members that the contract does not know move to `custom`, where they are scalars. */
static void move_unknown(struct staging *staging, json_t *row)
{
	const char *name;
	json_t *value;
	void *next;
	json_object_foreach_safe (row, next, name, value) {
		if (find_member(staging, slice_of(name)) != COLUMN_CUSTOM || json_is_array(value) ||
			json_is_object(value) || json_is_real(value))
			continue;
		char *json = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		if (json != NULL)
			add_extra(staging, name, slice_of(json));
		free(json);
		json_object_del(row, name);
	}
}

static void write_value(struct staging *staging, int member, const json_t *value)
{
	if (member != staging->custom && (value == NULL || json_is_null(value))) {
		text_append(staging->copy, "\\N", 2);
	} else if (json_is_string(value)) {
		append_copied(staging->copy,
			(struct slice){json_string_value(value), json_string_length(value)});
	} else if (json_is_array(value)) {
		append_array(staging->copy, value);
	} else {
		char *json = json_is_object(value) || !json_is_null(value)
				     ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)
				     : NULL;
		if (member == staging->custom && (json != NULL || staging->extras.length > 0))
			write_custom(staging, slice_of(json));
		else if (json == NULL)
			text_append(staging->copy, "\\N", 2);
		else
			append_copied(staging->copy, slice_of(json));
		free(json);
	}
}

static void write_object(struct staging *staging, const json_t *row)
{
	begin_line(staging, staging->line_number);
	text_append(staging->copy, "\t\\N", 3);
	for (int i = 0; i < staging->member_count; i++) {
		json_t *value = json_object_get(row, staging->members[i].name);
		staging->members[i].is_brought |= value != NULL;
		text_append_char(staging->copy, '\t');
		write_value(staging, i, value);
	}
	text_append_char(staging->copy, '\n');
}

static void take_json_line(struct staging *staging, struct slice line)
{
	struct json_fault fault;
	staging->line_number++;
	if (line.length > 0 && line.bytes[line.length - 1] == '\r')
		line.length--;
	if (slice_trim(line).length == 0)
		return;
	staging->row_count++;
	text_clear(&staging->extras);
	json_t *row = json_read(line.bytes, line.length, &fault);
	if (row == NULL) {
		fault_add(&staging->row_faults, "", fault.code, "%s", fault.detail);
	} else {
		if (staging->keeps_unknown && json_is_object(row))
			move_unknown(staging, row);
		schema_check(staging->rows, row, SCHEMA_WHOLE, &staging->row_faults);
	}
	if (staging->row_faults.count > 0)
		write_faulty(staging, staging->line_number);
	else
		write_object(staging, row);
	json_decref(row);
}

static bool feed_json(struct staging *staging, const char *bytes, size_t length)
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

/* A file. */

static bool refuse_csv(struct staging *staging)
{
	const char *fault = csv_reader_fault(staging->csv);
	if (staging->file_faults.count == 0)
		fault_add(&staging->file_faults, "", "invalid_file", "%s",
			fault == NULL ? "The file cannot be read." : fault);
	return false;
}

bool staging_feed(struct staging *staging, const char *bytes, size_t length, struct text *copy)
{
	staging->copy = copy;
	if (staging->format == STAGING_NDJSON)
		return feed_json(staging, bytes, length);
	return csv_reader_feed(staging->csv, bytes, length) || refuse_csv(staging);
}

bool staging_finish(struct staging *staging, struct text *copy)
{
	staging->copy = copy;
	if (staging->format == STAGING_NDJSON) {
		if (staging->line.length > 0)
			take_json_line(
				staging, (struct slice){staging->line.bytes, staging->line.length});
		return true;
	}
	if (!csv_reader_finish(staging->csv))
		return refuse_csv(staging);
	if (staging->column_count > 0)
		return true;
	fault_add(
		&staging->file_faults, "", "invalid_file", "The file is empty: it needs a header.");
	return false;
}

const struct fault_list *staging_faults(const struct staging *staging)
{
	return &staging->file_faults;
}

uint64_t staging_rows(const struct staging *staging)
{
	return staging->row_count;
}

void staging_append_columns(const struct staging *staging, struct text *text)
{
	text_append_string(text, "line, new_id, faults");
	for (int i = 0; i < staging->member_count; i++)
		text_append_printf(text, ", %s", staging->members[i].name);
}

void staging_append_members(const struct staging *staging, struct text *text)
{
	char separator = '{';
	for (int i = 0; i < staging->member_count; i++) {
		bool is_brought = staging->members[i].is_brought ||
				  (i == staging->custom && staging->keeps_unknown);
		if (!is_brought)
			continue;
		text_append_char(text, separator);
		text_append_string(text, staging->members[i].name);
		separator = ',';
	}
	text_append_string(text, separator == '{' ? "{}" : "}");
}
