/* schema_settle.c: what follows from the schemas that apply in one place, worked out once they are
 * all compiled: the types that pass, whether a member is read only, what $ref leads to; and that no
 * value will be checked without end. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schema_rules.h"

/* A value may meet so many schemas in one place; more is a mistake, or doubles at every step. */
enum { COST_MAX = 4096 };

struct settler {
	json_t *kept; /* takes the sources that are made of several schemas */
	struct text *error;
	unsigned depth;
};

static bool settle(struct settler *settler, struct schema *schema);

/* Settles a schema that applies in the place of `schema`, if there is one. */
static bool settle_child(struct settler *settler, struct schema *schema, struct schema *child)
{
	if (child == NULL)
		return true;
	if (!settle(settler, child))
		return false;
	schema->cost += child->cost;
	return schema->cost <= COST_MAX ||
	       schema_refuse(settler->error, schema->pointer,
		       "a value meets more than %d schemas here", COST_MAX);
}

static bool settle_list(
	struct settler *settler, struct schema *schema, const struct schema_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!settle_child(settler, schema, list->items[i]))
			return false;
	}
	return true;
}

static unsigned accepted_by_any(const struct schema_list *list)
{
	unsigned accepted = list->count == 0 ? KIND_ANY : 0;
	for (size_t i = 0; i < list->count; i++)
		accepted |= list->items[i]->accepted;
	return accepted;
}

static unsigned accepted_by_values(const struct schema *schema)
{
	unsigned accepted = schema->constant == NULL ? KIND_ANY : kind_of(schema->constant);
	unsigned listed = schema->enumeration == NULL ? KIND_ANY : 0;
	for (size_t i = 0; i < json_array_size(schema->enumeration); i++)
		listed |= kind_of(json_array_get(schema->enumeration, i));
	return accepted & listed;
}

/* Works out what the schemas in place say together: the types, and whether it is read only. */
static void combine(struct schema *schema)
{
	schema->accepted = schema->is_false ? 0 : schema->types & accepted_by_values(schema);
	schema->accepted &= accepted_by_any(&schema->any_of) & accepted_by_any(&schema->one_of);
	if (schema->reference != NULL) {
		schema->accepted &= schema->reference->accepted;
		schema->is_read_only |= schema->reference->is_read_only;
	}
	for (size_t i = 0; i < schema->all_of.count; i++) {
		schema->accepted &= schema->all_of.items[i]->accepted;
		schema->is_read_only |= schema->all_of.items[i]->is_read_only;
	}
}

/* What stands beside a $ref is laid over what the $ref leads to, so that a reader finds both. */
static bool resolve_source(struct settler *settler, struct schema *schema)
{
	schema->source = schema->node;
	if (schema->reference == NULL)
		return true;
	schema->source = schema->reference->source;
	if (json_object_size(schema->node) == 1 || !json_is_object(schema->source))
		return true;
	json_t *merged = json_object();
	schema->source = merged;
	return json_array_append_new(settler->kept, merged) == 0 &&
	       json_object_update(merged, json_walkable(schema->reference->source)) == 0 &&
	       json_object_update(merged, json_walkable(schema->node)) == 0 &&
	       json_object_del(merged, "$ref") == 0;
}

/* A schema that comes back to itself in the same place would never end. */
static bool settle(struct settler *settler, struct schema *schema)
{
	if (schema->is_settled)
		return true;
	if (schema->is_settling || settler->depth > COST_MAX)
		return schema_refuse(
			settler->error, schema->pointer, "the schema refers to itself without end");
	schema->is_settling = true;
	schema->cost = 1;
	settler->depth++;
	struct schema *single[] = {schema->reference, schema->negated, schema->condition,
		schema->consequence, schema->alternative};
	for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
		if (!settle_child(settler, schema, single[i]))
			return false;
	}
	if (!settle_list(settler, schema, &schema->all_of) ||
		!settle_list(settler, schema, &schema->any_of) ||
		!settle_list(settler, schema, &schema->one_of) || !resolve_source(settler, schema))
		return false;
	combine(schema);
	settler->depth--;
	schema->is_settled = true;
	return true;
}

bool schema_settle(struct schema *schema, json_t *kept, struct text *ret_error)
{
	struct settler settler = {.kept = kept, .error = ret_error};
	return settle(&settler, schema);
}

bool schema_refuse(struct text *error, const char *pointer, const char *format, ...)
{
	char reason[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reason, sizeof reason, format, arguments);
	va_end(arguments);
	text_append_printf(error, "%s: %s", pointer, reason);
	return false;
}

int name_order(struct slice left, struct slice right)
{
	if (left.length != right.length)
		return left.length < right.length ? -1 : 1;
	return memcmp(left.bytes, right.bytes, left.length);
}

const struct name *names_find(const struct names *names, struct slice text)
{
	size_t low = 0;
	size_t high = names->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = name_order(text, names->items[middle].text);
		if (order == 0)
			return &names->items[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static const struct {
	const char *name;
	unsigned kinds;
} types[] = {
	{"array", KIND_ARRAY},
	{"boolean", KIND_BOOLEAN},
	{"integer", KIND_INTEGER},
	{"null", KIND_NULL},
	{"number", KIND_NUMBER},
	{"object", KIND_OBJECT},
	{"string", KIND_STRING},
};

unsigned kind_of(const json_t *json)
{
	static const unsigned kinds[] = {
		[JSON_OBJECT] = KIND_OBJECT,
		[JSON_ARRAY] = KIND_ARRAY,
		[JSON_STRING] = KIND_STRING,
		[JSON_INTEGER] = KIND_INTEGER,
		[JSON_REAL] = KIND_FRACTION,
		[JSON_TRUE] = KIND_BOOLEAN,
		[JSON_FALSE] = KIND_BOOLEAN,
		[JSON_NULL] = KIND_NULL,
	};
	if (json_is_real(json) && json_number_is_whole(json_number_of(json)))
		return KIND_INTEGER;
	return kinds[json_typeof(json)];
}

unsigned kinds_named(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof types / sizeof *types; i++) {
		if (strcmp(types[i].name, name) == 0)
			return types[i].kinds;
	}
	return 0;
}
