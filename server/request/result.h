/* What the rows of a statement say: the object or the page of the answer, or why there is none. */
#pragma once

#include "postgres/rows.h"
#include "request/request.h"

/* Renders the results of r->run.segment into r->answer. */
void result_answer(struct request *r);

/* Renders rows of `result` as the operation's answer: row `row` as an object, or all as a page of a
 * list. NULL, or the problem to answer instead (no such row, a value that cannot be written). */
const struct problem *result_rows(
	struct request *r, struct variant *variant, const PGresult *result, int row);

/* Returns the problem that the rows of a statement carry, with r->faults filled in; or NULL. */
const struct problem *result_refusal(struct request *r, const PGresult *result);

/* Returns the problem behind an error of PostgreSQL. */
const struct problem *result_problem(struct request *r, const PGresult *error);

/* Reads where row `row` stands in the list's order: `ret_cursor->key` is in `key`. False when the
 * columns that say so are missing. */
bool result_position(struct request *r, const struct rows *rows, int row, struct text *key,
	struct cursor *ret_cursor);
