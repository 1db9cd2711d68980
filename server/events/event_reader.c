#include "events/event_reader.h"

#include <stdio.h>
#include <string.h>

#include "request/answer.h"
#include "request/binding.h"
#include "request/count.h"
#include "request/result.h"
#include "request/vet.h"

/* The calls of a page. Where the log ends is asked first: what becomes certain meanwhile is on the
 * page, or behind that end. */
enum { CALL_IDENTITY, CALL_END, CALL_LIST, CALL_COUNT };

enum { PAGE_ROWS = 200 };

const struct problem *event_page_ask(struct request *r, segment_done_function *done)
{
	static const struct binding none[] = {{NULL, NULL}};
	const struct operation *operation = r->operation;
	const struct statement *statement = r->actor.role == ROLE_PARTNER
						    ? operation->statement_for_partner
						    : operation->statement;
	r->run.segment = (struct segment){.call_count = CALL_COUNT, .done = done};
	struct call *calls = r->run.segment.calls;
	if (!binding_make(r, statement, &calls[CALL_LIST]) ||
		!binding_of(r, SQL(findEventsEnd), none, &calls[CALL_END]) ||
		!binding_identity(r, "", calls[CALL_LIST].variant->plan, &calls[CALL_IDENTITY]) ||
		!count_bind(r, statement))
		return FAULT(r, "%s cannot be bound", statement->name);
	r->run.statement_call = CALL_LIST;
	return request_submit(r, count_lane(r, LANE_READ));
}

const char *event_page_end(struct request *r)
{
	struct slice end = rows_text(r->run.segment.results[CALL_END], 0, "position");
	const char *position = arena_copy(&r->arena, end.bytes, end.length);
	const char *begin = r->asked.cursor.key;
	return begin != NULL && (position == NULL || strcmp(begin, position) > 0) ? begin
										  : position;
}

/*   id: CURSOR
 *   event: partner.created
 *   data: {"id":…}                as in the list; JSON has no line breaks */
static void append_event(struct text *text, struct request *r, const struct rows *rows, int row)
{
	struct slice type = rows_text(rows->result, row, "type");
	struct text key = {0};
	struct cursor cursor;
	text_append_string(text, "id: ");
	if (result_position(r, rows, row, &key, &cursor))
		cursor_seal(text, &cursor,
			(struct slice){r->asked.scope.bytes, r->asked.scope.length},
			r->service->cursor_secret);
	else
		text->is_broken = true;
	text_append_printf(text, "\nevent: %.*s\ndata: ", (int)type.length, type.bytes);
	text->is_broken |= !rows_append_object(text, rows, row);
	text_append_string(text, "\n\n");
	text_done(&key);
}

/* The wire's form of jsonb is the text behind a byte of its version. */
static struct slice json_in(const PGresult *result, int row, const char *column)
{
	struct slice wire = rows_text(result, row, column);
	return wire.length == 0 ? wire : (struct slice){wire.bytes + 1, wire.length - 1};
}

static bool take_row(struct event_reader *reader, const struct rows *rows, int row)
{
	struct text text = {0};
	struct slice place = rows_text(rows->result, row, "position");
	char position[EVENT_POSITION_SIZE];
	snprintf(position, sizeof position, "%.*s", (int)place.length, place.bytes);
	append_event(&text, reader->page, rows, row);
	const struct event_row taken = {
		.position = position,
		.type = rows_text(rows->result, row, "type"),
		.data = json_in(rows->result, row, "data"),
		.text = {text.bytes, text.length},
	};
	bool is_taken = !text.is_broken && reader->take(reader->ctx, &taken);
	if (is_taken)
		event_reader_move(reader, position);
	text_done(&text);
	return is_taken;
}

static const struct problem *take_page(struct event_reader *reader)
{
	struct request *r = reader->page;
	PGresult *result = r->run.segment.results[CALL_LIST];
	struct variant *variant = r->run.segment.calls[CALL_LIST].variant;
	if (!rows_describe(variant, result, r->operation->contract))
		return FAULT(r, "out of memory");
	const struct problem *p = result_refusal(r, result);
	if (p != NULL)
		return p;
	const struct rows rows = {.result = result, .variant = variant};
	int count = PQntuples(result);
	reader->is_last = count <= r->asked.limit;
	if (count > r->asked.limit)
		count = r->asked.limit;
	for (int row = 0; row < count; row++)
		if (!take_row(reader, &rows, row))
			return FAULT(r, "an event cannot be written");
	if (reader->is_last)
		event_reader_move(reader, event_page_end(r));
	return NULL;
}

static void page_done(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	struct event_reader *reader = r->owner;
	const struct problem *p = &problem_unavailable;
	if (reader == NULL) {
		request_abandon(r);
		return;
	}
	if (outcome == SEGMENT_DONE)
		p = take_page(reader);
	else if (outcome == SEGMENT_FAILED)
		p = result_problem(r, segment->error);
	reader->page = NULL;
	request_abandon(r);
	reader->done(reader->ctx, p);
}

bool event_reader_ask(struct event_reader *reader, const struct request_order *order)
{
	struct request *r = request_order(reader->service, order);
	if (r == NULL)
		return false;
	if (reader->id != NULL)
		memcpy(r->id, reader->id, sizeof r->id);
	r->owner = reader;
	const struct problem *p = vet_order(r);
	r->asked.limit = PAGE_ROWS;
	r->asked.cursor.key = arena_copy(&r->arena, reader->position, strlen(reader->position));
	if (p == NULL && r->asked.cursor.key != NULL)
		p = event_page_ask(r, page_done);
	if (p != NULL || r->asked.cursor.key == NULL) {
		request_abandon(r);
		return false;
	}
	reader->page = r;
	return true;
}

void event_reader_forget(struct event_reader *reader)
{
	if (reader->page != NULL)
		reader->page->owner = NULL;
	reader->page = NULL;
}

void event_reader_move(struct event_reader *reader, const char *position)
{
	if (position != NULL && strcmp(position, reader->position) > 0)
		snprintf(reader->position, sizeof reader->position, "%s", position);
}
