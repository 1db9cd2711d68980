/* What a worker does beside its requests, on a connection of its own: it hears which keys changed
 * and notes which were used. */
#pragma once

#include "service.h"

struct housekeeping;

/* Makes it; it connects when it is first ticked. NULL when memory is exhausted. */
struct housekeeping *housekeeping_new(struct service *service);
void housekeeping_free(struct housekeeping *housekeeping);

/* Connects, reconnects, and does what is due; to be called every 100 ms or so. */
void housekeeping_tick(struct housekeeping *housekeeping);
