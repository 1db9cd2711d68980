#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <utf8proc.h>

enum { TEXT_FIRST_CAPACITY = 256 };

struct slice slice_of(const char *string)
{
	return (struct slice){.bytes = string, .length = string == NULL ? 0 : strlen(string)};
}

bool slice_equals(struct slice slice, const char *string)
{
	return strlen(string) == slice.length &&
	       (slice.length == 0 || memcmp(slice.bytes, string, slice.length) == 0);
}

bool slice_equals_ignoring_case(struct slice slice, const char *string)
{
	return strlen(string) == slice.length &&
	       (slice.length == 0 || strncasecmp(slice.bytes, string, slice.length) == 0);
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

struct slice slice_trim(struct slice slice)
{
	while (slice.length > 0 && is_blank(slice.bytes[0])) {
		slice.bytes++;
		slice.length--;
	}
	while (slice.length > 0 && is_blank(slice.bytes[slice.length - 1]))
		slice.length--;
	return slice;
}

bool slice_split(struct slice *rest, char separator, struct slice *ret_part)
{
	if (rest->bytes == NULL)
		return false;
	const char *end = memchr(rest->bytes, separator, rest->length);
	*ret_part = *rest;
	if (end == NULL) {
		*rest = (struct slice){0};
		return true;
	}
	ret_part->length = (size_t)(end - rest->bytes);
	rest->bytes = end + 1;
	rest->length -= ret_part->length + 1;
	return true;
}

bool words_have(const char *words, struct slice word)
{
	struct slice rest = slice_of(words);
	struct slice part;
	while (slice_split(&rest, ' ', &part))
		if (part.length == word.length && memcmp(part.bytes, word.bytes, part.length) == 0)
			return true;
	return false;
}

bool list_has(const char *list, const char *word)
{
	struct slice rest = slice_of(list), one;
	while (slice_split(&rest, ',', &one))
		if (slice_equals(slice_trim(one), word))
			return true;
	return false;
}

void text_init(struct text *text)
{
	*text = (struct text){0};
}

void text_done(struct text *text)
{
	if (text == NULL)
		return;
	free(text->bytes);
	text_init(text);
}

void text_clear(struct text *text)
{
	text->length = 0;
	text->is_broken = false;
	if (text->bytes != NULL)
		text->bytes[0] = '\0';
}

static char *grow(struct text *text, size_t length)
{
	if (text->is_broken)
		return NULL;
	size_t capacity = text->capacity == 0 ? TEXT_FIRST_CAPACITY : text->capacity * 2;
	if (capacity < text->length + length + 1)
		capacity = text->length + length + 1;
	char *bytes = length > SIZE_MAX / 4 ? NULL : realloc(text->bytes, capacity);
	if (bytes == NULL) {
		text->is_broken = true;
		return NULL;
	}
	text->bytes = bytes;
	text->capacity = capacity;
	return bytes + text->length;
}

char *text_reserve(struct text *text, size_t length)
{
	if (!text->is_broken && text->capacity - text->length > length)
		return text->bytes + text->length;
	return grow(text, length);
}

void text_append(struct text *text, const char *bytes, size_t length)
{
	char *room = text_reserve(text, length);
	if (room == NULL)
		return;
	if (length > 0)
		memcpy(room, bytes, length);
	room[length] = '\0';
	text->length += length;
}

void text_append_string(struct text *text, const char *string)
{
	text_append(text, string, strlen(string));
}

void text_append_char(struct text *text, char byte)
{
	char *room = text_reserve(text, 1);
	if (room == NULL)
		return;
	room[0] = byte;
	room[1] = '\0';
	text->length++;
}

void text_append_printf(struct text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	char *room = length < 0 ? NULL : text_reserve(text, (size_t)length);
	if (room == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(room, (size_t)length + 1, format, arguments);
	va_end(arguments);
	text->length += (size_t)length;
}

void text_append_integer(struct text *text, long long number)
{
	char digits[24];
	char *end = digits + sizeof digits;
	char *next = end;
	unsigned long long rest = number < 0 ? 0ULL - (unsigned long long)number
					     : (unsigned long long)number;
	do
		*--next = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (number < 0)
		*--next = '-';
	text_append(text, next, (size_t)(end - next));
}

/* What a byte below 0x60 becomes in a JSON string: 0 stays, 'u' is written \u00XX. */
static const char json_escapes[0x60] = {
	[0x00 ... 0x07] = 'u',
	['\b'] = 'b',
	['\t'] = 't',
	['\n'] = 'n',
	[0x0b] = 'u',
	['\f'] = 'f',
	['\r'] = 'r',
	[0x0e ... 0x1f] = 'u',
	['"'] = '"',
	['\\'] = '\\',
};

void text_append_json(struct text *text, const char *bytes, size_t length)
{
	text_append_char(text, '"');
	size_t start = 0;
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		if (byte >= sizeof json_escapes || json_escapes[byte] == 0)
			continue;
		text_append(text, bytes + start, i - start);
		start = i + 1;
		if (json_escapes[byte] == 'u')
			text_append_printf(text, "\\u%04x", byte);
		else
			text_append(text, (char[]){'\\', json_escapes[byte]}, 2);
	}
	if (start < length)
		text_append(text, bytes + start, length - start);
	text_append_char(text, '"');
}

bool text_is_utf8(const char *bytes, size_t length)
{
	const utf8proc_uint8_t *next = (const utf8proc_uint8_t *)bytes;
	size_t rest = length;
	while (rest > 0) {
		if (*next == 0)
			return false;
		if (*next < 0x80) {
			next++;
			rest--;
			continue;
		}
		utf8proc_int32_t codepoint = 0;
		utf8proc_ssize_t used = utf8proc_iterate(next, (utf8proc_ssize_t)rest, &codepoint);
		if (used <= 0)
			return false;
		next += used;
		rest -= (size_t)used;
	}
	return true;
}

size_t text_cut(const char *bytes, size_t length, size_t length_max)
{
	if (length <= length_max)
		return length;
	while (length_max > 0 && ((unsigned char)bytes[length_max] & 0xc0) == 0x80)
		length_max--;
	return length_max;
}
