/* Deliveries: what has happened goes to those who asked for it. Makes deliveries of new events,
 * takes what is due, sends it and notes what came of it, on a connection of its own.
 *
 *   event -> fan out -> pending --claim--> SENDING -> FINISHED -> RECORDING -> (freed)
 *                          ^    (a lease)                              |
 *                          '--- when the lease is over, or on retry ---'
 *
 * Any number of servers do so at once: a row is claimed by one of them, and is due again when its
 * lease is over, so that a killed server loses none. */
#pragma once

#include "service.h"

struct deliveries;

/* Makes it; it connects when it is first ticked. NULL when memory is exhausted. */
struct deliveries *deliveries_new(struct service *service);

/* Drops what is under way; it is sent again when its lease is over. Accepts NULL. */
void deliveries_free(struct deliveries *deliveries);

/* Connects, reconnects, and does what is due; to be called every 100 ms or so. */
void deliveries_tick(struct deliveries *deliveries);

/* True when nothing is under way. Once the service is stopping, nothing is begun. */
bool deliveries_are_idle(const struct deliveries *deliveries);
