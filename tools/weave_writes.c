/* The part of weave that derives how a plain object is added and changed. What a client writes says
 * which columns there are; a pair region_id, region_code is a reference, whose target x-expands
 * names; x-key names the columns that only one object may have in common; a routine TABLE_faults
 * judges the row that would be written, and is asked by imports as well. Whoever may not write the
 * partner's objects is refused first, and learns nothing else. */
#include <stdio.h>
#include <string.h>

#include "weave_deriving.h"

json_t *schema_named(const struct writing *writing, const char *name)
{
	return json_object_get(schemas_of(writing->derivation->document), name);
}

bool is_always_there(const struct writing *writing, const char *member)
{
	json_t *properties = json_object_get(schema_named(writing, writing->schema), "properties");
	json_t *type = json_object_get(
		resolved(writing->derivation->document, json_object_get(properties, member)),
		"type");
	return json_is_string(type);
}

static json_t *written_members(const struct writing *writing)
{
	const char *type, *reference = NULL;
	json_t *content = json_object_get(
		       json_object_get(writing->operation, "requestBody"), "content"),
	       *body;
	json_object_foreach (content, type, body)
		json_unpack(body, "{s:{s:s}}", "schema", "$ref", &reference);
	if (reference == NULL)
		die_of(writing->id, "has no body that is a schema; write its statement");
	return json_object_get(
		resolved(writing->derivation->document, json_object_get(body, "schema")),
		"properties");
}

/* Writes a default as a literal of SQL: an array of words is one of PostgreSQL, what has members is
 * JSON. */
static void append_default(const struct writing *writing, json_t *member)
{
	struct text *out = writing->derivation->out;
	json_t *value = json_object_get(member, "default");
	json_t *items = json_object_get(resolved(writing->derivation->document, member), "items");
	json_t *type = json_object_get(resolved(writing->derivation->document, items), "type");
	bool has_words = json_is_array(value) &&
			 strcmp(json_is_string(type) ? json_string_value(type) : "", "string") == 0;
	char *json = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	if (has_words && json_array_size(value) > 0)
		die_of(writing->id, "has a default that is a list of words; write its statement");
	if (json_is_string(value))
		text_append_printf(out, "'%s'", json_string_value(value));
	else
		text_append_printf(out, "'%s'", has_words ? "{}" : json);
	free(json);
}

static bool is_object(const struct writing *writing, json_t *member)
{
	json_t *type = json_object_get(resolved(writing->derivation->document, member), "type");
	return json_is_string(type) && strcmp(json_string_value(type), "object") == 0;
}

/* A column as it is to be: what the body says, else what it was or the default. */
static void append_column(const struct writing *writing, const char *name, json_t *member)
{
	struct text *out = writing->derivation->out;
	text_append_string(out, ",\n\t\t");
	if (writing->is_change && is_object(writing, member)) {
		text_append_printf(out,
			"case when :body ? '%1$s' then object_merge((t.was).%1$s, b.%1$s) else "
			"(t.was).%1$s end as %1$s",
			name);
	} else if (json_object_get(member, "default") != NULL) {
		text_append_printf(out, "coalesce(b.%s, ", name);
		append_default(writing, member);
		text_append_printf(out, ") as %s", name);
	} else {
		text_append_printf(out, "b.%s", name);
	}
}

/* What is given once stays as it was, and may be part of the key. */
static void append_kept_key(const struct writing *writing)
{
	size_t i;
	json_t *column;
	json_array_foreach (writing->key, i, column)
		if (writing->is_change &&
			json_object_get(writing->members, json_string_value(column)) == NULL)
			text_append_printf(writing->derivation->out, ", (t.was).%1$s as %1$s",
				json_string_value(column));
}

/* The row that would be written. */
static void append_wanted(const struct writing *writing)
{
	struct text *out = writing->derivation->out;
	const char *name;
	json_t *member;
	text_append_printf(out, "wanted as (\n\tselect %s as id",
		writing->is_change ? "t.id" : ":new_id::uuid");
	json_object_foreach (writing->members, name, member)
		if (pair_of(writing, name) == NULL)
			append_column(writing, name, member);
	append_pair_columns(writing);
	append_kept_key(writing);
	if (writing->is_change)
		text_append_string(out, "\n\tfrom target t\n\tcross join lateral "
					"jsonb_populate_record(t.was, :body) as b");
	else
		text_append_printf(out, "\n\tfrom jsonb_populate_record(null::%s, :body) as b",
			writing->table.name);
	append_pair_joins(writing);
	text_append_string(out, "\n)");
}

/* Begins the next of the faults. */
struct text *next_fault(const struct writing *writing)
{
	struct text *out = writing->derivation->out;
	bool is_first = out->bytes[out->length - 1] == '(';
	text_append_string(out, is_first ? "\n\tselect " : "\n\tunion all\n\tselect ");
	return out;
}

static void append_rights(const struct writing *writing)
{
	if (writing->is_change && belongs_to_partner(writing->derivation, writing->schema))
		text_append_string(next_fault(writing),
			"'forbidden', null, null::uuid, null\n\tfrom target t\n"
			"\twhere not app_may_write(t.partner_id)");
	if (json_object_get(writing->members, "partner_id") != NULL)
		text_append_string(next_fault(writing),
			"'forbidden', '/partner_code', null::uuid, null\n\tfrom wanted w\n"
			"\twhere not app_may_write(w.partner_id)");
	if (writing->is_change)
		text_append_string(next_fault(writing),
			"'precondition_failed', null, null::uuid, null\n\tfrom target t\n"
			"\twhere t.version <> all (:if_match)");
}

/* The problem of x-problems whose name says that somebody has the key. */
static const char *taken_problem(const struct writing *writing)
{
	json_t *problem, *problems = json_object_get(writing->operation, "x-problems");
	size_t i;
	json_array_foreach (problems, i, problem) {
		const char *code = problem_code(problem), *end = strstr(code, "_taken");
		if (end != NULL && end[strlen("_taken")] == '\0')
			return code;
	}
	die_of(writing->id,
		"has an x-key, but no problem that ends in _taken; add it to x-problems");
}

static const char *pointer_of(const struct writing *writing, const char *problem)
{
	json_t *problems = json_object_get(writing->derivation->document, "x-problems");
	const char *pointer = json_string_value(
		json_object_get(json_object_get(problems, problem), "pointer"));
	if (pointer == NULL)
		die_of(writing->id, "can answer %s, which needs a pointer", problem);
	return pointer;
}

/* Whose reference leads nowhere has no key that somebody could have taken. */
static void append_known(const struct writing *writing, const char *column)
{
	const struct reference *reference = pair_of(writing, column);
	if (reference != NULL)
		text_append_printf(writing->derivation->out,
			" and (w.%1$s_id is not null or num_nonnulls(w.%1$s_asked_id, "
			"w.%1$s_asked_code) = 0)",
			reference->stem);
}

static void append_taken(const struct writing *writing)
{
	size_t i;
	json_t *column;
	if (writing->key == NULL)
		return;
	const char *problem = taken_problem(writing);
	struct text *out = next_fault(writing);
	text_append_printf(out, "'%s', '%s', other.id, null\n\tfrom wanted w\n\tjoin %s other on ",
		problem, pointer_of(writing, problem), writing->table.name);
	json_array_foreach (writing->key, i, column) {
		const char *name = json_string_value(column);
		text_append_printf(out,
			is_always_there(writing, name)
				? "other.%1$s = w.%1$s and "
				: "other.%1$s is not distinct from w.%1$s and ",
			name);
	}
	text_append_string(out, "other.id <> w.id");
	json_array_foreach (writing->key, i, column)
		append_known(writing, json_string_value(column));
}

static bool has_rule(const struct writing *writing)
{
	char name[96];
	snprintf(name, sizeof name, "%s_faults", writing->table.name);
	return json_object_get(writing->derivation->means->routines, name) != NULL;
}

static void append_rule(const struct writing *writing)
{
	char row[80];
	snprintf(row, sizeof row, "null::%s", writing->table.name);
	if (has_rule(writing))
		text_append_printf(next_fault(writing),
			"f.problem, f.pointer, null::uuid, f.detail\n\tfrom wanted w%2$s,\n"
			"\t\t%1$s_faults(jsonb_populate_record(%3$s, to_jsonb(w))) as f",
			writing->table.name, writing->is_change ? ", target t" : "",
			writing->is_change ? "t.was" : row);
}

/* All that refuses the row, at once. */
static void append_faults(const struct writing *writing)
{
	struct text *out = writing->derivation->out;
	text_append_string(out, ", fault (problem, pointer, existing_id, detail) as (");
	append_rights(writing);
	append_pair_faults(writing);
	append_taken(writing);
	append_rule(writing);
	if (out->bytes[out->length - 1] == '(')
		text_append_string(out, "\n\tselect null, null, null::uuid, null\n\twhere false");
	text_append_string(out, "\n)");
}

/* Writes the columns that a client decides about, each behind a prefix. */
static void append_columns(const struct writing *writing, const char *prefix)
{
	struct text *out = writing->derivation->out;
	const char *name, *separator = "";
	json_t *member;
	json_object_foreach (writing->members, name, member) {
		const struct reference *reference = pair_of(writing, name);
		if (reference != NULL && strcmp(name, reference->code) == 0)
			continue;
		text_append_printf(out, "%s%s%s", separator, prefix, name);
		separator = ", ";
	}
}

void begin_writing(struct writing *writing)
{
	const struct derivation *derivation = writing->derivation;
	const struct sql_statement *read = reading(derivation, writing->schema);
	writing->operation = json_object_get(
		json_object_get(derivation->document, "x-operations"), writing->id);
	writing->table = table_of(read, writing->id);
	writing->members = written_members(writing);
	writing->key = json_object_get(schema_named(writing, writing->schema), "x-key");
	find_pairs(writing);
	text_append_printf(derivation->out,
		"-- name: %s\n-- Follows from %s and the contract.\nwith ", writing->id,
		sql_statement_name(read));
}

void derive_creation(const struct derivation *derivation, const char *id, const char *schema)
{
	struct writing writing = {.derivation = derivation, .id = id, .schema = schema};
	struct text *out = derivation->out;
	if (reading(derivation, schema) == NULL)
		return;
	begin_writing(&writing);
	append_wanted(&writing);
	append_faults(&writing);
	text_append_printf(out, ", created as (\n\tinsert into %s (id, ", writing.table.name);
	append_columns(&writing, "");
	text_append_string(out, ", created_at, updated_at)\n\tselect w.id, ");
	append_columns(&writing, "w.");
	text_append_string(out,
		", :now, :now\n\tfrom wanted w\n\twhere not exists (select from fault)\n)\n"
		"select f.problem, f.pointer, f.existing_id, f.detail\nfrom (select) as one\n"
		"left join fault f on true;\n\n");
}

void derive_change(const struct derivation *derivation, const char *id, const char *schema)
{
	struct writing writing = {
		.derivation = derivation, .id = id, .schema = schema, .is_change = true};
	struct text *out = derivation->out;
	if (reading(derivation, schema) == NULL)
		return;
	begin_writing(&writing);
	text_append_printf(out,
		"target as (\n\tselect %2$s as was, %2$s.*\n\tfrom %1$s %2$s\n\twhere %2$s.id = :id\n"
		"\tfor update\n), ",
		writing.table.name, writing.table.alias);
	append_wanted(&writing);
	append_faults(&writing);
	text_append_printf(out, ", changed as (\n\tupdate %s %s\n\tset (", writing.table.name,
		writing.table.alias);
	append_columns(&writing, "");
	text_append_string(out, ", version, updated_at)\n\t\t= (");
	append_columns(&writing, "w.");
	text_append_printf(out,
		", %1$s.version + 1, :now)\n\tfrom wanted w\n\twhere %1$s.id = w.id and not exists "
		"(select from fault)\n)\nselect f.problem, f.pointer, f.existing_id, f.detail, "
		"t.version\nfrom target t\nleft join fault f on true;\n\n",
		writing.table.alias);
}
