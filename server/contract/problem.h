/* The problems (RFC 9457) that the API answers: those that the contract declares. */

#pragma once

#include <stddef.h>

#include "problems.gen.h"

/* A problem is named by its code, which is also the name of the constraint that prevents it. */
struct problem {
	const char *code;
	int status;
	const char *pointer; /* of the member that a constraint of this name is about, or NULL */
	const char *title;
};

#define X(code, status, pointer, title) extern const struct problem problem_##code;
PROBLEMS(X)
#undef X

/* Returns the problem of that code (or constraint name), or NULL. */
const struct problem *problem_find(const char *code);

/* Returns the problem for an error of PostgreSQL: by the name of the constraint, else by SQLSTATE
 * and the function of PostgreSQL that raised it; NULL when it is ours. */
const struct problem *problem_of_error(
	const char *sqlstate, const char *constraint, const char *raised_by);
