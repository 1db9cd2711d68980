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

enum { REFERENCES_MAX = 12 };

/* A member region_id with its natural key beside it. */
struct reference {
	char stem[48];       /* region */
	char code[64];       /* what a client calls the natural key: region_code, sku */
	const char *problem; /* region_unknown */
	struct table target;
	const char *key; /* the column of the target: code, sku */
	bool is_needed;
};

/* True when the objects of a schema are a partner's. */
bool belongs_to_partner(const struct derivation *derivation, const char *schema);

/* A statement that adds an object or changes it. */
struct writing {
	const struct derivation *derivation;
	const char *id, *schema;
	json_t *operation;
	json_t *members; /* those that a client writes */
	json_t *key;     /* x-key; NULL: there is none */
	struct table table;
	struct reference references[REFERENCES_MAX];
	size_t reference_count;
	bool is_change;
};

/* Finds what a statement writes, and begins it. */
void begin_writing(struct writing *writing);

/* Returns a schema of the document. */
json_t *schema_named(const struct writing *writing, const char *name);

/* True when an object always has the member: its schema says so, whatever a client must bring. */
bool is_always_there(const struct writing *writing, const char *member);

/* Returns where the next of the faults is to be written. */
struct text *next_fault(const struct writing *writing);

/* Finds the references among the members that a client writes. */
void find_pairs(struct writing *writing);

/* Returns the reference that a member is a half of, or NULL. */
const struct reference *pair_of(const struct writing *writing, const char *member);

/* Write what the references become: columns of the row, the joins that look them up, and what
 * refuses them. */
void append_pair_columns(const struct writing *writing);
void append_pair_joins(const struct writing *writing);
void append_pair_faults(const struct writing *writing);

/* Derive the statement of an operation that adds an object of a schema, or changes one. */
void derive_creation(const struct derivation *derivation, const char *id, const char *schema);
void derive_change(const struct derivation *derivation, const char *id, const char *schema);

/* Derives the statement of an operation that moves the status of an object of a schema. */
void derive_move(const struct derivation *derivation, const char *id, const char *schema);

/* Derives the list of the moves that were kept, if the schema is one of such. */
void derive_move_list(const struct derivation *derivation, const char *id, const char *schema);
