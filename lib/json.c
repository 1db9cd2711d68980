#include "json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* jansson parses by recursion and allows 2048 levels, so depth is judged before it begins. Returns
 * the offset of the bracket that is too deep, or `length`. */
static size_t find_too_deep(const char *bytes, size_t length)
{
	int depth = 0;
	bool is_string = false;
	for (size_t i = 0; i < length; i++) {
		char byte = bytes[i];
		if (byte == '"')
			is_string = !is_string;
		else if (is_string && byte == '\\')
			i++;
		else if (!is_string && (byte == '[' || byte == '{') && ++depth > JSON_DEPTH_MAX)
			return i;
		else if (!is_string && (byte == ']' || byte == '}'))
			depth--;
	}
	return length;
}

static const char *code_of(const json_error_t *error)
{
	if (json_error_code(error) == json_error_duplicate_key)
		return "duplicate_member";
	return json_error_code(error) == json_error_invalid_utf8 ? "invalid_utf8" : "invalid_json";
}

/* jansson quotes what it met, and may cut it within a character. */
static void make_printable(char *string)
{
	if (text_is_utf8(string, strlen(string)))
		return;
	for (; *string != '\0'; string++)
		if ((unsigned char)*string >= 0x80)
			*string = '?';
}

__attribute__((format(printf, 4, 5))) static void say(
	struct json_fault *fault, size_t offset, const char *code, const char *format, ...)
{
	va_list arguments;
	fault->offset = offset;
	fault->code = code;
	va_start(arguments, format);
	vsnprintf(fault->detail, sizeof fault->detail, language_text(fault->language, format),
		arguments);
	va_end(arguments);
}

/* What jansson would let pass. It takes U+0000 for the end of the text, whatever follows. */
static bool find_fault(const char *bytes, size_t length, struct json_fault *ret_fault)
{
	const char *nul = length == 0 ? NULL : memchr(bytes, '\0', length);
	size_t too_deep = find_too_deep(bytes, length);
	if (nul != NULL) {
		say(ret_fault, (size_t)(nul - bytes), "invalid_json", "U+0000 is not allowed");
		return true;
	}
	if (too_deep == length)
		return false;
	say(ret_fault, too_deep, "too_deep", "arrays and objects may be nested %d deep",
		JSON_DEPTH_MAX);
	return true;
}

json_t *json_read(const char *bytes, size_t length, struct json_fault *ret_fault)
{
	if (find_fault(bytes, length, ret_fault))
		return NULL;
	json_error_t error;
	json_t *json = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (json != NULL)
		return json;
	make_printable(error.text);
	say(ret_fault, error.position > 0 ? (size_t)error.position : 0, code_of(&error),
		"line %d, column %d: %s", error.line > 0 ? error.line : 1,
		error.column > 0 ? error.column : 0, error.text);
	return NULL;
}

json_t *json_walkable(const json_t *object)
{
	return (json_t *)(size_t)object;
}

struct json_number json_number_of(const json_t *json)
{
	if (json_is_integer(json))
		return (struct json_number){.is_exact = true, .integer = json_integer_value(json)};
	return (struct json_number){.real = json_real_value(json)};
}

bool json_number_is_whole(struct json_number number)
{
	double real = number.real;
	if (number.is_exact || real >= 0x1p63 || real < -0x1p63)
		return true; /* a double that large has no room for a fraction */
	return (double)(json_int_t)real == real;
}

/* An integer against a real: a double holds every integer only up to 2^53, so the whole parts meet
 * as integers and the fraction decides. */
static int mixed_order(json_int_t integer, double real)
{
	if (real >= 0x1p63)
		return -1;
	if (real < -0x1p63)
		return 1;
	json_int_t whole = (json_int_t)real;
	if (integer != whole)
		return integer < whole ? -1 : 1;
	double fraction = real - (double)whole;
	return (fraction < 0) - (fraction > 0);
}

int json_number_order(struct json_number left, struct json_number right)
{
	if (left.is_exact && right.is_exact)
		return (left.integer > right.integer) - (left.integer < right.integer);
	if (left.is_exact)
		return mixed_order(left.integer, right.real);
	if (right.is_exact)
		return -mixed_order(right.integer, left.real);
	return (left.real > right.real) - (left.real < right.real);
}

static int size_order(size_t left, size_t right)
{
	return (left > right) - (left < right);
}

static int string_order(const json_t *left, const json_t *right)
{
	size_t length = json_string_length(left);
	int order = size_order(length, json_string_length(right));
	return order != 0 ? order
			  : memcmp(json_string_value(left), json_string_value(right), length);
}

static int array_order(const json_t *left, const json_t *right)
{
	int order = size_order(json_array_size(left), json_array_size(right));
	for (size_t i = 0; order == 0 && i < json_array_size(left); i++)
		order = json_order(json_array_get(left, i), json_array_get(right, i));
	return order;
}

/* Where two objects differ. */
struct difference {
	const char *name; /* the least one so far, or NULL */
	int order;
};

static void find_difference(
	const json_t *left, const json_t *right, struct difference *ret_difference)
{
	const char *name = NULL;
	json_t *member = NULL;
	json_object_foreach (json_walkable(left), name, member) {
		if (ret_difference->name != NULL && strcmp(name, ret_difference->name) > 0)
			continue;
		const json_t *counterpart = json_object_get(right, name);
		int order = counterpart == NULL ? -1 : json_order(member, counterpart);
		if (order != 0)
			*ret_difference = (struct difference){.name = name, .order = order};
	}
}

static void find_addition(
	const json_t *left, const json_t *right, struct difference *ret_difference)
{
	const char *name = NULL;
	json_t *member = NULL;
	json_object_foreach (json_walkable(right), name, member) {
		bool is_least = ret_difference->name == NULL ||
				strcmp(name, ret_difference->name) < 0;
		if (is_least && json_object_get(left, name) == NULL)
			*ret_difference = (struct difference){.name = name, .order = 1};
	}
}

/* Objects of one size are ordered by the least name at which they differ; one that lacks the name
 * comes last. That is the order of their sorted members, found without sorting them. */
static int object_order(const json_t *left, const json_t *right)
{
	int order = size_order(json_object_size(left), json_object_size(right));
	if (order != 0)
		return order;
	struct difference difference = {0};
	find_difference(left, right, &difference);
	find_addition(left, right, &difference);
	return difference.order;
}

int json_order(const json_t *left, const json_t *right)
{
	if (left == right)
		return 0;
	if (json_is_number(left) && json_is_number(right))
		return json_number_order(json_number_of(left), json_number_of(right));
	if (json_typeof(left) != json_typeof(right))
		return (int)json_typeof(left) - (int)json_typeof(right);
	if (json_is_string(left))
		return string_order(left, right);
	if (json_is_array(left))
		return array_order(left, right);
	return json_is_object(left) ? object_order(left, right) : 0;
}
