#include "postgres/lane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum {
	RECONNECT_FIRST_MS = 20, /* doubles up to … */
	RECONNECT_LAST_MS = 500, /* of all hosts together */
};

/* What the next result will be about. */
enum expectation_kind { EXPECT_PREPARE, EXPECT_FORGET, EXPECT_CALL, EXPECT_STORE, EXPECT_SYNC };

struct expectation {
	enum expectation_kind kind;
	struct segment *segment;
	int call;
	uint64_t serial; /* EXPECT_PREPARE: the variant */
};

static void lane_ready(struct watch *watch, uint32_t events);

static void lane_close(struct lane *lane)
{
	loop_forget(lane->group->loop, &lane->watch);
	PQfinish(lane->connection);
	lane->connection = NULL;
	prepared_clear(&lane->prepared);
	lane->must_forget = false;
	lane->state = LANE_DOWN;
	if (lane->group->down_ms == 0)
		lane->group->down_ms = lane->group->loop->now_ms;
	lane->due_ms = lane->group->loop->now_ms + lane->backoff_ms;
	int last_ms = RECONNECT_LAST_MS / hosts_count(lane->group->options->hosts);
	lane->backoff_ms = lane->backoff_ms * 2 < last_ms ? lane->backoff_ms * 2 : last_ms;
}

/* The host does not take us: the next one is asked. */
static void lane_give_up(struct lane *lane)
{
	hosts_failed(lane->group->options->hosts, lane->turn);
	lane_close(lane);
}

void lane_open(struct lane *lane)
{
	const struct lane_group *group = lane->group;
	struct hosts *hosts = group->options->hosts;
	lane->connection = connection_open(
		hosts, group->role, group->options->settings, group->statement_ms);
	lane->state = LANE_CONNECTING;
	lane->turn = hosts_turn(hosts);
	lane->due_ms = group->loop->now_ms + hosts_limit_ms(hosts);
	if (lane->connection == NULL || PQstatus(lane->connection) == CONNECTION_BAD ||
		!loop_watch(group->loop, &lane->watch, PQsocket(lane->connection), EPOLLOUT))
		lane_give_up(lane);
}

static void lane_connected(struct lane *lane)
{
	if (PQenterPipelineMode(lane->connection) != 1 ||
		PQsetnonblocking(lane->connection, 1) != 0) {
		lane_give_up(lane);
		return;
	}
	lane->state = LANE_IDLE;
	lane->backoff_ms = RECONNECT_FIRST_MS;
	lane->group->down_ms = 0;
	lane->group->figures->reconnected++;
	loop_watch(lane->group->loop, &lane->watch, PQsocket(lane->connection), EPOLLIN);
}

/* libpq may change its socket while it connects (several hosts), so it is watched anew each time.
 */
static void lane_connect_on(struct lane *lane)
{
	struct loop *loop = lane->group->loop;
	PostgresPollingStatusType status = PQconnectPoll(lane->connection);
	if (status == PGRES_POLLING_OK) {
		lane_connected(lane);
		return;
	}
	uint32_t events = status == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT;
	loop_forget(loop, &lane->watch);
	if (status == PGRES_POLLING_FAILED ||
		!loop_watch(loop, &lane->watch, PQsocket(lane->connection), events))
		lane_give_up(lane);
}

/* The connection is gone. What cannot have been committed waits for another one. */
void lane_lose(struct lane *lane)
{
	struct segment_list batch = lane->batch;
	bool may_be_committed = lane->is_synced && lane->failed == NULL;
	lane->batch = (struct segment_list){0};
	lane_close(lane);

	struct segment_list again = {0};
	struct segment *segment;
	while ((segment = segment_list_take(&batch)) != NULL) {
		segment_clear(segment);
		if (segment->is_write && may_be_committed)
			segment_finish(segment, SEGMENT_UNKNOWN);
		else if (++segment->tries >= SEGMENT_TRIES_MAX)
			segment_finish(segment, SEGMENT_LOST);
		else
			segment_list_append(&again, segment);
	}
	segment_list_prepend(&lane->group->queue, &again);
}

static void expect(struct lane *lane, struct expectation expectation)
{
	lane->expected[lane->expected_count++] = expectation;
}

/* Makes room among the prepared statements. */
static bool evict_prepared(struct lane *lane)
{
	char name[PREPARED_NAME_SIZE];
	char forget[PREPARED_NAME_SIZE + 16];
	if (!prepared_evict(&lane->prepared, name))
		return true;
	snprintf(forget, sizeof forget, "deallocate %s", name);
	expect(lane, (struct expectation){.kind = EXPECT_FORGET});
	return PQsendQueryParams(lane->connection, forget, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

/* Returns the lane's name for the variant, preparing it first when it is new; NULL when the
 * connection is bad. */
static const char *prepare(struct lane *lane, const struct variant *variant)
{
	const char *name = prepared_find(&lane->prepared, variant->serial);
	if (name != NULL)
		return name;
	name = evict_prepared(lane) ? prepared_add(&lane->prepared, variant->serial) : NULL;
	if (name == NULL)
		return NULL;
	expect(lane, (struct expectation){.kind = EXPECT_PREPARE, .serial = variant->serial});
	if (PQsendPrepare(lane->connection, name, variant->sql.text.bytes, 0, NULL) != 1)
		return NULL;
	return name;
}

static bool send_call(struct lane *lane, const struct call *call, struct expectation expectation)
{
	const char *name = prepare(lane, call->variant);
	if (name == NULL)
		return false;
	expect(lane, expectation);
	return PQsendQueryPrepared(lane->connection, name, (int)call->variant->sql.parameter_count,
		       call->values, call->lengths, call->formats, 1) == 1;
}

static bool send_segment(struct lane *lane, struct segment *segment)
{
	for (int i = 0; i < segment->call_count; i++)
		if (!send_call(lane, &segment->calls[i],
			    (struct expectation){
				    .kind = EXPECT_CALL, .segment = segment, .call = i}))
			return false;
	return true;
}

static bool send_sync(struct lane *lane)
{
	lane->is_synced = true;
	expect(lane, (struct expectation){.kind = EXPECT_SYNC});
	return PQpipelineSync(lane->connection) == 1;
}

/* Sends what libpq has buffered; asks to be told when the socket takes more. */
static bool lane_flush(struct lane *lane)
{
	int left = PQflush(lane->connection);
	if (left < 0)
		return false;
	return loop_watch(lane->group->loop, &lane->watch, PQsocket(lane->connection),
		left == 0 ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

/* True when `segment` must not join the batch: it runs alone, or its key is in the batch already
 * (the second one shall find the answer of the first). */
static bool must_wait(const struct segment_list *batch, const struct segment *segment)
{
	if (batch->first == NULL)
		return false;
	if (segment->is_alone || batch->first->is_alone)
		return true;
	for (const struct segment *other = batch->first; segment->key && other; other = other->next)
		if (other->key != NULL && strcmp(other->key, segment->key) == 0)
			return true;
	return false;
}

static void fill_batch(struct lane *lane)
{
	struct segment_list *queue = &lane->group->queue;
	lane->is_keyed = false;
	while (queue->first != NULL && lane->batch.count < lane->group->options->batch_max &&
		!must_wait(&lane->batch, queue->first)) {
		struct segment *segment = segment_list_take(queue);
		segment_list_append(&lane->batch, segment);
		lane->is_keyed |= segment->store != NULL;
		if (segment->sending != NULL)
			segment->sending(segment);
	}
}

/* A batch needs at most a preparation and an eviction a call, and a Sync. */
static bool make_expectations(struct lane *lane)
{
	size_t room = (size_t)lane->batch.count * (SEGMENT_CALLS_MAX + SEGMENT_STORE_CALLS) * 3 + 2;
	struct expectation *expected = realloc(lane->expected, room * sizeof *expected);
	if (expected == NULL)
		return false;
	lane->expected = expected;
	lane->expected_count = lane->expected_next = 0;
	lane->has_result = false;
	return true;
}

static bool forget_stale(struct lane *lane)
{
	if (!lane->must_forget)
		return true;
	lane->must_forget = false;
	prepared_clear(&lane->prepared);
	expect(lane, (struct expectation){.kind = EXPECT_FORGET});
	return PQsendQueryParams(
		       lane->connection, "deallocate all", 0, NULL, NULL, NULL, NULL, 0) == 1;
}

void lane_send(struct lane *lane)
{
	struct lane_group *group = lane->group;
	fill_batch(lane);
	lane->state = LANE_BUSY;
	lane->failed = NULL;
	lane->is_synced = false;
	lane->due_ms = group->loop->now_ms + group->batch_ms;
	group->figures->batches++;
	group->figures->segments += (uint64_t)lane->batch.count;

	bool is_sent = make_expectations(lane) && forget_stale(lane);
	for (struct segment *segment = lane->batch.first; is_sent && segment;
		segment = segment->next)
		is_sent = send_segment(lane, segment);
	if (is_sent)
		is_sent = lane->is_keyed ? PQsendFlushRequest(lane->connection) == 1
					 : send_sync(lane);
	if (!is_sent || !lane_flush(lane))
		lane_lose(lane);
}

/* The answers of a keyed batch are complete: they are stored in the same transaction. */
static bool store_answers(struct lane *lane)
{
	lane->is_keyed = false;
	for (struct segment *segment = lane->batch.first; segment; segment = segment->next) {
		struct call store[SEGMENT_STORE_CALLS];
		if (segment->store == NULL || !segment->store(segment, store))
			continue;
		for (int i = 0; i < SEGMENT_STORE_CALLS; i++)
			if (!send_call(lane, &store[i],
				    (struct expectation){.kind = EXPECT_STORE, .segment = segment}))
				return false;
	}
	return send_sync(lane) && lane_flush(lane);
}

static bool has_sqlstate(const PGresult *error, const char *const *states)
{
	const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE);
	for (; state != NULL && *states != NULL; states++)
		if (strcmp(state, *states) == 0)
			return true;
	return false;
}

/* Errors that are not the segment's fault: stale preparations, and races that a replay wins. */
static bool may_replay(struct lane *lane, const struct segment *segment)
{
	static const char *const stale[] = {"0A000", "26000", NULL};
	static const char *const races[] = {"40001", "40P01", NULL};
	if (segment->tries >= SEGMENT_TRIES_MAX)
		return false;
	if (has_sqlstate(segment->error, stale))
		return lane->must_forget = true;
	return has_sqlstate(segment->error, races);
}

/* Who has been at work already is not overdue for having to begin again: a deadlock alone takes a
 * second to be found. */
static void run_again(struct lane *lane, struct segment_list *again, struct segment *segment)
{
	const struct lane_group *group = lane->group;
	segment_clear(segment);
	segment->deadline_ms = group->loop->now_ms + group->batch_ms;
	segment_list_append(again, segment);
}

/* The batch was rolled back: everybody but the one at fault runs again, and that one after them. */
static void replay_batch(struct lane *lane)
{
	struct segment_list batch = lane->batch;
	struct segment_list again = {0};
	struct segment *failed = lane->failed;
	lane->batch = (struct segment_list){0};
	bool was_alone = batch.count == 1;
	bool runs_again = may_replay(lane, failed) || !was_alone;
	failed->is_alone = true;
	failed->tries++;
	lane->group->figures->retried++;

	struct segment *segment;
	while ((segment = segment_list_take(&batch)) != NULL) {
		if (segment == failed)
			continue;
		run_again(lane, &again, segment);
	}
	if (runs_again)
		run_again(lane, &again, failed);
	segment_list_prepend(&lane->group->queue, &again);
	if (!runs_again)
		segment_finish(failed, SEGMENT_FAILED);
}

static void finish_batch(struct lane *lane)
{
	lane->state = LANE_IDLE;
	if (lane->failed != NULL) {
		replay_batch(lane);
		return;
	}
	struct segment_list batch = lane->batch;
	lane->batch = (struct segment_list){0};
	struct segment *segment;
	while ((segment = segment_list_take(&batch)) != NULL)
		segment_finish(segment, SEGMENT_DONE);
}

/* Remembers the first failure of the batch, with the segment that caused it. A preparation that
 * fails is the fault of the call that follows it. */
static void note_failure(struct lane *lane, PGresult *result)
{
	struct expectation *expected = &lane->expected[lane->expected_next];
	struct segment *segment = expected->segment;
	for (int i = lane->expected_next; segment == NULL && i < lane->expected_count; i++)
		segment = lane->expected[i].segment;
	if (lane->failed != NULL || segment == NULL) {
		PQclear(result);
		return;
	}
	lane->failed = segment;
	segment->error = result;
}

/* Takes over `result`; false when the connection is of no more use. */
static bool take_result(struct lane *lane, PGresult *result)
{
	struct expectation *expected = &lane->expected[lane->expected_next];
	ExecStatusType status = PQresultStatus(result);
	bool is_good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
	if (expected->kind == EXPECT_PREPARE)
		prepared_confirm(&lane->prepared, expected->serial, is_good);
	if (status == PGRES_PIPELINE_SYNC) {
		PQclear(result);
		return expected->kind == EXPECT_SYNC;
	}
	if (status == PGRES_FATAL_ERROR) {
		static const char *const shutdowns[] = {"57P01", "57P02", "57P03", NULL};
		bool is_gone = expected->kind == EXPECT_SYNC || has_sqlstate(result, shutdowns) ||
			       PQstatus(lane->connection) == CONNECTION_BAD;
		/* An error in place of a result means that nothing of the batch was committed. */
		if (is_gone && expected->kind != EXPECT_SYNC &&
			PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL)
			lane->is_synced = false;
		if (is_gone)
			PQclear(result);
		else
			note_failure(lane, result);
		return !is_gone;
	}
	if (is_good && expected->kind == EXPECT_CALL) {
		PQclear(expected->segment->results[expected->call]);
		expected->segment->results[expected->call] = result;
	} else {
		PQclear(result);
	}
	return true;
}

/* Takes what has come, as far as it is complete. Each command brings a result and a NULL, a Sync
 * only itself. Returns false when the connection is lost. */
static bool take_results(struct lane *lane)
{
	while (lane->expected_next < lane->expected_count && !PQisBusy(lane->connection)) {
		PGresult *result = PQgetResult(lane->connection);
		if (result == NULL) {
			if (!lane->has_result)
				return PQstatus(lane->connection) != CONNECTION_BAD;
			lane->has_result = false;
			lane->expected_next++;
			continue;
		}
		lane->has_result = PQresultStatus(result) != PGRES_PIPELINE_SYNC;
		if (!take_result(lane, result))
			return false;
		if (!lane->has_result)
			lane->expected_next++;
	}
	return true;
}

static bool lane_receive(struct lane *lane)
{
	if (PQconsumeInput(lane->connection) != 1 || !lane_flush(lane) || !take_results(lane))
		return false;
	if (lane->expected_next < lane->expected_count)
		return true;
	if (lane->is_synced) {
		finish_batch(lane);
		return true;
	}
	/* All answers of a keyed batch are in, or its transaction has failed: both end in a Sync.
	 */
	if (lane->failed != NULL)
		return send_sync(lane) && lane_flush(lane);
	return store_answers(lane);
}

static void lane_ready(struct watch *watch, uint32_t events)
{
	struct lane *lane = watch->ctx;
	(void)events;
	if (lane->state == LANE_CONNECTING)
		lane_connect_on(lane);
	else if (lane->state == LANE_BUSY && !lane_receive(lane))
		lane_lose(lane);
	else if (lane->state == LANE_IDLE && (PQconsumeInput(lane->connection) != 1 ||
						     PQstatus(lane->connection) == CONNECTION_BAD))
		lane_lose(lane);
}

void lane_tick(struct lane *lane)
{
	if (lane->due_ms > lane->group->loop->now_ms)
		return;
	if (lane->state == LANE_CONNECTING)
		lane_give_up(lane);
	else if (lane->state == LANE_BUSY)
		lane_lose(lane);
}

void lane_init(struct lane *lane, struct lane_group *group)
{
	*lane = (struct lane){.group = group,
		.backoff_ms = RECONNECT_FIRST_MS,
		.watch = {.fd = -1, .ready = lane_ready, .ctx = lane}};
}

void lane_done(struct lane *lane)
{
	free(lane->expected);
}

bool lane_is_connected(const struct lane *lane)
{
	return lane->state == LANE_IDLE || lane->state == LANE_BUSY;
}
