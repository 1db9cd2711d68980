/* Reads of single objects that wait for the database at the same time and for the same caller: one
 * statement answers all of them.
 *
 * The first one makes the segment and waits in the lane's queue; whoever asks the same operation
 * with the same key joins it until it is sent. Under load a batch so asks PostgreSQL once for what
 * would be dozens of statements; an idle server sends each read at once, by itself. */
#pragma once

#include "request.h"

struct shared_reads;

/* The reads of one worker; NULL when memory is exhausted. */
struct shared_reads *shared_reads_new(void);

/* To be called when no read is under way any more. Accepts NULL. */
void shared_reads_free(struct shared_reads *reads);

/* Submits the read of `r`, whose operation is shared, or joins it to one that waits already; or
 * refuses. */
const struct problem *shared_read_submit(struct request *r);
