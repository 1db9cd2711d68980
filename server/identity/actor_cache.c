#include "identity/actor_cache.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>
#include <uuid/uuid.h>

enum { ACTORS_MAX = 10000 };

struct known_actor {
	unsigned char digest[DIGEST_SIZE];
	struct actor actor;
	UT_hash_handle hh;
};

struct actor_cache {
	struct known_actor *actors;
	uint64_t generation;
	bool is_listening;
};

struct actor_cache *actor_cache_new(void)
{
	return calloc(1, sizeof(struct actor_cache));
}

void actor_cache_free(struct actor_cache *cache)
{
	if (cache == NULL)
		return;
	actor_cache_forget(cache, NULL);
	free(cache);
}

bool actor_cache_find(struct actor_cache *cache, const unsigned char key_digest[static DIGEST_SIZE],
	struct actor *ret_actor)
{
	struct known_actor *known;
	HASH_FIND(hh, cache->actors, key_digest, DIGEST_SIZE, known);
	if (known == NULL)
		return false;
	*ret_actor = known->actor;
	return true;
}

void actor_cache_keep(struct actor_cache *cache, const unsigned char key_digest[static DIGEST_SIZE],
	const struct actor *actor, uint64_t generation)
{
	struct known_actor *known;
	HASH_FIND(hh, cache->actors, key_digest, DIGEST_SIZE, known);
	if (!cache->is_listening || known != NULL || generation != cache->generation)
		return;
	if (HASH_COUNT(cache->actors) >= ACTORS_MAX)
		actor_cache_forget(cache, NULL);
	known = calloc(1, sizeof *known);
	if (known == NULL)
		return;
	memcpy(known->digest, key_digest, DIGEST_SIZE);
	known->actor = *actor;
	HASH_ADD(hh, cache->actors, digest, DIGEST_SIZE, known);
}

uint64_t actor_cache_generation(const struct actor_cache *cache)
{
	return cache->generation;
}

static bool is_behind(const struct known_actor *known, const char *id)
{
	const struct actor *actor = &known->actor;
	return strcmp(actor->id, id) == 0 || strcmp(actor->partner_id, id) == 0 ||
	       strcmp(actor->manager_id, id) == 0 || strcmp(actor->subject_id, id) == 0;
}

void actor_cache_forget(struct actor_cache *cache, const char *what)
{
	struct known_actor *known, *next;
	cache->generation++;
	HASH_ITER (hh, cache->actors, known, next) {
		struct text hex = {0};
		text_append_hex(&hex, known->digest, DIGEST_SIZE);
		if (what == NULL || hex.is_broken || strcmp(hex.bytes, what) == 0 ||
			is_behind(known, what)) {
			HASH_DEL(cache->actors, known);
			free(known);
		}
		text_done(&hex);
	}
}

void actor_cache_listening(struct actor_cache *cache, bool is_listening)
{
	cache->is_listening = is_listening;
	actor_cache_forget(
		cache, NULL); /* what was learned while nobody listened is doubted as well */
}

static void read_uuid(const PGresult *row, const char *name, char ret_uuid[static UUID_TEXT_SIZE])
{
	int column = PQfnumber(row, name);
	ret_uuid[0] = '\0';
	if (column >= 0 && !PQgetisnull(row, 0, column))
		uuid_unparse_lower((const unsigned char *)PQgetvalue(row, 0, column), ret_uuid);
}

static void read_text(const PGresult *row, const char *name, char *ret_text, size_t size)
{
	int column = PQfnumber(row, name);
	size_t length = column < 0 ? 0 : (size_t)PQgetlength(row, 0, column);
	if (length >= size)
		length = size - 1;
	if (length > 0)
		memcpy(ret_text, PQgetvalue(row, 0, column), length);
	ret_text[length] = '\0';
}

/* PostgreSQL counts microseconds from 2000-01-01. */
static int64_t read_time_us(const PGresult *row, const char *name)
{
	enum { POSTGRES_EPOCH = 946684800 };
	int column = PQfnumber(row, name);
	uint64_t wire;
	if (column < 0 || PQgetisnull(row, 0, column))
		return 0;
	memcpy(&wire, PQgetvalue(row, 0, column), sizeof wire);
	return (int64_t)be64toh(wire) + (int64_t)POSTGRES_EPOCH * 1000000;
}

void actor_read_ids(const PGresult *row, struct actor *actor)
{
	read_uuid(row, "id", actor->id);
	read_uuid(row, "partner_id", actor->partner_id);
	read_uuid(row, "manager_id", actor->manager_id);
}

bool actor_read(const PGresult *row, struct actor *ret_actor)
{
	struct actor actor = {0};
	if (PQntuples(row) != 1 || read_time_us(row, "revoked_at") != 0)
		return false;
	char role[16];
	read_text(row, "role", role, sizeof role);
	actor.role = actor_role_find(role);
	if (actor.role == ROLE_NONE)
		return false;
	actor_read_ids(row, &actor);
	read_uuid(row, "token_subject_id", actor.subject_id);
	read_text(row, "name", actor.name, sizeof actor.name);
	read_text(row, "scopes", actor.scopes, sizeof actor.scopes);
	actor.expires_unix_us = read_time_us(row, "expires_at");
	*ret_actor = actor;
	return true;
}
