#include "request/request.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"
#include "loop.h"
#include "watch/journal.h"

static const bool edges[REQUEST_STATE_COUNT][REQUEST_STATE_COUNT] = {
	[REQUEST_READING] = {[REQUEST_IDENTIFYING] = true,
		[REQUEST_RUNNING] = true,
		[REQUEST_ANSWERED] = true,
		[REQUEST_DONE] = true},
	[REQUEST_IDENTIFYING] =
		{[REQUEST_RUNNING] = true, [REQUEST_ANSWERED] = true, [REQUEST_DONE] = true},
	[REQUEST_RUNNING] = {[REQUEST_ANSWERED] = true, [REQUEST_DONE] = true},
	[REQUEST_ANSWERED] = {[REQUEST_DONE] = true},
};

void request_move(struct request *r, enum request_state state)
{
	assert(edges[r->state][state]);
	r->state = state;
}

struct request *request_new(struct service *service, const char *target)
{
	struct request *r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	r->service = service;
	request_forget_faults(r);
	r->started_us = clock_monotonic_us();
	r->run.statement_call = r->run.then_call = r->run.count_call = -1;
	uuid_v7(machine_clock_us() / 1000, r->id);
	r->head.target = arena_copy(&r->arena, target, strlen(target));
	if (r->head.target == NULL) {
		request_abandon(r);
		return NULL;
	}
	return r;
}

struct request *request_order(struct service *service, const struct request_order *order)
{
	struct request *r = request_new(service, order->target);
	if (r == NULL)
		return NULL;
	r->is_ours = true;
	r->head.method = order->method == NULL ? "GET" : order->method;
	r->head.headers[HEADER_ACCEPT] = order->accept;
	r->head.headers[HEADER_CONTENT_TYPE] = order->content_type;
	r->language = r->faults.language = order->language;
	r->actor = *order->actor;
	return r;
}

void request_wake(struct request *r)
{
	if (r->woken != NULL)
		r->woken(r);
}

void request_leave(struct request *r)
{
	if (r->throttled.place != NULL)
		r->throttled.place->held--;
	r->throttled.place = NULL;
}

void request_abandon(struct request *r)
{
	r->woken = NULL;
	r->is_abandoned = true;
	if (r->is_busy)
		return;
	request_leave(r);
	if (r->feature_free != NULL)
		r->feature_free(r);
	segment_clear(&r->run.segment);
	text_done(&r->answer.body);
	text_done(&r->body);
	text_done(&r->asked.scope);
	arena_done(&r->arena);
	free(r);
}

struct slice request_bearer(const struct request *r)
{
	static const char scheme[] = "Bearer ";
	enum { SCHEME = sizeof scheme - 1 };
	const char *authorization = r->head.headers[HEADER_AUTHORIZATION];
	if (authorization == NULL || strncasecmp(authorization, scheme, SCHEME) != 0)
		return (struct slice){0};
	return slice_trim(slice_of(authorization + SCHEME));
}

void request_forget_faults(struct request *r)
{
	r->faults = (struct fault_list){.arena = &r->arena, .language = r->language};
	r->detail = r->existing_id = NULL;
}

const struct problem *request_fault(
	struct request *r, const struct problem *problem, const char *format, ...)
{
	char detail[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(detail, sizeof detail, language_text(r->language, format), arguments);
	va_end(arguments);
	r->detail = arena_copy(&r->arena, detail, strlen(detail));
	return problem;
}

const struct problem *request_fault_of_ours(
	struct request *r, const char *file, int line, const char *format, ...)
{
	char message[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	struct journal *journal = r->service->journal;
	journal_begin(journal, JOURNAL_ERROR, message);
	journal_text(journal, "request_id", r->id);
	journal_text(journal, "file", file);
	journal_number(journal, "line", line);
	journal_end(journal);
	request_forget_faults(r);
	return &problem_internal_error;
}

const struct problem *request_submit(struct request *r, enum lane_work work)
{
	r->run.segment.ctx = r;
	r->run.segment.deadline_ms = r->service->loop->now_ms + r->service->config->queue_ms;
	if (lanes_submit(r->service->lanes, actor_lane_role(&r->actor), work, &r->run.segment))
		return NULL;
	return request_fault(r, &problem_overloaded, "Too many requests wait for the database.");
}
