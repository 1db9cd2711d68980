#include "watch/metrics.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t bucket_limits_us[METRICS_BUCKETS] = {
	500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 5000000, INT64_MAX};

struct metrics *metrics_new(int operation_count)
{
	struct metrics *metrics = calloc(1, sizeof *metrics);
	if (metrics == NULL)
		return NULL;
	metrics->operation_count = operation_count;
	metrics->operations = calloc((size_t)operation_count + 1, sizeof *metrics->operations);
	if (metrics->operations == NULL) {
		free(metrics);
		return NULL;
	}
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	free(metrics->operations);
	free(metrics);
}

/* Only its own worker writes a counter, so a plain load and store is enough. */
static void add(_Atomic uint64_t *counter, uint64_t count)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + count,
		memory_order_relaxed);
}

void metrics_answered(struct metrics *metrics, const struct operation *operation, int status,
	int64_t microseconds)
{
	int number = operation == NULL ? metrics->operation_count : operation->number;
	struct operation_metrics *figures = &metrics->operations[number];
	int bucket = 0;
	while (microseconds > bucket_limits_us[bucket])
		bucket++;
	add(&figures->statuses[status / 100 % 6], 1);
	add(&figures->buckets[bucket], 1);
	add(&figures->microseconds, (uint64_t)microseconds);
}

#define X(reason, problem) {#reason, problem},
static const struct {
	const char *reason;
	const struct problem *problem;
} refusals[REFUSAL_COUNT] = {REFUSALS(X)};
#undef X

void metrics_refused(struct metrics *metrics, const struct problem *problem)
{
	for (int i = 0; i < REFUSAL_COUNT; i++)
		if (refusals[i].problem == problem)
			add(&metrics->refusals[i], 1);
}

void metrics_cut(struct metrics *metrics)
{
	add(&metrics->refusals[REFUSED_deadline], 1);
}

void metrics_delivered(struct metrics *metrics, enum metrics_outcome outcome, int count)
{
	add(&metrics->deliveries[outcome], (uint64_t)count);
}

void metrics_followed(struct metrics *metrics, int events)
{
	add(&metrics->events_sent, (uint64_t)events);
}

static uint64_t sum(struct metrics *const *workers, int count, int operation, size_t offset)
{
	uint64_t total = 0;
	for (int i = 0; i < count; i++) {
		const char *figures = (const char *)&workers[i]->operations[operation];
		total += atomic_load_explicit(
			(const _Atomic uint64_t *)(const void *)(figures + offset),
			memory_order_relaxed);
	}
	return total;
}

/* The workers that are asked, and where their figures go. */
struct report {
	struct text *text;
	struct metrics *const *workers;
	int worker_count;
};

static void report_statuses(const struct report *report, const char *id, int operation)
{
	for (int digit = 2; digit < 6; digit++) {
		uint64_t count = sum(report->workers, report->worker_count, operation,
			offsetof(struct operation_metrics, statuses) +
				(size_t)digit * sizeof(uint64_t));
		if (count > 0)
			text_append_printf(report->text,
				"qudao_requests_total{operation=\"%s\",status=\"%dxx\"} %llu\n", id,
				digit, (unsigned long long)count);
	}
}

static void report_durations(const struct report *report, const char *id, int operation)
{
	uint64_t total = 0;
	for (int i = 0; i < METRICS_BUCKETS; i++)
		total += sum(report->workers, report->worker_count, operation,
			offsetof(struct operation_metrics, buckets) + (size_t)i * sizeof(uint64_t));
	if (total == 0)
		return;
	uint64_t below = 0;
	for (int i = 0; i < METRICS_BUCKETS; i++) {
		below += sum(report->workers, report->worker_count, operation,
			offsetof(struct operation_metrics, buckets) + (size_t)i * sizeof(uint64_t));
		char limit[24] = "+Inf";
		if (i + 1 < METRICS_BUCKETS)
			snprintf(limit, sizeof limit, "%g", (double)bucket_limits_us[i] / 1e6);
		text_append_printf(report->text,
			"qudao_request_seconds_bucket{operation=\"%s\",le=\"%s\"} %llu\n", id,
			limit, (unsigned long long)below);
	}
	uint64_t microseconds = sum(report->workers, report->worker_count, operation,
		offsetof(struct operation_metrics, microseconds));
	text_append_printf(report->text,
		"qudao_request_seconds_sum{operation=\"%s\"} %.6f\n"
		"qudao_request_seconds_count{operation=\"%s\"} %llu\n",
		id, (double)microseconds / 1e6, id, (unsigned long long)total);
}

static const char *id_of(const struct operation_table *table, int operation)
{
	return operation < table->count ? table->operations[operation].contract->id : "none";
}

/* The figures that are not of one operation. */
static const struct {
	const char *name;
	const char *type;
	const char *help;
	size_t offset;
} gauges[] = {
	{"qudao_connections", "gauge", "HTTP connections", offsetof(struct metrics, connections)},
	{"qudao_requests", "gauge", "Requests under way", offsetof(struct metrics, requests)},
	{"qudao_queued", "gauge", "Requests that wait for a lane",
		offsetof(struct metrics, queued)},
	{"qudao_lanes", "gauge", "Lanes that are connected", offsetof(struct metrics, lanes)},
	{"qudao_batches_total", "counter", "Batches sent", offsetof(struct metrics, batches)},
	{"qudao_segments_total", "counter", "Segments sent", offsetof(struct metrics, segments)},
	{"qudao_batches_retried_total", "counter", "Batches rolled back and sent again",
		offsetof(struct metrics, retried)},
	{"qudao_lanes_connected_total", "counter", "Connections made to PostgreSQL",
		offsetof(struct metrics, reconnected)},
	{"qudao_rows_imported_total", "counter", "Rows taken by imports",
		offsetof(struct metrics, rows_imported)},
	{"qudao_deliveries_waiting", "gauge",
		"Messages to webhooks that are to be sent now or later",
		offsetof(struct metrics, deliveries_waiting)},
	{"qudao_event_streams", "gauge", "Streams of events that are open",
		offsetof(struct metrics, event_streams)},
	{"qudao_events_sent_total", "counter", "Events sent to streams",
		offsetof(struct metrics, events_sent)},
};

static void report_gauges(const struct report *report)
{
	for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++) {
		int64_t total = 0;
		for (int worker = 0; worker < report->worker_count; worker++) {
			const char *metrics = (const char *)report->workers[worker];
			total += atomic_load_explicit(
				(const _Atomic int64_t *)(const void *)(metrics + gauges[i].offset),
				memory_order_relaxed);
		}
		text_append_printf(report->text, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n",
			gauges[i].name, gauges[i].help, gauges[i].name, gauges[i].type,
			gauges[i].name, (long long)total);
	}
}

/* Every reason is there from the start, so that an alarm can be set on one that has not come yet.
 */
static void report_refusals(const struct report *report)
{
	text_append_string(report->text, "# HELP qudao_refused_total Refusals by reason\n"
					 "# TYPE qudao_refused_total counter\n");
	for (int i = 0; i < REFUSAL_COUNT; i++) {
		uint64_t total = 0;
		for (int worker = 0; worker < report->worker_count; worker++)
			total += atomic_load_explicit(
				&report->workers[worker]->refusals[i], memory_order_relaxed);
		text_append_printf(report->text, "qudao_refused_total{reason=\"%s\"} %llu\n",
			refusals[i].reason, (unsigned long long)total);
	}
}

static void report_deliveries(const struct report *report)
{
	static const char *const outcomes[METRICS_OUTCOMES] = {
		[METRICS_DELIVERED] = "delivered",
		[METRICS_RETRIED] = "retried",
		[METRICS_FAILED] = "failed",
	};
	text_append_string(report->text,
		"# HELP qudao_deliveries_total Attempts to deliver to webhooks by outcome\n"
		"# TYPE qudao_deliveries_total counter\n");
	for (int i = 0; i < METRICS_OUTCOMES; i++) {
		uint64_t count = 0;
		for (int worker = 0; worker < report->worker_count; worker++)
			count += atomic_load_explicit(
				&report->workers[worker]->deliveries[i], memory_order_relaxed);
		text_append_printf(report->text, "qudao_deliveries_total{outcome=\"%s\"} %llu\n",
			outcomes[i], (unsigned long long)count);
	}
}

void metrics_report(struct text *text, struct metrics *const *workers, int worker_count,
	const struct operation_table *table)
{
	struct report report = {text, workers, worker_count};
	report_gauges(&report);
	report_refusals(&report);
	report_deliveries(&report);
	text_append_string(text, "# HELP qudao_requests_total Answers by operation and status\n"
				 "# TYPE qudao_requests_total counter\n");
	for (int i = 0; i <= table->count; i++)
		report_statuses(&report, id_of(table, i), i);
	text_append_string(text, "# HELP qudao_request_seconds Time from request to answer\n"
				 "# TYPE qudao_request_seconds histogram\n");
	for (int i = 0; i <= table->count; i++)
		report_durations(&report, id_of(table, i), i);
}
