/* What the parts of weave share that derive statements from others. */
#pragma once

#include "weave.h"

struct derivation {
	json_t *document;
	const struct means *means;
	struct text *out;
};

/* A table that a statement reads, and what it calls it there. */
struct table {
	char name[64], alias[64];
};

/* Returns the statement that says from which table the objects of a schema are read, or NULL. */
const struct sql_statement *reading(const struct derivation *derivation, const char *schema);

/* Returns the table that a read is from; ends weave where it does not say so plainly. */
struct table table_of(const struct sql_statement *read, const char *id);

/* Derive the statement of an operation that adds an object of a schema, or changes one. */
void derive_creation(const struct derivation *derivation, const char *id, const char *schema);
void derive_change(const struct derivation *derivation, const char *id, const char *schema);
