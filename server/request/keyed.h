/* Idempotency keys: a POST that is sent again gets the answer that it got. */
#pragma once

#include "request/request.h"

/* Binds the call that claims the request's key; `content` stands for the body (its bytes, or the
 * digest of a streamed one). */
bool keyed_bind_begin(struct request *r, struct slice content, struct call *ret_call);

/* Binds the call that keeps the answer in r->answer; false when it is not worth keeping. A secret
 * that was made for the answer is not kept: a replay has null in its place. */
bool keyed_bind_store(struct request *r, struct call *ret_call);

/* For a segment: its call `position` claims the key, and its answer is kept. */
bool keyed_begin(struct request *r, int position);

/* True when `error` says that the request was answered before: it goes on by itself, with that
 * answer. */
bool keyed_replay(struct request *r, const PGresult *error);

/* True when the refusal by `problem` is being kept for replays: the request goes on by itself. */
bool keyed_keep_refusal(struct request *r, const struct problem *problem);
