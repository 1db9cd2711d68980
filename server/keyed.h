/* Idempotency keys: a POST that is sent again gets the answer that it got. */
#pragma once

#include "request.h"

/* Binds the call that claims the request's key; `content` stands for the body (its bytes, or the
 * digest of a streamed one). */
bool keyed_bind_begin(struct request *r, struct slice content, struct call *ret_call);

/* Binds the call that keeps the answer in r->answer; false when it is not worth keeping. */
bool keyed_bind_store(struct request *r, struct call *ret_call);

/* For a segment: its call `position` claims the key, and its answer is kept. */
bool keyed_begin(struct request *r, int position);

/* Deals with a segment that failed: true when the answer is being replayed or kept, and the request
 * goes on by itself. `problem` is what it is refused with otherwise. */
bool keyed_failed(struct request *r, const struct problem *problem);

/* Answers a request whose claim was refused with `error`: by a replay, or with the problem. */
void keyed_refused(struct request *r, const PGresult *error);
