/* The part of weave that knows moves. `x-moves` says which status of what an operation moves, from
 * where, who may, how many must ask, and what the event is called:
 *
 *   x-moves: {Enrollment: completed, from: [enrolled, in_progress]}
 *   x-moves: {SalesRecord: [{from: reported, to: void},
 *             {from: confirmed, to: void, roles: [admin]}], told_as: voided}
 *
 * What a move does not say, the whole says; else whoever writes what the room has may make it, one
 * is enough, and the event is called like the status. The moves become the table status_move. */
#include <stdio.h>
#include <string.h>

#include "weave.h"

/* An operation that moves. */
struct mover {
	json_t *document;
	json_t *operation;
	const char *id;
	const char *schema;
	json_t *rule; /* x-moves */
};

/* Returns a value as a list; a new reference. */
static json_t *listed(json_t *value)
{
	return json_is_array(value) ? json_incref(value) : json_pack("[O]", value);
}

/* A status that no object can have would be a move that nobody ever makes. */
static void check_status(const struct mover *mover, json_t *status)
{
	json_t *moved = json_object_get(schemas_of(mover->document), mover->schema);
	json_t *member = json_object_get(json_object_get(moved, "properties"), "status");
	json_t *schema = resolved(mover->document, member);
	size_t i;
	json_t *known;
	json_array_foreach (json_object_get(schema, "enum"), i, known)
		if (json_equal(known, status))
			return;
	die_of(mover->id, "moves to or from %s, which is no status of %s",
		json_string_value(status), mover->schema);
}

/* Returns what a move says, or what all moves of the operation say, or NULL. */
static json_t *of_move(const struct mover *mover, json_t *move, const char *name)
{
	json_t *own = json_object_get(move, name);
	return own != NULL ? own : json_object_get(mover->rule, name);
}

/* Calls `visit` for each pair of statuses that the operation moves between. */
static void each_move(const struct mover *mover, void *ctx,
	void (*visit)(const struct mover *mover, json_t *move, json_t *from, json_t *to, void *ctx))
{
	json_t *moves = listed(json_object_get(mover->rule, mover->schema));
	json_t *move, *from, *to;
	size_t i, k, n;
	json_array_foreach (moves, i, move) {
		json_t *targets = listed(json_is_string(move) ? move : json_object_get(move, "to"));
		json_t *sources = listed(of_move(mover, move, "from"));
		json_array_foreach (sources, k, from)
			json_array_foreach (targets, n, to)
				visit(mover, move, from, to, ctx);
		json_decref(targets);
		json_decref(sources);
	}
	json_decref(moves);
}

static struct mover mover_of(json_t *document, const char *id, json_t *operation)
{
	json_t *rule = json_object_get(operation, "x-moves");
	return (struct mover){.document = document,
		.operation = operation,
		.id = id,
		.schema = json_object_iter_key(json_object_iter(rule)),
		.rule = rule};
}

/* A misspelt role would close a move, and nobody would notice. */
static void check_roles(const struct mover *mover, json_t *roles)
{
	size_t i;
	json_t *role;
	json_array_foreach (roles, i, role)
		if (!words_have("admin manager analyst partner", slice_of(json_string_value(role))))
			die_of(mover->id,
				"lets %s move; the roles are admin, manager, analyst and partner",
				json_string_value(role));
}

/* Returns how many must ask for a move. */
static int approvals_of(const struct mover *mover, json_t *move)
{
	json_t *approvals = of_move(mover, move, "approvals");
	int count = approvals == NULL ? 1 : (int)json_integer_value(approvals);
	if (count != 1 && count != 2)
		die_of(mover->id, "asks for %d approvals; a move has one or two", count);
	return count;
}

static void append_roles(const struct mover *mover, json_t *move, struct text *out)
{
	static const char *const roles[] = {"manager", "partner"};
	json_t *given = of_move(mover, move, "roles"), *role;
	const char *tag = json_string_value(
		json_array_get(json_object_get(mover->operation, "tags"), 0));
	json_t *room = json_object_get(json_object_get(mover->document, "x-roles"), tag);
	size_t i;
	check_roles(mover, given);
	text_append_string(out, "'{admin");
	json_array_foreach (given, i, role)
		if (strcmp(json_string_value(role), "admin") != 0)
			text_append_printf(out, ",%s", json_string_value(role));
	for (i = 0; given == NULL && i < sizeof roles / sizeof *roles; i++)
		if (role_may(room, roles[i], "write"))
			text_append_printf(out, ",%s", roles[i]);
	text_append_string(out, "}'");
}

static void append_move(
	const struct mover *mover, json_t *move, json_t *from, json_t *to, void *ctx)
{
	struct text *out = ctx;
	json_t *told = of_move(mover, move, "told_as");
	check_status(mover, from);
	check_status(mover, to);
	text_append_string(out, out->length == 0 ? "\t('" : ",\n\t('");
	append_table(out, mover->schema);
	text_append_printf(out, "', '%s', '%s', '%s', ", mover->id, json_string_value(from),
		json_string_value(to));
	append_roles(mover, move, out);
	text_append_printf(out, ", %d, '%s')", approvals_of(mover, move),
		json_string_value(told == NULL ? to : told));
}

void append_moves(json_t *document, struct text *out)
{
	struct text rows = {0};
	const char *id;
	json_t *operation;
	json_object_foreach (json_object_get(document, "x-operations"), id, operation) {
		struct mover mover = mover_of(document, id, operation);
		if (mover.rule != NULL)
			each_move(&mover, &rows, append_move);
	}
	text_append_printf(out,
		"-- The moves of all statuses, as the contract has them (x-moves). Nothing else is in the "
		"table.\ndelete from status_move;\ninsert into status_move (object_type, operation, "
		"from_status, to_status, roles, approvals, told_as) values\n%s;\n",
		rows.bytes);
	text_done(&rows);
}

/* Where an operation moves from, each status once. */
static void add_source(const struct mover *mover, json_t *move, json_t *from, json_t *to, void *ctx)
{
	(void)mover, (void)move, (void)to;
	json_object_set(ctx, json_string_value(from), json_true());
}

/* "the status is neither `reported` nor `confirmed`" */
static json_t *refusal_words(const struct mover *mover)
{
	json_t *sources = json_object(), *ignored;
	struct text words = {0};
	size_t left;
	const char *status;
	each_move(mover, sources, add_source);
	left = json_object_size(sources);
	text_append_string(&words, left == 1 ? "the status is not " : "the status is neither ");
	json_object_foreach (sources, status, ignored) {
		left--;
		text_append_printf(&words, "`%s`%s", status,
			left > 1    ? ", "
			: left == 1 ? " nor "
				    : "");
	}
	json_t *refusal = json_pack("{s:s}", "status_move_refused", words.bytes);
	text_done(&words);
	json_decref(sources);
	return refusal;
}

void add_move_words(json_t *document, const char *id, json_t *operation)
{
	struct mover mover = mover_of(document, id, operation);
	json_t *problems = json_object_get(operation, "x-problems"), *problem;
	size_t i;
	json_array_foreach (problems, i, problem)
		if (mover.rule != NULL && json_is_string(problem) &&
			strcmp(json_string_value(problem), "status_move_refused") == 0)
			json_array_set_new(problems, i, refusal_words(&mover));
}
