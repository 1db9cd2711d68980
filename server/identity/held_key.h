/* Keys and tokens that are held: those of streams, which go on after the request was permitted. One
 * that a request would not be let in by any more, or for something else than before, is lost. */
#pragma once

#include <uthash.h>

#include "request/request.h"

struct held_keys;

struct held_key {
	unsigned char digest[DIGEST_SIZE];
	char *authorization; /* of a token, which is verified again; NULL: a key, found by digest */
	const struct operation *operation; /* for which it was taken first */
	struct actor actor;
	int count;              /* of those who hold it */
	bool is_doubted;        /* it may have changed */
	bool is_lost;           /* whoever holds it has to end */
	struct request *asking; /* who it stands for now; NULL: nobody asks */
	struct held_keys *keys;
	UT_hash_handle hh;
};

/* Makes a worker's; NULL when memory is exhausted. */
struct held_keys *held_keys_new(struct service *service);
void held_keys_free(struct held_keys *keys);

/* Returns the key of a request that was permitted, held once more; NULL when memory is exhausted.
 */
struct held_key *held_key_take(struct held_keys *keys, const struct request *r);

/* Gives it back. Accepts NULL. */
void held_key_leave(struct held_key *key);

/* Looks after the keys; true when one was lost since the last call. To be called every 100 ms or
 * so. */
bool held_keys_tick(struct held_keys *keys);
