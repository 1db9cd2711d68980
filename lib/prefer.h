/* What a client prefers (RFC 7240): the header Prefer. */
#pragma once

#include <stdbool.h>

/* True when one of the preferences in `header` (NULL: none) is `name`, without a value. Others, and
 * what is no preference at all, are passed over. */
bool prefer_has(const char *header, const char *name);
