#include "key_set.h"

#include <stdlib.h>
#include <string.h>

#include <rhonabwy.h>

#include "json.h"

enum { RSA_BITS_MIN = 2048 };

/* What a key may be; the first kind that fits is the one of a key that names no algorithm. Only
 * these members are handed on: others may tell rhonabwy to fetch a certificate, or hold a secret.
 */
static const struct kind {
	const char *type;
	const char *curve; /* NULL: it has none */
	const char *algorithm;
	const char *members[4];
	unsigned int bits_min;
} kinds[] = {
	{"RSA", NULL, "RS256", {"kty", "n", "e"}, RSA_BITS_MIN},
	{"RSA", NULL, "PS256", {"kty", "n", "e"}, RSA_BITS_MIN},
	{"EC", "P-256", "ES256", {"kty", "crv", "x", "y"}, 0},
	{"OKP", "Ed25519", "EdDSA", {"kty", "crv", "x"}, 0},
};

enum { MEMBERS = sizeof kinds[0].members / sizeof *kinds[0].members };

struct key {
	char *id; /* owned; NULL: it has none */
	const struct kind *kind;
	jwk_t *jwk;
};

struct key_set {
	size_t count;
	struct key keys[KEYS_MAX];
};

static bool member_is(const json_t *object, const char *name, const char *expected)
{
	const char *value = json_string_value(json_object_get(object, name));
	return value != NULL && strcmp(value, expected) == 0;
}

static const struct kind *kind_of(const json_t *json)
{
	bool names_algorithm = json_object_get(json, "alg") != NULL;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (member_is(json, "kty", kinds[i].type) &&
			(kinds[i].curve == NULL || member_is(json, "crv", kinds[i].curve)) &&
			(!names_algorithm || member_is(json, "alg", kinds[i].algorithm)))
			return &kinds[i];
	return NULL;
}

/* True unless the key says that it is for something else than signatures. */
static bool may_verify(const json_t *json)
{
	const json_t *operations = json_object_get(json, "key_ops");
	bool verifies = operations == NULL;
	for (size_t i = 0; i < json_array_size(operations); i++) {
		const char *operation = json_string_value(json_array_get(operations, i));
		verifies |= operation != NULL && strcmp(operation, "verify") == 0;
	}
	return verifies && (json_object_get(json, "use") == NULL || member_is(json, "use", "sig"));
}

static jwk_t *import(const json_t *json, const struct kind *kind)
{
	jwk_t *jwk = NULL;
	unsigned int bits = 0;
	json_t *public_part = json_object();
	for (int i = 0; i < MEMBERS && kind->members[i] != NULL; i++)
		json_object_set(
			public_part, kind->members[i], json_object_get(json, kind->members[i]));
	bool is_good = r_jwk_init(&jwk) == RHN_OK &&
		       r_jwk_import_from_json_t(jwk, public_part) == RHN_OK &&
		       (r_jwk_key_type(jwk, &bits, R_FLAG_IGNORE_REMOTE) & R_KEY_TYPE_PUBLIC) !=
			       0 &&
		       bits >= kind->bits_min;
	json_decref(public_part);
	if (is_good)
		return jwk;
	r_jwk_free(jwk);
	return NULL;
}

/* Adds a key that is of use; false when memory is exhausted. */
static bool add_key(struct key_set *set, const json_t *json)
{
	const json_t *id = json_object_get(json, "kid");
	const struct kind *kind = kind_of(json);
	if (kind == NULL || !may_verify(json) || (id != NULL && !json_is_string(id)))
		return true;
	struct key key = {.kind = kind, .jwk = import(json, kind)};
	if (key.jwk == NULL)
		return true;
	key.id = id == NULL ? NULL : strdup(json_string_value(id));
	if (id != NULL && key.id == NULL) {
		r_jwk_free(key.jwk);
		return false;
	}
	set->keys[set->count++] = key;
	return true;
}

struct key_set *key_set_read(struct slice json)
{
	struct json_fault fault = {0};
	json_t *root = json_read(json.bytes == NULL ? "" : json.bytes, json.length, &fault);
	const json_t *keys = json_object_get(root, "keys");
	bool is_set = json_is_array(keys) && json_array_size(keys) <= KEYS_MAX;
	struct key_set *set = is_set ? calloc(1, sizeof *set) : NULL;
	bool is_read = set != NULL;
	for (size_t i = 0; is_read && i < json_array_size(keys); i++)
		is_read = add_key(set, json_array_get(keys, i));
	json_decref(root);
	if (is_read)
		return set;
	key_set_free(set);
	return NULL;
}

void key_set_free(struct key_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++) {
		free(set->keys[i].id);
		r_jwk_free(set->keys[i].jwk);
	}
	free(set);
}

size_t key_set_count(const struct key_set *set)
{
	return set->count;
}

const struct key *key_set_find(const struct key_set *set, const char *id)
{
	if (id == NULL)
		return set->count == 1 ? &set->keys[0] : NULL;
	for (size_t i = 0; i < set->count; i++)
		if (set->keys[i].id != NULL && strcmp(set->keys[i].id, id) == 0)
			return &set->keys[i];
	return NULL;
}

bool key_algorithm_is_known(const char *algorithm)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].algorithm, algorithm) == 0)
			return true;
	return false;
}

const char *key_algorithm(const struct key *key)
{
	return key->kind->algorithm;
}

bool key_verifies(const struct key *key, struct slice token)
{
	jws_t *jws = NULL;
	bool is_signed = r_jws_init(&jws) == RHN_OK &&
			 r_jws_advanced_compact_parsen(jws, token.bytes, token.length, R_PARSE_NONE,
				 R_FLAG_IGNORE_REMOTE) == RHN_OK &&
			 r_jws_get_alg(jws) == r_str_to_jwa_alg(key->kind->algorithm) &&
			 r_jws_verify_signature(jws, key->jwk, R_FLAG_IGNORE_REMOTE) == RHN_OK;
	r_jws_free(jws);
	return is_signed;
}
