/* What the parts of weave share that make an operation whole: its parameters, body and answers. */
#pragma once

#include <string.h>

#include "weave.h"

/* The operation that is made whole. */
struct making {
	json_t *document;
	json_t *operation;
	const char *id;
	const char *path;
	const char *method;
	struct thing thing; /* what its kind is about; its name is NULL where it has no kind */
	json_t *kind;       /* the template, filled; owned */
	json_t *answer;     /* status, description, of, …; owned */
};

static inline const char *string_of(json_t *node, const char *name)
{
	return json_string_value(json_object_get(node, name));
}

bool has_component(struct making *making, const char *section, const char *name);

/* Returns {$ref} to a component, which must be there; a new reference. */
json_t *component_of(struct making *making, const char *section, const char *name);

bool has_member(struct making *making, const char *schema, const char *member);

/* Adds the parameters of the kind and the sort to those that the operation names. */
void add_parameters(struct making *making);

/* True when the operation takes the parameter of that name. */
bool has_parameter(struct making *making, const char *name);

/* Adds the body: of the kind, or as the operation says. */
void add_body(struct making *making);

/* Adds CSV and NDJSON to the media types, with a sample of each. */
void add_file_types(struct making *making, json_t *content);

/* Adds the answers: the one of success, and the statuses that follow from what the operation takes
 * and from its problems. */
void add_responses(struct making *making);

/* Says where the object that is made can be read. */
void add_location(struct making *making);
