/* The parts that the readers of CSV and NDJSON share; for the staging files only. */
#pragma once

#include "arena.h"
#include "contract.h"
#include "csv.h"
#include "fault.h"
#include "text.h"
#include "token.h"

enum {
	MEMBERS_MAX = 64,
	COLUMNS_MAX = 256, /* of a file */
	LINE_MAX_BYTES = 1 << 20,
	COLUMN_CUSTOM = -1,
	COLUMN_PASSED = -2,
};

struct member {
	const char *name;
	char *pointer; /* "/name" */
	const struct schema *schema;
	bool is_list; /* of words: an array of PostgreSQL; what else has parts is JSON */
	bool is_required;
	bool is_brought; /* the file has it */
};

struct staging {
	const struct schema *rows;
	bool keeps_unknown;
	bool erases_blanks; /* CSV: a blank cell says that there is nothing */
	struct member members[MEMBERS_MAX];
	int member_count;
	const char *passed[MEMBERS_MAX]; /* what only the server writes */
	int passed_count;
	int custom; /* the place of the member `custom`; -1: there is none */

	struct csv_reader *csv;
	int columns[COLUMNS_MAX]; /* the member of each column of the file */
	char *column_names[COLUMNS_MAX];
	int column_count; /* 0: the header has not come yet */

	struct text line;   /* NDJSON: what came of the line under way */
	size_t line_number; /* NDJSON */

	struct text erased; /* the members of which the row under way says so */
	struct text *copy;  /* where lines go, while we are fed */
	char *custom_text;  /* CSV: `custom` of the row under way, with unknown columns in it */
	struct arena arena; /* of the row under way: its faults */
	struct fault_list row_faults;
	struct arena file_arena;
	struct fault_list file_faults;
	int64_t now_ms;
};

/* Returns the member of that name, COLUMN_PASSED or COLUMN_CUSTOM. */
int staging_find_member(const struct staging *staging, struct slice name);

/* Writes the row under way: staging_erase of each member that it takes away, staging_begin_line,
 * then each member in their order behind a tab, then a line end; or, with faults, nothing but
 * those. */
void staging_erase(struct staging *staging, const struct member *member);
void staging_begin_line(struct staging *staging, size_t line);
void staging_write_faulty(struct staging *staging, size_t line);
void staging_write_null(struct staging *staging);
void staging_write_text(struct staging *staging, struct slice value);
void staging_write_array(struct staging *staging, const json_t *array);

/* The readers. A CSV row; a piece of NDJSON; the last line of NDJSON, which may lack its end. */
bool staging_take_csv_row(void *ctx, size_t line, const struct slice *cells, size_t cell_count);
bool staging_feed_ndjson(struct staging *staging, const char *bytes, size_t length);
void staging_finish_ndjson(struct staging *staging);
