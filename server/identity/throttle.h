/* How much one caller and one address may ask for. Each worker counts its own share of the limits,
 * so that nothing is shared and all shares together are the limit. */
#pragma once

#include <sys/socket.h>

#include "request/request.h"

struct throttle;

/* Makes a worker's share of what `config` says; NULL with one line in `ret_error`. */
struct throttle *throttle_new(const struct config *config, struct text *ret_error);
void throttle_free(struct throttle *throttle);

/* Reads who is at the other end of a connection. */
struct peer_address throttle_address(
	const struct throttle *throttle, const struct sockaddr *address);

/* Takes the address for which a trusted proxy speaks as that of the request. */
void throttle_note_forwarded(struct request *r);

/* Takes a token of the request's address. */
const struct problem *throttle_admit_address(struct request *r);

/* Asks whether the request's address may have a key looked up that is not known yet; each one that
 * is none is counted by throttle_note_guess. */
const struct problem *throttle_admit_key(struct request *r);
void throttle_note_guess(struct request *r);

/* Takes a token of the caller, and a place among what it has under way, which request_leave gives
 * back. */
const struct problem *throttle_admit_caller(struct request *r);

/* Adds the RateLimit headers, and Retry-After to a 429. */
void throttle_add_headers(struct request *r);
