#include "contract/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "text.h"

#define X(problem_code, problem_status, problem_pointer, problem_title)                            \
	const struct problem problem_##problem_code = {.code = #problem_code,                      \
		.status = problem_status,                                                          \
		.pointer = problem_pointer,                                                        \
		.title = problem_title};
PROBLEMS(X)
#undef X

#define X(code, status, pointer, title) &problem_##code,
static const struct problem *const problems[] = {PROBLEMS(X)};
#undef X

static const struct problem *find(struct slice code)
{
	for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
		if (slice_equals(code, problems[i]->code))
			return problems[i];
	return NULL;
}

const struct problem *problem_find(const char *code)
{
	return find(slice_of(code));
}

const struct problem *problem_of_constraint(const char *name)
{
	const char *end = strstr(name, "__");
	return find(end == NULL ? slice_of(name) : (struct slice){name, (size_t)(end - name)});
}

/* What a client caused although the contract let it pass, and what the database's state caused. */
static const struct {
	const char *sqlstate; /* or its first letters */
	const struct problem *problem;
} by_state[] = {
	{"QD001", &problem_idempotency_in_progress},
	{"QD002", &problem_idempotency_key_reused},
	{"QD003", &problem_overloaded}, /* the answer could not be looked up now */
	{"22", &problem_value_refused},
	{"23502", &problem_value_refused},
	{"23503", &problem_value_refused},
	{"23505", &problem_value_refused},
	{"23514", &problem_value_refused},
	{"23P01", &problem_value_refused},
	{"42501", &problem_forbidden},
	{"53", &problem_unavailable},
	{"55P03", &problem_overloaded},
	{"57014", &problem_overloaded},
	{"57", &problem_unavailable},
	{"40", &problem_overloaded},
	{"25006", &problem_unavailable},
};

const struct problem *problem_of_error(
	const char *sqlstate, const char *constraint, const char *raised_by)
{
	/* A row that a policy closes is the caller's fault, a table or function that was never
	 * granted is ours; they have one SQLSTATE. */
	bool is_grant_missing = raised_by != NULL && strcmp(raised_by, "aclcheck_error") == 0;
	const struct problem *problem = constraint == NULL ? NULL
							   : problem_of_constraint(constraint);
	if (problem != NULL || is_grant_missing)
		return problem;
	for (size_t i = 0; sqlstate != NULL && i < sizeof by_state / sizeof *by_state; i++)
		if (strncmp(sqlstate, by_state[i].sqlstate, strlen(by_state[i].sqlstate)) == 0)
			return by_state[i].problem;
	return NULL;
}
