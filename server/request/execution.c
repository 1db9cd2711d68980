#include "request/execution.h"

#include "request/answer.h"
#include "request/binding.h"
#include "request/count.h"
#include "request/expand.h"
#include "request/keyed.h"
#include "request/result.h"
#include "request/shared.h"
#include "request/whole_list.h"

/* An object, or a task that is accepted and can be polled. */
static bool makes_something(const struct request *r)
{
	int status = r->operation->contract->success_status;
	return status == 201 || (status == 202 && r->operation->code->is_polled);
}

static const struct problem *bind_statement(struct request *r)
{
	const struct operation *operation = r->operation;
	const struct statement *statement = operation->statement;
	struct segment *segment = &r->run.segment;
	int count = 1; /* the identity is the first */
	if (r->actor.role == ROLE_PARTNER && operation->statement_for_partner != NULL)
		statement = operation->statement_for_partner;
	if (r->asked.idempotency_key != NULL && !keyed_begin(r, count++))
		return FAULT(r, "the key cannot be bound");
	r->run.statement_call = count;
	struct call *call = &segment->calls[count++];
	if (!binding_make(r, statement, call) ||
		!binding_identity(r, "", call->variant->plan, &segment->calls[0]))
		return FAULT(r, "%s cannot be bound", statement->name);
	segment->call_count = count;
	if (!count_bind(r, statement))
		return FAULT(r, "%s cannot be counted", statement->name);
	if (operation->then == NULL)
		return NULL;
	r->run.then_call = count;
	r->run.reads_new = makes_something(r);
	if (!binding_make(r, operation->then, &segment->calls[count++]))
		return FAULT(r, "%s cannot be bound", operation->then->name);
	segment->call_count = count;
	return NULL;
}

/* Ends with what a segment without success means; `error` is PostgreSQL's, or NULL. */
static void fail(struct request *r, enum segment_outcome outcome, const PGresult *error)
{
	answer_reset(r);
	if (outcome != SEGMENT_FAILED) {
		answer_refuse(r, outcome == SEGMENT_UNKNOWN ? &problem_outcome_unknown
							    : &problem_unavailable);
		return;
	}
	const struct problem *problem = result_problem(r, error);
	if (!keyed_replay(r, error) && !keyed_keep_refusal(r, problem))
		answer_refuse(r, problem);
}

static void finish(struct request *r, enum segment_outcome outcome, const PGresult *error)
{
	if (outcome != SEGMENT_DONE) {
		fail(r, outcome, error);
		return;
	}
	if (r->run.segment.store == NULL)
		result_answer(r);
	answer_send(r);
}

static void statement_done(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	bool is_done = outcome == SEGMENT_DONE;
	if (is_done && r->operation->code->committed != NULL)
		r->operation->code->committed(r);
	if (!is_done || r->run.expand == NULL || !expand_begin(r, finish))
		finish(r, outcome, segment->error);
}

static const struct problem *run_own_statement(struct request *r)
{
	const struct problem *p = bind_statement(r);
	if (p != NULL)
		return p;
	r->run.segment.is_write = r->operation->is_write;
	r->run.segment.done = statement_done;
	return request_submit(
		r, r->operation->is_write ? LANE_WRITE : count_lane(r, r->operation->code->work));
}

static void run_alone(struct request *r)
{
	const struct problem *p = run_own_statement(r);
	if (p != NULL)
		answer_refuse(r, p);
}

const struct problem *execution_begin(struct request *r)
{
	static const struct shared_ways ways = {.run_alone = run_alone, .fail = fail};
	if (r->asked.format != FORMAT_JSON)
		return whole_list_begin(r);
	/* The answer of a keyed one is stored by a segment of its own, and who expands goes on. */
	if (!r->operation->is_shared || r->asked.idempotency_key != NULL || r->run.expand != NULL)
		return run_own_statement(r);
	r->run.reads_new = makes_something(r);
	return shared_submit(r, &ways);
}
