/* Rows of PostgreSQL into the members of an answer: JSON, NDJSON and CSV. */
#pragma once

#include <libpq-fe.h>

#include "contract.h"
#include "postgres/statement.h"

/* What is to be written of a result, and how. */
struct rows {
	const PGresult *result;
	const struct variant *variant; /* with its columns described */
	const struct slice *fields;    /* the members asked for; id and version always stay */
	size_t field_count;            /* 0: all */
	/* Appends what an object has besides its columns, `,"name":value` each; NULL: nothing. */
	bool (*append)(struct text *text, const struct rows *rows, int row);
	const void *append_ctx;
};

/* Whether a column is no member, unless the contract has one of its name: what a statement says to
 * the server (problem, pointer, …). */
bool rows_is_special(const char *name);

/* Finds out, once a variant, how each column is written; false when memory is exhausted. */
bool rows_describe(struct variant *variant, const PGresult *result,
	const struct contract_operation *operation);

/* Appends row `row` as a JSON object. False for a value that the wire should not bring. */
bool rows_append_object(struct text *text, const struct rows *rows, int row);

/* Appends the names of the columns as the first line of a CSV file. */
void rows_append_csv_header(struct text *text, const struct rows *rows);

/* Appends row `row` as a line of CSV. */
bool rows_append_csv(struct text *text, const struct rows *rows, int row);

/* Appends one value as plain text, as a parameter of a statement takes it (a cursor's key). */
bool rows_append_plain(struct text *text, const struct rows *rows, int row, int column);

/* Returns the value of a text column, or an empty slice when it is null or not there. */
struct slice rows_text(const PGresult *result, int row, const char *column);

/* Appends JSON as it is, without blanks, and every number with a fraction or exponent as a string:
 * inside JSON, too, decimals are strings. */
void rows_append_nested(struct text *text, struct slice json);
