/* Answers: objects, lists, problems, and the headers that go with them. */
#pragma once

#include "postgres/rows.h"
#include "request/request.h"

/* Forgets what was rendered: a batch that runs again renders again. */
void answer_reset(struct request *r);

/* Adds a header; both strings live as long as the request. */
void answer_header(struct request *r, const char *name, const char *value);

/* Renders a problem (RFC 9457) into r->answer, in place of what stood there. */
void answer_problem(struct request *r, const struct problem *problem);

/* Renders rows of `result` as the operation's answer: row `row` as an object, or all as a page of a
 * list. NULL, or the problem to answer instead (no such row, a value that cannot be written). */
const struct problem *answer_rows(
	struct request *r, struct variant *variant, const PGresult *result, int row);

/* Returns the problem that the rows of a statement carry, with r->faults filled in; or NULL. */
const struct problem *answer_refusal(struct request *r, const PGresult *result);

/* Reads where row `row` stands in the list's order: `ret_cursor->key` is in `key`. False when the
 * columns that say so are missing. */
bool answer_position(struct request *r, const struct rows *rows, int row, struct text *key,
	struct cursor *ret_cursor);

/* Sets content type and status for a body that was rendered already. */
void answer_begin(struct request *r, int status, const char *content_type);

/* Adds the ETag to an answer that was begun; the answer is 304 if it is what the client has. */
void answer_etag(struct request *r, const char *etag);

/* Returns the ETag of the compressed answer: a strong one names the bytes. NULL when memory is
 * exhausted. */
const char *answer_packed_etag(struct request *r, const char *etag);

/* Adds a header of the request to those by which the answer varies. */
void answer_vary(struct request *r, const char *header);

/* Says so, if the operation is deprecated (RFC 9745) and when it will be gone (RFC 8594). */
void answer_deprecation(struct request *r);

/* Says in which language the answer is, and that another could have been asked for. */
void answer_language(struct request *r);

/* Answers a value of jansson's; takes it over. */
const struct problem *answer_json(struct request *r, int status, json_t *value);
