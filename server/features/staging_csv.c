/* CSV into rows: a header names the members, empty cells are absent ones. */
#include "staging_rows.h"

#include <stdlib.h>
#include <string.h>

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
		staging->columns[i] = staging_find_member(staging, cells[i]);
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
			staging_add_extra(staging, staging->column_names[i],
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
		staging_write_custom(staging, value);
	} else if (value.length == 0) {
		staging_write_null(staging);
	} else if (staging->members[member].kind == MEMBER_ARRAY) {
		json_t *array = json_loadb(value.bytes, value.length, 0, NULL);
		staging_write_array(staging, array);
		json_decref(array);
	} else {
		staging_write_text(staging, value);
	}
}

bool staging_take_csv_row(void *ctx, size_t line, const struct slice *cells, size_t cell_count)
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
		staging_write_faulty(staging, line);
		return true;
	}
	staging_begin_line(staging, line);
	text_append(staging->copy, "\t\\N", 3);
	for (int i = 0; i < staging->member_count; i++) {
		text_append_char(staging->copy, '\t');
		write_cell(staging, i, values[i]);
	}
	text_append_char(staging->copy, '\n');
	return !staging->copy->is_broken;
}
