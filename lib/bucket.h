/* Token buckets: how often somebody may do something, and how much at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `burst` tokens, of which `per_second` grow again; `per_second` 0: no limit. */
struct bucket_rate {
	int per_second;
	int burst;
};

/* What somebody has left. Whoever has used nothing for a while has a full bucket, and so has a
 * stranger: the state is one instant, up to which the tokens are spent. */
struct bucket {
	uint64_t owner; /* 0: free */
	int64_t spent_us;
	int held; /* what its owner has under way; it is not given away before that is 0 */
};

/* As many buckets as were made at start. A new owner takes the fullest one of a few that its hash
 * allows, so that memory is bounded and who matters is remembered. */
struct buckets;

/* NULL when memory is exhausted. Accepts NULL to free. */
struct buckets *buckets_new(struct bucket_rate rate);
void buckets_free(struct buckets *buckets);

/* Returns a number for an owner that nobody outside can foresee; never 0. */
uint64_t buckets_owner(const struct buckets *buckets, const void *name, size_t length);

/* Returns the bucket of an owner; NULL when all that it may have are held by others. */
struct bucket *buckets_find(struct buckets *buckets, uint64_t owner, int64_t now_us);

/* How many tokens a bucket has. */
int bucket_left(const struct buckets *buckets, const struct bucket *bucket, int64_t now_us);

/* Takes a token; false when there is none. */
bool bucket_take(const struct buckets *buckets, struct bucket *bucket, int64_t now_us);

/* How many seconds until there is a token, at least 1. */
int bucket_wait_s(const struct buckets *buckets, const struct bucket *bucket, int64_t now_us);

/* The rate that its buckets have. */
struct bucket_rate buckets_rate(const struct buckets *buckets);
