/* Who asks: found in the worker's memory, or looked up. Ends with r->who.done, now or later. */
#pragma once

#include "request/request.h"

/* Finds out by the key or the token that a request brings who asks. */
void identification_begin(struct request *r);

/* Looks up what the memory does not have: the key of r->who.digest, or the token that it brings. */
void identification_look_up(struct request *r);
