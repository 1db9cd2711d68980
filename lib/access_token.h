/* Access tokens (RFC 9068, RFC 8725): who signed them, whether they are meant for us, and what they
 * say. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "key_set.h"

enum { ACCESS_TOKEN_MAX = 8192, SUBJECT_MAX = 255 };

/* What a token must fulfil. */
struct access_token_rules {
	const char *issuer;
	const char *audience;
	bool accepts_plain_type; /* `typ` may be JWT, which issuers write that know no RFC 9068 */
	int64_t now_s;
};

struct access_token {
	json_t *claims; /* owned; NULL when it is refused */
	const char *subject;
	int64_t expires_s;
	const char *fault;   /* why it is refused, for people; not translated yet */
	bool is_signed;      /* by a key of the set, so whatever else is wrong, it is no guess */
	bool is_key_unknown; /* … since its key is not in the set, which may be too old */
};

/* Reads a token that a stranger sent; false when it is refused. `keys` may be NULL: none is known.
 */
bool access_token_read(struct slice token, const struct key_set *keys,
	const struct access_token_rules *rules, struct access_token *ret_token);
void access_token_done(struct access_token *token);

/* Returns the member of the claims that `path` names: by its whole name or, where there is none,
 * step by step from dot to dot (`realm_access.roles`). NULL when there is none. */
const json_t *access_token_claim(const struct access_token *token, const char *path);
