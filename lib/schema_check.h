/* Holding a value against a compiled schema. */
#pragma once

#include "schema_report.h"

/* Returns whether `value` satisfies a schema; adds the faults that the check's effort asks for. */
typedef bool check_function(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place);

check_function check_value;

/* The parts of it for objects, and for the schemas that apply to the same value. */
check_function check_object, check_in_place;

/* Returns the view of a JSON value. */
struct value value_of(const json_t *json);

/* True when no more need be found out. */
bool is_enough(const struct check *check, bool is_valid);

/* True when the value is a merge patch, not a whole. */
bool is_patch(const struct check *check);

/* Returns the ending of a noun that is counted. */
const char *plural(size_t count);
