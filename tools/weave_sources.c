/* The part of weave that reads the contract's sources: server/contract.yaml, which has what all
 * share, and the contract.yaml of each room. They become one document, still in the short form. */
#include <string.h>

#include "weave.h"
#include "yaml.h"

/* What a room may say, besides its tag, its permission and its paths. Components of the document
 * have the same names. */
static const char *const component_sections[] = {
	"schemas", "parameters", "headers", "responses", "examples", "securitySchemes"};

enum { SECTION_COUNT = sizeof component_sections / sizeof *component_sections };

static const char room_members[] = "tag permission roles problems paths schemas parameters headers "
				   "responses examples securitySchemes";

/* Adds every member of `from` to `to`; one that is there already ends weave. */
static void add_all(const char *path, json_t *to, json_t *from, const char *what)
{
	const char *name;
	json_t *value;
	json_object_foreach (from, name, value) {
		if (json_object_get(to, name) != NULL)
			die_of(path, "the %s %s is there already; give it another name", what,
				name);
		json_object_set(to, name, value);
	}
}

static json_t *section_of(json_t *document, const char *name)
{
	json_t *components = json_object_get(document, "components");
	if (json_object_get(components, name) == NULL)
		json_object_set_new(components, name, json_object());
	return json_object_get(components, name);
}

/* Returns the name of a room's tag, which it makes or which another room has made. */
static const char *take_tag(json_t *document, json_t *room)
{
	json_t *tag = json_object_get(room, "tag");
	if (json_is_string(tag) || tag == NULL)
		return json_string_value(tag);
	json_array_append(json_object_get(document, "tags"), tag);
	return json_string_value(json_object_get(tag, "name"));
}

/* Says of an operation what follows from where it stands. */
static void settle(const struct room *room, json_t *operation, const char *method)
{
	const char *access = strcmp(method, "get") == 0 ? "read" : "write";
	if (json_object_get(operation, "tags") == NULL && room->tag != NULL)
		json_object_set_new(operation, "tags", json_pack("[s]", room->tag));
	if (json_object_get(operation, "security") == NULL && room->permission != NULL)
		json_object_set_new(operation, "security",
			json_pack("[{s:[o]}]", "key",
				json_sprintf("%s:%s", room->permission, access)));
}

static void take_operations(json_t *document, const struct room *room, json_t *paths)
{
	json_t *seen = json_object_get(document, "x-operations");
	const char *template, *method;
	json_t *path, *operation;
	json_object_foreach (paths, template, path) {
		json_object_foreach (path, method, operation) {
			const char *id = json_string_value(
				json_object_get(operation, "operationId"));
			if (strcmp(method, "parameters") == 0)
				continue;
			if (id == NULL)
				die_of(room->path, "%s %s needs an operationId", method, template);
			if (json_object_get(seen, id) != NULL)
				die_of(room->path,
					"the operationId %s is there already; give it another "
					"name",
					id);
			json_object_set(seen, id, operation);
			settle(room, operation, method);
		}
	}
	add_all(room->path, json_object_get(document, "paths"), paths, "path");
}

/* Says in the roles of the document what the room's tag means to each. */
static void take_roles(json_t *document, const struct room *room, json_t *roles)
{
	if (room->tag == NULL || room->permission == NULL ||
		strcmp(room->tag, room->permission) != 0)
		return;
	json_object_set_new(json_object_get(document, "x-roles"), room->permission,
		roles == NULL ? json_object() : json_incref(roles));
}

/* Says what the room asks for of whoever reads what else stands in its folder. */
static void take_folder(json_t *document, const struct room *room)
{
	const char *slash = strrchr(room->path, '/');
	if (slash != NULL && room->permission != NULL)
		json_object_setn_new(json_object_get(document, "x-folders"), room->path,
			(size_t)(slash - room->path), json_string(room->permission));
}

static void take_room(json_t *document, const char *path, json_t *source)
{
	const char *tag = take_tag(document, source);
	const char *permission = json_string_value(json_object_get(source, "permission"));
	struct room room = {
		.path = path, .tag = tag, .permission = permission == NULL ? tag : permission};
	if (json_is_false(json_object_get(source, "permission")))
		room.permission = NULL;
	take_operations(document, &room, json_object_get(source, "paths"));
	take_folder(document, &room);
	if (json_is_object(json_object_get(source, "tag")))
		take_roles(document, &room, json_object_get(source, "roles"));
	add_all(path, json_object_get(document, "x-problems"), json_object_get(source, "problems"),
		"problem");
	for (size_t i = 0; i < SECTION_COUNT; i++)
		add_all(path, section_of(document, component_sections[i]),
			json_object_get(source, component_sections[i]), component_sections[i]);
}

/* What stands beside the members of a room is the document's own; only the first source has it. */
static void take_document(json_t *document, const char *path, json_t *source, bool is_first)
{
	const char *name;
	json_t *value;
	json_object_foreach (source, name, value) {
		if (words_have(room_members, slice_of(name)))
			continue;
		if (!is_first)
			die_of(path, "a room has no member %s; it may have: %s", name,
				room_members);
		json_object_set(document, name, value);
	}
}

json_t *read_yaml(const char *path)
{
	struct text source = read_file(path), error = {0};
	json_t *value = yaml_read((struct slice){source.bytes, source.length}, &error);
	if (value == NULL)
		die(path, error.bytes);
	text_done(&source);
	return value;
}

json_t *read_contract(const char *const *paths, size_t count)
{
	json_t *document = json_object();
	for (size_t i = 0; i < count; i++) {
		json_t *source = read_yaml(paths[i]);
		take_document(document, paths[i], source, i == 0);
		if (i == 0)
			json_object_update_new(
				document, json_pack("{s:[], s:{}, s:{}, s:{}, s:{}, s:{}, s:{}}",
						  "tags", "paths", "components", "x-problems",
						  "x-roles", "x-operations", "x-folders"));
		take_room(document, paths[i], source);
		json_decref(source);
	}
	return document;
}
