/* schema_keywords.c: what becomes of each keyword, as a table and a function for each kind of them.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "schema_compile.h"

struct keyword;
typedef bool keyword_function(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value);

struct keyword {
	const char *name;
	keyword_function *compile; /* NULL: an annotation */
	size_t offset;             /* of the member of struct schema */
	unsigned ruled;            /* the kinds that it is about */
};

static keyword_function compile_reference, compile_definitions, compile_types, compile_enumeration,
	compile_constant, compile_properties, compile_required, compile_pattern_properties,
	compile_dependencies, compile_count, compile_flag, compile_pattern, compile_format,
	compile_bound, compile_schema, compile_list, compile_dialect;

#define AT(member) offsetof(struct schema, member)

static const struct keyword keywords[] = {
	{"$comment", NULL, 0, 0},
	{"$defs", compile_definitions, 0, 0},
	{"$ref", compile_reference, AT(reference), IN_PLACE},
	{"$schema", compile_dialect, 0, 0},
	{"additionalProperties", compile_schema, AT(additional), KIND_OBJECT},
	{"allOf", compile_list, AT(all_of), IN_PLACE},
	{"anyOf", compile_list, AT(any_of), IN_PLACE},
	{"const", compile_constant, 0, KIND_ANY},
	{"default", NULL, 0, 0},
	{"dependentRequired", compile_dependencies, 0, KIND_OBJECT},
	{"deprecated", NULL, 0, 0},
	{"description", NULL, 0, 0},
	{"else", compile_schema, AT(alternative), IN_PLACE},
	{"enum", compile_enumeration, 0, KIND_ANY},
	{"example", NULL, 0, 0},
	{"examples", NULL, 0, 0},
	{"exclusiveMaximum", compile_bound, AT(exclusive_maximum), KIND_NUMBER},
	{"exclusiveMinimum", compile_bound, AT(exclusive_minimum), KIND_NUMBER},
	{"format", compile_format, 0, KIND_STRING},
	{"if", compile_schema, AT(condition), IN_PLACE},
	{"items", compile_schema, AT(items), KIND_ARRAY},
	{"maxItems", compile_count, AT(items_max), KIND_ARRAY},
	{"maxLength", compile_count, AT(length_max), KIND_STRING},
	{"maxProperties", compile_count, AT(members_max), KIND_OBJECT},
	{"maximum", compile_bound, AT(maximum), KIND_NUMBER},
	{"minItems", compile_count, AT(items_min), KIND_ARRAY},
	{"minLength", compile_count, AT(length_min), KIND_STRING},
	{"minProperties", compile_count, AT(members_min), KIND_OBJECT},
	{"minimum", compile_bound, AT(minimum), KIND_NUMBER},
	{"not", compile_schema, AT(negated), IN_PLACE},
	{"oneOf", compile_list, AT(one_of), IN_PLACE},
	{"pattern", compile_pattern, 0, KIND_STRING},
	{"patternProperties", compile_pattern_properties, 0, KIND_OBJECT},
	{"prefixItems", compile_list, AT(first_items), KIND_ARRAY},
	{"properties", compile_properties, 0, KIND_OBJECT},
	{"propertyNames", compile_schema, AT(member_names), KIND_OBJECT},
	{"readOnly", compile_flag, AT(is_read_only), 0},
	{"required", compile_required, 0, KIND_OBJECT},
	{"then", compile_schema, AT(consequence), IN_PLACE},
	{"title", NULL, 0, 0},
	{"type", compile_types, 0, 0},
	{"uniqueItems", compile_flag, AT(has_unique_items), KIND_ARRAY},
	{"writeOnly", NULL, 0, 0},
};

static const struct format formats[] = {
	{"int32", NULL, NULL}, /* of numbers: what the bounds say */
	{"int64", NULL, NULL},
	{"date", MESSAGE("a date such as 2024-02-29"), format_is_date},
	{"business-date", MESSAGE("a date such as 2024-02-29"), format_is_business_date},
	{"date-time", MESSAGE("a date-time such as 2024-02-29T13:45:00Z"), format_is_date_time},
	{"uuid", MESSAGE("a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91"), format_is_uuid},
};

/* Keywords whose value is one or more schemas */

static void *member_at(struct schema *schema, const struct keyword *keyword)
{
	return (char *)schema + keyword->offset;
}

static bool compile_schema(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	struct schema **slot = member_at(schema, keyword);
	*slot = compiler_meet_below(compiler, schema->pointer, keyword->name, value);
	return *slot != NULL;
}

static bool compile_list(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	struct schema_list *list = member_at(schema, keyword);
	if (json_array_size(value) == 0)
		return schema_refuse(compiler->error, schema->pointer,
			"%s must be a list of schemas", keyword->name);
	const char *pointer = compiler_pointer(compiler, schema->pointer, keyword->name);
	list->items = compiler_take(compiler, json_array_size(value), sizeof *list->items);
	if (list->items == NULL || pointer == NULL)
		return false;
	for (; list->count < json_array_size(value); list->count++) {
		char token[24];
		snprintf(token, sizeof token, "%zu", list->count);
		list->items[list->count] = compiler_meet_below(
			compiler, pointer, token, json_array_get(value, list->count));
		if (list->items[list->count] == NULL)
			return false;
	}
	return true;
}

static bool compile_definitions(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	if (!json_is_object(value))
		return schema_refuse(compiler->error, schema->pointer, "$defs must be an object");
	const char *pointer = compiler_pointer(compiler, schema->pointer, keyword->name);
	const char *name = NULL;
	json_t *member = NULL;
	json_object_foreach (json_walkable(value), name, member) {
		if (pointer == NULL || compiler_meet_below(compiler, pointer, name, member) == NULL)
			return false;
	}
	return true;
}

static int compare_names(const void *left, const void *right)
{
	return name_order(((const struct name *)left)->text, ((const struct name *)right)->text);
}

static bool compile_properties(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	struct names *names = &schema->properties;
	if (!json_is_object(value))
		return schema_refuse(
			compiler->error, schema->pointer, "properties must be an object");
	const char *pointer = compiler_pointer(compiler, schema->pointer, keyword->name);
	names->items = compiler_take(compiler, json_object_size(value), sizeof *names->items);
	if (names->items == NULL || pointer == NULL)
		return false;
	const char *name = NULL;
	json_t *member = NULL;
	json_object_foreach (json_walkable(value), name, member) {
		struct name *item = &names->items[names->count++];
		item->text = slice_of(name);
		item->schema = compiler_meet_below(compiler, pointer, name, member);
		if (item->schema == NULL)
			return false;
	}
	qsort(names->items, names->count, sizeof *names->items, compare_names);
	return true;
}

static bool compile_pattern_properties(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	if (!json_is_object(value))
		return schema_refuse(
			compiler->error, schema->pointer, "patternProperties must be an object");
	const char *pointer = compiler_pointer(compiler, schema->pointer, keyword->name);
	struct pattern_property *items = compiler_take(
		compiler, json_object_size(value), sizeof *items);
	schema->pattern_properties = items;
	if (items == NULL || pointer == NULL)
		return false;
	const char *name = NULL;
	json_t *member = NULL;
	json_object_foreach (json_walkable(value), name, member) {
		struct pattern_property *item = &items[schema->pattern_property_count++];
		item->pattern = compiler_own_pattern(compiler, slice_of(name), pointer);
		item->schema = compiler_meet_below(compiler, pointer, name, member);
		if (item->pattern == NULL || item->schema == NULL)
			return false;
	}
	return true;
}

/* Takes the percent signs out of a fragment, into the arena. */
static char *decode_fragment(struct compiler *compiler, const char *fragment)
{
	char *decoded = compiler_take(compiler, strlen(fragment) + 1, 1);
	for (char *next = decoded; next != NULL && *fragment != '\0'; next++) {
		char digits[3] = {0};
		if (fragment[0] == '%' && isxdigit((unsigned char)fragment[1]) &&
			isxdigit((unsigned char)fragment[2])) {
			memcpy(digits, fragment + 1, 2);
			*next = (char)strtoul(digits, NULL, 16);
			fragment += strlen("%41");
		} else {
			*next = *fragment++;
		}
	}
	return decoded;
}

/* Takes the escapes out of one token of a JSON pointer, in place. */
static void unescape_token(char *token)
{
	char *next = token;
	for (; *token != '\0'; token++) {
		bool is_escape = token[0] == '~' && (token[1] == '0' || token[1] == '1');
		*next++ = (char)(!is_escape ? *token : token[1] == '0' ? '~' : '/');
		token += is_escape;
	}
	*next = '\0';
}

static const json_t *step(const json_t *from, const char *token)
{
	char *end = NULL;
	if (json_is_object(from))
		return json_object_get(from, token);
	bool is_index = json_is_array(from) && token[0] >= '0' && token[0] <= '9';
	size_t index = is_index ? strtoul(token, &end, 10) : 0;
	return is_index && *end == '\0' ? json_array_get(from, index) : NULL;
}

static bool compile_reference(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	const char *reference = json_string_value(value);
	if (reference == NULL || reference[0] != '#' ||
		(reference[1] != '\0' && reference[1] != '/'))
		return schema_refuse(compiler->error, schema->pointer,
			"%s must be a JSON pointer into this document", keyword->name);
	char *rest = decode_fragment(compiler, reference + 1);
	if (rest == NULL)
		return false;
	const json_t *node = compiler->document;
	strsep(&rest, "/");
	for (char *token = NULL; node != NULL && (token = strsep(&rest, "/")) != NULL;) {
		unescape_token(token);
		node = step(node, token);
	}
	if (node == NULL)
		return schema_refuse(
			compiler->error, schema->pointer, "nothing is at %s", reference);
	schema->reference = compiler_meet(compiler, node, reference);
	return schema->reference != NULL;
}

/* Keywords that compare */

static bool compile_dialect(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	const char *dialect = json_string_value(value);
	if (dialect == NULL || strcmp(dialect, "https://json-schema.org/draft/2020-12/schema") != 0)
		return schema_refuse(compiler->error, schema->pointer,
			"%s must be https://json-schema.org/draft/2020-12/schema", keyword->name);
	return true;
}

static bool compile_types(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	schema->types = kinds_named(json_string_value(value));
	for (size_t i = 0; i < json_array_size(value); i++) {
		unsigned kinds = kinds_named(json_string_value(json_array_get(value, i)));
		schema->types |= kinds;
		if (kinds == 0)
			return schema_refuse(
				compiler->error, schema->pointer, "an unknown %s", keyword->name);
	}
	if ((schema->types & KIND_NUMBER) == KIND_INTEGER)
		schema->ruled |= KIND_INTEGER; /* it has a range */
	return schema->types != 0 ||
	       schema_refuse(compiler->error, schema->pointer, "an unknown %s", keyword->name);
}

static bool compile_constant(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	(void)compiler;
	(void)keyword;
	schema->constant = value;
	return true;
}

static bool compile_enumeration(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	struct names *strings = &schema->strings;
	if (!json_is_array(value))
		return schema_refuse(
			compiler->error, schema->pointer, "%s must be a list", keyword->name);
	schema->enumeration = value;
	strings->items = compiler_take(compiler, json_array_size(value), sizeof *strings->items);
	if (strings->items == NULL)
		return false;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *item = json_array_get(value, i);
		if (!json_is_string(item))
			continue;
		strings->items[strings->count++].text = (struct slice){
			json_string_value(item), json_string_length(item)};
	}
	qsort(strings->items, strings->count, sizeof *strings->items, compare_names);
	return true;
}

static bool read_names(struct compiler *compiler, const json_t *value, struct slices *names)
{
	names->items = compiler_take(compiler, json_array_size(value), sizeof *names->items);
	if (names->items == NULL)
		return false;
	for (; names->count < json_array_size(value); names->count++) {
		const json_t *name = json_array_get(value, names->count);
		if (!json_is_string(name))
			return false;
		names->items[names->count] = (struct slice){
			json_string_value(name), json_string_length(name)};
	}
	return json_is_array(value);
}

static bool compile_required(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	return read_names(compiler, value, &schema->required) ||
	       schema_refuse(compiler->error, schema->pointer, "%s must be a list of names",
		       keyword->name);
}

static bool compile_dependencies(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	if (!json_is_object(value))
		return schema_refuse(
			compiler->error, schema->pointer, "%s must be an object", keyword->name);
	schema->dependencies = compiler_take(
		compiler, json_object_size(value), sizeof *schema->dependencies);
	if (schema->dependencies == NULL)
		return false;
	const char *name = NULL;
	json_t *member = NULL;
	json_object_foreach (json_walkable(value), name, member) {
		struct dependency *item = &schema->dependencies[schema->dependency_count++];
		item->name = slice_of(name);
		if (!read_names(compiler, member, &item->required))
			return schema_refuse(compiler->error, schema->pointer,
				"%s must hold lists of names", keyword->name);
	}
	return true;
}

static bool compile_count(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	struct json_number number = json_number_of(value);
	double count = number.is_exact ? (double)number.integer : number.real;
	if (!json_is_number(value) || !json_number_is_whole(number) || count < 0 || count > 1e15)
		return schema_refuse(
			compiler->error, schema->pointer, "%s must be a count", keyword->name);
	*(size_t *)member_at(schema, keyword) = (size_t)count;
	return true;
}

static bool compile_flag(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	*(bool *)member_at(schema, keyword) = json_is_true(value);
	return json_is_boolean(value) || schema_refuse(compiler->error, schema->pointer,
						 "%s must be true or false", keyword->name);
}

static bool compile_bound(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	struct bound *bound = member_at(schema, keyword);
	*bound = (struct bound){.is_set = true, .number = json_number_of(value)};
	return json_is_number(value) || schema_refuse(compiler->error, schema->pointer,
						"%s must be a number", keyword->name);
}

static bool compile_pattern(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	if (!json_is_string(value))
		return schema_refuse(
			compiler->error, schema->pointer, "%s must be a string", keyword->name);
	schema->pattern_source = (struct slice){
		json_string_value(value), json_string_length(value)};
	schema->pattern = compiler_own_pattern(compiler, schema->pattern_source, schema->pointer);
	return schema->pattern != NULL;
}

static bool compile_format(struct compiler *compiler, struct schema *schema,
	const struct keyword *keyword, const json_t *value)
{
	const char *name = json_is_string(value) ? json_string_value(value) : "";
	size_t i = 0;
	while (i < sizeof formats / sizeof *formats && strcmp(formats[i].name, name) != 0)
		i++;
	if (i == sizeof formats / sizeof *formats)
		return schema_refuse(compiler->error, schema->pointer, "%s \"%s\" is not supported",
			keyword->name, name);
	schema->format = formats[i].is_valid == NULL ? NULL : &formats[i];
	return true;
}

/* One schema */

static int compare_keyword(const void *name, const void *keyword)
{
	return strcmp(name, ((const struct keyword *)keyword)->name);
}

bool compiler_keyword(
	struct compiler *compiler, struct schema *schema, const char *name, const json_t *value)
{
	const struct keyword *keyword = bsearch(name, keywords, sizeof keywords / sizeof *keywords,
		sizeof *keywords, compare_keyword);
	if (keyword == NULL)
		return strncmp(name, "x-", strlen("x-")) == 0 ||
		       schema_refuse(compiler->error, schema->pointer,
			       "the keyword \"%s\" is not supported", name);
	if (keyword->compile == NULL)
		return true;
	schema->ruled |= keyword->ruled;
	schema->rule_count++;
	return keyword->compile(compiler, schema, keyword, value);
}
