/* What the functions of the keywords need while a schema is compiled. */
#pragma once

#include "schema_rules.h"

struct compiler {
	struct schema_set *set;
	const json_t *document;
	struct schema *first; /* that this run met */
	struct text *error;
};

/* Returns zeroed memory that lives as long as the set, or NULL. */
void *compiler_take(struct compiler *compiler, size_t count, size_t size);

/* Returns `pointer` with another token, escaped as RFC 6901 says; or NULL. */
const char *compiler_pointer(struct compiler *compiler, const char *pointer, const char *token);

/* Returns the schema of `node`, which is compiled later unless it was met before; or NULL. */
struct schema *compiler_meet(struct compiler *compiler, const json_t *node, const char *pointer);

/* The same for the node at `token` below `pointer`. */
struct schema *compiler_meet_below(
	struct compiler *compiler, const char *pointer, const char *token, const json_t *node);

/* Returns a pattern that the set owns; or NULL. */
struct pattern *compiler_own_pattern(
	struct compiler *compiler, struct slice source, const char *pointer);

/* Compiles one member of a schema's object; false, with the error, for a keyword that is not
 * supported or has a value that it cannot have. */
bool compiler_keyword(
	struct compiler *compiler, struct schema *schema, const char *name, const json_t *value);
