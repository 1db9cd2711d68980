/* Lanes: pipelined connections to PostgreSQL, the only ones that requests share.
 *
 * A segment is what one request wants from the database: a few calls that succeed or fail together.
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

#include <libpq-fe.h>

#include "loop.h"
#include "postgres/statement.h"

enum { SEGMENT_CALLS_MAX = 5, SEGMENT_TRIES_MAX = 5 };

/* One execution of a variant. The arrays live as long as the segment. */
struct call {
	struct variant *variant;
	const char *const *values;
	const int *lengths; /* of binary values */
	const int *formats; /* NULL: all text */
};

enum segment_outcome {
	SEGMENT_DONE,    /* committed; results are there */
	SEGMENT_FAILED,  /* PostgreSQL refused it: `error` says why */
	SEGMENT_LOST,    /* certainly not done: no connection, or no time */
	SEGMENT_UNKNOWN, /* a write whose commit was under way when the connection went */
};

struct segment;
typedef void segment_done_function(struct segment *segment, enum segment_outcome outcome);

/* Renders the answer of a keyed segment and fills in the calls that store it: who acts, and what is
 * stored. False: nothing is to be stored. */
enum { SEGMENT_STORE_CALLS = 2 };
typedef bool segment_store_function(
	struct segment *segment, struct call ret_store[static SEGMENT_STORE_CALLS]);

/* Fills in what was left open until the segment is sent; called again when it is sent again. */
typedef void segment_sending_function(struct segment *segment);

struct segment {
	struct call calls[SEGMENT_CALLS_MAX];
	int call_count;
	bool is_write;
	segment_done_function *done;
	segment_sending_function *sending; /* NULL: nothing is open */
	segment_store_function *store;     /* NULL: not keyed */
	const char *key; /* of a keyed one: two with one key never share a batch */
	void *ctx;
	int64_t deadline_ms; /* waits no longer than this */

	/* the lane's own */
	PGresult *results[SEGMENT_CALLS_MAX];
	PGresult *error;
	int tries;
	bool is_alone; /* failed in company: runs by itself */
	struct segment *next;
};

enum lane_role { LANE_STAFF, LANE_PARTNER, LANE_ROLE_COUNT };
enum lane_work { LANE_READ, LANE_WRITE, LANE_BULK, LANE_REPORT, LANE_WORK_COUNT };

/* What one kind of work gets. */
struct lane_work_options {
	const char *url;
	const char *settings; /* of PostgreSQL, as options of the connection; may be "" */
	int lanes;            /* of each role */
	int batch_max;        /* segments */
};

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
struct lanes_figures {
	int queued;
	int connected;
	uint64_t batches, segments, retried, reconnected;
};
void lanes_count(const struct lanes *lanes, struct lanes_figures *ret_figures);

/* Releases the results of a segment that is done. */
void segment_clear(struct segment *segment);

/* Opens a connection of a role, as lanes do, without waiting for it. */
PGconn *lane_connect(const char *url, enum lane_role role, const char *settings, int statement_ms);
