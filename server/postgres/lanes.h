/* All lanes of a worker, in groups by role and work: the only connections that requests share. */
#pragma once

#include "loop.h"
#include "postgres/lane.h"

enum lane_work { LANE_READ, LANE_WRITE, LANE_BULK, LANE_REPORT, LANE_WORK_COUNT };

struct lanes_options {
	struct lane_work_options works[LANE_WORK_COUNT];
	int queue_max;
	int statement_ms;
	int batch_ms; /* a batch that takes longer has lost its connection */
};

struct lanes;

/* Makes the lanes of one worker, and begins to connect those of the staff's reads and writes; NULL
 * when memory is exhausted. */
struct lanes *lanes_new(struct loop *loop, const struct lanes_options *options);

/* Closes them: what is under way is answered as lost or unknown, and nothing more is taken. Accepts
 * NULL. */
void lanes_close(struct lanes *lanes);
void lanes_free(struct lanes *lanes);

/* Takes over `segment` until it is done; false, and nothing taken, when the queue is full. */
bool lanes_submit(
	struct lanes *lanes, enum lane_role role, enum lane_work work, struct segment *segment);

/* Sends what has been submitted; to be called at the end of each turn. */
void lanes_send(struct lanes *lanes);

/* Ends what is overdue and reconnects; to be called every 100 ms or so. */
void lanes_tick(struct lanes *lanes);

/* True when reads and writes of the staff have a connection, and those of partners, once one was
 * asked for, are not without for longer than a moment. */
bool lanes_are_ready(const struct lanes *lanes);

/* Figures for the metrics. */
void lanes_count(const struct lanes *lanes, struct lanes_figures *ret_figures);
