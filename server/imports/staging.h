/* Rows of a file, checked against the contract, as lines of COPY for the table `staging`. Knows CSV
 * and NDJSON, and neither PostgreSQL nor HTTP. */
#pragma once

#include <stdint.h>

#include "contract.h"
#include "fault.h"
#include "text.h"

enum staging_format { STAGING_CSV, STAGING_NDJSON };

struct staging;

/* Returns a reader of rows that follow `rows` (an object schema). With `keeps_unknown`, columns
 * that it does not know become members of `custom`. NULL when memory is exhausted. */
struct staging *staging_new(
	const struct schema *rows, enum staging_format format, bool keeps_unknown);

/* Says in which language faults are told; English without. */
void staging_speak(struct staging *staging, const struct language *language);

/* A blank cell of a CSV file says that there is nothing; without it, that nothing is said. */
void staging_erase_blanks(struct staging *staging);

/* What an export has and no client writes is passed over: the members of `exported` that rows do
 * not have. */
void staging_pass_over(struct staging *staging, const struct schema *exported);

void staging_free(struct staging *staging);

/* Takes a piece of the file and appends to `copy` the lines of the rows that became complete. A row
 * with faults becomes a line that carries them. False when the file as a whole is refused: see
 * staging_faults. */
bool staging_feed(struct staging *staging, const char *bytes, size_t length, struct text *copy);

/* The file has ended. */
bool staging_finish(struct staging *staging, struct text *copy);

/* Why the file is refused: unknown columns one by one, or one fault that says what is wrong. */
const struct fault_list *staging_faults(const struct staging *staging);

/* Appends the columns of the COPY, in the order of the lines: "line, new_id, faults, erased, code,
 * …". */
void staging_append_columns(const struct staging *staging, struct text *text);

/* Appends the members that the file brings as an array literal of PostgreSQL: {code,name}. */
void staging_append_members(const struct staging *staging, struct text *text);
