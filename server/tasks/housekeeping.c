#include "tasks/housekeeping.h"

#include <stdlib.h>

#include "config.h"
#include "contract/operation.h"
#include "identity/actor_cache.h"
#include "postgres/stream.h"
#include "watch/journal.h"
#include "watch/meter.h"

enum { RECONNECT_MS = 500, CHORE_PARAMETERS = METER_VALUES };

/* Fills in the values of a chore's statement; false: there is nothing to do now. */
typedef bool chore_function(struct housekeeping *housekeeping);

/* Told that the statement has succeeded. */
typedef void done_function(struct housekeeping *housekeeping, const PGresult *result);

struct chore {
	const char *statement;
	int every_ms;
	chore_function *prepare;
	done_function *done;
};

static bool prepare_usage(struct housekeeping *housekeeping);
static void settle_usage(struct housekeeping *housekeeping, const PGresult *result);
static bool prepare_clock(struct housekeeping *housekeeping);
static void take_clock(struct housekeeping *housekeeping, const PGresult *result);

static const struct chore chores[] = {
	{SQL(recordUsage), 5000, prepare_usage, settle_usage},
	{SQL(readClock), 100, prepare_clock, take_clock},
};

enum { CHORE_COUNT = sizeof chores / sizeof *chores };

struct housekeeping {
	struct service *service;
	struct stream *stream;
	int64_t connect_ms; /* when to try again */
	bool is_listening;
	bool is_free;                /* listening, and no chore is under way */
	const struct chore *chore;   /* the last one */
	int64_t due_ms[CHORE_COUNT]; /* when each chore is next */
	struct text values[CHORE_PARAMETERS];
};

struct housekeeping *housekeeping_new(struct service *service)
{
	struct housekeeping *housekeeping = calloc(1, sizeof *housekeeping);
	if (housekeeping != NULL)
		housekeeping->service = service;
	return housekeeping;
}

void housekeeping_free(struct housekeeping *housekeeping)
{
	if (housekeeping == NULL)
		return;
	stream_free(housekeeping->stream);
	for (int i = 0; i < CHORE_PARAMETERS; i++)
		text_done(&housekeeping->values[i]);
	free(housekeeping);
}

static void disconnect(struct housekeeping *housekeeping)
{
	actor_cache_listening(housekeeping->service->actors, false);
	stream_free(housekeeping->stream);
	housekeeping->stream = NULL;
	housekeeping->is_listening = housekeeping->is_free = false;
	housekeeping->connect_ms = housekeeping->service->loop->now_ms + RECONNECT_MS;
}

static void on_ready(void *ctx)
{
	struct housekeeping *housekeeping = ctx;
	if (!stream_query(housekeeping->stream, "listen qudao_key", 0, NULL))
		disconnect(housekeeping);
}

/* The first result is that of LISTEN: if it works, keys may be remembered from now on. A chore that
 * fails is done again when it is due. */
static void on_result(void *ctx, PGresult *result)
{
	struct housekeeping *housekeeping = ctx;
	struct journal *journal = housekeeping->service->journal;
	ExecStatusType status = PQresultStatus(result);
	bool is_good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
	bool is_listen = !housekeeping->is_listening;
	if (is_good && is_listen)
		actor_cache_listening(housekeeping->service->actors, true);
	housekeeping->is_listening |= is_good;
	housekeeping->is_free = housekeeping->is_listening;
	if (is_good) {
		if (!is_listen)
			housekeeping->chore->done(housekeeping, result);
		return;
	}
	if (is_listen)
		disconnect(housekeeping);
	journal_begin(journal, JOURNAL_WARNING, "housekeeping failed");
	journal_text(journal, "why", PQresultErrorMessage(result));
	journal_end(journal);
}

static void on_notice(void *ctx, const char *payload)
{
	struct housekeeping *housekeeping = ctx;
	actor_cache_forget(housekeeping->service->actors, payload);
}

static void on_lost(void *ctx, const char *why)
{
	(void)why;
	disconnect(ctx);
}

static void connect_to(struct housekeeping *housekeeping)
{
	struct service *service = housekeeping->service;
	const struct stream_events events = {.statement_ms = service->config->statement_ms,
		.query_ms = 2 * service->config->statement_ms,
		.on_ready = on_ready,
		.on_result = on_result,
		.on_notice = on_notice,
		.on_lost = on_lost};
	housekeeping->connect_ms = service->loop->now_ms + RECONNECT_MS;
	housekeeping->stream = stream_new(service, LANE_STAFF, &events, housekeeping);
}

static bool prepare_usage(struct housekeeping *housekeeping)
{
	return meter_batch(housekeeping->service->meter, housekeeping->values);
}

static void settle_usage(struct housekeeping *housekeeping, const PGresult *result)
{
	(void)result;
	meter_settle(housekeeping->service->meter);
}

/* Another process may have set the clock. */
static bool prepare_clock(struct housekeeping *housekeeping)
{
	return housekeeping->service->config->has_test_clock;
}

static void take_clock(struct housekeeping *housekeeping, const PGresult *result)
{
	business_clock_set(housekeeping->service->clock, result);
}

/* The statements of chores take their values in the order in which they name them. */
static void do_chore(struct housekeeping *housekeeping, const struct chore *chore)
{
	const struct sql_choice choice = {0};
	const char *values[CHORE_PARAMETERS];
	struct sql_text sql = {0};
	for (int i = 0; i < CHORE_PARAMETERS; i++)
		text_clear(&housekeeping->values[i]);
	if (!chore->prepare(housekeeping))
		return;
	for (int i = 0; i < CHORE_PARAMETERS; i++)
		values[i] = housekeeping->values[i].bytes;
	const struct statement *statement = statement_find(
		housekeeping->service->statements, chore->statement);
	housekeeping->is_free = false;
	housekeeping->chore = chore;
	if (!sql_statement_render(statement->sql, &choice, &sql) ||
		!stream_query(
			housekeeping->stream, sql.text.bytes, (int)sql.parameter_count, values))
		disconnect(housekeeping);
	text_done(&sql.text);
}

void housekeeping_tick(struct housekeeping *housekeeping)
{
	int64_t now_ms = housekeeping->service->loop->now_ms;
	if (housekeeping->stream == NULL && housekeeping->connect_ms <= now_ms)
		connect_to(housekeeping);
	for (int i = 0; i < CHORE_COUNT && housekeeping->is_free; i++) {
		if (housekeeping->due_ms[i] > now_ms && !housekeeping->service->is_stopping)
			continue;
		housekeeping->due_ms[i] = now_ms + chores[i].every_ms;
		do_chore(housekeeping, &chores[i]);
	}
}
