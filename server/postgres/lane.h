/* A lane: a pipelined connection to PostgreSQL.
 *
 * What one turn of the loop brings for a group of lanes goes out as one batch with one Sync, so a
 * batch of writes is one commit. When a segment of a batch fails, the whole batch is rolled back;
 * the failed one is taken out and runs alone afterwards, the rest run again:
 *
 *   queue   a b c d            b failed
 *   batch  [a b c d] Sync  ->  rollback  ->  [a c d] Sync, [b] Sync -> b's own error
 *
 * A batch with keyed segments asks for its answers before the Sync (Flush), lets each keyed segment
 * store its rendered answer, and then syncs: key, rows and answer are one commit. */
#pragma once

#include "loop.h"
#include "postgres/connection.h"
#include "postgres/prepared.h"
#include "postgres/segment.h"

/* What one kind of work gets. */
struct lane_work_options {
	struct hosts *hosts;
	const char *settings; /* of PostgreSQL, as options of the connection; may be "" */
	int lanes;            /* of each role */
	int batch_max;        /* segments */
};

/* Figures for the metrics. */
struct lanes_figures {
	int queued;
	int connected;
	uint64_t batches, segments, retried, reconnected;
};

/* What lanes of one role and one kind of work share. */
struct lane_group {
	struct loop *loop;
	enum lane_role role;
	const struct lane_work_options *options;
	int statement_ms;
	int batch_ms; /* a batch that takes longer has lost its connection */
	struct segment_list queue;
	int64_t down_ms; /* when a connection was first lost or refused; 0: the latest came about */
	struct lanes_figures *figures; /* of all groups */

	/* of lanes.c alone */
	struct lane *members;
	bool is_wanted; /* partners' and slow ones connect when they are first needed */
};

enum lane_state { LANE_DOWN, LANE_CONNECTING, LANE_IDLE, LANE_BUSY };

struct lane {
	struct lane_group *group;
	PGconn *connection;
	struct watch watch;
	enum lane_state state;
	int64_t due_ms; /* when connecting or the batch must be over, or the next attempt is due */
	int backoff_ms;
	int turn; /* of the hosts: the one that it connects to */

	struct prepared_set prepared;
	bool must_forget; /* DEALLOCATE ALL before the next batch: its statements are stale */

	struct segment_list batch;
	struct segment *failed;       /* of the batch */
	bool is_keyed;                /* the batch waits for its answers before it syncs */
	bool is_synced;               /* the Sync is on its way: a commit may happen */
	struct expectation *expected; /* what results will be about */
	int expected_count, expected_next;
	bool has_result; /* of the expectation that is next; its NULL is still to come */
};

/* Makes one that is not connected. */
void lane_init(struct lane *lane, struct lane_group *group);
void lane_done(struct lane *lane);

/* Begins to connect. */
void lane_open(struct lane *lane);

/* Fills a batch from the queue of its group and sends it; the lane must be idle. */
void lane_send(struct lane *lane);

/* Ends connecting, or a batch, that takes too long. */
void lane_tick(struct lane *lane);

/* Closes it. What cannot have been committed waits for another one, the rest is told so. */
void lane_lose(struct lane *lane);

bool lane_is_connected(const struct lane *lane);
