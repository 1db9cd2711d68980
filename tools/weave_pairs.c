/* The part of weave that knows the references of what a client writes: a pair of members, region_id
 * and region_code, of which a client may name either or both. */
#include <stdio.h>
#include <string.h>

#include "weave_deriving.h"

/* What a reference that leads nowhere is answered: it is named after what the contract calls it,
 * else after the table. The operation must say so. */
static const char *unknown_problem(
	const struct writing *writing, const char *stem, const char *table)
{
	char code[80];
	json_t *known = json_object_get(writing->derivation->document, "x-problems"), *problem;
	size_t i;
	snprintf(code, sizeof code, "%s_unknown", stem);
	if (json_object_get(known, code) == NULL)
		snprintf(code, sizeof code, "%s_unknown", table);
	json_array_foreach (json_object_get(writing->operation, "x-problems"), i, problem)
		if (strcmp(problem_code(problem), code) == 0)
			return problem_code(problem);
	die_of(writing->id, "can answer %s, which it does not say; add it to x-problems", code);
}

/* Returns the schema of the object that x-expands says is behind a member; ends weave where it says
 * nothing. */
static const char *schema_behind(const struct writing *writing, const char *member)
{
	json_t *document = writing->derivation->document, *expansion;
	const char *name, *by, *with, *schema = NULL;
	json_object_foreach (json_object_get(schema_named(writing, writing->schema), "x-expands"),
		name, expansion)
		if (json_unpack(expansion, "{s:s, s:s}", "by", &by, "with", &with) == 0 &&
			strcmp(by, member) == 0)
			kind_of_operation(document,
				json_object_get(json_object_get(document, "x-operations"), with),
				&schema);
	if (schema == NULL)
		die_of(writing->id,
			"cannot follow: where %s leads is not in x-expands of %s; say it, or write "
			"the statement",
			member, writing->schema);
	return schema;
}

static const char *key_of(const struct writing *writing, const char *schema)
{
	const char *key = json_string_value(
		json_array_get(json_object_get(schema_named(writing, schema), "x-key"), 0));
	return key == NULL ? "code" : key;
}

static void add_reference(struct writing *writing, const char *member)
{
	struct reference *reference = &writing->references[writing->reference_count];
	const char *behind = schema_behind(writing, member);
	const struct sql_statement *read = reading(writing->derivation, behind);
	if (read == NULL)
		die_without_means(
			operation_of_kind(writing->derivation->document, "x-lists", behind));
	snprintf(reference->stem, sizeof reference->stem, "%.*s",
		(int)(strlen(member) - strlen("_id")), member);
	reference->target = table_of(read, writing->id);
	reference->key = key_of(writing, behind);
	snprintf(reference->code, sizeof reference->code, "%s_%s", reference->stem, reference->key);
	if (json_object_get(writing->members, reference->code) == NULL)
		snprintf(reference->code, sizeof reference->code, "%s", reference->key);
	reference->problem = unknown_problem(writing, reference->stem, reference->target.name);
	reference->is_needed = is_always_there(writing, member);
	writing->reference_count++;
}

static bool is_id(const char *name, json_t *member)
{
	const char *reference = json_string_value(json_object_get(member, "$ref"));
	const char *type = reference == NULL ? NULL : strrchr(reference, '/');
	size_t length = strlen(name);
	return length > strlen("_id") && strcmp(name + length - strlen("_id"), "_id") == 0 &&
	       type != NULL && (strcmp(type, "/Id") == 0 || strcmp(type, "/NullableId") == 0);
}

void find_pairs(struct writing *writing)
{
	const char *name;
	json_t *member;
	json_object_foreach (writing->members, name, member) {
		if (!is_id(name, member))
			continue;
		if (writing->reference_count == REFERENCES_MAX)
			die_of(writing->id, "has too many references; write its statement");
		add_reference(writing, name);
	}
}

const struct reference *pair_of(const struct writing *writing, const char *member)
{
	for (size_t i = 0; i < writing->reference_count; i++) {
		const struct reference *reference = &writing->references[i];
		size_t length = strlen(reference->stem);
		if (strcmp(member, reference->code) == 0 ||
			(strncmp(member, reference->stem, length) == 0 &&
				strcmp(member + length, "_id") == 0))
			return reference;
	}
	return NULL;
}

/* What a partner does not say is its own. */
static bool is_owner(const struct reference *reference)
{
	return strcmp(reference->stem, "partner") == 0;
}

/* A reference as it is to be, what was asked for, and what was found. */
static void append_reference_columns(
	const struct writing *writing, const struct reference *reference)
{
	struct text *out = writing->derivation->out;
	const char *stem = reference->stem;
	text_append_string(out, ",\n\t\t");
	if (writing->is_change)
		text_append_printf(out,
			"case when :body ?| array['%1$s_id', '%2$s'] then "
			"coalesce(%1$s_by_id.id, %1$s_by_code.id) else (t.was).%1$s_id end",
			stem, reference->code);
	else
		text_append_printf(out, "coalesce(%1$s_by_id.id, %1$s_by_code.id%2$s)", stem,
			is_owner(reference)
				? ", case when num_nonnulls(:body::jsonb ->> 'partner_id', :body::jsonb "
				  "->> 'partner_code') = 0 then app_partner() end"
				: "");
	text_append_printf(out,
		" as %1$s_id,\n\t\t(:body::jsonb ->> '%1$s_id')::uuid as %1$s_asked_id, "
		"%1$s_by_id.id as %1$s_by_id,\n\t\t:body::jsonb ->> '%2$s' as %1$s_asked_code, "
		"%1$s_by_code.id as %1$s_by_code",
		stem, reference->code);
}

void append_pair_joins(const struct writing *writing)
{
	struct text *out = writing->derivation->out;
	for (size_t i = 0; i < writing->reference_count; i++) {
		const struct reference *reference = &writing->references[i];
		text_append_printf(out,
			"\n\tleft join %2$s %1$s_by_id on %1$s_by_id.id = (:body::jsonb ->> "
			"'%1$s_id')::uuid\n\tleft join %2$s %1$s_by_code on %1$s_by_code.%3$s = "
			":body::jsonb ->> '%4$s'",
			reference->stem, reference->target.name, reference->key, reference->code);
	}
}

static void append_reference_faults(
	const struct writing *writing, const struct reference *reference)
{
	text_append_printf(next_fault(writing),
		"f.problem, f.pointer, null::uuid, null\n\tfrom wanted w,\n\t\treference_faults('%1$s', "
		"'/%2$s_id', w.%2$s_asked_id, w.%2$s_by_id, '/%3$s', w.%2$s_asked_code, "
		"w.%2$s_by_code) as f",
		reference->problem, reference->stem, reference->code);
	if (reference->is_needed)
		text_append_printf(next_fault(writing),
			"'required', '/%2$s', null::uuid, null\n\tfrom wanted w\n"
			"\twhere w.%1$s_id is null and w.%1$s_asked_id is null and w.%1$s_asked_code is null",
			reference->stem, reference->code);
}

void append_pair_columns(const struct writing *writing)
{
	for (size_t i = 0; i < writing->reference_count; i++)
		append_reference_columns(writing, &writing->references[i]);
}

void append_pair_faults(const struct writing *writing)
{
	for (size_t i = 0; i < writing->reference_count; i++)
		append_reference_faults(writing, &writing->references[i]);
}
