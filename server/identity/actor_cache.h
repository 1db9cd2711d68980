/* Who was seen before: actors by the digest of their key or token, and as rows say them. */
#pragma once

#include "contract/actor.h"

/* The keys and tokens that a worker has seen, by their digest. They are forgotten when PostgreSQL
 * says that one changed, or the subject, partner or member behind it; while nobody listens to
 * PostgreSQL, nothing is remembered. */
struct actor_cache;
struct actor_cache *actor_cache_new(void);
void actor_cache_free(struct actor_cache *cache);

/* Copies the actor of a key; false when it is not known. */
bool actor_cache_find(struct actor_cache *cache, const unsigned char key_digest[static DIGEST_SIZE],
	struct actor *ret_actor);

/* Counts how often the cache was told to forget something. */
uint64_t actor_cache_generation(const struct actor_cache *cache);

/* Remembers an actor that was looked up while the cache was at `generation`: what was told to be
 * forgotten since then may be this one. */
void actor_cache_keep(struct actor_cache *cache, const unsigned char key_digest[static DIGEST_SIZE],
	const struct actor *actor, uint64_t generation);

/* Forgets one key by the hexadecimal form of its digest, or whatever is behind the id of a subject,
 * a partner or a member; with NULL all of them. */
void actor_cache_forget(struct actor_cache *cache, const char *what);

/* Says whether somebody listens for changes; forgets everything when nobody does. */
void actor_cache_listening(struct actor_cache *cache, bool is_listening);

/* Reads the row that the statement findApiKey gave; false when there is none, or it is revoked. */
bool actor_read(const PGresult *row, struct actor *ret_actor);

/* Reads the ids that the statement admitTokenSubject gave, into what is known from the token. */
void actor_read_ids(const PGresult *row, struct actor *actor);
