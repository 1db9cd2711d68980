/* What the parts of the reader and the renderer of statements share: sqlfile.c reads files,
 * sqlfile_line.c a line of a statement, sqlfile_render.c makes text of a statement again. */
#pragma once

#include "arena.h"
#include "sqlfile.h"

/* A place in a line where a parameter stands. */
struct mark {
	struct mark *next;
	size_t offset;    /* into the line's text, which does not hold the parameter itself */
	size_t parameter; /* into the statement's parameters */
};

/* A line of a statement, without its comments. */
struct line {
	struct line *next;
	struct slice text;
	struct mark *marks;
	const char *sort; /* or NULL */
};

/* The distinct names that a statement mentions, in the order of first mention. */
struct names {
	const char *items[SQL_PARAMETERS_MAX];
	size_t count;
};
_Static_assert(SQL_PARAMETERS_MAX == SQL_SORTS_MAX, "struct names serves both");

struct sql_statement {
	struct sql_statement *next;
	const char *name;
	const char *comment;
	size_t line_number;
	size_t size; /* what its longest rendering takes, apart from the parameters */
	struct line *lines;
	struct names parameters;
	struct names sorts;
};

struct sql_file {
	struct arena arena; /* owns all of this */
	const struct sql_statement **statements;
	size_t count;
};

/* What the bytes of a statement are part of. It outlives a line: quotes and comments span them. */
enum place { PLACE_CODE, PLACE_COMMENT, PLACE_STRING, PLACE_ESCAPED, PLACE_NAME, PLACE_DOLLAR };

/* Lines that statements below it may use, as they stand in the file. */
struct fragment {
	struct fragment *next;
	const char *name;
	struct slice lines; /* of the source */
	size_t line_number;
	bool is_used;
};

struct reader {
	struct sql_file *file;
	struct sql_statement *first;
	struct sql_statement **statement_end; /* where the next one is linked */
	struct sql_statement *statement;      /* the one that is being read, or NULL */
	struct line **line_end;               /* where its next line is linked */
	struct fragment *fragments;           /* the latest first */
	struct fragment *fragment;            /* the one that is being read, or NULL */
	struct text comment;                  /* of that statement */
	struct text code;                     /* of the line that is being read */
	struct line line;                     /* that line */
	struct mark **mark_end;
	size_t line_number;
	enum place place;
	size_t place_line;  /* where that place began */
	size_t depth;       /* of nested block comments */
	struct slice quote; /* what ends PLACE_DOLLAR */
	bool has_code;      /* the statement is not empty */
	bool is_described;  /* the comment has ended */
	bool is_closed;     /* a semicolon has been read */
	bool is_refused;
	struct text *error;
};

/* Refuses the file, unless it is refused already. */
void sql_refuse(struct reader *reader, size_t line_number, const char *fault);

/* NULL refuses the file: it stands for exhausted memory. */
void *sql_owned(struct reader *reader, void *memory);

/* Returns a copy that the file owns, with a NUL behind it. */
char *sql_copy(struct reader *reader, struct slice slice);

/* Unlike slice_trim, it takes the CR of a CRLF, which only quotes keep. */
struct slice sql_trim(struct slice slice);

bool sql_starts_with(struct slice slice, struct slice prefix);
struct slice sql_slice_from(struct slice slice, size_t start);

/* True when it can name a statement. */
bool sql_is_name(struct slice name);

/* Reads a line of the statement that is being read. */
void sql_read_line(struct reader *reader, struct slice line);
