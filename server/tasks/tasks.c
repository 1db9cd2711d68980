#include "tasks/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "identity/actor_cache.h"
#include "postgres/rows.h"
#include "request/vet.h"
#include "watch/journal.h"

enum {
	RETRY_MS = 500,  /* between tries to connect */
	POLL_MS = 2000,  /* for tasks whose notice was missed, or whose server died */
	KEEP_MS = 2000,  /* a fifth of the lease in SQL */
	PAUSE_MS = 1000, /* before a second attempt; four times as long before each other */
};

enum tasks_state {
	TASKS_CONNECTING,
	TASKS_LISTENING,
	TASKS_IDLE,
	TASKS_CLAIMING,
	TASKS_FINDING, /* by whose rights */
	TASKS_WORKING, /* waits for the request */
	TASKS_KEEPING,
	TASKS_ASKING, /* for what the kind needs */
	TASKS_ENDING,
	TASKS_STATE_COUNT,
};

struct tasks {
	struct service *service;
	const struct task_kind *kind;
	struct stream *stream;
	enum tasks_state state;
	int64_t retry_ms, poll_ms, keep_ms;
	bool is_broken;   /* the connection */
	bool is_going_on; /* whatever wakes us meanwhile is seen by go_on itself */
	struct task task;
	struct request_order order;
};

const struct task_ending task_given_back = {.status = "queued"};
static const struct task_ending revoked = {
	"cancelled", "unauthorized", "Who asked for it may not any more."};

struct tasks *tasks_new(struct service *service, const struct task_kind *kind)
{
	struct tasks *tasks = calloc(1, sizeof *tasks);
	if (tasks == NULL)
		return NULL;
	*tasks = (struct tasks){.service = service, .kind = kind};
	tasks->task = (struct task){.tasks = tasks, .work = calloc(1, kind->work_size)};
	if (tasks->task.work == NULL) {
		free(tasks);
		return NULL;
	}
	return tasks;
}

static void drop_request(struct tasks *tasks)
{
	if (tasks->task.request != NULL)
		request_abandon(tasks->task.request);
	tasks->task.request = NULL;
}

static void drop_task(struct tasks *tasks)
{
	struct task *task = &tasks->task;
	drop_request(tasks);
	tasks->kind->drop(task);
	memset(task->work, 0, tasks->kind->work_size);
	*task = (struct task){.tasks = tasks, .work = task->work};
}

void tasks_free(struct tasks *tasks)
{
	if (tasks == NULL)
		return;
	drop_task(tasks);
	stream_free(tasks->stream);
	free(tasks->task.work);
	free(tasks);
}

static int64_t now_of(const struct tasks *tasks)
{
	return tasks->service->loop->now_ms;
}

static void disconnect(struct tasks *tasks)
{
	drop_task(tasks);
	stream_free(tasks->stream);
	tasks->stream = NULL;
	tasks->is_broken = false;
	tasks->state = TASKS_CONNECTING;
	tasks->retry_ms = now_of(tasks) + RETRY_MS;
}

/* Sends a statement of the catalogue, and waits for its result in `state`. On a bad connection the
 * next tick drops the task: we may have been called by what would be dropped. */
static void ask(struct tasks *tasks, enum tasks_state state, const char *statement,
	const struct binding *bindings)
{
	tasks->state = state;
	tasks->is_broken = !binding_send(
		tasks->stream, tasks->service->statements, statement, bindings);
}

void task_ask(struct task *task, const char *statement, const struct binding *bindings)
{
	task->tasks->keep_ms = now_of(task->tasks) + KEEP_MS;
	ask(task->tasks, TASKS_ASKING, statement, bindings);
}

void task_end(struct task *task, const struct task_ending *ending)
{
	struct tasks *tasks = task->tasks;
	char rows[BINDING_NUMBER_SIZE], pause[BINDING_NUMBER_SIZE];
	const struct binding bindings[] = {
		{"id", task->id},
		{"attempt", task->attempt},
		{"status", ending->status},
		{"code", ending->code},
		{"detail", ending->detail},
		{"rows", rows},
		{"pause_ms", pause},
		{NULL, NULL},
	};
	snprintf(rows, sizeof rows, "%lld", (long long)task->rows);
	int doublings = 2 * (int)strtol(task->attempt, NULL, 10) - 2;
	int pause_ms = tasks->service->is_stopping ? 0 : PAUSE_MS << doublings;
	snprintf(pause, sizeof pause, "%d", pause_ms);
	ask(tasks, TASKS_ENDING, tasks->kind->end, bindings);
}

void task_end_refused(struct task *task, const struct problem *problem)
{
	const struct request *r = task->request;
	const char *detail = r->faults.count > 0 ? r->faults.items[0].detail : r->detail;
	const struct task_ending failed = {
		"failed", problem->code, detail == NULL ? problem->title : detail};
	task_end(task, problem->status >= 500 ? &task_given_back : &failed);
}

void task_done(struct task *task)
{
	const struct task_ending over = {.status = "succeeded"};
	task_end(task, &over);
}

/* It is not ours any more, or is given back: what is under way for it ends first, so that nothing
 * of it is written afterwards. */
static void let_go(struct tasks *tasks, const struct task_ending *ending)
{
	drop_request(tasks);
	task_end(&tasks->task, ending);
}

static void keep_task(struct tasks *tasks)
{
	const struct binding bindings[] = {
		{"id", tasks->task.id}, {"attempt", tasks->task.attempt}, {NULL, NULL}};
	tasks->keep_ms = now_of(tasks) + KEEP_MS;
	ask(tasks, TASKS_KEEPING, tasks->kind->keep, bindings);
}

static void go_on(struct tasks *tasks)
{
	tasks->state = TASKS_WORKING;
	tasks->is_going_on = true;
	tasks->kind->go_on(&tasks->task);
	tasks->is_going_on = false;
}

/* There is news of the request. While the connection is busy, its result goes on. */
static void on_news(struct request *r)
{
	struct tasks *tasks = r->owner;
	if (tasks->state == TASKS_WORKING && !tasks->is_going_on)
		go_on(tasks);
}

static void begin_task(struct tasks *tasks, const struct actor *actor)
{
	struct task *task = &tasks->task;
	tasks->order.actor = actor;
	struct request *r = request_order(tasks->service, &tasks->order);
	if (r == NULL) {
		task_end(task, &task_given_back);
		return;
	}
	task->request = r;
	r->owner = tasks;
	r->woken = on_news;
	tasks->state = TASKS_WORKING;
	tasks->keep_ms = now_of(tasks) + KEEP_MS;
	const struct problem *p = vet_order(r);
	if (p == NULL)
		p = tasks->kind->begin(task);
	if (p != NULL)
		task_end_refused(task, p);
	else
		go_on(tasks);
}

static void take_idle(struct tasks *tasks, const PGresult *result)
{
	(void)result;
	tasks->state = TASKS_IDLE;
	tasks->poll_ms = 0;
}

static void read_column(const PGresult *result, const char *name, char *ret_text, size_t size)
{
	struct slice value = rows_text(result, 0, name);
	snprintf(ret_text, size, "%.*s", (int)value.length, value.bytes);
}

static void take_claim(struct tasks *tasks, const PGresult *result)
{
	struct task *task = &tasks->task;
	tasks->state = TASKS_IDLE;
	if (PQntuples(result) == 0)
		return;
	read_column(result, "id", task->id, sizeof task->id);
	read_column(result, "attempt", task->attempt, sizeof task->attempt);
	tasks->order = (struct request_order){0};
	const struct binding bindings[] = {{"id", task->id}, {NULL, NULL}};
	if (!tasks->kind->take(task, result, &tasks->order))
		task_end(task, &task_given_back);
	else
		ask(tasks, TASKS_FINDING, tasks->kind->find, bindings);
}

static void take_caller(struct tasks *tasks, const PGresult *result)
{
	struct actor actor;
	if (actor_read(result, &actor))
		begin_task(tasks, &actor);
	else
		task_end(&tasks->task, &revoked);
}

/* Without a row it is not ours any more: cancelled, begun by another, or its key has ended, which
 * is the one thing that is still to be written down. */
static void take_kept(struct tasks *tasks, const PGresult *result)
{
	if (PQntuples(result) == 0)
		let_go(tasks, &revoked);
	else if (tasks->service->is_stopping)
		let_go(tasks, &task_given_back);
	else
		go_on(tasks);
}

static void take_answer(struct tasks *tasks, const PGresult *result)
{
	if (PQntuples(result) > 0 && tasks->kind->take_row != NULL)
		tasks->kind->take_row(&tasks->task, result);
	take_kept(tasks, result);
}

static void take_end(struct tasks *tasks, const PGresult *result)
{
	drop_task(tasks);
	take_idle(tasks, result);
}

/* What follows a good result in each state. */
typedef void step_function(struct tasks *tasks, const PGresult *result);
static step_function *const steps[TASKS_STATE_COUNT] = {
	[TASKS_LISTENING] = take_idle,
	[TASKS_CLAIMING] = take_claim,
	[TASKS_FINDING] = take_caller,
	[TASKS_KEEPING] = take_kept,
	[TASKS_ASKING] = take_answer,
	[TASKS_ENDING] = take_end,
};

static void on_result(void *ctx, PGresult *result)
{
	struct tasks *tasks = ctx;
	ExecStatusType status = PQresultStatus(result);
	bool is_good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
	if (is_good && steps[tasks->state] != NULL) {
		steps[tasks->state](tasks, result);
		return;
	}
	struct journal *journal = tasks->service->journal;
	journal_begin(journal, JOURNAL_WARNING, tasks->kind->trouble);
	journal_text(journal, "task", tasks->task.id);
	journal_text(journal, "why", PQresultErrorMessage(result));
	journal_end(journal);
	disconnect(tasks);
}

static void on_ready(void *ctx)
{
	struct tasks *tasks = ctx;
	tasks->state = TASKS_LISTENING;
	if (!stream_query(tasks->stream, tasks->kind->listen, 0, NULL))
		disconnect(tasks);
}

static void on_notice(void *ctx, const char *payload)
{
	struct tasks *tasks = ctx;
	(void)payload;
	tasks->poll_ms = 0;
}

static void on_lost(void *ctx, const char *why)
{
	(void)why;
	disconnect(ctx);
}

static void connect_to(struct tasks *tasks)
{
	struct service *service = tasks->service;
	const struct stream_events events = {.statement_ms = service->config->statement_ms,
		.query_ms = 2 * service->config->statement_ms,
		.on_ready = on_ready,
		.on_result = on_result,
		.on_notice = on_notice,
		.on_lost = on_lost};
	tasks->retry_ms = now_of(tasks) + RETRY_MS;
	tasks->stream = stream_new(service, LANE_STAFF, &events, tasks);
}

void tasks_tick(struct tasks *tasks)
{
	if (tasks == NULL)
		return;
	bool is_stopping = tasks->service->is_stopping;
	int64_t now_ms = now_of(tasks);
	if (tasks->is_broken)
		disconnect(tasks);
	if (tasks->stream == NULL && tasks->retry_ms <= now_ms && !is_stopping) {
		connect_to(tasks);
	} else if (tasks->state == TASKS_WORKING && is_stopping) {
		let_go(tasks, &task_given_back);
	} else if (tasks->state == TASKS_WORKING && tasks->keep_ms <= now_ms) {
		keep_task(tasks);
	} else if (tasks->state == TASKS_IDLE && tasks->poll_ms <= now_ms && !is_stopping) {
		tasks->poll_ms = now_ms + POLL_MS;
		ask(tasks, TASKS_CLAIMING, tasks->kind->claim, (struct binding[]){{NULL, NULL}});
	}
}

bool tasks_are_busy(const struct tasks *tasks)
{
	return tasks != NULL && tasks->state > TASKS_IDLE;
}
