/* What a caller is told about itself, and what it may be told of. */
#pragma once

#include "request/request.h"

/* Returns the kinds of objects that the caller may read, separated by blanks, in the request's
 * arena; NULL: all. */
const char *caller_objects(struct request *r);

/* Describes who asks, and what it may do, as one JSON object in the request's arena; NULL when
 * memory is exhausted. */
const char *caller_describe(struct request *r);
