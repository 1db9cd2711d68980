/* Compressed answers: which are, and how a streamed one is while it is sent. */
#pragma once

#include "request/request.h"

struct compression; /* of one streamed answer */
struct packed;      /* what was compressed once, to be sent again */

/* Compresses the answer that `r` is about to be sent, if the client accepts it and the answer is
 * worth it, with the headers that say so. `ret_stream` is the state of a streamed answer, to be
 * produced by compression_produce and released by the caller; NULL for every other. */
void compression_apply(struct request *r, struct compression **ret_stream);

/* As the `produce` of an answer. */
long compression_produce(
	struct compression *compression, struct request *r, char *room, size_t size);

/* Both accept NULL. */
void compression_free(struct compression *compression);
void compression_forget(struct packed *packed);
