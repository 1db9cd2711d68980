/* Files of named SQL statements with :parameters, optional lines and fragments, as CONTRIBUTING.md
 * has them. */
#pragma once

#include "text.h"

enum { SQL_PARAMETERS_MAX = 64, SQL_SORTS_MAX = 64 };

struct sql_file;      /* constant once read: any thread may use it */
struct sql_statement; /* one of its statements; lives as long as its file */

/* What a statement is part of when it is rendered; lives as long as what was rendered. */
struct sql_frame {
	const char *head; /* ends in a newline */
	const char *tail; /* begins with one, or is empty */
};

/* Which of a statement's optional lines to keep. */
struct sql_choice {
	/* True: the lines that name this parameter are dropped. NULL drops none. */
	bool (*is_absent)(void *ctx, const char *parameter);
	void *ctx;
	const char
		*sort; /* lines ending in `-- sort: X` stay only for X; NULL keeps none of them */
	const struct sql_frame *frame; /* NULL: it stands by itself */
};

/* A statement as PostgreSQL takes it. */
struct sql_text {
	struct text text;                           /* with $1, $2, … */
	const char *parameters[SQL_PARAMETERS_MAX]; /* their names; the statement owns them */
	size_t parameter_count;
};

/* Reads a file of statements; copies what it needs of `source`. NULL with "line N: …" in
 * `ret_error` for text before the first name, a name that is missing or taken, an empty statement,
 * text after its semicolon, a quote that never ends, a fragment that is unknown or unused, invalid
 * UTF-8, or exhausted memory. */
struct sql_file *sqlfile_read(struct slice source, struct text *ret_error);
void sqlfile_free(struct sql_file *file);

size_t sqlfile_count(const struct sql_file *file);

/* Returns the statement `i`, which must be below the count; in the order of the file. */
const struct sql_statement *sqlfile_at(const struct sql_file *file, size_t i);

/* Returns the statement of that name, or NULL. */
const struct sql_statement *sqlfile_find(const struct sql_file *file, const char *name);

const char *sql_statement_name(const struct sql_statement *statement);

/* Returns the description: the lines of comment directly below the name, or "". */
const char *sql_statement_comment(const struct sql_statement *statement);

/* Writes the names of all parameters that some line mentions, in the order of first mention, as
 * far as there is room; returns how many there are. */
size_t sql_statement_parameters(
	const struct sql_statement *statement, const char **ret_names, size_t room);

/* Does the same for the values of `-- sort: …`. */
size_t sql_statement_sorts(
	const struct sql_statement *statement, const char **ret_sorts, size_t room);

/* Renders the chosen lines without comments and closing semicolon, their parameters numbered in
 * the order of first appearance. The caller ends `ret_sql->text` with text_done. False when memory
 * is exhausted. */
bool sql_statement_render(const struct sql_statement *statement, const struct sql_choice *choice,
	struct sql_text *ret_sql);
