/* The compiled form of a schema: what schema_compile.c and schema_settle.c make, and schema_check.c
 * goes by. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION HASH_BER /* the default one falls through its cases unannotated */
#include <uthash.h>

#include "arena.h"
#include "json.h"
#include "pattern.h"
#include "schema.h"
#include "text.h"

/* What a value is, as bits: a schema's types are a set of them. */
enum {
	KIND_NULL = 1,
	KIND_BOOLEAN = 2,
	KIND_INTEGER = 4, /* 1.0 too */
	KIND_FRACTION = 8,
	KIND_STRING = 16,
	KIND_ARRAY = 32,
	KIND_OBJECT = 64,
	KIND_NUMBER = KIND_INTEGER | KIND_FRACTION,
	KIND_ANY = 127,
	IN_PLACE = 128, /* not a kind: rules that are schemas for the same value */
};

/* A name of a set; in `properties`, with what stands behind it. */
struct name {
	struct slice text;
	struct schema *schema;
	bool is_required;
};

struct names {
	struct name *items; /* in the order of name_order */
	size_t count;
};

struct slices {
	struct slice *items; /* in the order of the document */
	size_t count;
};

struct schema_list {
	struct schema **items;
	size_t count;
};

struct dependency {
	struct slice name;
	struct slices required;
};

struct pattern_property {
	struct pattern *pattern;
	struct schema *schema;
};

struct bound {
	bool is_set;
	struct json_number number;
};

typedef bool format_function(struct slice text);

struct format {
	const char *name;
	const char *article; /* how a sentence calls it */
	format_function *is_valid;
};

struct schema {
	const json_t *node;   /* kept by the set */
	const json_t *source; /* with $ref resolved */
	const char *pointer;
	UT_hash_handle hh; /* by node */

	unsigned types;    /* that `type` allows */
	unsigned accepted; /* that anything in place allows */
	unsigned ruled;    /* kinds that any rule below is about */
	int rule_count;
	bool is_false;
	bool is_read_only;
	bool is_settled, is_settling;
	unsigned cost; /* schemas that one value may meet in place */

	const json_t *constant;
	const json_t *enumeration; /* an array; its strings are also in `strings` */
	struct names strings;

	struct schema *reference;
	struct schema_list all_of, any_of, one_of;
	struct schema *negated, *condition, *consequence, *alternative;

	struct bound minimum, maximum, exclusive_minimum, exclusive_maximum;

	size_t length_min, length_max;
	struct pattern *pattern;
	struct slice pattern_source;
	const struct format *format;

	size_t items_min, items_max;
	struct schema_list first_items;
	struct schema *items;
	bool has_unique_items;

	size_t members_min, members_max;
	struct names properties;
	struct slices required;
	struct schema *additional, *member_names;
	struct pattern_property *pattern_properties;
	size_t pattern_property_count;
	struct dependency *dependencies;
	size_t dependency_count;
};

/* Works out what the schema and those in its place say together; what it makes goes into `kept`.
 * Returns false, with a line in `ret_error`, for a schema that leads back to itself. */
bool schema_settle(struct schema *schema, json_t *kept, struct text *ret_error);

/* Appends "pointer: reason" to `error` and returns false. */
bool schema_refuse(struct text *error, const char *pointer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The order of names in a set: by length first, which tells most of them apart at once. */
int name_order(struct slice left, struct slice right);

/* Returns the name in the set, or NULL. */
const struct name *names_find(const struct names *names, struct slice text);

/* Returns the kind of a value. */
unsigned kind_of(const json_t *json);

/* Returns the kinds that the name of a type stands for, or 0. */
unsigned kinds_named(const char *name);
