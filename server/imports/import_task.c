#include "imports/import_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/languages.h"
#include "postgres/rows.h"

struct import_work {
	char *target;     /* owned */
	char *request_id; /* of who asked; owned */
	long piece_count;
	long next;         /* the piece that is read next */
	struct text piece; /* the piece that is handed on, from `given` on */
	size_t given;
	bool is_given; /* to its end */
};

static void drop(struct task *task)
{
	struct import_work *work = task->work;
	text_done(&work->piece);
	free(work->target);
	free(work->request_id);
}

static char *copy_column(const PGresult *claim, const char *name)
{
	struct slice value = rows_text(claim, 0, name);
	return strndup(value.bytes == NULL ? "" : value.bytes, value.length);
}

static bool take(struct task *task, const PGresult *claim, struct request_order *ret_order)
{
	struct import_work *work = task->work;
	char *pieces = copy_column(claim, "chunks");
	char *language = copy_column(claim, "language");
	work->target = copy_column(claim, "target");
	work->request_id = copy_column(claim, "request_id");
	bool is_taken = pieces != NULL && language != NULL && work->target != NULL &&
			work->request_id != NULL;
	if (is_taken) {
		work->piece_count = strtol(pieces, NULL, 10);
		*ret_order = (struct request_order){.method = "POST",
			.target = work->target,
			.language = languages_accepted(language),
			.content_type = slice_equals(rows_text(claim, 0, "format"), "csv")
						? "text/csv"
						: "application/x-ndjson"};
	}
	free(pieces);
	free(language);
	return is_taken;
}

/* The import goes on under the id that it has, and its audit row leads to the request that brought
 * the file. */
static const struct problem *begin(struct task *task)
{
	struct import_work *work = task->work;
	struct request *r = task->request;
	memcpy(r->made.id, task->id, UUID_TEXT_SIZE);
	snprintf(r->id, sizeof r->id, "%s", work->request_id);
	r->attempt = task->attempt;
	return r->operation->code->stream->begin(r);
}

static void ask_piece(struct task *task)
{
	struct import_work *work = task->work;
	char number[BINDING_NUMBER_SIZE];
	const struct binding bindings[] = {
		{"id", task->id}, {"attempt", task->attempt}, {"number", number}, {NULL, NULL}};
	snprintf(number, sizeof number, "%ld", work->next);
	task_ask(task, SQL(readImportChunk), bindings);
}

static void take_row(struct task *task, const PGresult *result)
{
	struct import_work *work = task->work;
	int bytes = PQfnumber(result, "bytes");
	work->next++;
	work->given = 0;
	text_clear(&work->piece);
	text_append(
		&work->piece, PQgetvalue(result, 0, bytes), (size_t)PQgetlength(result, 0, bytes));
}

/* Hands on what there is of the file; false when the import wants no more for now. */
static bool give(struct import_work *work, struct request *r)
{
	const struct body_stream *stream = r->operation->code->stream;
	while (work->given < work->piece.length && r->state != REQUEST_ANSWERED) {
		size_t taken = stream->take(
			r, work->piece.bytes + work->given, work->piece.length - work->given);
		if (taken == 0)
			return false;
		work->given += taken;
	}
	return true;
}

/* A conflict is a race with another writer, since everything that was there was judged: it is
 * judged anew. But a file that was there before stays so. */
static void end_refused(struct task *task, const struct problem *problem)
{
	if (problem->status == 409 && problem != &problem_file_imported_before)
		task_end(task, &task_given_back);
	else
		task_end_refused(task, problem);
}

static void go_on(struct task *task)
{
	struct import_work *work = task->work;
	struct request *r = task->request;
	if (work->piece.is_broken) {
		task_end(task, &task_given_back);
		return;
	}
	bool is_hungry = give(work, r);
	bool has_more = work->next < work->piece_count;
	if (r->state != REQUEST_ANSWERED && is_hungry && !has_more && !work->is_given) {
		work->is_given = true;
		r->operation->code->stream->end(r);
	}
	if (r->state == REQUEST_ANSWERED && r->refusal != NULL)
		end_refused(task, r->refusal);
	else if (r->state == REQUEST_ANSWERED)
		task_done(task);
	else if (is_hungry && has_more)
		ask_piece(task);
}

const struct task_kind import_task = {
	.trouble = "an import cannot be carried out",
	.listen = "listen qudao_import",
	.claim = SQL(claimImport),
	.find = SQL(findImportCaller),
	.keep = SQL(keepImport),
	.end = SQL(endImport),
	.work_size = sizeof(struct import_work),
	.take = take,
	.begin = begin,
	.go_on = go_on,
	.take_row = take_row,
	.drop = drop,
};
