#include "exports/export_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "postgres/rows.h"
#include "request/binding.h"
#include "request/whole_list.h"

enum {
	CHUNK_BYTES = 256 << 10, /* of the file, in one row */
	ROOM_BYTES = 64 << 10,
	GZIP_WINDOW = 15 + 16, /* zlib: with a header of gzip */
	GZIP_MEMORY = 8,
};

struct export_work {
	char *list; /* owned */
	bool is_gzip;
	z_stream gzip;
	bool has_gzip;
	bool is_read;     /* to its end */
	struct text out;  /* what is not stored yet */
	struct text wire; /* the piece under way, as PostgreSQL takes it */
	int chunks;
};

static void drop(struct task *task)
{
	struct export_work *work = task->work;
	if (work->has_gzip)
		deflateEnd(&work->gzip);
	text_done(&work->out);
	text_done(&work->wire);
	free(work->list);
}

static bool take(struct task *task, const PGresult *claim, struct request_order *ret_order)
{
	struct export_work *work = task->work;
	struct slice list = rows_text(claim, 0, "list");
	bool is_csv = !slice_equals(rows_text(claim, 0, "format"), "ndjson");
	bool has_bom = rows_text(claim, 0, "bom").length > 0;
	work->list = strndup(list.bytes, list.length);
	work->is_gzip = rows_text(claim, 0, "gzip").length > 0;
	work->has_gzip = work->is_gzip &&
			 deflateInit2(&work->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
				 GZIP_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK;
	*ret_order = (struct request_order){.target = work->list,
		.accept = !is_csv   ? "application/x-ndjson"
			  : has_bom ? "text/csv;bom=true"
				    : "text/csv"};
	return work->list != NULL && work->has_gzip == work->is_gzip;
}

static const struct problem *begin(struct task *task)
{
	return whole_list_begin(task->request);
}

static void store_chunk(struct task *task)
{
	struct export_work *work = task->work;
	char number[BINDING_NUMBER_SIZE], rows[BINDING_NUMBER_SIZE];
	const struct binding bindings[] = {
		{"id", task->id},
		{"attempt", task->attempt},
		{"number", number},
		{"rows", rows},
		{"bytes", work->wire.bytes},
		{NULL, NULL},
	};
	snprintf(number, sizeof number, "%d", work->chunks++);
	snprintf(rows, sizeof rows, "%lld", (long long)task->rows);
	task_ask(task, SQL(storeExportChunk), bindings);
}

/* Takes bytes of the list for the file; the last ones come with Z_FINISH. */
static bool compress_bytes(struct export_work *work, char *bytes, size_t length, int flush)
{
	char room[ROOM_BYTES];
	work->gzip.next_in = (Bytef *)bytes;
	work->gzip.avail_in = (uInt)length;
	do {
		work->gzip.next_out = (Bytef *)room;
		work->gzip.avail_out = sizeof room;
		if (deflate(&work->gzip, flush) == Z_STREAM_ERROR)
			return false;
		text_append(&work->out, room, sizeof room - work->gzip.avail_out);
	} while (work->gzip.avail_out == 0);
	return !work->out.is_broken;
}

static bool take_bytes(struct export_work *work, char *bytes, size_t length)
{
	if (work->is_gzip)
		return compress_bytes(work, bytes, length, Z_NO_FLUSH);
	text_append(&work->out, bytes, length);
	return !work->out.is_broken;
}

/* Reads as far as the list has come, but not more than makes a piece. False when it breaks off. */
static bool read_list(struct export_work *work, struct request *reading)
{
	char room[ROOM_BYTES];
	while (work->out.length < CHUNK_BYTES && !work->is_read) {
		long length = reading->answer.produce == NULL
				      ? ANSWER_END
				      : reading->answer.produce(reading, room, sizeof room);
		if (length == 0)
			return true;
		if (length == ANSWER_BROKEN)
			return false;
		work->is_read = length == ANSWER_END;
		bool is_taken = !work->is_read  ? take_bytes(work, room, (size_t)length)
				: work->is_gzip ? compress_bytes(work, room, 0, Z_FINISH)
						: true;
		if (!is_taken)
			return false;
	}
	return true;
}

/* Stores a piece when there is one, and ends it after the last. */
static void go_on(struct task *task)
{
	struct export_work *work = task->work;
	if (task->request->state != REQUEST_ANSWERED)
		return;
	if (task->request->refusal != NULL) {
		task_end_refused(task, task->request->refusal);
		return;
	}
	if (!read_list(work, task->request)) {
		task_end(task, &task_given_back);
		return;
	}
	task->rows = whole_list_rows(task->request);
	if (work->out.length < CHUNK_BYTES && !work->is_read)
		return;
	if (work->out.length == 0) {
		task_done(task);
		return;
	}
	text_clear(&work->wire);
	binding_append_bytea(&work->wire, (const unsigned char *)work->out.bytes, work->out.length);
	text_clear(&work->out);
	if (work->wire.is_broken)
		task_end(task, &task_given_back);
	else
		store_chunk(task);
}

const struct task_kind export_task = {
	.trouble = "an export cannot be written",
	.listen = "listen qudao_export",
	.claim = SQL(claimExport),
	.find = SQL(findExportCaller),
	.keep = SQL(keepExport),
	.end = SQL(endExport),
	.work_size = sizeof(struct export_work),
	.take = take,
	.begin = begin,
	.go_on = go_on,
	.drop = drop,
};
