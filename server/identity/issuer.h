/* The issuer of access tokens: its keys, fetched ahead of time and again when a token names one
 * that is new. Each worker has its own. */
#pragma once

#include "key_set.h"
#include "request/request.h"

struct issuer;

/* NULL when memory or descriptors are exhausted. */
struct issuer *issuer_new(struct service *service);

/* Refuses those who wait, and fetches nothing more; whoever asks is still judged. Accepts NULL. */
void issuer_close(struct issuer *issuer);
void issuer_free(struct issuer *issuer);

/* Fetches the keys when they are due; to be called each 50 ms or so. Accepts NULL. */
void issuer_tick(struct issuer *issuer);

/* The keys as they were fetched last; NULL: never yet. */
const struct key_set *issuer_keys(const struct issuer *issuer);

/* Has the keys fetched for a request that cannot be judged by those that are there, and calls
 * `go_on` once they have come, or do not come soon. False when they were fetched just now. */
bool issuer_await(struct request *r, void (*go_on)(struct request *r));

/* True when the keys that are there may not be the issuer's latest: it does not answer. */
bool issuer_is_silent(const struct issuer *issuer);
