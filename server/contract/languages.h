/* In which of the languages of languages/ a client wants to read. */
#pragma once

#include "language.h"

/* Chooses by the header Accept-Language (RFC 4647, lookup): the language with the largest weight,
 * the first of them; NULL for English, which is also what comes when none is known. A range is cut
 * from its end until it fits, so that every Chinese is answered in the one that there is. */
const struct language *languages_accepted(const char *accept_language);
