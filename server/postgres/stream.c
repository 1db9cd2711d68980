#include "postgres/stream.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "loop.h"

enum stream_state { STREAM_CONNECTING, STREAM_IDLE, STREAM_WAITING, STREAM_COPYING, STREAM_LOST };

struct stream {
	struct loop *loop;
	PGconn *connection;
	struct hosts *hosts;
	int turn; /* of the hosts: the one that it connects to */
	struct watch watch;
	enum stream_state state;
	bool is_congested;
	bool is_overdue;  /* its host says nothing any more */
	PGresult *result; /* of the query; its end is still to come */
	struct stream_events events;
	void *ctx;
};

static void ready(struct watch *watch, uint32_t events);
static void overdue(struct watch *watch, uint32_t events);

struct stream *stream_new(const struct service *service, enum lane_role role,
	const struct stream_events *events, void *ctx)
{
	struct loop *loop = service->loop;
	struct stream *stream = calloc(1, sizeof *stream);
	PGconn *connection = connection_open(service->hosts, role,
		events->settings == NULL ? "" : events->settings, events->statement_ms);
	if (stream == NULL || connection == NULL) {
		PQfinish(connection);
		free(stream);
		return NULL;
	}
	stream->loop = loop;
	stream->connection = connection;
	stream->hosts = service->hosts;
	stream->turn = hosts_turn(service->hosts);
	stream->events = *events;
	stream->ctx = ctx;
	stream->watch = (struct watch){.fd = -1, .ready = ready, .overdue = overdue, .ctx = stream};
	stream->watch.due_ms = loop->now_ms + hosts_limit_ms(service->hosts);
	if (PQstatus(connection) == CONNECTION_BAD ||
		!loop_watch(loop, &stream->watch, PQsocket(connection), EPOLLOUT)) {
		hosts_failed(stream->hosts, stream->turn);
		stream_free(stream);
		return NULL;
	}
	return stream;
}

void stream_free(struct stream *stream)
{
	if (stream == NULL)
		return;
	loop_forget(stream->loop, &stream->watch);
	PQfinish(stream->connection);
	PQclear(stream->result);
	free(stream);
}

static void lose(struct stream *stream)
{
	loop_forget(stream->loop, &stream->watch);
	if (stream->state == STREAM_CONNECTING || stream->is_overdue)
		hosts_failed(stream->hosts, stream->turn);
	stream->state = STREAM_LOST;
	if (stream->events.on_lost != NULL)
		stream->events.on_lost(stream->ctx, PQerrorMessage(stream->connection));
}

static void connect_on(struct stream *stream)
{
	PostgresPollingStatusType status = PQconnectPoll(stream->connection);
	loop_forget(stream->loop, &stream->watch);
	if (status == PGRES_POLLING_FAILED) {
		lose(stream);
		return;
	}
	bool is_connected = status == PGRES_POLLING_OK;
	bool waits_to_write = status == PGRES_POLLING_WRITING;
	if (!loop_watch(stream->loop, &stream->watch, PQsocket(stream->connection),
		    waits_to_write ? EPOLLOUT : EPOLLIN)) {
		lose(stream);
		return;
	}
	if (!is_connected)
		return;
	PQsetnonblocking(stream->connection, 1);
	stream->state = STREAM_IDLE;
	stream->watch.due_ms = 0;
	if (stream->events.on_ready != NULL)
		stream->events.on_ready(stream->ctx);
}

static int64_t query_due_ms(const struct stream *stream)
{
	return stream->loop->now_ms + stream->events.query_ms;
}

static void overdue(struct watch *watch, uint32_t events)
{
	struct stream *stream = watch->ctx;
	(void)events;
	stream->is_overdue = true;
	lose(stream);
}

/* Sends what libpq has buffered; what the socket does not take waits for EPOLLOUT. */
static bool flush(struct stream *stream)
{
	int left = PQflush(stream->connection);
	if (left < 0)
		return false;
	stream->is_congested = left > 0;
	if (stream->state == STREAM_COPYING) /* else it waits for its client */
		stream->watch.due_ms = left > 0 ? query_due_ms(stream) : 0;
	return loop_watch(stream->loop, &stream->watch, PQsocket(stream->connection),
		left > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void take_notices(struct stream *stream)
{
	PGnotify *notice;
	while ((notice = PQnotifies(stream->connection)) != NULL) {
		if (stream->events.on_notice != NULL)
			stream->events.on_notice(stream->ctx, notice->extra);
		PQfreemem(notice);
	}
}

/* A query brings one result and a NULL, after which the next may be sent; COPY IN brings its result
 * only, and goes on with data. */
static void take_result(struct stream *stream)
{
	while (!PQisBusy(stream->connection)) {
		PGresult *next = PQgetResult(stream->connection);
		if (next != NULL) {
			PQclear(stream->result);
			stream->result = next;
		}
		bool begins_copy = PQresultStatus(next) == PGRES_COPY_IN;
		if (next != NULL && !begins_copy)
			continue;
		PGresult *result = stream->result;
		stream->result = NULL;
		stream->state = begins_copy ? STREAM_COPYING : STREAM_IDLE;
		stream->watch.due_ms = 0;
		stream->events.on_result(stream->ctx, result);
		PQclear(result);
		return;
	}
}

static void ready(struct watch *watch, uint32_t events)
{
	struct stream *stream = watch->ctx;
	bool was_congested = stream->is_congested;
	(void)events;
	if (stream->state == STREAM_CONNECTING) {
		connect_on(stream);
		return;
	}
	if (PQconsumeInput(stream->connection) != 1 || !flush(stream)) {
		lose(stream);
		return;
	}
	take_notices(stream);
	if (was_congested && !stream->is_congested && stream->state == STREAM_COPYING &&
		stream->events.on_drained != NULL)
		stream->events.on_drained(stream->ctx);
	else if (stream->state == STREAM_WAITING)
		take_result(stream);
	else if (PQstatus(stream->connection) == CONNECTION_BAD)
		lose(stream);
}

bool stream_query(struct stream *stream, const char *sql, int count, const char *const *values)
{
	stream->state = STREAM_WAITING;
	stream->watch.due_ms = query_due_ms(stream);
	return PQsendQueryParams(stream->connection, sql, count, NULL, values, NULL, NULL, 1) ==
		       1 &&
	       flush(stream);
}

bool stream_put(struct stream *stream, const char *bytes, size_t length)
{
	return PQputCopyData(stream->connection, bytes, (int)length) == 1 && flush(stream);
}

bool stream_is_congested(const struct stream *stream)
{
	return stream->is_congested;
}

bool stream_put_end(struct stream *stream)
{
	stream->state = STREAM_WAITING;
	stream->watch.due_ms = query_due_ms(stream);
	return PQputCopyEnd(stream->connection, NULL) == 1 && flush(stream);
}
