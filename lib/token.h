/* Secrets and seals: digests, random keys, and the opaque cursors of lists. */
#pragma once

#include <stdint.h>

#include "arena.h"
#include "text.h"

enum { DIGEST_SIZE = 32, UUID_TEXT_SIZE = 37 };

/* The UUID of nothing. */
#define NO_ID "00000000-0000-0000-0000-000000000000"

/* The SHA-256 of `bytes`. */
void digest(struct slice bytes, unsigned char ret_digest[static DIGEST_SIZE]);

/* The HMAC-SHA-256 of `bytes` under `secret`. */
void digest_keyed(
	struct slice secret, struct slice bytes, unsigned char ret_digest[static DIGEST_SIZE]);

/* A digest that is fed piece by piece (a file that streams through). */
struct digester;
struct digester *digester_new(void);
void digester_free(struct digester *digester);
void digester_feed(struct digester *digester, const char *bytes, size_t length);
void digester_finish(struct digester *digester, unsigned char ret_digest[static DIGEST_SIZE]);

/* Writes a digest in hexadecimal, with a NUL. */
enum { DIGEST_HEX_SIZE = 2 * DIGEST_SIZE + 1 };
void digest_hex(
	const unsigned char digest[static DIGEST_SIZE], char ret_hex[static DIGEST_HEX_SIZE]);

void text_append_hex(struct text *text, const unsigned char *bytes, size_t length);
void text_append_base64url(struct text *text, const unsigned char *bytes, size_t length);

/* Appends what base64url stands for; false for a foreign character, and for bits that do not count
 * but are set: else one text would have several forms. */
bool text_append_decoded_base64url(struct text *text, struct slice encoded);

void text_append_base64(struct text *text, const unsigned char *bytes, size_t length);

/* Fills `ret_bytes` from the system's generator; false when it fails. */
bool random_bytes(unsigned char *ret_bytes, size_t length);

/* Writes a fresh UUIDv7 (RFC 9562) of the instant `unix_ms`; within one thread they increase. */
void uuid_v7(int64_t unix_ms, char ret_uuid[static UUID_TEXT_SIZE]);

/* True for the canonical form, in either case. */
bool uuid_is_valid(struct slice text);

/* Where the next page of a list begins. */
struct cursor {
	const char *key; /* the sort member of the page's last row, as text */
	char id[UUID_TEXT_SIZE];
};

/* Appends the sealed form of `cursor`, bound to `scope` (the operation, its filters, its sort). */
void cursor_seal(
	struct text *text, const struct cursor *cursor, struct slice scope, struct slice secret);

/* Opens a sealed cursor into `arena`; false for a forged or damaged one, or one of another scope.
 */
bool cursor_open(struct slice sealed, struct slice scope, struct slice secret, struct arena *arena,
	struct cursor *ret_cursor);
