/* Figures of the running server in Prometheus' text form. Each worker counts for itself; a report
 * adds the workers up. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "operation.h"

enum { METRICS_BUCKETS = 12 };

struct operation_metrics {
	_Atomic uint64_t statuses[6]; /* answers by first digit */
	_Atomic uint64_t buckets[METRICS_BUCKETS];
	_Atomic uint64_t microseconds;
};

struct metrics {
	_Atomic int64_t connections;
	_Atomic int64_t requests; /* under way */
	_Atomic int64_t queued;   /* waiting for a lane */
	_Atomic int64_t lanes;    /* connected */
	_Atomic uint64_t batches, segments, retried, reconnected;
	_Atomic uint64_t rows_imported;
	_Atomic bool is_ready; /* the worker's lanes are connected */
	int operation_count;
	struct operation_metrics
		*operations; /* one more than there are: requests without a route */
};

struct metrics *metrics_new(int operation_count);
void metrics_free(struct metrics *metrics);

/* Counts an answer; `operation` NULL: no route was found. */
void metrics_answered(struct metrics *metrics, const struct operation *operation, int status,
	int64_t microseconds);

/* Appends the report over all workers. */
void metrics_report(struct text *text, struct metrics *const *workers, int worker_count,
	const struct operation_table *table);
