/* Answers: their headers, problems, and the end of a request. */
#pragma once

#include "request/request.h"

/* Forgets what was rendered: a batch that runs again renders again. */
void answer_reset(struct request *r);

/* Adds a header; both strings live as long as the request. */
void answer_header(struct request *r, const char *name, const char *value);

/* Renders a problem (RFC 9457) into r->answer, in place of what stood there. */
void answer_problem(struct request *r, const struct problem *problem);

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

/* Ends the request with the answer that stands in r->answer. */
void answer_send(struct request *r);

/* Ends it with a problem; r->faults, r->detail and r->existing_id go with it. */
void answer_refuse(struct request *r, const struct problem *problem);
