/* What the parts of weave share. A fault ends it. */
#pragma once

#include <jansson.h>

#include "text.h"

/* Says why a file cannot be woven, and ends. */
void die(const char *file, const char *why) __attribute__((noreturn));

/* Returns the content of a file; to be released. */
struct text read_file(const char *path);

/* Writes bytes as an array of C. */
void append_bytes(struct text *out, const char *name, struct slice bytes);

/* Adds to each operation of the contract what x-every-operation says, and to each list what
 * x-every-list says; takes both out. */
void complete_contract(json_t *document);

/* Adds what x-expands of the schemas means for the operations, by x-every-expansion, and takes that
 * out. */
void complete_expansions(json_t *document);

/* Returns the $ref of what an operation answers with 200, as JSON; NULL: none, or no component. */
const char *answer_reference(json_t *operation);

/* Returns the schema that a $ref leads to, or NULL. */
json_t *find_component(json_t *document, const char *reference);

/* Returns the enums of the contract, {name: [value, …]}; a new reference. Each is named by x-enum,
 * but for sorts and where x-enum is false, whose values are for programs only. */
json_t *enums_of(const char *path, json_t *document);

/* The catalogues of languages/, one after the other. */
struct catalogues {
	struct text *out;
	json_t *enums; /* of the contract; released at the end */
	int count;
	struct text languages, labels; /* the lists that are growing */
};

/* Weaves a catalogue: its messages are sorted, to be searched; its labels become what listEnums
 * answers. A value without a label ends weave, and so does a label without a value. */
void weave_catalogue(struct catalogues *catalogues, const char *path);

/* Writes the lists. */
void weave_catalogues_end(struct catalogues *catalogues);
