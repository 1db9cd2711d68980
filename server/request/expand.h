/* Expansions: the objects that those of an answer refer to, embedded when `expand` asks for them.
 *
 * What can be expanded stands in the contract (x-expands, at the schema of what is answered): the
 * name, the member with the id, and the operation that reads such an object. Once the rows of the
 * request are there, their ids are collected, and that operation's statement reads what they name:
 * by the rights of the caller, in its role. A second round does the same for the references of what
 * came. So nothing is embedded that the caller could not read by itself, and each object is written
 * as that read would write it; what it could not read is null. */
#pragma once

#include "postgres/rows.h"
#include "request/request.h"

/* Reads what `r` asks to expand into r->run.expand; or refuses what the caller may not read. */
const struct problem *expand_prepare(struct request *r);

/* The results of r->run.segment are there: begins to read what they refer to. It calls `done` when
 * r->run.segment is as before and everything is there, or with what else came of a segment and
 * PostgreSQL's error. False when there is nothing to wait for. */
typedef void expand_done_function(
	struct request *r, enum segment_outcome outcome, const PGresult *error);
bool expand_begin(struct request *r, expand_done_function *done);

/* Completes `rows`, the request's own, so that what was read is appended to each object. */
void expand_complete(const struct request *r, struct rows *rows);
