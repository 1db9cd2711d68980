/* CSV into rows: a header names the members. An empty cell is an absent one, unless blanks erase;
 * null erases where it cannot be a text. */
#include <stdlib.h>
#include <string.h>

#include "imports/staging_rows.h"

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
		if (staging->columns[i] >= 0)
			staging->members[staging->columns[i]].is_brought = true;
	}
	for (int i = 0; i < staging->column_count && !staging->keeps_unknown; i++)
		if (staging->columns[i] == COLUMN_CUSTOM) {
			refuse_column(staging, staging->column_names[i]);
		}
	return faults->count == 0;
}

/* Joins the columns that the contract does not know to the row's own `custom`. What is no object
 * there stays as it is, for the schema to refuse. */
static struct slice join_custom(
	struct staging *staging, const struct slice *cells, struct slice own)
{
	json_t *custom = own.length == 0 ? json_object()
					 : json_loadb(own.bytes, own.length, 0, NULL);
	for (int i = 0; i < staging->column_count && json_is_object(custom); i++)
		if (staging->columns[i] == COLUMN_CUSTOM && cells[i].length > 0)
			json_object_set_new(custom, staging->column_names[i],
				json_stringn(cells[i].bytes, cells[i].length));
	free(staging->custom_text);
	staging->custom_text = json_object_size(custom) == 0 ? NULL
							     : json_dumps(custom, JSON_COMPACT);
	json_decref(custom);
	return staging->custom_text == NULL ? own : slice_of(staging->custom_text);
}

/* Sorts the cells by member, and checks them. */
static void check_cells(
	struct staging *staging, const struct slice *cells, struct slice values[static MEMBERS_MAX])
{
	for (int i = 0; i < staging->column_count; i++)
		if (staging->columns[i] >= 0)
			values[staging->columns[i]] = cells[i];
	if (staging->keeps_unknown && staging->custom >= 0)
		values[staging->custom] = join_custom(staging, cells, values[staging->custom]);
	for (int i = 0; i < staging->member_count; i++) {
		const struct member *member = &staging->members[i];
		if (values[i].length > 0)
			schema_check_text(
				member->schema, values[i], member->pointer, &staging->row_faults);
		else if (member->is_required)
			fault_add(&staging->row_faults, member->pointer, "required",
				"%s is required", member->name);
	}
}

/* A cell of what is no text holds JSON. */
static bool is_null(const struct member *member, struct slice value)
{
	return slice_equals(value, "null") && !schema_allows_type(member->schema, "string");
}

static void note_erased(struct staging *staging, struct slice values[static MEMBERS_MAX])
{
	for (int i = 0; i < staging->member_count; i++) {
		const struct member *member = &staging->members[i];
		bool is_blank = member->is_brought && values[i].length == 0;
		if ((is_blank && staging->erases_blanks) || is_null(member, values[i])) {
			staging_erase(staging, member);
			values[i].length = 0;
		}
	}
}

static void write_cell(struct staging *staging, int member, struct slice value)
{
	if (value.length == 0) {
		staging_write_null(staging);
	} else if (staging->members[member].is_list) {
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
	if ((int)cell_count != staging->column_count)
		fault_add(&staging->row_faults, "", "columns",
			"The row has %zu cells, the header %d.", cell_count, staging->column_count);
	else
		check_cells(staging, cells, values);
	if (staging->row_faults.count > 0) {
		staging_write_faulty(staging, line);
		return true;
	}
	note_erased(staging, values);
	staging_begin_line(staging, line);
	for (int i = 0; i < staging->member_count; i++) {
		text_append_char(staging->copy, '\t');
		write_cell(staging, i, values[i]);
	}
	text_append_char(staging->copy, '\n');
	return !staging->copy->is_broken;
}
