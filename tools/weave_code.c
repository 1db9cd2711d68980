/* The part of weave that writes the code of plain operations: one that no C file has runs the
 * statement of its name, and a write is followed by the read of what it wrote. */
#include <string.h>

#include "weave.h"

/* Returns the schema of the object that an operation answers with success, or NULL. */
static const char *answered_schema(json_t *operation)
{
	const char *status, *reference = NULL;
	json_t *response;
	json_object_foreach (json_object_get(operation, "responses"), status, response)
		if (status[0] == '2')
			json_unpack(response, "{s:{s:{s:{s:s}}}}", "content", "application/json",
				"schema", "$ref", &reference);
	return reference == NULL ? NULL : strrchr(reference, '/') + 1;
}

/* "/v1/regions/import" imports regions. */
static void append_import(struct text *out, const char *id, const char *path)
{
	const char *things = id + strlen("import"), *resource = path + strlen("/v1/");
	if (strncmp(id, "import", strlen("import")) != 0)
		die_of(id, "imports, so its name begins with import");
	text_append_printf(out,
		"OPERATION(%s) = {.stream = &import_stream,\n\t.import = &(const struct "
		"import_statements){\n\t\t\"%.*s\", SQL(stage%s), SQL(judge%s), SQL(post%s)}};\n",
		id, (int)strcspn(resource, "/"), resource, things, things, things);
}

static void append_operation(
	json_t *document, json_t *operation, const char *method, struct text *out)
{
	const char *id = json_string_value(json_object_get(operation, "operationId"));
	const char *schema = answered_schema(operation);
	const char *reader = schema == NULL || strcmp(method, "get") == 0
				     ? NULL
				     : operation_of_kind(document, "x-reads", schema);
	text_append_printf(out, "OPERATION(%s) = {.sql = SQL(%s)", id, id);
	if (reader != NULL)
		text_append_printf(out, ", .then = SQL(%s)", reader);
	text_append_string(out, "};\n");
}

void weave_code(json_t *document, const char *written, struct text *out)
{
	const char *path, *method, *id;
	json_t *item, *operation;
	text_append_string(out,
		"/* Made by weave: the operations that need no C of their own. */\n"
		"#include \"contract/operation.h\"\n#include \"imports/import.h\"\n\n");
	json_object_foreach (json_object_get(document, "paths"), path, item) {
		json_object_foreach (item, method, operation) {
			id = json_string_value(json_object_get(operation, "operationId"));
			if (id == NULL || words_have(written, slice_of(id)))
				continue;
			if (json_object_get(operation, "x-imports") != NULL)
				append_import(out, id, path);
			else
				append_operation(document, operation, method, out);
		}
	}
}
