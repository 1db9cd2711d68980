#include "webhooks/deliveries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <utlist.h>

#include "config.h"
#include "courier.h"
#include "postgres/rows.h"
#include "postgres/stream.h"
#include "request/binding.h"
#include "watch/journal.h"
#include "watch/metrics.h"
#include "webhook.h"

enum {
	RECONNECT_MS = 500,
	ROOM = 256,              /* messages under way, at most */
	LAME_ROOM = 128,         /* and beside them, to receivers that fail or are slow */
	LEASE_MARGIN_MS = 30000, /* beyond the time that an attempt may take */
};

enum delivery_state { DELIVERY_SENDING, DELIVERY_FINISHED, DELIVERY_RECORDING };

/* A message that this server has claimed. */
struct delivery {
	struct deliveries *owner;
	enum delivery_state state;
	char id[UUID_TEXT_SIZE];
	char webhook_id[UUID_TEXT_SIZE];
	char *body;   /* owned */
	bool is_lame; /* its receiver fails, or is slow */
	int status;
	char reason[64];
	int duration_ms;
	struct delivery *previous, *next;
};

/* What is done in turn, one statement at a time. */
struct step {
	const char *statement;
	int every_ms; /* 0: whenever there is something to do */
	/* Fills in the values of the statement; false: there is nothing to do now. */
	bool (*prepare)(struct deliveries *deliveries);
	void (*take)(struct deliveries *deliveries, const PGresult *result);
};

enum { STEP_FINISH, STEP_FAN_OUT, STEP_CLAIM, STEP_COUNT, STEPS };

enum value {
	VALUE_BUSY,
	VALUE_ROOM,
	VALUE_LAME_ROOM,
	VALUE_LEASE,
	VALUE_IDS,
	VALUE_STATUSES,
	VALUE_REASONS,
	VALUE_DURATIONS,
	VALUES,
};

static const char *const value_names[VALUES] = {
	[VALUE_BUSY] = "busy",
	[VALUE_ROOM] = "room",
	[VALUE_LAME_ROOM] = "lame_room",
	[VALUE_LEASE] = "lease_seconds",
	[VALUE_IDS] = "ids",
	[VALUE_STATUSES] = "statuses",
	[VALUE_REASONS] = "reasons",
	[VALUE_DURATIONS] = "durations",
};

struct deliveries {
	struct service *service;
	struct courier *courier;
	struct stream *stream;
	int64_t connect_ms; /* when to try again */
	bool is_free;       /* connected, and no statement is under way */
	int step;           /* the one that is under way, or was last */
	int64_t due_ms[STEPS];
	struct text values[VALUES];
	struct delivery *all;
	int count, lame_count;
};

static bool prepare_finish(struct deliveries *deliveries);
static void take_finish(struct deliveries *deliveries, const PGresult *result);
static bool prepare_fan_out(struct deliveries *deliveries);
static void take_fan_out(struct deliveries *deliveries, const PGresult *result);
static bool prepare_claim(struct deliveries *deliveries);
static void take_claim(struct deliveries *deliveries, const PGresult *result);
static bool prepare_count(struct deliveries *deliveries);
static void take_count(struct deliveries *deliveries, const PGresult *result);

static const struct step steps[STEPS] = {
	[STEP_FINISH] = {SQL(finishDeliveries), 0, prepare_finish, take_finish},
	[STEP_FAN_OUT] = {SQL(fanOutEvents), 200, prepare_fan_out, take_fan_out},
	[STEP_CLAIM] = {SQL(claimDeliveries), 500, prepare_claim, take_claim},
	[STEP_COUNT] = {SQL(countDeliveries), 5000, prepare_count, take_count},
};

struct deliveries *deliveries_new(struct service *service)
{
	const struct courier_options options = {.timeout_ms = service->config->webhook_ms,
		.ca_file = service->config->webhook_ca_file,
		.allows_private = service->config->webhook_private_addresses};
	struct deliveries *deliveries = calloc(1, sizeof *deliveries);
	if (deliveries == NULL)
		return NULL;
	deliveries->service = service;
	deliveries->courier = courier_new(service->loop, &options);
	if (deliveries->courier != NULL)
		return deliveries;
	deliveries_free(deliveries);
	return NULL;
}

static void delivery_free(struct delivery *delivery)
{
	struct deliveries *deliveries = delivery->owner;
	DL_DELETE2(deliveries->all, delivery, previous, next);
	deliveries->count--;
	deliveries->lame_count -= delivery->is_lame;
	free(delivery->body);
	free(delivery);
}

void deliveries_free(struct deliveries *deliveries)
{
	if (deliveries == NULL)
		return;
	stream_free(deliveries->stream);
	courier_free(deliveries->courier);
	while (deliveries->all != NULL)
		delivery_free(deliveries->all);
	for (int i = 0; i < VALUES; i++)
		text_done(&deliveries->values[i]);
	free(deliveries);
}

bool deliveries_are_idle(const struct deliveries *deliveries)
{
	return deliveries == NULL || deliveries->all == NULL;
}

/* What was being recorded may have been, or not: it is recorded again, which changes nothing then.
 */
static void disconnect(struct deliveries *deliveries)
{
	struct delivery *delivery;
	stream_free(deliveries->stream);
	deliveries->stream = NULL;
	deliveries->is_free = false;
	deliveries->connect_ms = deliveries->service->loop->now_ms + RECONNECT_MS;
	DL_FOREACH2 (deliveries->all, delivery, next)
		if (delivery->state == DELIVERY_RECORDING)
			delivery->state = DELIVERY_FINISHED;
}

static bool run_step(struct deliveries *deliveries, const struct step *step)
{
	struct binding bindings[VALUES + 1] = {0};
	for (int i = 0; i < VALUES; i++)
		bindings[i] = (struct binding){value_names[i], deliveries->values[i].bytes};
	return binding_send(
		deliveries->stream, deliveries->service->statements, step->statement, bindings);
}

/* Begins the next step that is due, after the one that was last, so that each has its turn. */
static void go_on(struct deliveries *deliveries)
{
	int64_t now_ms = deliveries->service->loop->now_ms;
	for (int i = 1; i <= STEPS && deliveries->is_free; i++) {
		int number = (deliveries->step + i) % STEPS;
		const struct step *step = &steps[number];
		if (deliveries->due_ms[number] > now_ms)
			continue;
		for (int value = 0; value < VALUES; value++)
			text_clear(&deliveries->values[value]);
		if (!step->prepare(deliveries))
			continue;
		deliveries->due_ms[number] = now_ms + step->every_ms;
		deliveries->step = number;
		deliveries->is_free = false;
		if (!run_step(deliveries, step))
			disconnect(deliveries);
		return;
	}
}

static void on_ready(void *ctx)
{
	struct deliveries *deliveries = ctx;
	deliveries->is_free = true;
	go_on(deliveries);
}

static void on_result(void *ctx, PGresult *result)
{
	struct deliveries *deliveries = ctx;
	deliveries->is_free = true;
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		steps[deliveries->step].take(deliveries, result);
		go_on(deliveries);
		return;
	}
	struct journal *journal = deliveries->service->journal;
	journal_begin(journal, JOURNAL_WARNING, "webhooks are held up");
	journal_text(journal, "why", PQresultErrorMessage(result));
	journal_end(journal);
	disconnect(deliveries);
}

static void on_lost(void *ctx, const char *why)
{
	(void)why;
	disconnect(ctx);
}

static void connect_to(struct deliveries *deliveries)
{
	struct service *service = deliveries->service;
	const struct stream_events events = {.statement_ms = service->config->statement_ms,
		.query_ms = 2 * service->config->statement_ms,
		.on_ready = on_ready,
		.on_result = on_result,
		.on_lost = on_lost};
	deliveries->connect_ms = service->loop->now_ms + RECONNECT_MS;
	deliveries->stream = stream_new(service, LANE_STAFF, &events, deliveries);
}

void deliveries_tick(struct deliveries *deliveries)
{
	if (deliveries == NULL)
		return;
	if (deliveries->stream == NULL &&
		deliveries->connect_ms <= deliveries->service->loop->now_ms)
		connect_to(deliveries);
	go_on(deliveries);
}

/* The statements give all that they give as text. */
static int number_of(const PGresult *result, const char *name)
{
	struct slice digits = rows_text(result, 0, name);
	return digits.length == 0 ? 0 : (int)strtol(digits.bytes, NULL, 10);
}

static void read_text(
	const PGresult *rows, int row, const char *name, char ret_text[static UUID_TEXT_SIZE])
{
	struct slice text = rows_text(rows, row, name);
	snprintf(ret_text, UUID_TEXT_SIZE, "%.*s", (int)text.length,
		text.bytes == NULL ? "" : text.bytes);
}

/* Adds a member to an array literal of PostgreSQL; what is added needs no quotes. */
static void append_item(struct text *array, const char *item)
{
	text_append_char(array, array->length == 0 ? '{' : ',');
	text_append_string(array, item);
}

static void append_number(struct text *array, int number)
{
	text_append_char(array, array->length == 0 ? '{' : ',');
	text_append_integer(array, number);
}

static void end_array(struct text *array)
{
	text_append_string(array, array->length == 0 ? "{}" : "}");
}

static bool prepare_finish(struct deliveries *deliveries)
{
	struct text *values = deliveries->values;
	struct delivery *delivery;
	bool has_any = false;
	DL_FOREACH2 (deliveries->all, delivery, next) {
		if (delivery->state != DELIVERY_FINISHED)
			continue;
		delivery->state = DELIVERY_RECORDING;
		has_any = true;
		append_item(&values[VALUE_IDS], delivery->id);
		append_number(&values[VALUE_STATUSES], delivery->status);
		append_item(&values[VALUE_REASONS],
			delivery->reason[0] == '\0' ? "NULL" : delivery->reason);
		append_number(&values[VALUE_DURATIONS], delivery->duration_ms);
	}
	for (int i = VALUE_IDS; i <= VALUE_DURATIONS; i++)
		end_array(&values[i]);
	return has_any;
}

static void take_finish(struct deliveries *deliveries, const PGresult *result)
{
	struct metrics *metrics = deliveries->service->metrics;
	struct delivery *delivery, *after;
	metrics_delivered(metrics, METRICS_DELIVERED, number_of(result, "delivered"));
	metrics_delivered(metrics, METRICS_RETRIED, number_of(result, "retried"));
	metrics_delivered(metrics, METRICS_FAILED, number_of(result, "failed"));
	DL_FOREACH_SAFE2(deliveries->all, delivery, after, next)
	if (delivery->state == DELIVERY_RECORDING)
		delivery_free(delivery);
	deliveries->due_ms[STEP_CLAIM] = 0; /* there is room */
}

static bool prepare_fan_out(struct deliveries *deliveries)
{
	return !deliveries->service->is_stopping;
}

/* As long as there are events, it goes on at once. */
static void take_fan_out(struct deliveries *deliveries, const PGresult *result)
{
	if (number_of(result, "events") > 0)
		deliveries->due_ms[STEP_FAN_OUT] = 0;
	if (number_of(result, "deliveries") > 0)
		deliveries->due_ms[STEP_CLAIM] = 0;
}

static bool prepare_claim(struct deliveries *deliveries)
{
	struct text *values = deliveries->values;
	const struct delivery *delivery;
	int room = ROOM - (deliveries->count - deliveries->lame_count);
	int lame_room = LAME_ROOM - deliveries->lame_count;
	if (deliveries->service->is_stopping || (room <= 0 && lame_room <= 0))
		return false;
	DL_FOREACH2 (deliveries->all, delivery, next)
		append_item(&values[VALUE_BUSY], delivery->webhook_id);
	end_array(&values[VALUE_BUSY]);
	text_append_integer(&values[VALUE_ROOM], room);
	text_append_integer(&values[VALUE_LAME_ROOM], lame_room);
	text_append_integer(&values[VALUE_LEASE],
		(deliveries->service->config->webhook_ms + LEASE_MARGIN_MS) / 1000);
	return true;
}

static void sent(void *ctx, const struct courier_outcome *outcome)
{
	struct delivery *delivery = ctx;
	delivery->state = DELIVERY_FINISHED;
	delivery->status = outcome->status;
	delivery->duration_ms = outcome->duration_ms;
	if (outcome->reason != NULL)
		snprintf(delivery->reason, sizeof delivery->reason, "%s", outcome->reason);
	go_on(delivery->owner);
}

/* Both secrets sign while there are two. */
static void append_signatures(struct deliveries *deliveries, const PGresult *rows, int row,
	const struct webhook_message *message, struct text *header)
{
	static const char *const names[] = {"secret_id", "previous_secret_id"};
	text_append_string(header, "webhook-signature:");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		unsigned char secret[DIGEST_SIZE];
		char id[UUID_TEXT_SIZE];
		read_text(rows, row, names[i], id);
		if (id[0] == '\0')
			continue;
		webhook_secret(deliveries->service->webhook_key, id, secret);
		text_append_char(header, ' ');
		text_append_webhook_signature(
			header, message, (struct slice){(const char *)secret, sizeof secret});
	}
}

static bool send_delivery(struct delivery *delivery, const PGresult *rows, int row)
{
	char id[64], timestamp[64];
	struct text url = {0}, signature = {0};
	struct slice url_found = rows_text(rows, row, "url");
	const struct webhook_message message = {
		delivery->id, (long long)time(NULL), slice_of(delivery->body)};
	snprintf(id, sizeof id, "webhook-id: %s", delivery->id);
	snprintf(timestamp, sizeof timestamp, "webhook-timestamp: %lld", message.unix_seconds);
	text_append(&url, url_found.bytes, url_found.length);
	append_signatures(delivery->owner, rows, row, &message, &signature);
	const char *const headers[] = {"content-type: application/cloudevents+json", id, timestamp,
		signature.bytes, "user-agent: Qudao-Webhooks/1", "expect:", NULL};
	const struct courier_message parcel = {.url = url.bytes,
		.headers = headers,
		.body = message.body,
		.done = sent,
		.ctx = delivery};
	bool is_sent = !url.is_broken && !signature.is_broken &&
		       courier_send(delivery->owner->courier, &parcel);
	text_done(&url);
	text_done(&signature);
	return is_sent;
}

/* A row that was claimed becomes a message on its way. One without an event is given up. */
static void take_row(struct deliveries *deliveries, const PGresult *rows, int row)
{
	struct delivery *delivery = calloc(1, sizeof *delivery);
	struct slice body = rows_text(rows, row, "body");
	if (delivery == NULL)
		return; /* due again when the lease is over */
	delivery->owner = deliveries;
	delivery->body = strndup(body.length > 0 ? body.bytes : "", body.length);
	delivery->is_lame = rows_text(rows, row, "lame").length > 0;
	read_text(rows, row, "id", delivery->id);
	read_text(rows, row, "webhook_id", delivery->webhook_id);
	DL_APPEND2(deliveries->all, delivery, previous, next);
	deliveries->count++;
	deliveries->lame_count += delivery->is_lame;
	if (body.length == 0) {
		delivery->state = DELIVERY_FINISHED;
		snprintf(delivery->reason, sizeof delivery->reason, "event_forgotten");
	} else if (delivery->body == NULL || !send_delivery(delivery, rows, row)) {
		delivery_free(delivery); /* due again when the lease is over */
	}
}

static void take_claim(struct deliveries *deliveries, const PGresult *result)
{
	for (int row = 0; row < PQntuples(result); row++)
		take_row(deliveries, result, row);
}

static bool prepare_count(struct deliveries *deliveries)
{
	return !deliveries->service->is_stopping;
}

static void take_count(struct deliveries *deliveries, const PGresult *result)
{
	atomic_store_explicit(&deliveries->service->metrics->deliveries_waiting,
		number_of(result, "waiting"), memory_order_relaxed);
}
