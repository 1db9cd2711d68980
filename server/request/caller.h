/* What a caller is told about itself. */
#pragma once

#include "request/request.h"

/* Describes who asks, and what it may do, as one JSON object in the request's arena; NULL when
 * memory is exhausted. */
const char *caller_describe(struct request *r);
