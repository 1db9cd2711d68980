/* The part of weave that knows roles. A room says what each role may with what it has; from that
 * follow the table that the server permits by, the scopes that a key may name, and the table in the
 * description. An administrator may everything; managers and analysts read what a room does not
 * close to them. */
#include <stdio.h>
#include <string.h>

#include "weave.h"

static const char *const roles[] = {"manager", "analyst", "partner"};

enum { ROLE_COUNT = sizeof roles / sizeof *roles };

/* What a room may say that a role may; with "if named" only by a key whose own scopes name it. */
static const char grants[] = "read write";

static bool is_staff(const char *role)
{
	return strcmp(role, "partner") != 0;
}

bool role_may(json_t *room, const char *role, const char *grant)
{
	json_t *given = json_object_get(room, role), *one;
	size_t i;
	if (given == NULL)
		return is_staff(role) && strcmp(grant, "read") == 0;
	json_array_foreach (given, i, one)
		if (strcmp(json_string_value(one), grant) == 0)
			return true;
	return false;
}

/* A misspelt role or right would give or close nothing, and nobody would notice. */
static void check_room(const char *tag, json_t *room)
{
	const char *role;
	json_t *given, *one;
	size_t i;
	json_object_foreach (room, role, given) {
		if (!words_have("manager analyst partner", slice_of(role)))
			die_of(tag, "has rights for %s; the roles are manager, analyst and partner",
				role);
		json_array_foreach (given, i, one) {
			struct slice word, rest = slice_of(json_string_value(one));
			slice_split(&rest, ' ', &word);
			if (!words_have(grants, word))
				die_of(tag,
					"gives the right %s; the rights are read and write, "
					"each with or without \"if named\"",
					json_string_value(one));
		}
	}
}

static void append_scopes(json_t *rooms, const char *role, const char *suffix, struct text *out)
{
	const char *tag;
	json_t *room;
	json_object_foreach (rooms, tag, room) {
		struct slice rest = slice_of(grants), grant;
		while (slice_split(&rest, ' ', &grant)) {
			char full[32];
			snprintf(full, sizeof full, "%.*s%s", (int)grant.length, grant.bytes,
				suffix);
			if (role_may(room, role, full))
				text_append_printf(
					out, "%s:%.*s ", tag, (int)grant.length, grant.bytes);
		}
	}
}

void weave_roles(json_t *document, struct text *out)
{
	json_t *rooms = json_object_get(document, "x-roles"), *room;
	const char *tag;
	json_object_foreach (rooms, tag, room)
		check_room(tag, room);
	text_append_string(out, "const struct woven_grant woven_grants[] = {\n");
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		text_append_printf(out, "\t{\"%s\",\n\t\t\"", roles[i]);
		append_scopes(rooms, roles[i], "", out);
		text_append_string(out, "\",\n\t\t\"");
		append_scopes(rooms, roles[i], " if named", out);
		text_append_string(out, "\"},\n");
	}
	text_append_string(out, "\t{0}};\n\n");
}

/* Lists what a role may, or, where it is most, what it may not. */
static void append_list(json_t *rooms, const char *role, const char *grant, struct text *out)
{
	const char *tag;
	json_t *room;
	size_t count = 0, total = json_object_size(rooms);
	char named[32];
	snprintf(named, sizeof named, "%s if named", grant);
	json_object_foreach (rooms, tag, room)
		count += role_may(room, role, grant);
	bool is_most = is_staff(role) && 2 * count > total;
	text_append_string(out, is_most ? "everything but " : "");
	const char *separator = "";
	json_object_foreach (rooms, tag, room) {
		bool is_named = role_may(room, role, named);
		if (!is_named && role_may(room, role, grant) == is_most)
			continue;
		text_append_printf(
			out, "%s`%s`%s", separator, tag, is_named ? " if its scopes name it" : "");
		separator = ", ";
	}
}

/* Puts the table of roles where the description has the mark. */
static void add_role_table(json_t *document, json_t *rooms)
{
	static const char mark[] = "{roles}\n";
	json_t *info = json_object_get(document, "info");
	const char *description = json_string_value(json_object_get(info, "description"));
	const char *place = description == NULL ? NULL : strstr(description, mark);
	if (place == NULL)
		return;
	struct text out = {0};
	text_append(&out, description, (size_t)(place - description));
	text_append_string(&out, "| role | reads | writes |\n| --- | --- | --- |\n"
				 "| `admin` | everything | everything |\n");
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		text_append_printf(&out, "| `%s` | ", roles[i]);
		append_list(rooms, roles[i], "read", &out);
		text_append_string(&out, " | ");
		append_list(rooms, roles[i], "write", &out);
		text_append_string(&out, " |\n");
	}
	text_append_string(&out, place + strlen(mark));
	json_object_set_new(info, "description", json_string(out.bytes));
	text_done(&out);
}

/* Writes down which scopes there are. */
static void add_scope_pattern(json_t *document, json_t *rooms)
{
	struct text out = {0};
	const char *tag;
	json_t *room;
	text_append_string(&out, "^(");
	json_object_foreach (rooms, tag, room)
		text_append_printf(&out, "%s%s", out.length > 2 ? "|" : "", tag);
	text_append_string(&out, "):(read|write)$");
	json_t *scope = json_object_get(schemas_of(document), "Scope");
	if (scope != NULL)
		json_object_set_new(scope, "pattern", json_string(out.bytes));
	text_done(&out);
}

void complete_roles(json_t *document)
{
	json_t *rooms = json_object_get(document, "x-roles");
	add_role_table(document, rooms);
	add_scope_pattern(document, rooms);
}
