#include "identity/held_key.h"

#include <stdlib.h>
#include <string.h>

#include "identity/actor_cache.h"
#include "identity/identification.h"

/* Looked up at once: more would keep requests waiting, fewer would take long after LISTEN was lost,
 * when all of them are doubted. */
enum { ASKING_MAX = 100 };

struct held_keys {
	struct service *service;
	struct held_key *keys;
	uint64_t generation; /* of the cache, up to which all that changed is doubted */
	int asking;          /* how many are being looked up */
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
	free(keys);
}

static void key_free(struct held_key *key)
{
	free(key->authorization);
	free(key);
}

static struct held_key *key_new(struct held_keys *keys, const struct request *r)
{
	struct held_key *key = calloc(1, sizeof *key);
	if (key == NULL)
		return NULL;
	memcpy(key->digest, r->who.digest, DIGEST_SIZE);
	key->keys = keys;
	key->operation = r->operation;
	key->actor = r->actor;
	key->is_doubted = true; /* it was permitted a while ago, if little */
	if (key->actor.kind != ACTOR_ACCESS_TOKEN)
		return key;
	key->authorization = strdup(r->head.headers[HEADER_AUTHORIZATION]);
	if (key->authorization != NULL)
		return key;
	key_free(key);
	return NULL;
}

struct held_key *held_key_take(struct held_keys *keys, const struct request *r)
{
	struct held_key *key;
	HASH_FIND(hh, keys->keys, r->who.digest, DIGEST_SIZE, key);
	if (key == NULL) {
		key = key_new(keys, r);
		if (key == NULL)
			return NULL;
		HASH_ADD(hh, keys->keys, digest, DIGEST_SIZE, key);
	}
	key->count++;
	return key;
}

/* What is being asked about it comes to an end, now or later, without it. */
static void stop_asking(struct held_key *key)
{
	if (key->asking == NULL)
		return;
	key->asking->owner = NULL;
	key->asking = NULL;
	key->keys->asking--;
}

void held_key_leave(struct held_key *key)
{
	if (key == NULL || --key->count > 0)
		return;
	stop_asking(key);
	if (!key->is_lost)
		HASH_DEL(key->keys->keys, key);
	key_free(key);
}

/* Whoever comes with a key that was lost and is good for something else holds it anew. */
static void lose(struct held_key *key)
{
	stop_asking(key);
	HASH_DEL(key->keys->keys, key);
	key->is_lost = key->keys->has_lost = true;
}

/* Whoever may do the same as before goes on. */
static void judge(struct held_key *key, const struct actor *now)
{
	const struct actor *then = &key->actor;
	bool is_same = now->role == then->role && strcmp(now->partner_id, then->partner_id) == 0 &&
		       strcmp(now->manager_id, then->manager_id) == 0 &&
		       strcmp(now->scopes, then->scopes) == 0;
	key->is_doubted = false;
	if (is_same)
		key->actor = *now;
	else
		lose(key);
}

/* What changed while it was looked up is doubted again, and so is what could not be looked up. */
static void identified(struct request *r, const struct problem *p)
{
	struct held_key *key = r->owner;
	struct actor_cache *actors = r->service->actors;
	if (key != NULL) {
		stop_asking(key);
		if (p != NULL && p->status < 500)
			lose(key);
		else if (p == NULL && r->who.generation == actor_cache_generation(actors))
			judge(key, &r->actor);
	}
	request_abandon(r);
}

/* True when `r` brings what the key was taken from. */
static bool bring(struct request *r, const struct held_key *key)
{
	const char *authorization = key->authorization;
	if (authorization == NULL)
		return true;
	authorization = arena_copy(&r->arena, authorization, strlen(authorization));
	r->head.headers[HEADER_AUTHORIZATION] = authorization;
	return authorization != NULL;
}

/* As a request that brought it now would be identified. */
static void look_up(struct held_key *key)
{
	const struct request_order order = {.target = "", .actor = &key->actor};
	struct request *r = request_order(key->keys->service, &order);
	if (r == NULL)
		return;
	if (!bring(r, key)) {
		request_abandon(r);
		return;
	}
	memcpy(r->who.digest, key->digest, DIGEST_SIZE);
	r->operation = key->operation;
	r->owner = key;
	r->who.done = identified;
	r->who.was_let_in = true;
	key->asking = r;
	key->keys->asking++;
	identification_look_up(r);
}

/* Most keys that are doubted are none that changed: the cache still has them, or somebody else has
 * looked them up meanwhile. */
static void look_after(struct held_key *key)
{
	struct held_keys *keys = key->keys;
	struct actor actor;
	if (actor_is_expired(&key->actor, keys->service->clock))
		lose(key);
	else if (!key->is_doubted)
		return;
	else if (actor_cache_find(keys->service->actors, key->digest, &actor))
		judge(key, &actor);
	else if (key->asking == NULL && keys->asking < ASKING_MAX)
		look_up(key);
}

bool held_keys_tick(struct held_keys *keys)
{
	struct held_key *key, *next;
	uint64_t generation = actor_cache_generation(keys->service->actors);
	bool has_changed = generation != keys->generation;
	keys->generation = generation;
	HASH_ITER (hh, keys->keys, key, next) {
		key->is_doubted |= has_changed;
		look_after(key);
	}
	bool has_lost = keys->has_lost;
	keys->has_lost = false;
	return has_lost;
}
