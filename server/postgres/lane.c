#include "postgres/lane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "postgres/prepared.h"

enum {
	RECONNECT_FIRST_MS = 20, /* doubles up to … */
	RECONNECT_LAST_MS = 500,
	/* Between two statements of a transaction: a server that stands still must not hold locks,
	 * and everybody's events. */
	IDLE_MS = 30 * 1000,
	CONNECT_MS = 5000,
	AWAY_MS = 100, /* without any connection: who waits is told so */
};

/* What the next result will be about. */
enum expectation_kind { EXPECT_PREPARE, EXPECT_FORGET, EXPECT_CALL, EXPECT_STORE, EXPECT_SYNC };

struct expectation {
	enum expectation_kind kind;
	struct segment *segment;
	int call;
	uint64_t serial; /* EXPECT_PREPARE: the variant */
};

enum lane_state { LANE_DOWN, LANE_CONNECTING, LANE_IDLE, LANE_BUSY };

struct segment_list {
	struct segment *first, *last;
	int count;
};

struct lane {
	struct lane_group *group;
	PGconn *connection;
	struct watch watch;
	enum lane_state state;
	int64_t due_ms; /* when connecting or the batch must be over, or the next attempt is due */
	int backoff_ms;

	struct prepared_set prepared;
	bool must_forget; /* DEALLOCATE ALL before the next batch: its statements are stale */

	struct segment_list batch;
	struct segment *failed; /* of the batch */
	bool is_keyed;          /* the batch waits for its answers before it syncs */
	bool is_synced;         /* the Sync is on its way: a commit may happen */
	struct expectation *expected;
	int expected_count, expected_next;
	bool has_result; /* of the expectation that is next; its NULL is still to come */
};

struct lane_group {
	struct lanes *lanes;
	enum lane_role role;
	const struct lane_work_options *options;
	struct segment_list queue;
	struct lane *members;
	bool is_wanted;  /* partners' and slow ones connect when they are first needed */
	int64_t down_ms; /* when a connection was first lost or refused; 0: the latest came about */
};

struct lanes {
	struct loop *loop;
	struct lanes_options options;
	struct lane_group groups[LANE_ROLE_COUNT][LANE_WORK_COUNT];
	struct lanes_figures figures;
	bool is_closed;
};

static void list_append(struct segment_list *list, struct segment *segment)
{
	segment->next = NULL;
	if (list->last == NULL)
		list->first = segment;
	else
		list->last->next = segment;
	list->last = segment;
	list->count++;
}

static struct segment *list_take(struct segment_list *list)
{
	struct segment *segment = list->first;
	if (segment == NULL)
		return NULL;
	list->first = segment->next;
	if (list->first == NULL)
		list->last = NULL;
	list->count--;
	segment->next = NULL;
	return segment;
}

/* Puts `front` before what waits already. */
static void list_prepend(struct segment_list *list, struct segment_list *front)
{
	if (front->first == NULL)
		return;
	front->last->next = list->first;
	if (list->last == NULL)
		list->last = front->last;
	list->first = front->first;
	list->count += front->count;
	*front = (struct segment_list){0};
}

void segment_clear(struct segment *segment)
{
	for (int i = 0; i < SEGMENT_CALLS_MAX; i++) {
		PQclear(segment->results[i]);
		segment->results[i] = NULL;
	}
	PQclear(segment->error);
	segment->error = NULL;
}

static void segment_finish(struct segment *segment, enum segment_outcome outcome)
{
	for (int i = 0; i < segment->call_count; i++)
		segment->calls[i].variant->in_flight--;
	segment->done(segment, outcome);
}

static const char *const role_options[LANE_ROLE_COUNT] = {
	[LANE_STAFF] = "-c role=qudao_staff",
	[LANE_PARTNER] = "-c role=qudao_partner",
};

/* What libpq would print on standard error is known to us anyway: the connection is lost. */
static void ignore_notice(void *ctx, const char *message)
{
	(void)ctx;
	(void)message;
}

PGconn *lane_connect(const char *url, enum lane_role role, const char *settings, int statement_ms)
{
	char options[400];
	snprintf(options, sizeof options,
		"%s -c statement_timeout=%d -c timezone=UTC -c datestyle=ISO -c client_min_messages=error "
		"-c idle_in_transaction_session_timeout=%d -c client_connection_check_interval=1000 -c jit=off %s",
		role_options[role], statement_ms, IDLE_MS, settings);
	const char *keywords[] = {"dbname", "options", "application_name", "client_encoding",
		"tcp_user_timeout", "keepalives_idle", "keepalives_interval", NULL};
	const char *values[] = {url, options, "qudao", "UTF8", "5000", "3", "1", NULL};
	PGconn *connection = PQconnectStartParams(keywords, values, 1);
	PQsetNoticeProcessor(connection, ignore_notice, NULL);
	return connection;
}

static void lane_ready(struct watch *watch, uint32_t events);

static void lane_close(struct lane *lane)
{
	loop_forget(lane->group->lanes->loop, &lane->watch);
	PQfinish(lane->connection);
	lane->connection = NULL;
	prepared_clear(&lane->prepared);
	lane->must_forget = false;
	lane->state = LANE_DOWN;
	if (lane->group->down_ms == 0)
		lane->group->down_ms = lane->group->lanes->loop->now_ms;
	lane->due_ms = lane->group->lanes->loop->now_ms + lane->backoff_ms;
	lane->backoff_ms = lane->backoff_ms * 2 < RECONNECT_LAST_MS ? lane->backoff_ms * 2
								    : RECONNECT_LAST_MS;
}

static void lane_open(struct lane *lane)
{
	struct lanes *lanes = lane->group->lanes;
	lane->connection = lane_connect(lane->group->options->url, lane->group->role,
		lane->group->options->settings, lanes->options.statement_ms);
	lane->state = LANE_CONNECTING;
	lane->due_ms = lanes->loop->now_ms + CONNECT_MS;
	if (lane->connection == NULL || PQstatus(lane->connection) == CONNECTION_BAD ||
		!loop_watch(lanes->loop, &lane->watch, PQsocket(lane->connection), EPOLLOUT))
		lane_close(lane);
}

static void lane_connected(struct lane *lane)
{
	if (PQenterPipelineMode(lane->connection) != 1 ||
		PQsetnonblocking(lane->connection, 1) != 0) {
		lane_close(lane);
		return;
	}
	lane->state = LANE_IDLE;
	lane->backoff_ms = RECONNECT_FIRST_MS;
	lane->group->down_ms = 0;
	lane->group->lanes->figures.reconnected++;
	loop_watch(lane->group->lanes->loop, &lane->watch, PQsocket(lane->connection), EPOLLIN);
}

/* libpq may change its socket while it connects (several hosts), so it is watched anew each time.
 */
static void lane_connect_on(struct lane *lane)
{
	struct loop *loop = lane->group->lanes->loop;
	PostgresPollingStatusType status = PQconnectPoll(lane->connection);
	if (status == PGRES_POLLING_OK) {
		lane_connected(lane);
		return;
	}
	uint32_t events = status == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT;
	loop_forget(loop, &lane->watch);
	if (status == PGRES_POLLING_FAILED ||
		!loop_watch(loop, &lane->watch, PQsocket(lane->connection), events))
		lane_close(lane);
}

/* The connection is gone. What cannot have been committed waits for another one. */
static void lane_lose(struct lane *lane)
{
	struct segment_list batch = lane->batch;
	bool may_be_committed = lane->is_synced && lane->failed == NULL;
	lane->batch = (struct segment_list){0};
	lane_close(lane);

	struct segment_list again = {0};
	struct segment *segment;
	while ((segment = list_take(&batch)) != NULL) {
		segment_clear(segment);
		if (segment->is_write && may_be_committed)
			segment_finish(segment, SEGMENT_UNKNOWN);
		else if (++segment->tries >= SEGMENT_TRIES_MAX)
			segment_finish(segment, SEGMENT_LOST);
		else
			list_append(&again, segment);
	}
	list_prepend(&lane->group->queue, &again);
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
	return loop_watch(lane->group->lanes->loop, &lane->watch, PQsocket(lane->connection),
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
		struct segment *segment = list_take(queue);
		list_append(&lane->batch, segment);
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

static void lane_send(struct lane *lane)
{
	struct lanes *lanes = lane->group->lanes;
	fill_batch(lane);
	lane->state = LANE_BUSY;
	lane->failed = NULL;
	lane->is_synced = false;
	lane->due_ms = lanes->loop->now_ms + lanes->options.batch_ms;
	lanes->figures.batches++;
	lanes->figures.segments += (uint64_t)lane->batch.count;

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
	const struct lanes *lanes = lane->group->lanes;
	segment_clear(segment);
	segment->deadline_ms = lanes->loop->now_ms + lanes->options.batch_ms;
	list_append(again, segment);
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
	lane->group->lanes->figures.retried++;

	struct segment *segment;
	while ((segment = list_take(&batch)) != NULL) {
		if (segment == failed)
			continue;
		run_again(lane, &again, segment);
	}
	if (runs_again)
		run_again(lane, &again, failed);
	list_prepend(&lane->group->queue, &again);
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
	while ((segment = list_take(&batch)) != NULL)
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

static bool group_init(
	struct lane_group *group, struct lanes *lanes, enum lane_role role, enum lane_work work)
{
	group->lanes = lanes;
	group->role = role;
	group->is_wanted = role == LANE_STAFF && work < LANE_BULK;
	group->options = &lanes->options.works[work];
	group->members = calloc((size_t)group->options->lanes, sizeof *group->members);
	if (group->members == NULL)
		return false;
	for (int i = 0; i < group->options->lanes; i++)
		group->members[i] = (struct lane){.group = group,
			.backoff_ms = RECONNECT_FIRST_MS,
			.watch = {.fd = -1, .ready = lane_ready, .ctx = &group->members[i]}};
	return true;
}

struct lanes *lanes_new(struct loop *loop, const struct lanes_options *options)
{
	struct lanes *lanes = calloc(1, sizeof *lanes);
	if (lanes == NULL)
		return NULL;
	lanes->loop = loop;
	lanes->options = *options;
	for (int role = 0; role < LANE_ROLE_COUNT; role++)
		for (int work = 0; work < LANE_WORK_COUNT; work++)
			if (!group_init(&lanes->groups[role][work], lanes, (enum lane_role)role,
				    (enum lane_work)work)) {
				lanes_free(lanes);
				return NULL;
			}
	lanes_tick(lanes);
	return lanes;
}

typedef void group_function(struct lane_group *group);

static void each_group(struct lanes *lanes, group_function *visit)
{
	for (int role = 0; role < LANE_ROLE_COUNT; role++)
		for (int work = 0; work < LANE_WORK_COUNT; work++)
			visit(&lanes->groups[role][work]);
}

static void group_close(struct lane_group *group)
{
	struct segment *segment;
	for (int i = 0; i < group->options->lanes && group->members != NULL; i++)
		if (group->members[i].connection != NULL)
			lane_lose(&group->members[i]);
	while ((segment = list_take(&group->queue)) != NULL)
		segment_finish(segment, SEGMENT_LOST);
}

static void group_free(struct lane_group *group)
{
	for (int i = 0; i < group->options->lanes && group->members != NULL; i++)
		free(group->members[i].expected);
	free(group->members);
}

void lanes_close(struct lanes *lanes)
{
	if (lanes == NULL)
		return;
	lanes->is_closed = true;
	each_group(lanes, group_close);
}

void lanes_free(struct lanes *lanes)
{
	if (lanes == NULL)
		return;
	lanes_close(lanes);
	each_group(lanes, group_free);
	free(lanes);
}

/* Begins to connect what is wanted, not connected and due. */
static void group_open(struct lane_group *group)
{
	int64_t now_ms = group->lanes->loop->now_ms;
	for (int i = 0; i < group->options->lanes && group->is_wanted; i++)
		if (group->members[i].state == LANE_DOWN && group->members[i].due_ms <= now_ms)
			lane_open(&group->members[i]);
}

bool lanes_submit(
	struct lanes *lanes, enum lane_role role, enum lane_work work, struct segment *segment)
{
	struct lane_group *group = &lanes->groups[role][work];
	if (lanes->is_closed || group->queue.count >= lanes->options.queue_max)
		return false;
	if (!group->is_wanted) {
		group->is_wanted = true;
		group_open(group);
	}
	for (int i = 0; i < segment->call_count; i++)
		segment->calls[i].variant->in_flight++;
	list_append(&group->queue, segment);
	return true;
}

static void group_send(struct lane_group *group)
{
	for (int i = 0; i < group->options->lanes && group->queue.first != NULL; i++)
		if (group->members[i].state == LANE_IDLE)
			lane_send(&group->members[i]);
}

void lanes_send(struct lanes *lanes)
{
	each_group(lanes, group_send);
}

static bool is_connected(const struct lane *lane)
{
	return lane->state == LANE_IDLE || lane->state == LANE_BUSY;
}

static bool group_is_ready(const struct lane_group *group)
{
	for (int i = 0; i < group->options->lanes; i++)
		if (is_connected(&group->members[i]))
			return true;
	return false;
}

/* A group that has just lost its connections may have one again in a moment; after that, waiting is
 * of no use. */
static bool group_is_away(const struct lane_group *group)
{
	return group->down_ms != 0 && group->lanes->loop->now_ms - group->down_ms > AWAY_MS &&
	       !group_is_ready(group);
}

/* Segments wait in the order in which they came, so the overdue ones are the first; replayed ones
 * stand before them, but only until the next batch. */
static void group_tick(struct lane_group *group)
{
	int64_t now_ms = group->lanes->loop->now_ms;
	while (group->queue.first != NULL &&
		(group->queue.first->deadline_ms <= now_ms || group_is_away(group)))
		segment_finish(list_take(&group->queue), SEGMENT_LOST);
	group_open(group);
	for (int i = 0; i < group->options->lanes; i++) {
		struct lane *lane = &group->members[i];
		if (lane->state == LANE_CONNECTING && lane->due_ms <= now_ms)
			lane_close(lane);
		else if (lane->state == LANE_BUSY && lane->due_ms <= now_ms)
			lane_lose(lane);
	}
}

void lanes_tick(struct lanes *lanes)
{
	each_group(lanes, group_tick);
}

bool lanes_are_ready(const struct lanes *lanes)
{
	for (int work = 0; work < LANE_BULK; work++)
		if (!group_is_ready(&lanes->groups[LANE_STAFF][work]) ||
			group_is_away(&lanes->groups[LANE_PARTNER][work]))
			return false;
	return true;
}

void lanes_count(const struct lanes *lanes, struct lanes_figures *ret_figures)
{
	struct lanes_figures figures = lanes->figures;
	for (int role = 0; role < LANE_ROLE_COUNT; role++)
		for (int work = 0; work < LANE_WORK_COUNT; work++) {
			const struct lane_group *group = &lanes->groups[role][work];
			figures.queued += group->queue.count;
			for (int i = 0; i < group->options->lanes; i++)
				figures.connected += is_connected(&group->members[i]);
		}
	*ret_figures = figures;
}
