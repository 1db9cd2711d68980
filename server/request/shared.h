/* Requests of one caller for one operation that wait for the database at the same time: one
 * statement does for all of them. Reads of single objects, and writes that make objects.
 *
 * The first one makes the segment and waits in the lane's queue; whoever asks the same operation
 * with the same key joins it until it is sent. Under load a batch so asks PostgreSQL once for what
 * would be dozens of statements; an idle server sends each request at once, by itself.
 *
 *   read    identity, statement (:ids)
 *   write   identity, statement (:bodies, :new_ids), read of what was made (:ids)
 *
 * When PostgreSQL refuses a write of several, nothing of it has been done: each then runs by
 * itself, so that only the one at fault is refused. */
#pragma once

#include "request/request.h"

struct shared_table;

/* What is shared in one worker; NULL when memory is exhausted. */
struct shared_table *shared_table_new(void);

/* To be called when nothing shared is under way any more. Accepts NULL. */
void shared_table_free(struct shared_table *table);

/* What becomes of a request that is not answered together with others; both end it. */
struct shared_ways {
	void (*run_alone)(struct request *r);
	void (*fail)(struct request *r, enum segment_outcome outcome, const PGresult *error);
};

/* Submits `r`, whose operation can be shared, or joins it to what waits already; or refuses. */
const struct problem *shared_submit(struct request *r, const struct shared_ways *ways);
