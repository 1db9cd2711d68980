/* The problems (RFC 9457) that the API answers: those that the contract declares. */

#pragma once

#include <stddef.h>

#include "problems.gen.h"

/* A problem is named by its code, which is also the name of the constraint that prevents it. Where
 * a table has two of them, the second goes on behind "__": partner_in_use__seller. */
struct problem {
	const char *code;
	int status;
	const char *pointer; /* of the member that a constraint of this name is about, or NULL */
	const char *title;
};

#define X(code, status, pointer, title) extern const struct problem problem_##code;
PROBLEMS(X)
#undef X

/* Returns the problem of that code, or NULL. */
const struct problem *problem_find(const char *code);

/* Returns the problem that a constraint of that name prevents, or NULL. */
const struct problem *problem_of_constraint(const char *name);

/* Returns the problem for an error of PostgreSQL: by the name of the constraint, else by SQLSTATE
 * and the function of PostgreSQL that raised it; NULL when it is ours. */
const struct problem *problem_of_error(
	const char *sqlstate, const char *constraint, const char *raised_by);
