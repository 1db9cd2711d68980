/* events: what happened, as a list that goes on growing. */
#include <string.h>

#include "answer.h"
#include "binding.h"
#include "export.h"

/* The calls of a page. Where the log ends is asked first: what becomes certain meanwhile is on the
 * page, or behind that end. */
enum { CALL_IDENTITY, CALL_END, CALL_LIST, CALL_COUNT };

static const struct problem *ask_page(struct request *r, segment_done_function *done)
{
	static const struct binding none[] = {{NULL, NULL}};
	const struct operation *operation = r->operation;
	const struct statement *statement = r->actor.role == ROLE_PARTNER
						    ? operation->statement_for_partner
						    : operation->statement;
	r->segment = (struct segment){.call_count = CALL_COUNT, .done = done};
	struct call *calls = r->segment.calls;
	if (!binding_make(r, statement, &calls[CALL_LIST]) ||
		!binding_of(r, SQL(findEventsEnd), none, &calls[CALL_END]) ||
		!binding_identity(r, "", calls[CALL_LIST].variant->plan, &calls[CALL_IDENTITY]))
		return FAULT(r, "%s cannot be bound", statement->name);
	r->statement_call = CALL_LIST;
	return request_submit(r, LANE_READ);
}

/* Positions are texts in the order of the log. */
static const char *later_of(const char *one, const char *other)
{
	return one != NULL && strcmp(one, other) > 0 ? one : other;
}

static const char *position_in(struct request *r, const PGresult *result, int row)
{
	struct slice position = rows_text(result, row, "position");
	return arena_copy(&r->arena, position.bytes, position.length);
}

static void page_done(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	if (outcome == SEGMENT_FAILED) {
		request_refuse(r, request_problem_of(r, segment->error));
		return;
	}
	if (outcome != SEGMENT_DONE) {
		request_refuse(r, &problem_unavailable);
		return;
	}
	r->log_end = later_of(r->cursor.key, position_in(r, segment->results[CALL_END], 0));
	request_answer_rows(r);
	request_answer(r);
}

static const struct problem *list_events(struct request *r)
{
	return r->format == FORMAT_JSON ? ask_page(r, page_done) : export_begin(r);
}

OPERATION(listEvents) = {.sql = SQL(listEvents),
	.sql_for_partner = SQL(listEventsBelow),
	.is_log = true,
	.handle = list_events};
