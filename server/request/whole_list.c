#include "request/whole_list.h"

#include <stdlib.h>
#include <string.h>

#include "request/answer.h"
#include "request/binding.h"

/* Pages grow and shrink with their rows, so that one is about this many bytes. */
enum {
	EXPORT_FIRST_ROWS = 200,
	EXPORT_ROWS_MAX = 5000,
	EXPORT_PAGE_BYTES = 1 << 20,
};

struct export
{
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

static void export_free(struct request *r)
{
	struct export *export = r->feature;
	r->feature = NULL;
	text_done(&export->ready);
	text_done(&export->next);
	arena_done(&export->arena);
	free(export);
}

static void page_done(struct segment *segment, enum segment_outcome outcome);

/* The request's arena would grow with each page, so a page is bound in one of its own. */
static const struct problem *ask_page(struct request *r)
{
	struct export *export = r->feature;
	const struct operation *operation = r->operation;
	bool is_partner = r->actor.role == ROLE_PARTNER && operation->statement_for_partner != NULL;
	const struct statement *statement = is_partner ? operation->statement_for_partner
						       : operation->statement;
	struct arena kept = r->arena;
	r->arena = export->arena;
	if (export->rows_left >= 0 && r->limit > export->rows_left)
		r->limit = export->rows_left;
	r->segment = (struct segment){.call_count = 2, .done = page_done};
	struct call *call = &r->segment.calls[1];
	bool is_bound = binding_make(r, statement, call) &&
			binding_identity(r, "", call->variant->plan, &r->segment.calls[0]);
	export->arena = r->arena;
	r->arena = kept;
	if (!is_bound)
		return FAULT(r, "%s cannot be bound", statement->name);
	const struct problem *p = request_submit(r, LANE_BULK);
	r->is_busy = p == NULL;
	if (export->has_begun) /* a file that has begun is worth more patience */
		r->segment.deadline_ms = r->service->loop->now_ms + r->service->config->request_ms;
	return p;
}

static bool append_rows(struct request *r, const struct rows *rows, int count)
{
	struct export *export = r->feature;
	struct text *text = &export->next;
	bool is_csv = r->format == FORMAT_CSV;
	const char *accept = r->headers[HEADER_ACCEPT];
	if (is_csv && !export->has_begun) {
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
	struct export *export = r->feature;
	struct text key = {0};
	bool is_moved = answer_position(r, rows, row, &key, &r->cursor);
	arena_done(&export->arena);
	r->cursor.key = is_moved ? arena_copy(&export->arena, key.bytes, key.length) : NULL;
	text_done(&key);
	return r->cursor.key != NULL;
}

static int next_page_rows(int rows, size_t bytes)
{
	size_t wanted = bytes == 0 ? EXPORT_FIRST_ROWS
				   : (size_t)rows * EXPORT_PAGE_BYTES / bytes + 1;
	return wanted > EXPORT_ROWS_MAX ? EXPORT_ROWS_MAX : (int)wanted;
}

static const struct problem *take_page(struct request *r)
{
	struct export *export = r->feature;
	PGresult *result = r->segment.results[1];
	struct variant *variant = r->segment.calls[1].variant;
	if (!rows_describe(variant, result, r->operation->contract))
		return FAULT(r, "out of memory");
	const struct problem *p = answer_refusal(r, result);
	if (p != NULL)
		return p;
	struct rows rows = {.result = result,
		.variant = variant,
		.fields = r->fields,
		.field_count = r->field_count};
	int count = PQntuples(result);
	if (export->rows_left >= 0)
		export->rows_left -= count < r->limit ? count : r->limit;
	export->is_last = count <= r->limit || export->rows_left == 0;
	if (count > r->limit)
		count = r->limit;
	if (!append_rows(r, &rows, count) ||
		(!export->is_last && !move_cursor(r, &rows, count - 1)))
		return FAULT(r, "a page of %s cannot be written", r->operation->contract->id);
	export->rows += count;
	r->limit = next_page_rows(count, export->next.length);
	return NULL;
}

/* Sends what is there; then the page behind it, and asks for the one behind that. */
static long export_produce(struct request *r, char *room, size_t size)
{
	struct export *export = r->feature;
	if (export->sent == export->ready.length) {
		if (export->is_broken)
			return ANSWER_BROKEN;
		if (r->is_busy)
			return 0;
		if (export->next.length == 0)
			return ANSWER_END;
		struct text empty = export->ready;
		export->ready = export->next;
		export->next = empty;
		export->sent = 0;
		text_clear(&export->next);
		if (!export->is_last && ask_page(r) != NULL)
			export->is_broken = true;
	}
	size_t count = export->ready.length - export->sent;
	if (count > size)
		count = size;
	memcpy(room, export->ready.bytes + export->sent, count);
	export->sent += count;
	return (long)count;
}

static void begin_answer(struct request *r)
{
	struct export *export = r->feature;
	export->has_begun = true;
	answer_begin(r, 200,
		r->format == FORMAT_CSV ? "text/csv; charset=utf-8" : "application/x-ndjson");
	answer_vary(r, "Accept");
	/* libmicrohttpd 0.9.75 ends the chunks of a HEAD that has none, which the next answer on
	 * the connection would begin with. */
	r->closes = strcmp(r->method, "HEAD") == 0;
	if (export->next.length > 0)
		r->answer.produce = export_produce;
	request_answer(r);
}

static void page_done(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	struct export *export = r->feature;
	r->is_busy = false;
	if (r->is_abandoned) {
		request_abandon(r);
		return;
	}
	const struct problem *p = &problem_unavailable;
	if (outcome == SEGMENT_DONE)
		p = take_page(r);
	else if (outcome == SEGMENT_FAILED)
		p = request_problem_of(r, segment->error);
	segment_clear(segment);
	if (export->has_begun) {
		export->is_broken = p != NULL;
		request_wake(r);
	} else if (p != NULL) {
		request_refuse(r, p);
	} else {
		begin_answer(r);
	}
}

int64_t export_rows(const struct request *r)
{
	const struct export *export = r->feature;
	return export->rows;
}

const struct problem *export_begin(struct request *r)
{
	r->feature = calloc(1, sizeof(struct export));
	if (r->feature == NULL)
		return FAULT(r, "out of memory");
	struct export *export = r->feature;
	r->feature_free = export_free;
	export->rows_left = r->has_limit ? r->limit : -1;
	r->limit = EXPORT_FIRST_ROWS;
	return ask_page(r);
}
