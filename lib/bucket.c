#include "bucket.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SETS = 1024, WAYS = 8, SECOND_US = 1000000 };

struct buckets {
	struct bucket_rate rate;
	int64_t token_us; /* what one token takes to grow */
	int64_t full_us;  /* what all of them take */
	uint64_t seed;
	struct bucket sets[SETS][WAYS];
};

struct buckets *buckets_new(struct bucket_rate rate)
{
	struct buckets *buckets = calloc(1, sizeof *buckets);
	if (buckets == NULL)
		return NULL;
	buckets->rate = rate;
	if (rate.per_second > 0)
		buckets->token_us = SECOND_US / rate.per_second;
	buckets->full_us = buckets->token_us * rate.burst;
	if (getrandom(&buckets->seed, sizeof buckets->seed, 0) != sizeof buckets->seed) {
		free(buckets);
		return NULL;
	}
	return buckets;
}

void buckets_free(struct buckets *buckets)
{
	free(buckets);
}

/* MurmurHash's finisher: every bit of the input changes half of the output. */
static uint64_t mix(uint64_t bits)
{
	bits = (bits ^ bits >> 33) * 0xff51afd7ed558ccdULL;
	bits = (bits ^ bits >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return bits ^ bits >> 33;
}

uint64_t buckets_owner(const struct buckets *buckets, const void *name, size_t length)
{
	const char *bytes = name;
	uint64_t owner = mix(buckets->seed ^ length);
	while (length > 0) {
		uint64_t word = 0;
		size_t count = length < sizeof word ? length : sizeof word;
		memcpy(&word, bytes, count);
		owner = mix(owner ^ word);
		bytes += count;
		length -= count;
	}
	return owner == 0 ? 1 : owner;
}

/* Those of nobody are taken first, so that memory is used by who comes. */
static bool is_fuller(const struct bucket *bucket, const struct bucket *than)
{
	if (bucket->owner == 0 || than->owner == 0)
		return than->owner != 0;
	return bucket->spent_us < than->spent_us;
}

struct bucket *buckets_find(struct buckets *buckets, uint64_t owner, int64_t now_us)
{
	struct bucket *set = buckets->sets[owner % SETS];
	struct bucket *fullest = NULL;
	for (int i = 0; i < WAYS; i++) {
		if (set[i].owner == owner)
			return &set[i];
		if (set[i].held == 0 && (fullest == NULL || is_fuller(&set[i], fullest)))
			fullest = &set[i];
	}
	if (fullest != NULL)
		*fullest = (struct bucket){.owner = owner, .spent_us = now_us - buckets->full_us};
	return fullest;
}

/* The instant from which on the tokens are there: a bucket is never more than full. */
static int64_t begin_of(const struct buckets *buckets, const struct bucket *bucket, int64_t now_us)
{
	int64_t full_us = now_us - buckets->full_us;
	return bucket->spent_us > full_us ? bucket->spent_us : full_us;
}

int bucket_left(const struct buckets *buckets, const struct bucket *bucket, int64_t now_us)
{
	if (buckets->token_us == 0)
		return buckets->rate.burst;
	return (int)((now_us - begin_of(buckets, bucket, now_us)) / buckets->token_us);
}

bool bucket_take(const struct buckets *buckets, struct bucket *bucket, int64_t now_us)
{
	int64_t begin_us = begin_of(buckets, bucket, now_us);
	if (begin_us + buckets->token_us > now_us && buckets->token_us > 0)
		return false;
	bucket->spent_us = begin_us + buckets->token_us;
	return true;
}

int bucket_wait_s(const struct buckets *buckets, const struct bucket *bucket, int64_t now_us)
{
	int64_t wait_us = bucket->spent_us + buckets->token_us - now_us;
	return wait_us <= SECOND_US ? 1 : (int)((wait_us + SECOND_US - 1) / SECOND_US);
}

struct bucket_rate buckets_rate(const struct buckets *buckets)
{
	return buckets->rate;
}
