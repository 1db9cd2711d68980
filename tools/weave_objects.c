/* The part of weave that knows what is kept of objects. The access.sql of a room names its tables,
 * which are what the logs call their objects: whoever may read the room may read of them there.
 * And `x-sensitive` says what no log keeps, whoever reads it: of a member, or as a list of the
 * columns of the schema's table that are no members. What is `writeOnly` is such a member, too. */
#include <ctype.h>
#include <string.h>

#include "weave.h"

static const char access_file[] = "/access.sql";

/* Adds the tables that an access.sql opens, each once. */
static void append_tables(const char *sql, struct text *out)
{
	static const char *const marks[] = {
		"access_shared('", "access_of_partner('", "access_begin('"};
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		const char *place = strstr(sql, marks[i]);
		for (; place != NULL; place = strstr(place, marks[i])) {
			place += strlen(marks[i]);
			text_append_printf(out, "%s%.*s", out->length == 0 ? "" : " ",
				(int)strcspn(place, "'"), place);
		}
	}
}

/* Returns what the room in the folder of a file asks for, or NULL. */
static const char *permission_beside(json_t *document, const char *path)
{
	struct text folder = {0};
	text_append(&folder, path, strlen(path) - strlen(access_file));
	const char *permission = json_string_value(
		json_object_get(json_object_get(document, "x-folders"), folder.bytes));
	text_done(&folder);
	return permission;
}

static void append_room(json_t *document, const char *path, struct text *out)
{
	struct text sql = read_file(path), tables = {0};
	const char *permission = permission_beside(document, path);
	append_tables(sql.bytes, &tables);
	if (permission != NULL && tables.length > 0)
		text_append_printf(out, "\t{\"%s:read\", \"%s\"},\n", permission, tables.bytes);
	text_done(&tables);
	text_done(&sql);
}

void weave_objects(json_t *document, const struct means *means, struct text *out)
{
	text_append_string(out, "const struct woven_room woven_rooms[] = {\n");
	for (size_t i = 0; i < means->path_count; i++) {
		const char *path = means->paths[i];
		if (has_ending(path, access_file))
			append_room(document, path, out);
	}
	text_append_string(out, "\t{0}};\n\n");
}

void append_table(struct text *out, const char *schema)
{
	for (const char *c = schema; *c != '\0'; c++) {
		if (isupper((unsigned char)*c) && c != schema)
			text_append_char(out, '_');
		text_append_char(out, (char)tolower((unsigned char)*c));
	}
}

static void add_column(struct text *columns, const char *name)
{
	text_append_printf(columns, "%s%s", columns->length == 0 ? "" : ",", name);
}

/* Adds what is sensitive of a schema: columns, and members. */
static void add_sensitive(json_t *schema, struct text *columns)
{
	json_t *column, *member;
	const char *name;
	size_t i;
	json_array_foreach (json_object_get(schema, "x-sensitive"), i, column)
		add_column(columns, json_string_value(column));
	json_object_foreach (json_object_get(schema, "properties"), name, member)
		if (json_is_true(json_object_get(member, "x-sensitive")) ||
			json_is_true(json_object_get(member, "writeOnly")))
			add_column(columns, name);
}

/* Takes the words for it out of a schema and its members: they are for weave only. */
static void forget_sensitive(json_t *schema)
{
	const char *name;
	json_t *member;
	json_object_del(schema, "x-sensitive");
	json_object_foreach (json_object_get(schema, "properties"), name, member)
		json_object_del(member, "x-sensitive");
}

void append_sensitive(json_t *document, struct text *out)
{
	json_t *things = things_of(document), *kinds, *schema;
	const char *name;
	text_append_string(out,
		"-- What the audit log does not keep, as the contract has it (x-sensitive).\n");
	json_object_foreach (things, name, kinds) {
		struct text columns = {0};
		add_sensitive(json_object_get(schemas_of(document), name), &columns);
		if (columns.length > 0) {
			text_append_string(out, "select audit_keep('");
			append_table(out, name);
			text_append_printf(out, "', '{%s}');\n", columns.bytes);
		}
		text_done(&columns);
	}
	json_object_foreach (schemas_of(document), name, schema)
		forget_sensitive(schema);
	json_decref(things);
}
