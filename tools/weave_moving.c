/* The part of weave that derives how a status moves: the operation's x-moves say where to, the
 * members of the body that are columns are written with it, and the move is kept. A routine
 * TABLE_move_faults(TABLE, wanted, body) says what else refuses it. The list of the moves that were
 * kept follows from the name of its schema: ThingStatusChange. */
#include <stdio.h>
#include <string.h>

#include "weave_deriving.h"

/* Where all moves of an operation end; ends weave where they end in several places. */
static const char *end_of(json_t *operation, const char *id, const char *schema)
{
	json_t *moves = json_object_get(json_object_get(operation, "x-moves"), schema), *move;
	const char *end = json_string_value(moves);
	size_t i;
	json_array_foreach (moves, i, move) {
		const char *to = json_string_value(json_object_get(move, "to"));
		if (to == NULL || (end != NULL && strcmp(to, end) != 0))
			die_of(id, "moves to several statuses; write its statement");
		end = to;
	}
	return end;
}

/* What a body says besides why is written down in the object. */
static void append_members(const struct writing *writing)
{
	const char *name;
	json_t *member;
	json_object_foreach (writing->members, name, member)
		if (strcmp(name, "reason") != 0)
			text_append_printf(writing->derivation->out, "%1$s = n.%1$s, ", name);
}

static void append_move_rule(const struct writing *writing, const char *end)
{
	char name[96];
	snprintf(name, sizeof name, "%s_move_faults", writing->table.name);
	if (json_object_get(writing->derivation->means->routines, name) != NULL)
		text_append_printf(writing->derivation->out,
			"\n\tunion all\n\tselect f.problem, f.pointer, f.detail\n\tfrom target t, "
			"%s(t.was, '%s', :body) as f",
			name, end);
}

void derive_move(const struct derivation *derivation, const char *id, const char *schema)
{
	struct writing writing = {.derivation = derivation, .id = id, .schema = schema};
	struct text *out = derivation->out;
	if (reading(derivation, schema) == NULL)
		return;
	begin_writing(&writing);
	const char *end = end_of(writing.operation, id, schema);
	const char *owner = belongs_to_partner(derivation, schema) ? "(t.was).partner_id"
								   : "null::uuid";
	text_append_printf(out,
		"target as (\n\tselect m as was, m.id, m.version, m.status\n\tfrom %1$s m\n"
		"\twhere m.id = :id\n\tfor update\n), fault as (\n"
		"\tselect f.problem, f.pointer, f.detail\n"
		"\tfrom target t, move_faults('%1$s', %2$s, t.version, :if_match, t.status, '%3$s') "
		"as f",
		writing.table.name, owner, end);
	append_move_rule(&writing, end);
	text_append_printf(out, "\n), changed as (\n\tupdate %s m\n\tset ", writing.table.name);
	append_members(&writing);
	text_append_printf(out,
		"status = '%3$s', version = m.version + 1, updated_at = :now\n\tfrom target t\n"
		"\tcross join lateral jsonb_populate_record(t.was, :body) as n\n"
		"\twhere m.id = t.id and not exists (select from fault)\n"
		"\treturning move_kept('%1$s', m.id, %2$s, t.status, m.status, :body, :now)\n)\n"
		"select f.problem, f.pointer, f.detail, t.version\nfrom target t\n"
		"left join fault f on true;\n\n",
		writing.table.name, owner, end);
}

void derive_move_list(const struct derivation *derivation, const char *id, const char *schema)
{
	static const char ending[] = "StatusChange";
	struct text table = {0};
	char thing[64];
	if (!has_ending(schema, ending))
		return;
	snprintf(thing, sizeof thing, "%.*s", (int)(strlen(schema) - strlen(ending)), schema);
	append_table(&table, thing);
	text_append_printf(derivation->out,
		"-- name: %2$s\n-- Follows from the contract.\n"
		"select c.problem, c.id, c.object_id as %1$s_id, c.from_status, c.to_status, c.reason, "
		"c.actor_id, c.changed_at\nfrom (\n"
		"\tselect null as problem, s.* from status_change s where s.object_type = '%1$s' and "
		"s.object_id = :id\n\tunion all\n"
		"\tselect 'not_found', (null::status_change).* where not exists (select from %1$s o "
		"where o.id = :id)\n) as c\nwhere true\n"
		"  and (c.problem is not null or (c.changed_at, c.id) < (:cursor_key, :cursor_id))  -- "
		"sort: -changed_at\n"
		"  and (c.problem is not null or (c.changed_at, c.id) > (:cursor_key, :cursor_id))  -- "
		"sort: changed_at\n"
		"order by c.changed_at desc, c.id desc  -- sort: -changed_at\n"
		"order by c.changed_at, c.id  -- sort: changed_at\nlimit :limit;\n\n",
		table.bytes, id);
	text_done(&table);
}
