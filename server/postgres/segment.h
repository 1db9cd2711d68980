/* Segments: what one request wants from the database, a few calls that succeed or fail together. */
#pragma once

#include <libpq-fe.h>

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

/* Releases the results of a segment that is done. */
void segment_clear(struct segment *segment);

/* Tells its owner what came of it, and holds its variants no more. */
void segment_finish(struct segment *segment, enum segment_outcome outcome);

/* Segments in the order in which they came. */
struct segment_list {
	struct segment *first, *last;
	int count;
};

void segment_list_append(struct segment_list *list, struct segment *segment);

/* Takes the first one off; NULL when there is none. */
struct segment *segment_list_take(struct segment_list *list);

/* Puts `front` before what waits already. */
void segment_list_prepend(struct segment_list *list, struct segment_list *front);
