/* What a client's request goes through until it runs: framing, route, identification, permission,
 * body and parameters. The first step that has something against it answers. */
#pragma once

#include "request/request.h"

/* Method and headers are known. Refuses what is wrong with them. */
void pipeline_open(struct request *r);

/* Takes a piece of the body; returns how much of it. */
size_t pipeline_take(struct request *r, const char *bytes, size_t length);

/* The request is complete: carries it out as far as it goes without waiting. */
void pipeline_end(struct request *r);

/* The server ends: refuses a request that waits or has only begun, and wakes it. */
void pipeline_break_off(struct request *r);
