#include "exporter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "binding.h"
#include "export.h"
#include "rows.h"
#include "stream.h"

enum {
	RETRY_MS = 500,          /* between tries to connect */
	POLL_MS = 2000,          /* for exports whose notice was missed, or whose server died */
	KEEP_MS = 2000,          /* a fifth of the lease in exports.sql */
	PAUSE_MS = 1000,         /* before a second attempt; four times as long before each other */
	CHUNK_BYTES = 256 << 10, /* of the file, in one row */
	ROOM_BYTES = 64 << 10,
	GZIP_WINDOW = 15 + 16, /* zlib: with a header of gzip */
	GZIP_MEMORY = 8,
	NUMBER_SIZE = 24,
};

enum exporter_state {
	EXPORTER_CONNECTING,
	EXPORTER_LISTENING,
	EXPORTER_IDLE,
	EXPORTER_CLAIMING,
	EXPORTER_FINDING, /* by whose rights */
	EXPORTER_READING, /* waits for a page of the list */
	EXPORTER_KEEPING,
	EXPORTER_STORING,
	EXPORTER_ENDING,
	EXPORTER_STATE_COUNT,
};

struct task {
	char id[UUID_TEXT_SIZE];
	char attempt[NUMBER_SIZE];
	char *list; /* owned */
	const char *accept;
	bool is_gzip;
	struct request *reading; /* NULL: not begun, or over */
	z_stream gzip;
	bool has_gzip;
	bool is_read;     /* to its end */
	struct text out;  /* what is not stored yet */
	struct text wire; /* the piece under way, as PostgreSQL takes it */
	int chunks;
	int64_t rows;
};

struct exporter {
	struct service *service;
	struct stream *stream;
	enum exporter_state state;
	int64_t retry_ms, poll_ms, keep_ms;
	struct task task;
};

/* How an attempt ended. */
struct ending {
	const char *status, *code, *detail;
};

static const struct ending succeeded = {.status = "succeeded"};
static const struct ending given_back = {.status = "queued"};
static const struct ending revoked = {
	"cancelled", "unauthorized", "Who asked for it may not any more."};

struct exporter *exporter_new(struct service *service)
{
	struct exporter *exporter = calloc(1, sizeof *exporter);
	if (exporter != NULL)
		exporter->service = service;
	return exporter;
}

static void drop_task(struct exporter *exporter)
{
	struct task *task = &exporter->task;
	if (task->reading != NULL)
		request_abandon(task->reading);
	if (task->has_gzip)
		deflateEnd(&task->gzip);
	text_done(&task->out);
	text_done(&task->wire);
	free(task->list);
	*task = (struct task){0};
}

void exporter_free(struct exporter *exporter)
{
	if (exporter == NULL)
		return;
	drop_task(exporter);
	stream_free(exporter->stream);
	free(exporter);
}

static int64_t now_of(const struct exporter *exporter)
{
	return exporter->service->loop->now_ms;
}

static void disconnect(struct exporter *exporter)
{
	drop_task(exporter);
	stream_free(exporter->stream);
	exporter->stream = NULL;
	exporter->state = EXPORTER_CONNECTING;
	exporter->retry_ms = now_of(exporter) + RETRY_MS;
}

/* Sends a statement of the catalogue, and waits for its result in `state`. */
static void ask(struct exporter *exporter, enum exporter_state state, const char *statement,
	const struct binding *bindings)
{
	exporter->state = state;
	if (!binding_send(exporter->stream, exporter->service->statements, statement, bindings))
		disconnect(exporter);
}

static void end_task(struct exporter *exporter, const struct ending *ending)
{
	char rows[NUMBER_SIZE], pause[NUMBER_SIZE];
	const struct binding bindings[] = {
		{"id", exporter->task.id},
		{"attempt", exporter->task.attempt},
		{"status", ending->status},
		{"code", ending->code},
		{"detail", ending->detail},
		{"rows", rows},
		{"pause_ms", pause},
		{NULL, NULL},
	};
	snprintf(rows, sizeof rows, "%lld", (long long)exporter->task.rows);
	int doublings = 2 * (int)strtol(exporter->task.attempt, NULL, 10) - 2;
	int pause_ms = exporter->service->is_stopping ? 0 : PAUSE_MS << doublings;
	snprintf(pause, sizeof pause, "%d", pause_ms);
	ask(exporter, EXPORTER_ENDING, SQL(endExport), bindings);
}

static void keep_task(struct exporter *exporter)
{
	const struct binding bindings[] = {
		{"id", exporter->task.id}, {"attempt", exporter->task.attempt}, {NULL, NULL}};
	exporter->keep_ms = now_of(exporter) + KEEP_MS;
	ask(exporter, EXPORTER_KEEPING, SQL(keepExport), bindings);
}

static void store_chunk(struct exporter *exporter)
{
	struct task *task = &exporter->task;
	char number[NUMBER_SIZE], rows[NUMBER_SIZE];
	const struct binding bindings[] = {
		{"id", task->id},
		{"attempt", task->attempt},
		{"number", number},
		{"rows", rows},
		{"bytes", task->wire.bytes},
		{NULL, NULL},
	};
	snprintf(number, sizeof number, "%d", task->chunks++);
	snprintf(rows, sizeof rows, "%lld", (long long)task->rows);
	exporter->keep_ms = now_of(exporter) + KEEP_MS;
	ask(exporter, EXPORTER_STORING, SQL(storeExportChunk), bindings);
}

/* Takes bytes of the list for the file; the last ones come with Z_FINISH. */
static bool compress_bytes(struct task *task, char *bytes, size_t length, int flush)
{
	char room[ROOM_BYTES];
	task->gzip.next_in = (Bytef *)bytes;
	task->gzip.avail_in = (uInt)length;
	do {
		task->gzip.next_out = (Bytef *)room;
		task->gzip.avail_out = sizeof room;
		if (deflate(&task->gzip, flush) == Z_STREAM_ERROR)
			return false;
		text_append(&task->out, room, sizeof room - task->gzip.avail_out);
	} while (task->gzip.avail_out == 0);
	return !task->out.is_broken;
}

static bool take_bytes(struct task *task, char *bytes, size_t length)
{
	if (task->is_gzip)
		return compress_bytes(task, bytes, length, Z_NO_FLUSH);
	text_append(&task->out, bytes, length);
	return !task->out.is_broken;
}

/* Reads as far as the list has come, but not more than makes a piece. False when it breaks off. */
static bool read_list(struct task *task)
{
	char room[ROOM_BYTES];
	struct request *reading = task->reading;
	while (task->out.length < CHUNK_BYTES && !task->is_read) {
		long length = reading->answer.produce == NULL
				      ? ANSWER_END
				      : reading->answer.produce(reading, room, sizeof room);
		if (length == 0)
			return true;
		if (length == ANSWER_BROKEN)
			return false;
		task->is_read = length == ANSWER_END;
		bool is_taken = !task->is_read  ? take_bytes(task, room, (size_t)length)
				: task->is_gzip ? compress_bytes(task, room, 0, Z_FINISH)
						: true;
		if (!is_taken)
			return false;
	}
	return true;
}

/* A refusal lasts, unless it was the server's own trouble. */
static void end_refused(struct exporter *exporter, const struct problem *problem)
{
	const struct request *reading = exporter->task.reading;
	const char *detail = reading->faults.count > 0 ? reading->faults.items[0].detail
						       : reading->detail;
	const struct ending failed = {
		"failed", problem->code, detail == NULL ? problem->title : detail};
	end_task(exporter, problem->status >= 500 ? &given_back : &failed);
}

/* Goes on with the export: stores a piece when there is one, ends it after the last. */
static void go_on(struct exporter *exporter)
{
	struct task *task = &exporter->task;
	exporter->state = EXPORTER_READING;
	if (task->reading->state != REQUEST_ANSWERED)
		return;
	if (task->reading->refusal != NULL) {
		end_refused(exporter, task->reading->refusal);
		return;
	}
	if (!read_list(task)) {
		end_task(exporter, &given_back);
		return;
	}
	task->rows = export_rows(task->reading);
	if (task->out.length < CHUNK_BYTES && !task->is_read)
		return;
	if (task->out.length == 0) {
		end_task(exporter, &succeeded);
		return;
	}
	text_clear(&task->wire);
	text_append_string(&task->wire, "\\x");
	text_append_hex(&task->wire, (const unsigned char *)task->out.bytes, task->out.length);
	text_clear(&task->out);
	if (task->wire.is_broken)
		end_task(exporter, &given_back);
	else
		store_chunk(exporter);
}

/* There is another page, or a refusal. While the connection is busy, its result goes on. */
static void on_page(struct request *r)
{
	struct exporter *exporter = r->owner;
	if (exporter->state == EXPORTER_READING)
		go_on(exporter);
}

static void begin_task(struct exporter *exporter, const struct actor *actor)
{
	struct task *task = &exporter->task;
	const struct request_order order = {
		.target = task->list, .accept = task->accept, .actor = actor};
	task->has_gzip = task->is_gzip &&
			 deflateInit2(&task->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
				 GZIP_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK;
	task->reading = request_order(exporter->service, &order);
	if (task->reading == NULL || task->has_gzip != task->is_gzip) {
		end_task(exporter, &given_back);
		return;
	}
	task->reading->owner = exporter;
	task->reading->woken = on_page;
	exporter->state = EXPORTER_READING;
	exporter->keep_ms = now_of(exporter) + KEEP_MS;
	const struct problem *p = request_vet(task->reading);
	if (p == NULL)
		p = export_begin(task->reading);
	if (p != NULL)
		end_refused(exporter, p);
}

static void take_idle(struct exporter *exporter, const PGresult *result)
{
	(void)result;
	exporter->state = EXPORTER_IDLE;
	exporter->poll_ms = 0;
}

static void copy_column(const PGresult *result, const char *name, char *ret_text, size_t size)
{
	struct slice value = rows_text(result, 0, name);
	snprintf(ret_text, size, "%.*s", (int)value.length, value.bytes);
}

static void take_claim(struct exporter *exporter, const PGresult *result)
{
	struct task *task = &exporter->task;
	exporter->state = EXPORTER_IDLE;
	if (PQntuples(result) == 0)
		return;
	struct slice list = rows_text(result, 0, "list");
	copy_column(result, "id", task->id, sizeof task->id);
	copy_column(result, "attempt", task->attempt, sizeof task->attempt);
	task->list = strndup(list.bytes, list.length);
	task->is_gzip = rows_text(result, 0, "gzip").length > 0;
	task->accept = slice_equals(rows_text(result, 0, "format"), "ndjson")
			       ? "application/x-ndjson"
		       : rows_text(result, 0, "bom").length > 0 ? "text/csv;bom=true"
								: "text/csv";
	const struct binding bindings[] = {{"id", task->id}, {NULL, NULL}};
	if (task->list == NULL)
		end_task(exporter, &given_back);
	else
		ask(exporter, EXPORTER_FINDING, SQL(findExportCaller), bindings);
}

static void take_caller(struct exporter *exporter, const PGresult *result)
{
	struct actor actor;
	if (actor_read(result, &actor))
		begin_task(exporter, &actor);
	else
		end_task(exporter, &revoked);
}

/* Without a row it is not ours any more: cancelled, begun by another, or its key has ended, which
 * is the one thing that is still to be written down. */
static void take_kept(struct exporter *exporter, const PGresult *result)
{
	if (PQntuples(result) == 0)
		end_task(exporter, &revoked);
	else if (exporter->service->is_stopping)
		end_task(exporter, &given_back);
	else
		go_on(exporter);
}

static void take_end(struct exporter *exporter, const PGresult *result)
{
	drop_task(exporter);
	take_idle(exporter, result);
}

/* What follows a good result in each state. */
typedef void step_function(struct exporter *exporter, const PGresult *result);
static step_function *const steps[EXPORTER_STATE_COUNT] = {
	[EXPORTER_LISTENING] = take_idle,
	[EXPORTER_CLAIMING] = take_claim,
	[EXPORTER_FINDING] = take_caller,
	[EXPORTER_KEEPING] = take_kept,
	[EXPORTER_STORING] = take_kept,
	[EXPORTER_ENDING] = take_end,
};

static void on_result(void *ctx, PGresult *result)
{
	struct exporter *exporter = ctx;
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
		steps[exporter->state](exporter, result);
		return;
	}
	struct journal *journal = exporter->service->journal;
	journal_begin(journal, JOURNAL_WARNING, "an export cannot be written");
	journal_text(journal, "export", exporter->task.id);
	journal_text(journal, "why", PQresultErrorMessage(result));
	journal_end(journal);
	disconnect(exporter);
}

static void on_ready(void *ctx)
{
	struct exporter *exporter = ctx;
	exporter->state = EXPORTER_LISTENING;
	if (!stream_query(exporter->stream, "listen qudao_export", 0, NULL))
		disconnect(exporter);
}

static void on_notice(void *ctx, const char *payload)
{
	struct exporter *exporter = ctx;
	(void)payload;
	exporter->poll_ms = 0;
}

static void on_lost(void *ctx, const char *why)
{
	(void)why;
	disconnect(ctx);
}

static void connect_to(struct exporter *exporter)
{
	struct service *service = exporter->service;
	const struct stream_events events = {.query_ms = 2 * service->config->statement_ms,
		.on_ready = on_ready,
		.on_result = on_result,
		.on_notice = on_notice,
		.on_lost = on_lost};
	PGconn *connection = lane_connect(
		service->database_url, LANE_STAFF, "", service->config->statement_ms);
	exporter->retry_ms = now_of(exporter) + RETRY_MS;
	exporter->stream = stream_new(service->loop, connection, &events, exporter);
}

void exporter_tick(struct exporter *exporter)
{
	bool is_stopping = exporter->service->is_stopping;
	int64_t now_ms = now_of(exporter);
	if (exporter->stream == NULL && exporter->retry_ms <= now_ms && !is_stopping) {
		connect_to(exporter);
	} else if (exporter->state == EXPORTER_READING && is_stopping) {
		end_task(exporter, &given_back);
	} else if (exporter->state == EXPORTER_READING && exporter->keep_ms <= now_ms) {
		keep_task(exporter);
	} else if (exporter->state == EXPORTER_IDLE && exporter->poll_ms <= now_ms &&
		   !is_stopping) {
		exporter->poll_ms = now_ms + POLL_MS;
		ask(exporter, EXPORTER_CLAIMING, SQL(claimExport),
			(struct binding[]){{NULL, NULL}});
	}
}

bool exporter_is_busy(const struct exporter *exporter)
{
	return exporter->state > EXPORTER_IDLE;
}
