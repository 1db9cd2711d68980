#include "tasks/jobs.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "postgres/stream.h"
#include "request/binding.h"
#include "watch/journal.h"

/* Jobs that come around quickly are not kept waiting by those that take their time: each kind has
 * a leader and a connection of its own. */
enum lead { LEAD_QUICK, LEAD_THOROUGH, LEAD_COUNT };

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

struct job {
	const char *name; /* as it stands in paths */
	const char *statement;
	enum lead lead;
	int every_ms;
	const char *description;
};

static const struct job table[] = {
	{"fold-rollups", SQL(foldRollups), LEAD_QUICK, SECOND,
		"Adds what writes have changed in the sums of sales to the rollups that reports read."},
	{"run-timers", SQL(runTimers), LEAD_QUICK, SECOND,
		"Does what falls due: agreements end or go on, what is owed is late, exports and keys expire."},
	{"check-rollups", SQL(checkRollups), LEAD_THOROUGH, MINUTE,
		"Computes some days of the sums of sales anew and raises an alarm when they differ."},
	{"expire-idempotency-keys", SQL(expireIdempotencyKeys), LEAD_THOROUGH, MINUTE,
		"Forgets the answers that Idempotency-Key kept for 72 hours."},
	{"expire-deliveries", SQL(expireDeliveries), LEAD_THOROUGH, MINUTE,
		"Forgets what was sent to webhooks more than thirty days ago."},
	{"close-periods", SQL(closePeriods), LEAD_THOROUGH, MINUTE,
		"Locks months as many days after their end as the settings say."},
	{"trim-usage", SQL(trimUsage), LEAD_THOROUGH, HOUR,
		"Deletes what is known of the use of callers and older than the settings keep it."},
	{"trim-events", SQL(trimEvents), LEAD_THOROUGH, 10 * MINUTE,
		"Deletes events that are older than the settings keep them."},
	{"trim-import-errors", SQL(trimImportErrors), LEAD_THOROUGH, 10 * MINUTE,
		"Deletes why rows were refused where that is older than the settings keep it."},
};

enum {
	JOB_COUNT = sizeof table / sizeof *table,
	RETRY_MS = 500,            /* between tries to connect, and to lead */
	NOTE_MS = MINUTE,          /* how often runs without any work are written down */
	BACKOFF_DOUBLINGS_MAX = 8, /* the pause after failures grows to so many times the usual */
	BACKOFF_MS_MAX = HOUR,
};

/* What is known of a job while its leader is here. */
struct schedule {
	int64_t due_ms;
	int64_t note_ms; /* when a run without any work is to be written down again */
	int failures;    /* in a row */
	bool is_wanted;  /* somebody asked for a run since the last one began */
};

enum leader_state {
	LEADER_CONNECTING,
	LEADER_ASKING, /* whether it may lead */
	LEADER_WAITING,
	LEADER_LISTENING,
	LEADER_REGISTERING,
	LEADER_SCHEDULING,
	LEADER_IDLE,
	LEADER_RUNNING,
	LEADER_NOTING,
	LEADER_STATE_COUNT,
};

struct leader {
	struct jobs *jobs;
	enum lead lead;
	struct stream *stream;
	enum leader_state state;
	int64_t retry_ms; /* when to connect, or to ask, again */
	int running;      /* the job that is under way */
	int64_t started_ms;
};

struct jobs {
	struct service *service;
	struct leader leaders[LEAD_COUNT];
	struct schedule schedules[JOB_COUNT];
	char instance[300]; /* host and process */
};

/* How a run went. */
struct run {
	bool is_good;
	bool has_more;
	int64_t count; /* -1: it does not count */
	const char *alarm, *error;
};

struct jobs *jobs_new(struct service *service)
{
	struct jobs *jobs = calloc(1, sizeof *jobs);
	char host[256] = "";
	if (jobs == NULL)
		return NULL;
	gethostname(host, sizeof host - 1);
	snprintf(jobs->instance, sizeof jobs->instance, "%s %ld", host, (long)getpid());
	jobs->service = service;
	for (int i = 0; i < LEAD_COUNT; i++)
		jobs->leaders[i] = (struct leader){.jobs = jobs, .lead = (enum lead)i};
	return jobs;
}

void jobs_free(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	for (int i = 0; i < LEAD_COUNT; i++)
		stream_free(jobs->leaders[i].stream);
	free(jobs);
}

void jobs_describe(struct text *json)
{
	text_append_char(json, '[');
	for (int i = 0; i < JOB_COUNT; i++)
		text_append_printf(json,
			"%s{\"name\": \"%s\", \"description\": \"%s\", \"every_ms\": %d}",
			i == 0 ? "" : ", ", table[i].name, table[i].description, table[i].every_ms);
	text_append_char(json, ']');
}

static int64_t now_of(const struct leader *leader)
{
	return leader->jobs->service->loop->now_ms;
}

static void disconnect(struct leader *leader)
{
	stream_free(leader->stream);
	leader->stream = NULL;
	leader->state = LEADER_CONNECTING;
	leader->retry_ms = now_of(leader) + RETRY_MS;
}

static const struct binding no_bindings[] = {{NULL, NULL}};

/* Sends a statement of the catalogue with these values, and waits for its result in `state`. */
static void ask(struct leader *leader, enum leader_state state, const char *name,
	const struct binding *bindings)
{
	leader->state = state;
	if (!binding_send(leader->stream, leader->jobs->service->statements, name, bindings))
		disconnect(leader);
}

static void ask_to_lead(struct leader *leader)
{
	char lead[BINDING_NUMBER_SIZE];
	const struct binding bindings[] = {{"lead", lead}, {NULL, NULL}};
	snprintf(lead, sizeof lead, "%d", (int)leader->lead);
	ask(leader, LEADER_ASKING, SQL(leadJobs), bindings);
}

static void register_jobs(struct leader *leader, const PGresult *result)
{
	(void)result;
	struct text json = {0};
	jobs_describe(&json);
	const struct binding bindings[] = {{"jobs", json.bytes}, {NULL, NULL}};
	ask(leader, LEADER_REGISTERING, SQL(registerJobs), bindings);
	text_done(&json);
}

static void on_ready(void *ctx)
{
	ask_to_lead(ctx);
}

/* Returns an integer of 4 or 8 bytes in binary form, or `otherwise`. */
static int64_t read_integer(const PGresult *result, int row, const char *name, int64_t otherwise)
{
	int column = PQfnumber(result, name);
	if (column < 0 || PQgetisnull(result, row, column))
		return otherwise;
	const char *bytes = PQgetvalue(result, row, column);
	uint32_t narrow;
	uint64_t wide;
	if (PQgetlength(result, row, column) == sizeof narrow) {
		memcpy(&narrow, bytes, sizeof narrow);
		return (int32_t)be32toh(narrow);
	}
	memcpy(&wide, bytes, sizeof wide);
	return (int64_t)be64toh(wide);
}

static const char *read_text(const PGresult *result, const char *name)
{
	int column = PQfnumber(result, name);
	bool is_there = column >= 0 && PQntuples(result) > 0 && !PQgetisnull(result, 0, column);
	return is_there ? PQgetvalue(result, 0, column) : NULL;
}

static int find_job(const char *name)
{
	int i = 0;
	while (i < JOB_COUNT && strcmp(table[i].name, name) != 0)
		i++;
	return i;
}

/* The pauses go on where an earlier leader left them. */
static void take_schedule(struct leader *leader, const PGresult *result)
{
	int name = PQfnumber(result, "name");
	for (int row = 0; row < PQntuples(result); row++) {
		int i = find_job(PQgetvalue(result, row, name));
		if (i == JOB_COUNT || table[i].lead != leader->lead)
			continue;
		struct schedule *schedule = &leader->jobs->schedules[i];
		schedule->due_ms = now_of(leader) + read_integer(result, row, "due_in_ms", 0);
		schedule->failures = (int)read_integer(result, row, "failures", 0);
		schedule->note_ms = 0;
	}
	leader->state = LEADER_IDLE;
}

static struct run read_run(const PGresult *result)
{
	const char *more = read_text(result, "more");
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	ExecStatusType status = PQresultStatus(result);
	struct run run = {
		.is_good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, .count = -1};
	if (!run.is_good) {
		run.error = message == NULL ? PQresultErrorMessage(result) : message;
		return run;
	}
	run.has_more = more != NULL && *more != 0;
	run.alarm = read_text(result, "alarm");
	if (PQntuples(result) > 0)
		run.count = read_integer(result, 0, "done", -1);
	return run;
}

static int pause_after(const struct job *job, int failures)
{
	int doublings = failures < BACKOFF_DOUBLINGS_MAX ? failures : BACKOFF_DOUBLINGS_MAX;
	int64_t pause_ms = (int64_t)job->every_ms << doublings;
	if (pause_ms > BACKOFF_MS_MAX)
		pause_ms = BACKOFF_MS_MAX;
	return pause_ms > job->every_ms ? (int)pause_ms : job->every_ms;
}

static void say_how_it_went(struct leader *leader, const struct run *run, int failures_before)
{
	struct journal *journal = leader->jobs->service->journal;
	if (!run->is_good)
		journal_begin(journal, JOURNAL_WARNING, "job failed");
	else if (run->alarm != NULL)
		journal_begin(journal, JOURNAL_ERROR, "job found a fault");
	else if (failures_before > 0)
		journal_begin(journal, JOURNAL_INFO, "job works again");
	else
		return;
	journal_text(journal, "job", table[leader->running].name);
	journal_text(journal, "why", run->is_good ? run->alarm : run->error);
	journal_end(journal);
}

static void note_run(struct leader *leader, const struct run *run, int64_t duration_ms)
{
	const struct schedule *schedule = &leader->jobs->schedules[leader->running];
	char duration[BINDING_NUMBER_SIZE], next[BINDING_NUMBER_SIZE], count[BINDING_NUMBER_SIZE],
		failures[BINDING_NUMBER_SIZE];
	const struct binding bindings[] = {
		{"name", table[leader->running].name},
		{"duration_ms", duration},
		{"next_ms", next},
		{"count", run->count < 0 ? NULL : count},
		{"failures", failures},
		{"error", run->error},
		{"alarm", run->alarm},
		{"instance", leader->jobs->instance},
		{NULL, NULL},
	};
	snprintf(duration, sizeof duration, "%lld", (long long)duration_ms);
	snprintf(next, sizeof next, "%lld", (long long)(schedule->due_ms - now_of(leader)));
	snprintf(count, sizeof count, "%lld", (long long)run->count);
	snprintf(failures, sizeof failures, "%d", schedule->failures);
	ask(leader, LEADER_NOTING, SQL(noteRun), bindings);
}

/* A job that comes around each second and finds nothing to do writes nothing most of the time. */
static void end_run(struct leader *leader, const PGresult *result)
{
	struct schedule *schedule = &leader->jobs->schedules[leader->running];
	const struct job *job = &table[leader->running];
	struct run run = read_run(result);
	int failures_before = schedule->failures;
	int64_t now_ms = now_of(leader);
	schedule->failures = run.is_good ? 0 : failures_before + 1;
	bool is_due = run.has_more || schedule->is_wanted;
	schedule->due_ms = now_ms + (is_due ? 0 : pause_after(job, schedule->failures));
	say_how_it_went(leader, &run, failures_before);
	if (run.count == 0 && failures_before == 0 && schedule->note_ms > now_ms) {
		leader->state = LEADER_IDLE;
		return;
	}
	schedule->note_ms = now_ms + NOTE_MS;
	note_run(leader, &run, clock_monotonic_ms() - leader->started_ms);
}

static void take_lead(struct leader *leader, const PGresult *result)
{
	leader->state = PQntuples(result) == 0 ? LEADER_WAITING : LEADER_LISTENING;
	leader->retry_ms = now_of(leader) + RETRY_MS;
	if (leader->state == LEADER_LISTENING &&
		!stream_query(leader->stream, "listen qudao_job", 0, NULL))
		disconnect(leader);
}

static void ask_schedule(struct leader *leader, const PGresult *result)
{
	(void)result;
	ask(leader, LEADER_SCHEDULING, SQL(readSchedule), no_bindings);
}

static void end_note(struct leader *leader, const PGresult *result)
{
	(void)result;
	leader->state = LEADER_IDLE;
}

/* What follows a good result in each state; what makes a leader of a connection comes first. */
typedef void step_function(struct leader *leader, const PGresult *result);
static step_function *const steps[LEADER_STATE_COUNT] = {
	[LEADER_ASKING] = take_lead,
	[LEADER_LISTENING] = register_jobs,
	[LEADER_REGISTERING] = ask_schedule,
	[LEADER_SCHEDULING] = take_schedule,
	[LEADER_NOTING] = end_note,
};

static void on_result(void *ctx, PGresult *result)
{
	struct leader *leader = ctx;
	ExecStatusType status = PQresultStatus(result);
	if (leader->state == LEADER_RUNNING) {
		end_run(leader, result);
	} else if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
		steps[leader->state](leader, result);
	} else {
		struct journal *journal = leader->jobs->service->journal;
		journal_begin(journal, JOURNAL_WARNING, "jobs cannot be led");
		journal_text(journal, "why", PQresultErrorMessage(result));
		journal_end(journal);
		disconnect(leader);
	}
}

/* Somebody asks for a run now. */
static void on_notice(void *ctx, const char *payload)
{
	struct leader *leader = ctx;
	int i = find_job(payload);
	if (i == JOB_COUNT || table[i].lead != leader->lead)
		return;
	struct schedule *schedule = &leader->jobs->schedules[i];
	schedule->is_wanted = true;
	schedule->due_ms = now_of(leader);
	schedule->note_ms = 0;
}

static void on_lost(void *ctx, const char *why)
{
	(void)why;
	disconnect(ctx);
}

/* PostgreSQL must find out, too, when a leader's machine is gone. */
static const char of_leaders[] =
	"-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3";

static void connect_to(struct leader *leader)
{
	struct service *service = leader->jobs->service;
	int statement_ms = leader->lead == LEAD_QUICK ? service->config->statement_ms
						      : service->config->bulk_statement_ms;
	const struct stream_events events = {.settings = of_leaders,
		.statement_ms = statement_ms,
		.query_ms = 2 * statement_ms,
		.on_ready = on_ready,
		.on_result = on_result,
		.on_notice = on_notice,
		.on_lost = on_lost};
	leader->retry_ms = now_of(leader) + RETRY_MS;
	leader->stream = stream_new(service, LANE_STAFF, &events, leader);
}

/* Runs the job that has been due for the longest time. */
static void run_what_is_due(struct leader *leader)
{
	struct schedule *schedules = leader->jobs->schedules;
	int next = JOB_COUNT;
	for (int i = 0; i < JOB_COUNT; i++)
		if (table[i].lead == leader->lead && schedules[i].due_ms <= now_of(leader) &&
			(next == JOB_COUNT || schedules[i].due_ms < schedules[next].due_ms))
			next = i;
	if (next == JOB_COUNT)
		return;
	schedules[next].is_wanted = false;
	leader->running = next;
	leader->started_ms = clock_monotonic_ms();
	ask(leader, LEADER_RUNNING, table[next].statement, no_bindings);
}

void jobs_tick(struct jobs *jobs)
{
	for (int i = 0; i < LEAD_COUNT && !jobs->service->is_stopping; i++) {
		struct leader *leader = &jobs->leaders[i];
		bool may_retry = leader->retry_ms <= now_of(leader);
		if (leader->stream == NULL && may_retry)
			connect_to(leader);
		else if (leader->state == LEADER_WAITING && may_retry)
			ask_to_lead(leader);
		else if (leader->state == LEADER_IDLE)
			run_what_is_due(leader);
	}
}

bool jobs_are_busy(const struct jobs *jobs)
{
	for (int i = 0; i < LEAD_COUNT; i++)
		if (jobs->leaders[i].state >= LEADER_RUNNING)
			return true;
	return false;
}
