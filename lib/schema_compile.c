/* schema_compile.c: from the contract's JSON to rules. Schemas are compiled one after the other, in
 * the order in which they are met, then settled: what follows from the schemas that apply in the
 * same place is worked out once. */
#include "schema_compile.h"

#include <stdlib.h>
#include <string.h>

/* A pattern that the set owns. */
struct owned_pattern {
	struct pattern *pattern;
	struct owned_pattern *next;
};

struct schema_set {
	const json_t *document;
	struct arena arena;
	struct schema *schemas; /* by node; in the order in which they were met */
	struct owned_pattern *patterns;
	json_t *kept; /* an array: what schemas are compiled from, and sources made of several */
	bool is_broken;
};

/* The set */

struct schema_set *schema_set_new(const json_t *document)
{
	struct schema_set *set = calloc(1, sizeof *set);
	if (set == NULL)
		return NULL;
	arena_init(&set->arena);
	set->document = document;
	set->kept = json_array();
	if (set->kept == NULL) {
		free(set);
		return NULL;
	}
	return set;
}

void schema_set_free(struct schema_set *set)
{
	if (set == NULL)
		return;
	HASH_CLEAR(hh, set->schemas);
	for (struct owned_pattern *owned = set->patterns; owned != NULL; owned = owned->next)
		pattern_free(owned->pattern);
	json_decref(set->kept);
	arena_done(&set->arena);
	free(set);
}

void *compiler_take(struct compiler *compiler, size_t count, size_t size)
{
	return arena_take(&compiler->set->arena, count * size);
}

/* Meeting schemas */

const char *compiler_pointer(struct compiler *compiler, const char *pointer, const char *token)
{
	size_t length = strlen(pointer);
	char *child = compiler_take(compiler, length + 2 * strlen(token) + 2, 1);
	if (child == NULL)
		return NULL;
	memcpy(child, pointer, length);
	child[length++] = '/';
	for (; *token != '\0'; token++) {
		bool is_special = *token == '~' || *token == '/';
		child[length++] = is_special ? '~' : *token;
		if (is_special)
			child[length++] = *token == '~' ? '0' : '1';
	}
	return child;
}

struct schema *compiler_meet(struct compiler *compiler, const json_t *node, const char *pointer)
{
	struct schema *schema = NULL;
	if (pointer == NULL)
		return NULL;
	if (!json_is_object(node) && !json_is_boolean(node)) {
		schema_refuse(compiler->error, pointer, "a schema must be an object or a boolean");
		return NULL;
	}
	HASH_FIND_PTR(compiler->set->schemas, &node, schema);
	if (schema != NULL)
		return schema;
	schema = compiler_take(compiler, 1, sizeof *schema);
	if (schema == NULL)
		return NULL;
	*schema = (struct schema){
		.node = node,
		.pointer = pointer,
		.types = KIND_ANY,
		.length_max = SIZE_MAX,
		.items_max = SIZE_MAX,
		.members_max = SIZE_MAX,
	};
	HASH_ADD_PTR(compiler->set->schemas, node, schema);
	if (schema->hh.tbl == NULL ||
		json_array_append(compiler->set->kept, json_walkable(node)) != 0)
		return NULL;
	if (compiler->first == NULL)
		compiler->first = schema;
	return schema;
}

struct schema *compiler_meet_below(
	struct compiler *compiler, const char *pointer, const char *token, const json_t *node)
{
	return compiler_meet(compiler, node, compiler_pointer(compiler, pointer, token));
}

/* A member that is required and described needs no look-up of its own when a value is checked. */
static void mark_required(struct schema *schema)
{
	for (size_t i = 0; i < schema->properties.count; i++) {
		struct name *property = &schema->properties.items[i];
		for (size_t k = 0; k < schema->required.count && !property->is_required; k++)
			property->is_required = name_order(schema->required.items[k],
							property->text) == 0;
	}
}

static bool compile_node(struct compiler *compiler, struct schema *schema)
{
	schema->is_false = json_is_false(schema->node);
	if (!json_is_object(schema->node))
		return true;
	const char *name = NULL;
	json_t *value = NULL;
	json_object_foreach (json_walkable(schema->node), name, value) {
		if (!compiler_keyword(compiler, schema, name, value))
			return false;
	}
	mark_required(schema);
	return true;
}

struct pattern *compiler_own_pattern(
	struct compiler *compiler, struct slice source, const char *pointer)
{
	struct owned_pattern *owned = compiler_take(compiler, 1, sizeof *owned);
	if (owned == NULL)
		return NULL;
	struct text reason;
	text_init(&reason);
	owned->pattern = pattern_new(source, &reason);
	if (owned->pattern == NULL && reason.bytes != NULL)
		schema_refuse(compiler->error, pointer, "%s", reason.bytes);
	text_done(&reason);
	owned->next = compiler->set->patterns;
	compiler->set->patterns = owned;
	return owned->pattern;
}

/* The whole */

static bool compile_all(struct compiler *compiler)
{
	for (struct schema *schema = compiler->first; schema != NULL; schema = schema->hh.next) {
		if (!compile_node(compiler, schema))
			return false;
	}
	for (struct schema *schema = compiler->first; schema != NULL; schema = schema->hh.next) {
		if (!schema_settle(schema, compiler->set->kept, compiler->error))
			return false;
	}
	return true;
}

const struct schema *schema_compile(
	struct schema_set *set, const json_t *node, const char *pointer, struct text *ret_error)
{
	struct compiler compiler = {.set = set, .document = set->document, .error = ret_error};
	size_t length = ret_error->length;
	if (set->is_broken) {
		schema_refuse(
			ret_error, pointer, "another schema of the document was refused before");
		return NULL;
	}
	const char *place = arena_copy(&set->arena, pointer, strlen(pointer));
	struct schema *schema = compiler_meet(&compiler, node, place);
	set->is_broken = schema == NULL || !compile_all(&compiler);
	if (set->is_broken && ret_error->length == length)
		schema_refuse(ret_error, pointer, "there is no memory left");
	return set->is_broken ? NULL : schema;
}
