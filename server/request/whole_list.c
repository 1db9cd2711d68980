#include "request/whole_list.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "request/answer.h"
#include "request/binding.h"
#include "request/result.h"

/* Pages grow and shrink with their rows, so that one is about this many bytes. */
enum {
	FIRST_ROWS = 200,
	ROWS_MAX = 5000,
	PAGE_BYTES = 1 << 20,
};

struct whole_list {
	struct text ready; /* what is being sent, from `sent` on */
	size_t sent;
	struct text next; /* the page behind it */
	bool is_last;     /* no page behind `next` */
	bool is_broken; /* a page could not be read: the client must see that the file is not whole
			 */
	bool has_begun; /* the first page has come */
	int64_t rows;   /* in all pages so far */
	int rows_left;  /* of the limit that the client gave; -1: it gave none */
	struct arena arena; /* of the page under way: its values and cursor */
};

static void list_free(struct request *r)
{
	struct whole_list *list = r->feature;
	r->feature = NULL;
	text_done(&list->ready);
	text_done(&list->next);
	arena_done(&list->arena);
	free(list);
}

static void page_done(struct segment *segment, enum segment_outcome outcome);

/* The request's arena would grow with each page, so a page is bound in one of its own. */
static const struct problem *ask_page(struct request *r)
{
	struct whole_list *list = r->feature;
	const struct operation *operation = r->operation;
	bool is_partner = r->actor.role == ROLE_PARTNER && operation->statement_for_partner != NULL;
	const struct statement *statement = is_partner ? operation->statement_for_partner
						       : operation->statement;
	struct arena kept = r->arena;
	r->arena = list->arena;
	if (list->rows_left >= 0 && r->asked.limit > list->rows_left)
		r->asked.limit = list->rows_left;
	r->run.segment = (struct segment){.call_count = 2, .done = page_done};
	struct call *call = &r->run.segment.calls[1];
	bool is_bound = binding_make(r, statement, call) &&
			binding_identity(r, "", call->variant->plan, &r->run.segment.calls[0]);
	list->arena = r->arena;
	r->arena = kept;
	if (!is_bound)
		return FAULT(r, "%s cannot be bound", statement->name);
	const struct problem *p = request_submit(r, LANE_BULK);
	r->is_busy = p == NULL;
	if (list->has_begun) /* a file that has begun is worth more patience */
		r->run.segment.deadline_ms = r->service->loop->now_ms +
					     r->service->config->request_ms;
	return p;
}

static bool append_rows(struct request *r, const struct rows *rows, int count)
{
	struct whole_list *list = r->feature;
	struct text *text = &list->next;
	bool is_csv = r->asked.format == FORMAT_CSV;
	const char *accept = r->head.headers[HEADER_ACCEPT];
	if (is_csv && !list->has_begun) {
		if (strstr(accept, "bom=true") != NULL)
			text_append_string(text, "\xEF\xBB\xBF");
		rows_append_csv_header(text, rows);
	}
	bool is_good = true;
	for (int row = 0; row < count && is_good; row++) {
		is_good = is_csv ? rows_append_csv(text, rows, row)
				 : rows_append_object(text, rows, row);
		if (!is_csv)
			text_append_char(text, '\n');
	}
	return is_good && !text->is_broken;
}

/* The next page begins behind the last row of this one. */
static bool move_cursor(struct request *r, const struct rows *rows, int row)
{
	struct whole_list *list = r->feature;
	struct text key = {0};
	bool is_moved = result_position(r, rows, row, &key, &r->asked.cursor);
	arena_done(&list->arena);
	r->asked.cursor.key = is_moved ? arena_copy(&list->arena, key.bytes, key.length) : NULL;
	text_done(&key);
	return r->asked.cursor.key != NULL;
}

static int next_page_rows(int rows, size_t bytes)
{
	size_t wanted = bytes == 0 ? FIRST_ROWS : (size_t)rows * PAGE_BYTES / bytes + 1;
	return wanted > ROWS_MAX ? ROWS_MAX : (int)wanted;
}

static const struct problem *take_page(struct request *r)
{
	struct whole_list *list = r->feature;
	PGresult *result = r->run.segment.results[1];
	struct variant *variant = r->run.segment.calls[1].variant;
	if (!rows_describe(variant, result, r->operation->contract))
		return FAULT(r, "out of memory");
	const struct problem *p = result_refusal(r, result);
	if (p != NULL)
		return p;
	struct rows rows = {.result = result,
		.variant = variant,
		.fields = r->asked.fields,
		.field_count = r->asked.field_count};
	int count = PQntuples(result);
	if (list->rows_left >= 0)
		list->rows_left -= count < r->asked.limit ? count : r->asked.limit;
	list->is_last = count <= r->asked.limit || list->rows_left == 0;
	if (count > r->asked.limit)
		count = r->asked.limit;
	if (!append_rows(r, &rows, count) || (!list->is_last && !move_cursor(r, &rows, count - 1)))
		return FAULT(r, "a page of %s cannot be written", r->operation->contract->id);
	list->rows += count;
	r->asked.limit = next_page_rows(count, list->next.length);
	return NULL;
}

/* Sends what is there; then the page behind it, and asks for the one behind that. */
static long list_produce(struct request *r, char *room, size_t size)
{
	struct whole_list *list = r->feature;
	if (list->sent == list->ready.length) {
		if (list->is_broken)
			return ANSWER_BROKEN;
		if (r->is_busy)
			return 0;
		if (list->next.length == 0)
			return ANSWER_END;
		struct text empty = list->ready;
		list->ready = list->next;
		list->next = empty;
		list->sent = 0;
		text_clear(&list->next);
		if (!list->is_last && ask_page(r) != NULL)
			list->is_broken = true;
	}
	size_t count = list->ready.length - list->sent;
	if (count > size)
		count = size;
	memcpy(room, list->ready.bytes + list->sent, count);
	list->sent += count;
	return (long)count;
}

static void begin_answer(struct request *r)
{
	struct whole_list *list = r->feature;
	list->has_begun = true;
	answer_begin(r, 200,
		r->asked.format == FORMAT_CSV ? "text/csv; charset=utf-8" : "application/x-ndjson");
	answer_vary(r, "Accept");
	/* libmicrohttpd 0.9.75 ends the chunks of a HEAD that has none, which the next answer on
	 * the connection would begin with. */
	r->closes = strcmp(r->head.method, "HEAD") == 0;
	if (list->next.length > 0)
		r->answer.produce = list_produce;
	answer_send(r);
}

static void page_done(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	struct whole_list *list = r->feature;
	r->is_busy = false;
	if (r->is_abandoned) {
		request_abandon(r);
		return;
	}
	const struct problem *p = &problem_unavailable;
	if (outcome == SEGMENT_DONE)
		p = take_page(r);
	else if (outcome == SEGMENT_FAILED)
		p = result_problem(r, segment->error);
	segment_clear(segment);
	if (list->has_begun) {
		list->is_broken = p != NULL;
		request_wake(r);
	} else if (p != NULL) {
		answer_refuse(r, p);
	} else {
		begin_answer(r);
	}
}

int64_t whole_list_rows(const struct request *r)
{
	const struct whole_list *list = r->feature;
	return list->rows;
}

const struct problem *whole_list_begin(struct request *r)
{
	r->feature = calloc(1, sizeof(struct whole_list));
	if (r->feature == NULL)
		return FAULT(r, "out of memory");
	struct whole_list *list = r->feature;
	r->feature_free = list_free;
	list->rows_left = r->asked.has_limit ? r->asked.limit : -1;
	r->asked.limit = FIRST_ROWS;
	return ask_page(r);
}
