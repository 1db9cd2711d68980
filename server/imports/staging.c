#include "imports/staging.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "imports/staging_rows.h"

static bool is_list_of_words(const struct schema *schema)
{
	const struct schema *items = schema_items(schema);
	return items != NULL && schema_allows_type(items, "string");
}

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
		.is_list = is_list_of_words(schema),
	};
}

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
	staging->keeps_unknown = keeps_unknown;
	staging->custom = -1;
	staging->row_faults.arena = &staging->arena;
	staging->file_faults.arena = &staging->file_arena;
	schema_each_member(rows, add_member, staging);
	bool is_made = true;
	for (int i = 0; i < staging->member_count; i++)
		is_made = is_made && staging->members[i].pointer != NULL;
	if (format == STAGING_CSV)
		staging->csv = csv_reader_new(staging_take_csv_row, staging);
	if (!is_made || (format == STAGING_CSV && staging->csv == NULL)) {
		staging_free(staging);
		return NULL;
	}
	return staging;
}

void staging_speak(struct staging *staging, const struct language *language)
{
	staging->row_faults.language = staging->file_faults.language = language;
	if (staging->csv != NULL)
		csv_reader_speak(staging->csv, language);
}

void staging_erase_blanks(struct staging *staging)
{
	staging->erases_blanks = true;
}

static void add_passed(void *ctx, const char *name, const struct schema *schema, bool is_required)
{
	struct staging *staging = ctx;
	(void)schema;
	(void)is_required;
	if (staging->passed_count < MEMBERS_MAX &&
		staging_find_member(staging, slice_of(name)) == COLUMN_CUSTOM)
		staging->passed[staging->passed_count++] = name;
}

void staging_pass_over(struct staging *staging, const struct schema *exported)
{
	schema_each_member(exported, add_passed, staging);
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
	text_done(&staging->erased);
	free(staging->custom_text);
	arena_done(&staging->arena);
	arena_done(&staging->file_arena);
	free(staging);
}

static bool refuse_csv(struct staging *staging)
{
	const char *fault = csv_reader_fault(staging->csv);
	if (staging->file_faults.count == 0)
		fault_add(&staging->file_faults, "", "invalid_file", "%s",
			fault == NULL ? language_text(staging->file_faults.language,
						MESSAGE("The file cannot be read."))
				      : fault);
	return false;
}

bool staging_feed(struct staging *staging, const char *bytes, size_t length, struct text *copy)
{
	staging->copy = copy;
	if (staging->csv == NULL)
		return staging_feed_ndjson(staging, bytes, length);
	return csv_reader_feed(staging->csv, bytes, length) || refuse_csv(staging);
}

bool staging_finish(struct staging *staging, struct text *copy)
{
	staging->copy = copy;
	if (staging->csv == NULL) {
		staging_finish_ndjson(staging);
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

void staging_append_columns(const struct staging *staging, struct text *text)
{
	text_append_string(text, "line, new_id, faults, erased");
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
