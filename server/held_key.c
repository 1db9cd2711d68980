#include "held_key.h"

#include <stdlib.h>
#include <string.h>

#include "binding.h"

struct held_keys {
	struct service *service;
	struct held_key *keys;
	uint64_t generation;    /* of the cache, up to which all that changed is doubted */
	struct request *asking; /* a key is being looked up; NULL: none */
	bool has_lost;
};

struct held_keys *held_keys_new(struct service *service)
{
	struct held_keys *keys = calloc(1, sizeof *keys);
	if (keys != NULL)
		keys->service = service;
	return keys;
}

/* Whoever held a key has given it back. */
void held_keys_free(struct held_keys *keys)
{
	if (keys == NULL)
		return;
	if (keys->asking != NULL)
		keys->asking->owner = NULL;
	free(keys);
}

struct held_key *held_key_take(struct held_keys *keys, const struct request *r)
{
	struct held_key *key;
	HASH_FIND(hh, keys->keys, r->key_digest, DIGEST_SIZE, key);
	if (key == NULL) {
		key = calloc(1, sizeof *key);
		if (key == NULL)
			return NULL;
		memcpy(key->digest, r->key_digest, DIGEST_SIZE);
		key->actor = r->actor;
		key->is_doubted = true; /* it was permitted a while ago, if little */
		HASH_ADD(hh, keys->keys, digest, DIGEST_SIZE, key);
	}
	key->count++;
	return key;
}

void held_key_leave(struct held_keys *keys, struct held_key *key)
{
	if (key == NULL || --key->count > 0)
		return;
	if (!key->is_lost)
		HASH_DEL(keys->keys, key);
	free(key);
}

/* Whoever comes with a key that was lost and is good for something else holds it anew. */
static void lose(struct held_keys *keys, struct held_key *key)
{
	HASH_DEL(keys->keys, key);
	key->is_lost = keys->has_lost = true;
}

/* Whoever may do the same as before goes on. */
static void judge(struct held_keys *keys, struct held_key *key, const struct actor *now)
{
	const struct actor *then = &key->actor;
	bool is_same = now != NULL && now->role == then->role &&
		       strcmp(now->partner_id, then->partner_id) == 0 &&
		       strcmp(now->manager_id, then->manager_id) == 0 &&
		       strcmp(now->scopes, then->scopes) == 0;
	key->is_doubted = false;
	if (is_same)
		key->actor = *now;
	else
		lose(keys, key);
}

/* What changed while it was looked up is doubted again. */
static void key_found(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	struct held_keys *keys = r->owner;
	struct held_key *key = NULL;
	struct actor actor;
	if (keys != NULL) {
		keys->asking = NULL;
		HASH_FIND(hh, keys->keys, r->key_digest, DIGEST_SIZE, key);
	}
	if (key != NULL && outcome == SEGMENT_DONE &&
		r->actors_generation == actor_cache_generation(keys->service->actors)) {
		bool is_known = actor_read(segment->results[0], &actor);
		if (is_known)
			actor_cache_keep(
				keys->service->actors, r->key_digest, &actor, r->actors_generation);
		judge(keys, key, is_known ? &actor : NULL);
	}
	request_abandon(r);
}

/* Where a key is looked up is where its changes are seen first. */
static void look_up(struct held_keys *keys, const struct held_key *key)
{
	const struct config *config = keys->service->config;
	const struct actor staff = {.role = ROLE_ADMIN};
	const struct request_order order = {.target = "", .actor = &staff};
	struct request *r = request_order(keys->service, &order);
	if (r == NULL)
		return;
	const struct binding bindings[] = {
		{"secret_hash", binding_bytea(&r->arena, key->digest, DIGEST_SIZE)}, {NULL, NULL}};
	memcpy(r->key_digest, key->digest, DIGEST_SIZE);
	r->owner = keys;
	r->actors_generation = actor_cache_generation(keys->service->actors);
	r->segment = (struct segment){.call_count = 1, .done = key_found};
	if (!binding_of(r, SQL(findApiKey), bindings, &r->segment.calls[0]) ||
		request_submit(r, config->read_url == NULL ? LANE_READ : LANE_WRITE) != NULL)
		request_abandon(r);
	else
		keys->asking = r;
}

/* Most keys that are doubted are none that changed: the cache still has them, or somebody else has
 * looked them up meanwhile. */
static void look_after(struct held_keys *keys, struct held_key *key)
{
	struct actor actor;
	if (actor_is_expired(&key->actor, keys->service->clock))
		lose(keys, key);
	else if (!key->is_doubted)
		return;
	else if (actor_cache_find(keys->service->actors, key->digest, &actor))
		judge(keys, key, &actor);
	else if (keys->asking == NULL)
		look_up(keys, key);
}

bool held_keys_tick(struct held_keys *keys)
{
	struct held_key *key, *next;
	uint64_t generation = actor_cache_generation(keys->service->actors);
	bool has_changed = generation != keys->generation;
	keys->generation = generation;
	HASH_ITER (hh, keys->keys, key, next) {
		key->is_doubted |= has_changed;
		look_after(keys, key);
	}
	bool has_lost = keys->has_lost;
	keys->has_lost = false;
	return has_lost;
}
