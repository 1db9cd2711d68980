/* How much each caller asks for, counted by a worker until it is written down.
 *
 * Whether a batch was written is not known when its connection is lost meanwhile, so each has a
 * number under the name of the worker, and is sent until it has certainly arrived: PostgreSQL adds
 * it once. What is lost is what a kill finds in memory, some seconds' worth. */
#pragma once

#include "contract/actor.h"

struct meter;
struct meter *meter_new(void);
void meter_free(struct meter *meter);

/* Counts a request of `actor` that was answered with this status and so long a body. */
void meter_note(struct meter *meter, const struct actor *actor, int status, uint64_t bytes_sent);

/* The values of the statement recordUsage, in the order in which it names them. */
enum { METER_INSTANCE, METER_SEQUENCE, METER_USAGE, METER_VALUES };

/* Appends the batch that was not settled, else a new one of what was counted since the last; false
 * when there is none, or memory is exhausted. */
bool meter_batch(struct meter *meter, struct text ret_values[static METER_VALUES]);

/* The batch has been written. */
void meter_settle(struct meter *meter);

/* True when everything that was counted has been written. */
bool meter_is_settled(const struct meter *meter);
