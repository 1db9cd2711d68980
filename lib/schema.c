/* schema.c: checking whole values and texts, and asking a schema what it describes. */
#include "schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "schema_check.h"

enum {
	INTEGER_DIGITS_MAX = 18, /* fit into 64 bits whatever they are */
	NUMBER_LENGTH_MAX = 127,
};

void schema_check(const struct schema *schema, const json_t *value, enum schema_mode mode,
	struct fault_list *faults)
{
	struct check check = {
		.effort = EFFORT_REPORT,
		.mode = (int)mode,
		.pointer = "",
		.faults = faults,
	};
	const struct place top = {.parent = NULL};
	const struct value view = value_of(value);
	check_value(&check, schema, &view, &top);
}

/* Values that came as text */

static size_t count_digits(const char *bytes, const char *end)
{
	const char *next = bytes;
	while (next < end && *next >= '0' && *next <= '9')
		next++;
	return (size_t)(next - bytes);
}

/* The parts of a number in its JSON form. */
struct number_form {
	size_t digits; /* before the point */
	bool is_negative;
	bool is_whole; /* there is neither a fraction nor an exponent */
};

/* Reads an optional fraction or exponent, which begins with `mark`. */
static bool skip_part(const char **next, const char *end, const char *marks)
{
	if (*next == end || strchr(marks, **next) == NULL || **next == '\0')
		return true;
	bool is_exponent = **next != '.';
	++*next;
	if (is_exponent && *next < end && (**next == '+' || **next == '-'))
		++*next;
	size_t digits = count_digits(*next, end);
	*next += digits;
	return digits > 0;
}

static bool read_form(struct slice text, struct number_form *ret_form)
{
	const char *next = text.bytes;
	const char *end = text.bytes + text.length;
	struct number_form form = {.is_negative = next < end && *next == '-'};
	next += form.is_negative;
	form.digits = count_digits(next, end);
	if (form.digits == 0 || (form.digits > 1 && *next == '0'))
		return false;
	next += form.digits;
	form.is_whole = next == end;
	if (!skip_part(&next, end, ".") || !skip_part(&next, end, "eE") || next != end)
		return false;
	*ret_form = form;
	return true;
}

/* Returns the number of a text that has its form. One that 64 bits do not hold becomes a real,
 * which bounds still judge rightly. */
static struct json_number number_of(struct slice text, struct number_form form)
{
	if (form.is_whole && form.digits <= INTEGER_DIGITS_MAX) {
		json_int_t integer = 0;
		for (size_t i = form.is_negative; i < text.length; i++)
			integer = integer * 10 + (text.bytes[i] - '0');
		return (struct json_number){
			.is_exact = true, .integer = form.is_negative ? -integer : integer};
	}
	char copy[NUMBER_LENGTH_MAX + 1] = {0};
	memcpy(copy, text.bytes, text.length);
	errno = 0;
	json_int_t integer = strtoll(copy, NULL, 10);
	if (form.is_whole && errno == 0)
		return (struct json_number){.is_exact = true, .integer = integer};
	return (struct json_number){.real = strtod(copy, NULL)};
}

/* Reads a number in its JSON form; false for anything else. "2.0" is no integer here: the text goes
 * on to where it would not be one either. */
static bool read_number(struct slice text, struct value *ret_value)
{
	struct number_form form = {0};
	if (text.length > NUMBER_LENGTH_MAX || !read_form(text, &form))
		return false;
	*ret_value = (struct value){
		.kind = form.is_whole ? KIND_INTEGER : KIND_FRACTION,
		.number = number_of(text, form),
	};
	return true;
}

/* Returns what the text is in a schema that accepts `kinds`: the narrowest kind that it has the
 * form of, and a string where nothing else fits. */
static struct value read_scalar(struct slice text, unsigned kinds)
{
	struct value value = {.kind = KIND_STRING, .string = text};
	if ((kinds & KIND_NUMBER) != 0 && read_number(text, &value))
		return value;
	if ((kinds & KIND_BOOLEAN) != 0 && slice_equals(text, "true"))
		return (struct value){.kind = KIND_BOOLEAN, .number.integer = 1};
	if ((kinds & KIND_BOOLEAN) != 0 && slice_equals(text, "false"))
		return (struct value){.kind = KIND_BOOLEAN};
	if ((kinds & (KIND_NULL | KIND_STRING)) == KIND_NULL && slice_equals(text, "null"))
		return (struct value){.kind = KIND_NULL};
	return value;
}

/* Adds the faults of an array or an object that came as text. */
static void check_container(struct check *check, const struct schema *schema, struct slice text,
	const struct place *top)
{
	struct json_fault fault = {.language = check->faults->language};
	json_t *json = json_read(text.bytes, text.length, &fault);
	if (json == NULL) {
		report(check, top, "type", "must be JSON; %s", fault.detail);
		return;
	}
	const struct value view = value_of(json);
	check_value(check, schema, &view, top);
	json_decref(json);
}

void schema_check_text(const struct schema *schema, struct slice value, const char *pointer,
	struct fault_list *faults)
{
	struct check check = {
		.effort = EFFORT_REPORT,
		.mode = SCHEMA_WHOLE,
		.pointer = pointer,
		.faults = faults,
	};
	const struct place top = {.parent = NULL};
	if (value.length == 0)
		value = SLICE("");
	if (!text_is_utf8(value.bytes, value.length)) {
		report(&check, &top, "invalid_utf8", "must be UTF-8 without U+0000");
		return;
	}
	const unsigned kinds = schema->accepted;
	if ((*value.bytes == '[' && (kinds & KIND_ARRAY) != 0) ||
		(*value.bytes == '{' && (kinds & KIND_OBJECT) != 0)) {
		check_container(&check, schema, value, &top);
		return;
	}
	const struct value view = read_scalar(value, kinds);
	if ((kinds & view.kind) == 0)
		report_type(&check, &top, kinds, 0);
	else
		check_value(&check, schema, &view, &top);
}

/* Asking a schema */

/* The members of an object may stand in the schema itself, behind its $ref and in its allOf. */
static const struct name *find_property(const struct schema *schema, struct slice name)
{
	const struct name *property = names_find(&schema->properties, name);
	if (property == NULL && schema->reference != NULL)
		property = find_property(schema->reference, name);
	for (size_t i = 0; property == NULL && i < schema->all_of.count; i++)
		property = find_property(schema->all_of.items[i], name);
	return property;
}

const struct schema *schema_member(const struct schema *schema, const char *name)
{
	const struct name *property = find_property(schema, slice_of(name));
	return property == NULL ? NULL : property->schema;
}

static bool is_required(const struct schema *schema, struct slice name)
{
	for (size_t i = 0; i < schema->required.count; i++) {
		if (name_order(schema->required.items[i], name) == 0)
			return true;
	}
	bool is_found = schema->reference != NULL && is_required(schema->reference, name);
	for (size_t i = 0; !is_found && i < schema->all_of.count; i++)
		is_found = is_required(schema->all_of.items[i], name);
	return is_found;
}

struct visitor {
	const struct schema *top;
	schema_visit_function *visit;
	void *ctx;
};

/* A name that several schemas describe is visited once, as schema_member finds it. */
static void visit_properties(const struct visitor *visitor, const struct schema *schema)
{
	json_t *properties = json_object_get(schema->node, "properties");
	for (void *i = json_object_iter(properties); i != NULL;
		i = json_object_iter_next(properties, i)) {
		const char *name = json_object_iter_key(i);
		const struct name *property = find_property(visitor->top, slice_of(name));
		if (property == names_find(&schema->properties, slice_of(name)))
			visitor->visit(visitor->ctx, name, property->schema,
				is_required(visitor->top, slice_of(name)));
	}
}

static void visit_members(const struct visitor *visitor, const struct schema *schema)
{
	json_t *node = json_walkable(schema->node);
	for (void *i = json_object_iter(node); i != NULL; i = json_object_iter_next(node, i)) {
		const char *keyword = json_object_iter_key(i);
		if (strcmp(keyword, "properties") == 0)
			visit_properties(visitor, schema);
		else if (strcmp(keyword, "$ref") == 0)
			visit_members(visitor, schema->reference);
		else if (strcmp(keyword, "allOf") == 0)
			for (size_t k = 0; k < schema->all_of.count; k++)
				visit_members(visitor, schema->all_of.items[k]);
	}
}

const struct schema *schema_items(const struct schema *schema)
{
	while (schema != NULL && schema->items == NULL)
		schema = schema->reference;
	return schema == NULL ? NULL : schema->items;
}

void schema_each_member(const struct schema *schema, schema_visit_function *visit, void *ctx)
{
	const struct visitor visitor = {.top = schema, .visit = visit, .ctx = ctx};
	visit_members(&visitor, schema);
}

const json_t *schema_source(const struct schema *schema)
{
	return schema->source;
}

bool schema_is_read_only(const struct schema *schema)
{
	return schema->is_read_only;
}

bool schema_allows_type(const struct schema *schema, const char *type)
{
	unsigned kinds = kinds_named(type);
	return kinds != 0 && (schema->accepted & kinds) == kinds;
}
