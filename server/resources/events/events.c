/* events: what happened, as a list that goes on growing, to be read or followed. */
#include "events/event_reader.h"
#include "events/follower.h"
#include "request/answer.h"
#include "request/result.h"
#include "request/whole_list.h"

static void page_done(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	if (outcome == SEGMENT_FAILED) {
		answer_refuse(r, result_problem(r, segment->error));
		return;
	}
	if (outcome != SEGMENT_DONE) {
		answer_refuse(r, &problem_unavailable);
		return;
	}
	r->log_end = event_page_end(r);
	result_answer(r);
	answer_send(r);
}

static const struct problem *list_events(struct request *r)
{
	if (r->asked.format == FORMAT_EVENT_STREAM)
		return follower_begin(r);
	return r->asked.format == FORMAT_JSON ? event_page_ask(r, page_done) : whole_list_begin(r);
}

OPERATION(listEvents) = {.sql = SQL(listEvents),
	.sql_for_partner = SQL(listEventsBelow),
	.is_log = true,
	.handle = list_events};
