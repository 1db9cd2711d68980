/* Strings: pieces of other people's bytes, and a buffer that grows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A piece of bytes that somebody else owns; not NUL-terminated. */
struct slice {
	const char *bytes;
	size_t length;
};

#define SLICE(literal) ((struct slice){.bytes = (literal), .length = sizeof(literal) - 1})

/* A buffer that grows. After a failed allocation it stays broken and takes no more, so that a
 * writer checks once, at its end. */
struct text {
	char *bytes; /* owned; NUL-terminated unless NULL */
	size_t length;
	size_t capacity;
	bool is_broken;
};

/* Returns the slice of a NUL-terminated string; NULL gives an empty one. */
struct slice slice_of(const char *string);
bool slice_equals(struct slice slice, const char *string);
bool slice_equals_ignoring_case(struct slice slice, const char *string);

/* Returns `slice` without the spaces and tabs at its ends. */
struct slice slice_trim(struct slice slice);

/* Takes the part before `separator` off the front of `rest`; false when nothing is left. */
bool slice_split(struct slice *rest, char separator, struct slice *ret_part);

/* True when `word` is one of `words`, which blanks separate; NULL has none. */
bool words_have(const char *words, struct slice word);

/* True when `word` is one of those in `list`, which commas separate; NULL has none. */
bool list_has(const char *list, const char *word);

void text_init(struct text *text);
void text_done(struct text *text);

/* Empties the buffer and keeps its memory. */
void text_clear(struct text *text);

/* Makes room for `length` more bytes and returns where they go, or NULL. The caller then adds what
 * it wrote to `text->length` and keeps the terminating NUL. */
char *text_reserve(struct text *text, size_t length);

void text_append(struct text *text, const char *bytes, size_t length);
void text_append_string(struct text *text, const char *string);
void text_append_char(struct text *text, char byte);
void text_append_printf(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends `bytes` as a JSON string, with its quotes; the bytes must be valid UTF-8. */
void text_append_json(struct text *text, const char *bytes, size_t length);

/* Appends the decimal digits of a number. */
void text_append_integer(struct text *text, long long number);

/* True when `bytes` are valid UTF-8 (RFC 3629) without U+0000. */
bool text_is_utf8(const char *bytes, size_t length);

/* Returns how many of `length` bytes of UTF-8 to keep, so that they are at most `length_max` and no
 * character is cut. */
size_t text_cut(const char *bytes, size_t length, size_t length_max);
