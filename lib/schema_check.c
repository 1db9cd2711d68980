/* schema_check.c: one walk over the value, with a view of each part, so that text is judged as JSON
 * is. Every check returns whether the value passes; those of effort ASK stop at the first fault. */
#include "schema_check.h"

#include <stdlib.h>

#include "format.h"

enum {
	FEW_ITEMS = 16 /* are sorted on the stack */
};

static check_function check_constant, check_enumeration, check_string, check_number, check_array;

struct value value_of(const json_t *json)
{
	struct value value = {.kind = kind_of(json), .json = json};
	if (value.kind == KIND_STRING)
		value.string = (struct slice){json_string_value(json), json_string_length(json)};
	else if ((value.kind & KIND_NUMBER) != 0)
		value.number = json_number_of(json);
	else if (value.kind == KIND_BOOLEAN)
		value.number.integer = json_is_true(json);
	return value;
}

bool is_enough(const struct check *check, bool is_valid)
{
	return (!is_valid && check->effort == EFFORT_ASK) || check->faults->is_cut;
}

/* The steps of a check, in order, and the kinds of values that each is about. */
static const struct {
	unsigned kinds;
	check_function *check;
} steps[] = {
	{KIND_STRING, check_string},
	{KIND_NUMBER, check_number},
	{KIND_ARRAY, check_array},
	{KIND_OBJECT, check_object},
	{IN_PLACE, check_in_place},
};

bool check_value(struct check *check, const struct schema *schema, const struct value *value,
	const struct place *place)
{
	if (schema->is_false)
		return report(check, place, "not_allowed", "is not allowed");
	if ((schema->types & value->kind) == 0)
		return report_type(check, place, schema->types, value->json ? value->kind : 0);
	unsigned due = schema->ruled & (value->kind | IN_PLACE);
	if (due == 0)
		return true;
	if (schema->enumeration != NULL && !check_enumeration(check, schema, value, place))
		return false;
	if (schema->constant != NULL && !check_constant(check, schema, value, place))
		return false;
	bool is_valid = true;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		if ((steps[i].kinds & due) == 0)
			continue;
		is_valid &= steps[i].check(check, schema, value, place);
		if (is_enough(check, is_valid))
			break;
	}
	return is_valid;
}

/* Values */

static bool value_equals(const struct value *value, const json_t *json)
{
	if (value->json != NULL && (value->kind & (KIND_ARRAY | KIND_OBJECT)) != 0)
		return json_order(value->json, json) == 0;
	struct value other = value_of(json);
	if ((value->kind & KIND_NUMBER) != 0)
		return (other.kind & KIND_NUMBER) != 0 &&
		       json_number_order(value->number, other.number) == 0;
	return value->kind == other.kind && value->number.integer == other.number.integer &&
	       (value->kind != KIND_STRING || name_order(value->string, other.string) == 0);
}

static bool check_constant(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	return value_equals(value, schema->constant) ||
	       report_constant(check, place, schema->constant);
}

static bool check_enumeration(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	size_t count = json_array_size(schema->enumeration);
	if (value->kind == KIND_STRING)
		count = 0;
	for (size_t i = 0; i < count; i++) {
		if (value_equals(value, json_array_get(schema->enumeration, i)))
			return true;
	}
	if (value->kind == KIND_STRING && names_find(&schema->strings, value->string) != NULL)
		return true;
	return report_enumeration(check, place, schema->enumeration);
}

/* Strings */

static size_t count_characters(struct slice string)
{
	size_t count = 0;
	for (size_t i = 0; i < string.length; i++)
		count += ((unsigned char)string.bytes[i] & 0xc0) != 0x80;
	return count;
}

const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static bool check_length(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	size_t bytes = value->string.length;
	if (bytes <= schema->length_max && bytes / 4 >= schema->length_min)
		return true; /* whatever the characters are */
	size_t length = count_characters(value->string);
	if (length < schema->length_min && length == 0)
		return report(check, place, "too_short", "must not be empty");
	if (length < schema->length_min)
		return report(check, place, "too_short", "must have at least %zu character%s",
			schema->length_min, plural(schema->length_min));
	if (length > schema->length_max)
		return report(check, place, "too_long", "must have at most %zu character%s",
			schema->length_max, plural(schema->length_max));
	return true;
}

static bool check_pattern(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	enum pattern_result result = pattern_match(schema->pattern, value->string);
	if (result == PATTERN_MATCHES)
		return true;
	if (result == PATTERN_DIFFERS)
		return report(check, place, "pattern", "must be a string that matches %.*s",
			(int)schema->pattern_source.length, schema->pattern_source.bytes);
	if (value->string.length > PATTERN_SUBJECT_MAX)
		return report(check, place, "too_long", "must have at most %d bytes",
			PATTERN_SUBJECT_MAX);
	return report(check, place, "pattern", "is too costly to match against %.*s",
		(int)schema->pattern_source.length, schema->pattern_source.bytes);
}

static bool check_format(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	char first[DAY_TEXT_SIZE], last[DAY_TEXT_SIZE];
	if (schema->format == NULL || schema->format->is_valid(value->string))
		return true;
	if (schema->format->is_valid != format_is_business_date || !format_is_date(value->string))
		return report(check, place, "format", "must be %s",
			in_language(check, schema->format->article));
	format_business_days(first, last);
	return report(check, place, "out_of_bounds", "must be a date from %s to %s", first, last);
}

static bool check_string(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	if (!check_length(check, schema, value, place))
		return false;
	if (schema->pattern != NULL && !check_pattern(check, schema, value, place))
		return false;
	return check_format(check, schema, value, place);
}

/* Numbers */

struct bound_rule {
	const struct bound *bound;
	bool is_upper, is_exclusive;
};

static bool check_bound(struct check *check, const struct bound_rule *rule,
	const struct value *value, const struct place *place)
{
	if (!rule->bound->is_set)
		return true;
	int order = json_number_order(value->number, rule->bound->number);
	int wrong = rule->is_upper ? 1 : -1;
	if (order != wrong && (order != 0 || !rule->is_exclusive))
		return true;
	static const char *const words[2][2] = {{MESSAGE("at least"), MESSAGE("more than")},
		{MESSAGE("at most"), MESSAGE("less than")}};
	const char *code = rule->is_upper ? "too_large" : "too_small";
	const char *word = in_language(check, words[rule->is_upper][rule->is_exclusive]);
	if (rule->bound->number.is_exact)
		return report(check, place, code, "must be %s %lld", word,
			(long long)rule->bound->number.integer);
	return report(check, place, code, "must be %s %.15g", word, rule->bound->number.real);
}

/* An integer that 64 bits do not hold is nothing that we could store. */
static bool check_range(struct check *check, const struct schema *schema, const struct value *value,
	const struct place *place)
{
	bool is_negative = value->number.real < 0;
	if ((schema->types & KIND_FRACTION) != 0 || value->number.is_exact ||
		(value->number.real < 0x1p63 && value->number.real >= -0x1p63))
		return true;
	return report(check, place, is_negative ? "too_small" : "too_large", "is out of range");
}

static bool check_number(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	if (!check_range(check, schema, value, place))
		return false;
	const struct bound_rule rules[] = {
		{&schema->minimum, false, false},
		{&schema->exclusive_minimum, false, true},
		{&schema->maximum, true, false},
		{&schema->exclusive_maximum, true, true},
	};
	bool is_valid = true;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		is_valid &= check_bound(check, &rules[i], value, place);
	return is_valid;
}

/* Arrays */

struct item {
	const json_t *json;
	size_t index;
};

static int compare_items(const void *left, const void *right)
{
	const struct item *first = left;
	const struct item *second = right;
	int order = json_order(first->json, second->json);
	return order != 0 ? order : (first->index > second->index) - (first->index < second->index);
}

/* Finds the first item that repeats an earlier one. Many items are sorted, so that a client cannot
 * make us compare each with each. */
static bool find_repeat(const struct check *check, const json_t *array, struct item *ret_repeat)
{
	size_t count = json_array_size(array);
	struct item few[FEW_ITEMS];
	struct item *items = few;
	if (count > FEW_ITEMS)
		items = arena_take(check->faults->arena, count * sizeof *items);
	if (items == NULL)
		return true; /* better refused than not looked at */
	for (size_t i = 0; i < count; i++)
		items[i] = (struct item){json_array_get(array, i), i};
	qsort(items, count, sizeof *items, compare_items);
	bool is_found = false;
	for (size_t i = 1; i < count; i++) {
		if (json_order(items[i - 1].json, items[i].json) != 0 ||
			(is_found && items[i].index > ret_repeat->index))
			continue;
		*ret_repeat = items[i];
		is_found = true;
	}
	return is_found;
}

static bool check_size(struct check *check, const struct schema *schema, const struct value *value,
	const struct place *place)
{
	size_t count = json_array_size(value->json);
	if (count < schema->items_min)
		return report(check, place, "too_few", "must have at least %zu item%s",
			schema->items_min, plural(schema->items_min));
	if (count > schema->items_max)
		return report(check, place, "too_many", "must have at most %zu item%s",
			schema->items_max, plural(schema->items_max));
	struct item repeat = {0};
	if (!schema->has_unique_items || !find_repeat(check, value->json, &repeat))
		return true;
	struct place item_place = {.parent = place, .index = repeat.index};
	return report(check, &item_place, "not_unique", "repeats an earlier item");
}

static bool check_items(struct check *check, const struct schema *schema, const struct value *value,
	const struct place *place)
{
	size_t count = json_array_size(value->json);
	if (schema->items == NULL && count > schema->first_items.count)
		count = schema->first_items.count;
	bool is_valid = true;
	for (size_t i = 0; i < count && !is_enough(check, is_valid); i++) {
		struct place item_place = {.parent = place, .index = i};
		struct value item = value_of(json_array_get(value->json, i));
		const struct schema *rules = i < schema->first_items.count
						     ? schema->first_items.items[i]
						     : schema->items;
		is_valid &= check_value(check, rules, &item, &item_place);
	}
	return is_valid;
}

bool is_patch(const struct check *check)
{
	return check->mode == SCHEMA_PATCH || check->mode == SCHEMA_CERTAIN;
}

/* A merge patch replaces arrays, so what is in them is whole. */
static bool check_array(struct check *check, const struct schema *schema, const struct value *value,
	const struct place *place)
{
	if (!check_size(check, schema, value, place))
		return false;
	int mode = check->mode;
	if (is_patch(check))
		check->mode = SCHEMA_WHOLE;
	bool is_valid = check_items(check, schema, value, place);
	check->mode = mode;
	return is_valid;
}
