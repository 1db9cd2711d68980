/* The part of weave that holds the contract against the SQL: an operation needs a statement or
 * code, and what it says of its problems (x-problems) is what its statement can raise, no less and
 * no more. A statement raises a problem by its code as a literal, itself or in a function that it
 * calls; a constraint is named after the problem that it prevents, and triggers raise theirs. What
 * an import says of its rows is no answer of the operation, and not looked at. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "weave.h"

/* Problems that any operation can meet; the kinds of operations and their statuses tell them. */
static const char common_problems[] =
	"not_found precondition_failed forbidden second_approver_needed";

struct checks {
	json_t *document;
	const struct means *means; /* operations that have code may answer problems, too */
	json_t *elsewhere;         /* the problems that constraints prevent and triggers raise */
};

static json_t *problems_of(struct checks *checks)
{
	return json_object_get(checks->document, "x-problems");
}

/* Adds the problems whose codes stand in a text as literals; an apostrophe in a comment is no harm.
 */
static void add_literals(struct checks *checks, const char *text, json_t *said)
{
	for (const char *quote = strchr(text, '\''); quote != NULL;
		quote = strchr(quote + 1, '\'')) {
		const char *word = quote + 1;
		size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz_");
		if (word[length] == '\'' &&
			json_object_getn(problems_of(checks), word, length) != NULL)
			json_object_setn_new(said, word, length, json_true());
	}
}

/* Adds the problems after which a text names constraints and unique indexes. */
static void add_constraints(struct checks *checks, const char *text)
{
	static const char *const marks[] = {"constraint ", "unique index "};
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		const char *place = strstr(text, marks[i]);
		for (; place != NULL; place = strstr(place, marks[i])) {
			place += strlen(marks[i]);
			size_t length = strspn(place, "abcdefghijklmnopqrstuvwxyz_");
			if (json_object_getn(problems_of(checks), place, length) != NULL)
				json_object_setn_new(checks->elsewhere, place, length, json_true());
		}
	}
}

static void read_constraints(struct checks *checks, const char *path)
{
	if (strstr(path, "migrations/") == NULL)
		return;
	struct text source = read_file(path);
	add_constraints(checks, source.bytes == NULL ? "" : source.bytes);
	text_done(&source);
}

/* Triggers are called by no statement, so what they raise may be raised by any. */
static void add_triggers(struct checks *checks)
{
	const char *name;
	json_t *text;
	json_object_foreach (checks->means->routines, name, text)
		if (strstr(json_string_value(text), "returns trigger") != NULL)
			add_literals(checks, json_string_value(text), checks->elsewhere);
}

/* Adds what a text raises, itself or in the functions that it calls; `seen` are those that were
 * met. */
static void add_raised(struct checks *checks, const char *text, json_t *seen, json_t *said)
{
	add_literals(checks, text, said);
	for (const char *paren = strchr(text, '('); paren != NULL; paren = strchr(paren + 1, '(')) {
		const char *word = paren;
		while (word > text && (isalnum((unsigned char)word[-1]) || word[-1] == '_'))
			word--;
		size_t length = (size_t)(paren - word);
		json_t *body = json_object_getn(checks->means->routines, word, length);
		if (body == NULL || json_object_getn(seen, word, length) != NULL)
			continue;
		json_object_setn_new(seen, word, length, json_true());
		add_raised(checks, json_string_value(body), seen, said);
	}
}

/* True when the SQL can raise what the operation declares. References of many kinds are judged by
 * one expression, which puts their codes together ('…_unknown'). */
static bool can_raise(struct checks *checks, const char *statement, json_t *said, const char *code)
{
	bool is_composed = strstr(code, "_unknown") != NULL &&
			   strstr(statement, "_unknown'") != NULL;
	return words_have(common_problems, slice_of(code)) || is_composed ||
	       json_object_get(said, code) != NULL ||
	       json_object_get(checks->elsewhere, code) != NULL;
}

static bool declares(json_t *problems, const char *code)
{
	size_t i;
	json_t *problem;
	json_array_foreach (problems, i, problem)
		if (strcmp(problem_code(problem), code) == 0)
			return true;
	return false;
}

static void check_problems(struct checks *checks, const char *id, json_t *operation)
{
	json_t *declared = json_object_get(operation, "x-problems"), *problem, *ignored;
	const struct sql_statement *statement = find_statement(checks->means, id);
	json_t *said = json_object(), *seen = json_object();
	struct text text = {0};
	const char *code;
	size_t i;
	if (statement != NULL) {
		text = text_of_statement(statement, true);
		add_raised(checks, text.bytes, seen, said);
	}
	bool has_code = words_have(checks->means->written, slice_of(id));
	json_array_foreach (declared, i, problem)
		if (statement != NULL && !has_code &&
			!can_raise(checks, text.bytes, said, problem_code(problem)))
			die_of(id,
				"says that it can answer %s, which its SQL never raises; take it out "
				"of x-problems, or raise it",
				problem_code(problem));
	json_object_foreach (said, code, ignored)
		if (!words_have(common_problems, slice_of(code)) && !declares(declared, code))
			die_of(id, "can answer %s, which it does not say; add it to x-problems",
				code);
	text_done(&text);
	json_decref(said);
	json_decref(seen);
}

void die_without_means(const char *id)
{
	die_of(id,
		"has neither a statement nor code; write `-- name: %s` into the SQL of its room, or "
		"OPERATION(%s) into its C",
		id, id);
}

static void check_operation(struct checks *checks, const char *id, json_t *operation)
{
	bool has_statement = find_statement(checks->means, id) != NULL;
	if (json_object_get(operation, "x-imports") != NULL)
		return;
	if (!has_statement && !words_have(checks->means->written, slice_of(id)))
		die_without_means(id);
	check_problems(checks, id, operation);
}

void check_operations(json_t *document, const struct means *means)
{
	struct checks checks = {.document = document, .means = means, .elsewhere = json_object()};
	const char *id;
	json_t *operation;
	for (size_t i = 0; i < means->path_count; i++)
		read_constraints(&checks, means->paths[i]);
	add_triggers(&checks);
	json_object_foreach (json_object_get(document, "x-operations"), id, operation)
		check_operation(&checks, id, operation);
	json_decref(checks.elsewhere);
}
