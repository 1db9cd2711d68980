/* Reading JSON from strangers: strict, bounded, with the place of the fault; and what is equal. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "language.h"

enum { JSON_DEPTH_MAX = 32 };

/* Why a text is no acceptable JSON. */
struct json_fault {
	size_t offset;    /* in bytes */
	const char *code; /* "invalid_json", "duplicate_member", "too_deep", "invalid_utf8" */
	char detail[256];
	const struct language *language; /* set by the caller: of the detail */
};

/* Returns the value of `length` bytes of JSON (any value at the top; a new reference), or NULL with
 * `ret_fault` filled in: duplicate members, depth over JSON_DEPTH_MAX, invalid UTF-8, lone
 * surrogates, U+0000, NaN, numbers out of range, trailing bytes. */
json_t *json_read(const char *bytes, size_t length, struct json_fault *ret_fault);

/* Returns the object to be iterated: jansson wants it writable for that, and does not write. */
json_t *json_walkable(const json_t *object);

/* A number as JSON Schema sees it: 1 and 1.0 are the same. */
struct json_number {
	bool is_exact; /* `integer` holds it; otherwise `real` does */
	json_int_t integer;
	double real;
};

/* Returns the number of an integer or a real. */
struct json_number json_number_of(const json_t *json);

/* True when the number has no fraction. */
bool json_number_is_whole(struct json_number number);

/* Returns less than, equal to or greater than 0, without loss even above 2^53. */
int json_number_order(struct json_number left, struct json_number right);

/* A total order of JSON values in which equal means what JSON Schema calls equal: numbers by their
 * value, objects whatever the order of their members. Its sense otherwise is only to be sorted by.
 */
int json_order(const json_t *left, const json_t *right);
