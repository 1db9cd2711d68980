/* JSON Schema 2020-12 as far as the contract uses it: compiled once, then checked by any thread.
 *
 * Keywords: $ref (to a JSON pointer of the same document), $defs, type, enum, const, properties,
 * required, additionalProperties, patternProperties, propertyNames, minProperties, maxProperties,
 * dependentRequired, items, prefixItems, minItems, maxItems, uniqueItems, minLength, maxLength,
 * pattern, format (date, date-time, uuid, and business-date: a date within bounds that format.h
 * has; asserted), minimum, maximum, exclusiveMinimum, exclusiveMaximum, allOf, anyOf, oneOf, not,
 * if, then, else; and the annotations title, description, default, example, examples, readOnly,
 * writeOnly, deprecated, $comment, x-…. A schema that uses another keyword is refused when it is
 * compiled, and so is one that leads back to itself without going deeper into the value. $schema
 * may name 2020-12.
 *
 * Patterns are ECMA-262 with Unicode. A string of more than 8 KiB that a pattern applies to is
 * refused ("too_long"), and an integer that 64 bits do not hold ("too_large").
 */
#pragma once

#include <jansson.h>

#include "fault.h"
#include "text.h"

struct schema_set; /* the compiled schemas of one document */
struct schema;     /* one of them; constant, lives as long as its set */

enum schema_mode {
	SCHEMA_WHOLE, /* a complete value; readOnly members are refused, even required ones */
	SCHEMA_PATCH, /* a merge patch: nothing is required, null removes what is not required */
	SCHEMA_ANSWER /* a complete value of ours: readOnly members are welcome */
};

/* Makes an empty set over `document`, which must outlive the compiling; what compiled schemas refer
 * to, the set keeps. NULL when memory is exhausted. */
struct schema_set *schema_set_new(const json_t *document);
void schema_set_free(struct schema_set *set);

/* Returns the compiled form of `node` (a schema within the set's document), compiling what it
 * refers to; or NULL with one line in `ret_error` that names the place and the fault. */
const struct schema *schema_compile(
	struct schema_set *set, const json_t *node, const char *pointer, struct text *ret_error);

/* Adds to `faults` every fault of `value`, with its JSON pointer. Faults of anyOf and oneOf are
 * those of the branch that came closest, or one of code "any_of" / "one_of"; where every branch is
 * a list of required members, one of code "required" that names them. In a patch, a rule that
 * depends on what is absent (dependentRequired, minProperties, `not` with `required`) is broken
 * only if it is whatever the patch is applied to. */
void schema_check(const struct schema *schema, const json_t *value, enum schema_mode mode,
	struct fault_list *faults);

/* Checks a value that came as text (a query parameter, a CSV cell): numbers and booleans in their
 * JSON form (an integer has neither fraction nor exponent), arrays and objects as JSON, all else as
 * it is. Faults carry `pointer`; bytes that are no UTF-8 are one of code "invalid_utf8". */
void schema_check_text(const struct schema *schema, struct slice value, const char *pointer,
	struct fault_list *faults);

/* Returns the schema of the member `name`, looking through $ref and allOf, or NULL. */
const struct schema *schema_member(const struct schema *schema, const char *name);

/* Returns the schema of the items of an array, looking through $ref, or NULL. */
const struct schema *schema_items(const struct schema *schema);

/* Calls `visit` for every member of an object schema (through $ref and allOf), in the order of the
 * document. */
typedef void schema_visit_function(
	void *ctx, const char *name, const struct schema *schema, bool is_required);
void schema_each_member(const struct schema *schema, schema_visit_function *visit, void *ctx);

/* Returns the JSON that the schema was compiled from, with $ref resolved: what stands beside a $ref
 * is laid over what it leads to. */
const json_t *schema_source(const struct schema *schema);

bool schema_is_read_only(const struct schema *schema);

/* True when the schema's type allows `type`: "string", "integer", "array", … */
bool schema_allows_type(const struct schema *schema, const char *type);
