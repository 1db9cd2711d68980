/* YAML into JSON values: mappings, sequences and scalars of the core schema, anchors, no tags. */
#pragma once

#include <jansson.h>

#include "text.h"

/* Returns the one document of `source` as a new reference, or NULL with a line in `ret_error` that
 * names line and column. Duplicate keys are refused; the order of keys is kept. Plain scalars
 * follow the core schema (null, true, 1, 1.5); quoted ones are strings. */
json_t *yaml_read(struct slice source, struct text *ret_error);
