/* Messages in other languages. The English one stands in the code and is the key of its
 * translation, as with gettext; a catalogue (languages/) is woven in. */
#pragma once

#include <stddef.h>

/* Marks a literal that is translated where it is used, for the test that looks for all of them. */
#define MESSAGE(text) text

struct translation {
	const char *english;
	const char *translated; /* its conversions are those of the English one, in their order, or
				 * the first of them */
};

struct language {
	const char *tag;                    /* "zh-CN" */
	const struct translation *messages; /* in the order of strcmp */
	size_t count;
};

/* Returns `english` in that language; as it is in English (NULL), or where it has no translation.
 */
const char *language_text(const struct language *language, const char *english)
	__attribute__((format_arg(2)));

/* Returns the tag of the language; NULL is English. */
const char *language_tag(const struct language *language);
