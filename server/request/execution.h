/* Carries a request out that was permitted and checked: its segment, and what came of it. */
#pragma once

#include "request/request.h"

/* Runs the operation's statement, by itself or shared with others who wait; or refuses. The answer
 * comes later. */
const struct problem *execution_begin(struct request *r);
