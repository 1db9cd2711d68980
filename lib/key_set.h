/* The keys of an issuer (a JSON Web Key Set, RFC 7517), in memory, and the signatures that they
 * verify. The only file with rhonabwy; nothing in it ever fetches anything. */
#pragma once

#include <stdbool.h>

#include "text.h"

enum { KEYS_MAX = 100 };

struct key_set;
struct key;

/* Reads a set, and leaves out the keys that are of no use here: those that do not sign, are no RSA
 * (2048 bits or more), P-256 or Ed25519, or name another algorithm. NULL when it is no set at all,
 * has more than KEYS_MAX keys, or memory is exhausted. */
struct key_set *key_set_read(struct slice json);
void key_set_free(struct key_set *set);

/* How many keys there are in it that are of use. */
size_t key_set_count(const struct key_set *set);

/* Returns the key of that id, or without an id (NULL) the only one; NULL when there is none. Of
 * several with one id it is the first. */
const struct key *key_set_find(const struct key_set *set, const char *id);

/* True for the algorithms that a key may have here. */
bool key_algorithm_is_known(const char *algorithm);

/* The one algorithm that the key verifies: RS256, PS256, ES256 or EdDSA, whatever a token says. */
const char *key_algorithm(const struct key *key);

/* True when the last of the three parts of `token` is the signature of the others by this key. The
 * caller has read its header: the algorithm there is the key's, and nothing asks for more. */
bool key_verifies(const struct key *key, struct slice token);
