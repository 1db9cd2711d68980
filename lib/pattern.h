/* Regular expressions as JSON Schema means them (ECMA-262, Unicode): compiled once, matched by any
 * thread, and bounded, so that no value makes one run away. */
#pragma once

#include "text.h"

enum { PATTERN_SUBJECT_MAX = 8192 }; /* bytes; a longer one is not tried */

enum pattern_result {
	PATTERN_DIFFERS,
	PATTERN_MATCHES,
	PATTERN_GAVE_UP, /* too long or too much work: to be treated as a refusal */
};

struct pattern;

/* Returns the compiled form of `source`, or NULL with a line in `ret_error`. */
struct pattern *pattern_new(struct slice source, struct text *ret_error);
void pattern_free(struct pattern *pattern);

/* Says whether the pattern occurs anywhere in `subject`, which must be valid UTF-8. */
enum pattern_result pattern_match(const struct pattern *pattern, struct slice subject);
