/* Which pages of other origins may call, and what they may see. */
#pragma once

#include "request/request.h"

/* Adds the headers of CORS to the answer of `r`, whatever the answer is. */
void cors_add(struct request *r);
