#include "imports/intake.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "request/answer.h"
#include "request/keyed.h"
#include "request/result.h"

enum { STALL_MS = 5000 /* PostgreSQL says itself that a statement takes too long, if it can */ };

static bool send_call(struct intake *intake, const struct call *call)
{
	const struct variant *variant = call->variant;
	return stream_query(intake->stream, variant->sql.text.bytes,
		(int)variant->sql.parameter_count, call->values);
}

bool intake_send(struct intake *intake, const char *statement, const struct binding *bindings)
{
	return binding_send(intake->stream, intake->r->service->statements, statement, bindings);
}

bool intake_send_begin(struct intake *intake, bool *ret_is_sent)
{
	*ret_is_sent = stream_query(intake->stream, "begin", 0, NULL);
	return true;
}

bool intake_send_identity(struct intake *intake, bool *ret_is_sent)
{
	struct call call;
	*ret_is_sent = binding_identity(intake->r, intake->r->made.id, NULL, &call) &&
		       send_call(intake, &call);
	return true;
}

bool intake_send_key(struct intake *intake, bool *ret_is_sent)
{
	struct call call;
	if (intake->r->asked.idempotency_key == NULL)
		return false;
	*ret_is_sent = keyed_bind_begin(intake->r, slice_of(intake->digest), &call) &&
		       send_call(intake, &call);
	return true;
}

bool intake_send_store(struct intake *intake, bool *ret_is_sent)
{
	struct call call;
	if (intake->r->asked.idempotency_key == NULL)
		return false;
	*ret_is_sent = keyed_bind_store(intake->r, &call) && send_call(intake, &call);
	return true;
}

bool intake_send_commit(struct intake *intake, bool *ret_is_sent)
{
	*ret_is_sent = stream_query(intake->stream, "commit", 0, NULL);
	return true;
}

static void intake_free(struct request *r)
{
	struct intake *intake = r->feature;
	r->feature = NULL;
	r->service->imports -= r->attempt == NULL;
	stream_free(intake->stream);
	digester_free(intake->digester);
	intake->way->free(intake);
	free(intake);
}

void intake_give_up(struct intake *intake, const struct problem *problem)
{
	stream_free(intake->stream);
	intake->stream = NULL;
	intake->problem = problem;
	if (intake->is_complete || intake->r->attempt != NULL)
		answer_refuse(intake->r, problem);
	else
		request_wake(intake->r);
}

static void finish(struct intake *intake)
{
	stream_free(intake->stream);
	intake->stream = NULL;
	if (intake->way->done != NULL)
		intake->way->done(intake);
	answer_send(intake->r);
}

void intake_next(struct intake *intake)
{
	const struct intake_way *way = intake->way;
	bool is_sent = false;
	bool is_due = false;
	while (!is_due && ++intake->step < way->step_count)
		is_due = way->steps[intake->step].send(intake, &is_sent);
	if (intake->step == way->step_count)
		finish(intake);
	else if (!is_sent)
		intake_give_up(intake,
			FAULT(intake->r, "step %d of an import cannot be sent", intake->step));
}

static void end_file(struct intake *intake)
{
	unsigned char bytes[DIGEST_SIZE];
	digester_finish(intake->digester, bytes);
	digest_hex(bytes, intake->digest);
	intake->way->take_end(intake);
}

/* PostgreSQL has taken what it was given. */
static void go_on(struct intake *intake)
{
	if (!intake->takes_bytes)
		intake_next(intake);
	else if (!intake->is_complete)
		request_wake(intake->r);
	else
		end_file(intake);
}

static void refuse_result(struct intake *intake, PGresult *result)
{
	struct request *r = intake->r;
	if (!keyed_replay(r, result)) {
		intake_give_up(intake, result_problem(r, result));
		return;
	}
	stream_free(intake->stream);
	intake->stream = NULL;
}

static void on_result(void *ctx, PGresult *result)
{
	struct intake *intake = ctx;
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_COPY_IN && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		refuse_result(intake, result);
		return;
	}
	const struct intake_step *step = &intake->way->steps[intake->step];
	const struct problem *p = NULL;
	intake->is_waiting = false;
	if (status == PGRES_COPY_IN)
		intake->takes_bytes = true;
	else if (step->take != NULL)
		p = step->take(intake, result);
	if (p != NULL)
		intake_give_up(intake, p);
	else
		go_on(intake);
}

static void on_ready(void *ctx)
{
	intake_next(ctx);
}

static void on_drained(void *ctx)
{
	struct intake *intake = ctx;
	request_wake(intake->r);
}

static void on_lost(void *ctx, const char *why)
{
	struct intake *intake = ctx;
	(void)why;
	bool is_committing = intake->step == intake->way->step_count - 1;
	intake_give_up(intake, is_committing ? &problem_outcome_unknown : &problem_unavailable);
}

static bool connect_to(struct intake *intake)
{
	const struct service *service = intake->r->service;
	int statement_ms = service->config->bulk_statement_ms;
	const struct stream_events events = {.settings = intake->way->settings,
		.statement_ms = statement_ms,
		.query_ms = statement_ms + STALL_MS,
		.on_ready = on_ready,
		.on_result = on_result,
		.on_drained = on_drained,
		.on_lost = on_lost};
	intake->stream = stream_new(service, actor_lane_role(&intake->r->actor), &events, intake);
	return intake->stream != NULL;
}

const struct problem *intake_begin(struct request *r, const struct intake_way *way)
{
	struct intake *intake = calloc(1, way->size);
	if (intake == NULL)
		return FAULT(r, "out of memory");
	*intake = (struct intake){.r = r, .way = way, .step = -1, .digester = digester_new()};
	r->feature = intake;
	r->feature_free = intake_free;
	r->service->imports += r->attempt == NULL;
	if (intake->digester == NULL || (way->begin != NULL && !way->begin(intake)))
		return FAULT(r, "out of memory");
	return connect_to(intake) ? NULL : &problem_unavailable;
}

size_t intake_take(struct request *r, const char *bytes, size_t length)
{
	struct intake *intake = r->feature;
	if (intake->problem != NULL)
		return length;
	if (!intake->takes_bytes || intake->is_waiting || stream_is_congested(intake->stream))
		return 0;
	intake->bytes += (int64_t)length;
	digester_feed(intake->digester, bytes, length);
	intake->way->take_bytes(intake, bytes, length);
	return length;
}

void intake_end(struct request *r)
{
	struct intake *intake = r->feature;
	intake->is_complete = true;
	if (intake->problem != NULL)
		answer_refuse(r, intake->problem);
	else if (intake->takes_bytes && !intake->is_waiting)
		end_file(intake);
}
