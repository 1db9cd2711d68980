/* The part of weave that writes the statements that follow from others, for operations that have
 * neither a statement nor code: the read of one object is its list's without filters, by ids; the
 * deletion of one is of the table that the read is from. */
#include <stdio.h>
#include <string.h>

#include "weave_deriving.h"

struct sql_file *read_statements(const char *path, const struct text *source)
{
	struct text error = {0};
	struct sql_file *file = sqlfile_read((struct slice){source->bytes, source->length}, &error);
	if (file == NULL)
		die(path, error.bytes);
	return file;
}

const struct sql_statement *find_statement(const struct means *means, const char *name)
{
	const struct sql_statement *statement = NULL;
	for (size_t i = 0; name != NULL && statement == NULL && i < means->file_count; i++)
		statement = sqlfile_find(means->files[i], name);
	return statement;
}

static bool is_absent(void *ctx, const char *parameter)
{
	(void)ctx;
	(void)parameter;
	return true;
}

struct text text_of_statement(const struct sql_statement *statement, bool has_all)
{
	struct sql_choice choice = {.is_absent = has_all ? NULL : is_absent};
	struct sql_text sql = {0};
	if (!sql_statement_render(statement, &choice, &sql))
		die(sql_statement_name(statement), "cannot be rendered");
	return sql.text;
}

/* Takes them from a line "from NAME ALIAS"; false where none says so. */
static bool find_table(const struct text *sql, struct table *ret_table)
{
	const char *from = sql->bytes == NULL ? NULL : strstr(sql->bytes, "\nfrom ");
	char end = '\n';
	return from != NULL &&
	       sscanf(from, "\nfrom %63[a-z_0-9] %63[a-z_0-9]%c", ret_table->name, ret_table->alias,
		       &end) >= 2 &&
	       end == '\n';
}

static bool is_query(json_t *document, json_t *parameter, const char *name)
{
	const char *own = NULL, *place = NULL;
	json_unpack(resolved(document, parameter), "{s:s, s:s}", "name", &own, "in", &place);
	return own != NULL && strcmp(own, name) == 0 && strcmp(place, "query") == 0;
}

static bool takes_query(json_t *document, const char *id, const char *name)
{
	json_t *operation = json_object_get(json_object_get(document, "x-operations"), id);
	json_t *parameter;
	size_t i;
	json_array_foreach (json_object_get(operation, "parameters"), i, parameter)
		if (is_query(document, parameter, name))
			return true;
	return false;
}

/* What the list shows to nobody, or to one caller only, its read must not show either. */
static void check_filters(
	const struct derivation *derivation, const struct sql_statement *list, const char *id)
{
	static const char page[] = "cursor_key cursor_id limit";
	const char *names[SQL_PARAMETERS_MAX], *of = sql_statement_name(list);
	size_t count = sql_statement_parameters(list, names, SQL_PARAMETERS_MAX);
	for (size_t i = 0; i < count; i++)
		if (!words_have(page, slice_of(names[i])) &&
			!takes_query(derivation->document, of, names[i]))
			die_of(id,
				"cannot follow from %s, which asks for :%s; write the statement %s",
				of, names[i], id);
}

static void derive_read(const struct derivation *derivation, const char *id, const char *schema)
{
	const char *list_id = operation_of_kind(derivation->document, "x-lists", schema);
	const struct sql_statement *list = find_statement(derivation->means, list_id);
	struct table table;
	if (list == NULL) /* the check of all operations says so */
		return;
	check_filters(derivation, list, id);
	struct text select = text_of_statement(list, false);
	if (!has_ending(select.bytes, "\nwhere true") || !find_table(&select, &table))
		die_of(id,
			"cannot follow from %s, which has no \"from TABLE ALIAS\" and \"where "
			"true\"; write the statement %s",
			list_id, id);
	text_append_printf(derivation->out,
		"-- name: %s\n-- Follows from %s.\n%.*s%s.id = any (:ids);\n\n", id, list_id,
		(int)(select.length - strlen("true")), select.bytes, table.alias);
	text_done(&select);
}

const struct sql_statement *reading(const struct derivation *derivation, const char *schema)
{
	const char *read_id = operation_of_kind(derivation->document, "x-reads", schema);
	const char *list_id = operation_of_kind(derivation->document, "x-lists", schema);
	const struct sql_statement *read = find_statement(derivation->means, read_id);
	return read == NULL ? find_statement(derivation->means, list_id) : read;
}

struct table table_of(const struct sql_statement *read, const char *id)
{
	struct text select = text_of_statement(read, false);
	struct table table;
	if (!find_table(&select, &table))
		die_of(id,
			"cannot follow from %s, which has no \"from TABLE ALIAS\"; write its SQL",
			sql_statement_name(read));
	text_done(&select);
	return table;
}

bool belongs_to_partner(const struct derivation *derivation, const char *schema)
{
	json_t *properties = json_object_get(
		json_object_get(schemas_of(derivation->document), schema), "properties");
	return json_object_get(properties, "partner_id") != NULL;
}

/* Whether managers may write is asked first, so that they learn nothing else. What refers to the
 * object is left to the constraints, which are named after what they answer. */
static void derive_deletion(const struct derivation *derivation, const char *id, const char *schema)
{
	const struct sql_statement *read = reading(derivation, schema);
	bool is_of_partner = belongs_to_partner(derivation, schema);
	if (read == NULL)
		return;
	struct table table = table_of(read, id);
	text_append_printf(derivation->out,
		"-- name: %1$s\n-- Follows from %2$s.\nwith target as (\n"
		"\tselect %4$s.*\n\tfrom %3$s %4$s\n"
		"\twhere %4$s.id = :id\n\tfor update\n"
		"), fault as (\n%5$s"
		"\tselect 'precondition_failed' as problem, null as pointer\n"
		"\tfrom target t\n\twhere t.version <> all (:if_match)\n"
		"), removed as (\n\tdelete from %3$s %4$s\n\tusing target t\n"
		"\twhere %4$s.id = t.id and not exists (select from fault)\n)\n"
		"select f.problem, f.pointer, t.version\nfrom target t\n"
		"left join fault f on true;\n\n",
		id, sql_statement_name(read), table.name, table.alias,
		is_of_partner
			? "\tselect 'forbidden' as problem, null as pointer\n\tfrom target t\n"
			  "\twhere not app_may_write(t.partner_id)\n\tunion all\n"
			: "");
}

/* Returns the members of the rows that an import takes: {code,name,…}; to be released. */
static struct text row_members(const struct derivation *derivation, const char *id)
{
	json_t *operation = json_object_get(
		json_object_get(derivation->document, "x-operations"), id);
	const char *reference = NULL, *name;
	json_unpack(operation, "{s:{s:s}}", "x-rows", "$ref", &reference);
	json_t *schema = reference == NULL ? NULL : find_component(derivation->document, reference);
	struct text members = {0};
	json_t *member;
	json_object_foreach (json_object_get(schema, "properties"), name, member)
		text_append_printf(&members, "%c%s", members.length == 0 ? '{' : ',', name);
	text_append_char(&members, '}');
	return members;
}

/* Plain master data is imported by the catalogue: see migrations/routines/import_plain.sql. */
static void derive_import(const struct derivation *derivation, const char *id, const char *schema)
{
	char stage[128];
	const char *things = id + strlen("import");
	const struct sql_statement *read = reading(derivation, schema);
	snprintf(stage, sizeof stage, "stage%s", things);
	if (read == NULL || find_statement(derivation->means, stage) != NULL)
		return;
	struct table table = table_of(read, id);
	struct text members = row_members(derivation, id);
	text_append_printf(derivation->out,
		"-- name: stage%1$s\n-- Where the rows of a file wait to be judged.\n"
		"select import_stage('%2$s', '%3$s');\n\n"
		"-- name: judge%1$s\n-- Decides about every staged row; columns is what the file has.\n"
		"select j.rows, j.created, j.updated, j.unchanged, j.rejected\n"
		"from import_judge('%2$s', :columns) as j;\n\n"
		"-- name: post%1$s\n-- Writes what was judged created or updated.\n"
		"select import_post('%2$s', :import_id, :now);\n\n",
		things, table.name, members.bytes);
	text_done(&members);
}

/* The kinds of operations whose statement follows from others. */
static const struct {
	const char *kind;
	void (*derive)(const struct derivation *derivation, const char *id, const char *schema);
} derived[] = {
	{"x-reads", derive_read},
	{"x-creates", derive_creation},
	{"x-updates", derive_change},
	{"x-deletes", derive_deletion},
	{"x-moves", derive_move},
	{"x-lists", derive_move_list},
	{"x-imports", derive_import},
};

static void derive_operation(const struct derivation *derivation, const char *id, json_t *operation)
{
	const char *schema = NULL;
	const char *kind = kind_of_operation(derivation->document, operation, &schema);
	bool has_own = words_have(derivation->means->written, slice_of(id)) ||
		       find_statement(derivation->means, id) != NULL;
	for (size_t i = 0; !has_own && kind != NULL && i < sizeof derived / sizeof *derived; i++)
		if (strcmp(kind, derived[i].kind) == 0)
			derived[i].derive(derivation, id, schema);
}

void weave_statements(json_t *document, struct means *means, struct text *out)
{
	struct derivation derivation = {document, means, out};
	const char *id;
	json_t *operation;
	text_append_string(out, "-- Made by weave: the statements that follow from others.\n\n");
	json_object_foreach (json_object_get(document, "x-operations"), id, operation)
		derive_operation(&derivation, id, operation);
	means->files[means->file_count++] = read_statements("derived.sql", out);
}
