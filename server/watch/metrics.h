/* Figures of the running server in Prometheus' text form. Each worker counts for itself; a report
 * adds the workers up. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "contract/operation.h"
#include "contract/problem.h"

enum { METRICS_BUCKETS = 12 };

/* X(reason, the problem that is answered for it; NULL: the connection is cut) */
#define REFUSALS(X)                                                                                \
	X(framing, &problem_bad_request)                                                           \
	X(unauthorized, &problem_unauthorized)                                                     \
	X(invalid_token, &problem_invalid_token)                                                   \
	X(forbidden, &problem_forbidden)                                                           \
	X(rate, &problem_too_many_requests)                                                        \
	X(concurrency, &problem_too_many_at_once)                                                  \
	X(body_too_large, &problem_payload_too_large)                                              \
	X(queue_full, &problem_overloaded)                                                         \
	X(database_away, &problem_unavailable)                                                     \
	X(issuer_away, &problem_issuer_unavailable)                                                \
	X(outcome_unknown, &problem_outcome_unknown)                                               \
	X(deadline, NULL)

#define X(reason, problem) REFUSED_##reason,
enum refusal { REFUSALS(X) REFUSAL_COUNT };
#undef X

/* What comes of an attempt to deliver. */
enum metrics_outcome { METRICS_DELIVERED, METRICS_RETRIED, METRICS_FAILED, METRICS_OUTCOMES };

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
	_Atomic uint64_t refusals[REFUSAL_COUNT];
	_Atomic uint64_t deliveries[METRICS_OUTCOMES]; /* attempts to send a webhook's message */
	_Atomic int64_t deliveries_waiting;
	_Atomic int64_t event_streams; /* open */
	_Atomic uint64_t events_sent;  /* to them */
	_Atomic bool is_ready;         /* the worker's lanes are connected */
	int operation_count;
	struct operation_metrics
		*operations; /* one more than there are: requests without a route */
};

struct metrics *metrics_new(int operation_count);
void metrics_free(struct metrics *metrics);

/* Counts an answer; `operation` NULL: no route was found. */
void metrics_answered(struct metrics *metrics, const struct operation *operation, int status,
	int64_t microseconds);

/* Counts a refusal by the reason behind `problem`, if that is one that an operator looks for. */
void metrics_refused(struct metrics *metrics, const struct problem *problem);

/* Counts a connection that was cut because it took too long. */
void metrics_cut(struct metrics *metrics);

/* Counts attempts to deliver. */
void metrics_delivered(struct metrics *metrics, enum metrics_outcome outcome, int count);

/* Counts events that were sent to streams. */
void metrics_followed(struct metrics *metrics, int events);

/* Appends the report over all workers. */
void metrics_report(struct text *text, struct metrics *const *workers, int worker_count,
	const struct operation_table *table);
