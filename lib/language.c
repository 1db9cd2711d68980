#include "language.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *english, const void *translation)
{
	return strcmp(english, ((const struct translation *)translation)->english);
}

const char *language_text(const struct language *language, const char *english)
{
	if (language == NULL)
		return english;
	const struct translation *found = bsearch(
		english, language->messages, language->count, sizeof *found, compare);
	return found == NULL ? english : found->translated;
}

const char *language_tag(const struct language *language)
{
	return language == NULL ? "en" : language->tag;
}
