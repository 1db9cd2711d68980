#include "exports/export_file.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "json.h"
#include "request/answer.h"
#include "request/binding.h"
#include "request/parameters.h"
#include "request/result.h"
#include "request/vet.h"

/* The file of an export, as it is sent piece by piece. */
struct file {
	struct text ready; /* the piece that is being sent, from `sent` on */
	size_t sent;
	int next; /* the piece behind it */
	int count;
	bool is_broken;
	struct arena arena; /* of the piece under way */
};

/* What is wrong with the list is wrong with the body's member. */
static const struct problem *take_faults(struct request *r, const struct request *asked)
{
	fault_add(&r->faults, "/list", "invalid_list", "%s",
		asked->detail == NULL ? "" : asked->detail);
	for (size_t i = 0; i < asked->faults.count; i++) {
		const struct fault *fault = &asked->faults.items[i];
		fault_add(
			&r->faults, "/list", fault->code, "%s: %s", fault->pointer, fault->detail);
	}
	return &problem_invalid_list;
}

const struct problem *exports_check(struct request *r)
{
	struct json_fault fault;
	json_t *body = json_read(r->body.bytes, r->body.length, &fault);
	const char *list = json_string_value(json_object_get(body, "list"));
	const struct request_order order = {
		.target = list, .accept = "text/csv", .actor = &r->actor};
	struct request *asked = request_order(r->service, &order);
	json_decref(body);
	if (asked == NULL)
		return FAULT(r, "out of memory");
	const struct problem *p = vet_order(asked);
	if (p == &problem_forbidden)
		p = request_fault(r, p, "%s", asked->detail);
	else if (p != NULL)
		p = take_faults(r, asked);
	request_abandon(asked);
	return p;
}

static void file_free(struct request *r)
{
	struct file *file = r->feature;
	r->feature = NULL;
	text_done(&file->ready);
	arena_done(&file->arena);
	free(file);
}

static void piece_done(struct segment *segment, enum segment_outcome outcome);

static const struct problem *ask_piece(struct request *r)
{
	struct file *file = r->feature;
	struct arena kept = r->arena;
	arena_done(&file->arena);
	r->arena = file->arena;
	const struct binding bindings[] = {{"id", parameters_value(r, "id")},
		{"number", arena_printf(&r->arena, "%d", file->next)}, {NULL, NULL}};
	r->run.segment = (struct segment){.call_count = 2, .done = piece_done};
	bool is_bound = binding_of(r, SQL(readExportChunk), bindings, &r->run.segment.calls[1]) &&
			binding_identity(r, "", NULL, &r->run.segment.calls[0]);
	file->arena = r->arena;
	r->arena = kept;
	if (!is_bound)
		return FAULT(r, "readExportChunk cannot be bound");
	const struct problem *p = request_submit(r, LANE_BULK);
	r->is_busy = p == NULL;
	if (file->next > 0) /* a file that has begun is worth more patience */
		r->run.segment.deadline_ms = r->service->loop->now_ms +
					     r->service->config->request_ms;
	return p;
}

static long file_produce(struct request *r, char *room, size_t size)
{
	struct file *file = r->feature;
	if (file->sent == file->ready.length) {
		if (file->is_broken)
			return ANSWER_BROKEN;
		if (file->next == file->count)
			return ANSWER_END;
		if (!r->is_busy && ask_piece(r) != NULL)
			return ANSWER_BROKEN;
		return 0;
	}
	size_t count = file->ready.length - file->sent;
	if (count > size)
		count = size;
	memcpy(room, file->ready.bytes + file->sent, count);
	file->sent += count;
	return (long)count;
}

static void begin_answer(struct request *r, const PGresult *result)
{
	struct file *file = r->feature;
	bool is_gzip = *PQgetvalue(result, 0, PQfnumber(result, "gzip")) != 0;
	bool is_csv = slice_equals(rows_text(result, 0, "format"), "csv");
	const char *type = is_csv ? "text/csv; charset=utf-8" : "application/x-ndjson";
	answer_begin(r, 200, is_gzip ? "application/gzip" : type);
	answer_header(r, "Content-Disposition",
		arena_printf(&r->arena, "attachment; filename=\"%s.%s%s\"",
			parameters_value(r, "id"), is_csv ? "csv" : "ndjson",
			is_gzip ? ".gz" : ""));
	r->closes = strcmp(r->head.method, "HEAD") == 0; /* as with lists, in whole_list.c */
	if (file->count > 0)
		r->answer.produce = file_produce;
	answer_send(r);
}

static int32_t read_count(const PGresult *result)
{
	uint32_t wire;
	memcpy(&wire, PQgetvalue(result, 0, PQfnumber(result, "chunks")), sizeof wire);
	return (int32_t)be32toh(wire);
}

/* A piece that is not there is one whose export has been deleted meanwhile. */
static const struct problem *take_piece(struct request *r, const PGresult *result)
{
	struct file *file = r->feature;
	if (PQntuples(result) == 0)
		return &problem_not_found;
	struct slice status = rows_text(result, 0, "status");
	if (!slice_equals(status, "succeeded"))
		return request_fault(r, &problem_export_not_ready, "The export is %.*s.",
			(int)status.length, status.bytes);
	file->count = read_count(result);
	int bytes = PQfnumber(result, "bytes");
	text_clear(&file->ready);
	file->sent = 0;
	text_append(
		&file->ready, PQgetvalue(result, 0, bytes), (size_t)PQgetlength(result, 0, bytes));
	if (file->ready.is_broken)
		return FAULT(r, "out of memory");
	file->next += file->count > 0;
	return NULL;
}

static void piece_done(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	struct file *file = r->feature;
	r->is_busy = false;
	if (r->is_abandoned) {
		request_abandon(r);
		return;
	}
	bool has_begun = r->state == REQUEST_ANSWERED;
	const struct problem *p = &problem_unavailable;
	if (outcome == SEGMENT_DONE)
		p = take_piece(r, segment->results[1]);
	else if (outcome == SEGMENT_FAILED)
		p = result_problem(r, segment->error);
	if (has_begun) {
		file->is_broken = p != NULL;
		segment_clear(segment);
		request_wake(r);
	} else if (p != NULL) {
		answer_refuse(r, p);
	} else {
		begin_answer(r, segment->results[1]);
		segment_clear(segment);
	}
}

static const struct problem *send_file(struct request *r)
{
	r->feature = calloc(1, sizeof(struct file));
	if (r->feature == NULL)
		return FAULT(r, "out of memory");
	r->feature_free = file_free;
	return ask_piece(r);
}

OPERATION(getExportFile) = {.handle = send_file};
