/* The part of weave that knows problems: what a room declares becomes the server's table of them,
 * and what an operation says that it can answer is told in its description. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weave.h"

const char *problem_code(json_t *problem)
{
	return json_is_string(problem) ? json_string_value(problem)
				       : json_object_iter_key(json_object_iter(problem));
}

static json_t *find_problem(json_t *document, const char *where, const char *code)
{
	json_t *problem = json_object_get(json_object_get(document, "x-problems"), code);
	if (problem == NULL)
		die_of(where,
			"says that it can answer %s; declare it under problems of a contract.yaml",
			code);
	return problem;
}

int problem_status(json_t *document, const char *where, const char *code)
{
	json_t *problem = find_problem(document, where, code);
	return (int)json_integer_value(json_object_get(problem, "status"));
}

/* A problem is told by what the operation says of when it comes, else by its title. */
static void append_problem(json_t *document, const char *where, json_t *problem, struct text *out)
{
	const char *code = problem_code(problem);
	json_t *known = find_problem(document, where, code);
	const char *words = json_string_value(json_object_get(problem, code));
	if (words == NULL)
		words = json_string_value(json_object_get(known, "title"));
	text_append_printf(
		out, "- `%s` (%d): %s.\n", code, problem_status(document, where, code), words);
}

void append_problems(json_t *document, const char *where, json_t *operation, struct text *out)
{
	size_t i;
	json_t *problem, *problems = json_object_get(operation, "x-problems");
	if (json_array_size(problems) > 0)
		text_append_string(out, "\n\nProblems:\n");
	json_array_foreach (problems, i, problem)
		append_problem(document, where, problem, out);
}

void weave_problems(json_t *document, struct text *header)
{
	const char *code;
	json_t *problem;
	text_append_string(header,
		"/* Made by weave: X(code, status, pointer of the member that it is about, title) */\n"
		"#pragma once\n\n#define PROBLEMS(X)");
	json_object_foreach (json_object_get(document, "x-problems"), code, problem) {
		text_append_printf(header, " \\\n\tX(%s, %d, ", code,
			problem_status(document, "problems", code));
		append_literal(header, json_string_value(json_object_get(problem, "pointer")));
		text_append_string(header, ", ");
		append_literal(header, json_string_value(json_object_get(problem, "title")));
		text_append_string(header, ")");
	}
	text_append_string(header, "\n");
}
