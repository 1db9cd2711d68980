#include "token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <uuid/uuid.h>

/* A digest fails only when memory is exhausted, and nothing that is sealed or looked up by a wrong
 * one is safe. */
static void demand(bool has_succeeded)
{
	if (!has_succeeded)
		abort();
}

void digest(struct slice bytes, unsigned char ret_digest[static DIGEST_SIZE])
{
	demand(EVP_Digest(bytes.bytes, bytes.length, ret_digest, NULL, EVP_sha256(), NULL) == 1);
}

void digest_keyed(
	struct slice secret, struct slice bytes, unsigned char ret_digest[static DIGEST_SIZE])
{
	const unsigned char *next = (const unsigned char *)bytes.bytes;
	const char *key = secret.length > 0 ? secret.bytes : "";
	demand(HMAC(EVP_sha256(), key, (int)secret.length, next, bytes.length, ret_digest, NULL) !=
		NULL);
}

struct digester {
	EVP_MD_CTX *context;
};

struct digester *digester_new(void)
{
	struct digester *digester = calloc(1, sizeof *digester);
	if (digester == NULL)
		return NULL;
	digester->context = EVP_MD_CTX_new();
	if (digester->context != NULL &&
		EVP_DigestInit_ex(digester->context, EVP_sha256(), NULL) == 1)
		return digester;
	digester_free(digester);
	return NULL;
}

void digester_free(struct digester *digester)
{
	if (digester == NULL)
		return;
	EVP_MD_CTX_free(digester->context);
	free(digester);
}

void digester_feed(struct digester *digester, const char *bytes, size_t length)
{
	demand(EVP_DigestUpdate(digester->context, bytes, length) == 1);
}

void digester_finish(struct digester *digester, unsigned char ret_digest[static DIGEST_SIZE])
{
	demand(EVP_DigestFinal_ex(digester->context, ret_digest, NULL) == 1);
}

static void write_hex(char *next, const unsigned char *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < length; i++) {
		*next++ = digits[bytes[i] >> 4];
		*next++ = digits[bytes[i] & 0xf];
	}
	*next = '\0';
}

void digest_hex(
	const unsigned char digest[static DIGEST_SIZE], char ret_hex[static DIGEST_HEX_SIZE])
{
	write_hex(ret_hex, digest, DIGEST_SIZE);
}

void text_append_hex(struct text *text, const unsigned char *bytes, size_t length)
{
	char *room = text_reserve(text, length * 2);
	if (room == NULL)
		return;
	write_hex(room, bytes, length);
	text->length += length * 2;
}

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Three bytes are four characters of six bits; a shorter end has one character more than bytes. */
static void append_encoded(
	struct text *text, const unsigned char *bytes, size_t length, const char *alphabet)
{
	char *room = text_reserve(text, length / 3 * 4 + 4);
	if (room == NULL)
		return;
	char *next = room;
	unsigned int bits = 0;
	int bit_count = 0;
	for (size_t i = 0; i < length; i++) {
		bits = bits << 8 | bytes[i];
		for (bit_count += 8; bit_count >= 6; bit_count -= 6)
			*next++ = alphabet[bits >> (bit_count - 6) & 0x3f];
	}
	if (bit_count > 0)
		*next++ = alphabet[bits << (6 - bit_count) & 0x3f];
	*next = '\0';
	text->length += (size_t)(next - room);
}

void text_append_base64url(struct text *text, const unsigned char *bytes, size_t length)
{
	append_encoded(text, bytes, length, base64url);
}

void text_append_base64(struct text *text, const unsigned char *bytes, size_t length)
{
	append_encoded(text, bytes, length, base64);
	text_append(text, "==", (3 - length % 3) % 3);
}

bool text_append_decoded_base64url(struct text *text, struct slice encoded)
{
	char *room = text_reserve(text, encoded.length);
	if (room == NULL)
		return false;
	char *next = room;
	unsigned int bits = 0;
	int bit_count = 0;
	for (size_t i = 0; i < encoded.length; i++) {
		const char *place = memchr(base64url, encoded.bytes[i], sizeof base64url - 1);
		if (place == NULL)
			return false;
		bits = bits << 6 | (unsigned int)(place - base64url);
		bit_count += 6;
		if (bit_count < 8)
			continue;
		bit_count -= 8;
		*next++ = (char)(unsigned char)(bits >> bit_count);
	}
	*next = '\0';
	text->length += (size_t)(next - room);
	return bit_count < 6 && (bits & ((1U << bit_count) - 1)) == 0;
}

bool random_bytes(unsigned char *ret_bytes, size_t length)
{
	while (length > 0) {
		ssize_t count = getrandom(ret_bytes, length, 0);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return false;
		ret_bytes += count;
		length -= (size_t)count;
	}
	return true;
}

/* The instant of a thread's UUIDs, and a counter within it. */
struct uuid_clock {
	int64_t unix_ms;
	unsigned int counter;
};

/* Moves to the next place in time. RFC 9562, 6.2, method 1: 12 bits of counter begin at random
 * below their half; when they are used up, or the clock was set back, the last instant is carried
 * on. */
static void uuid_clock_advance(struct uuid_clock *clock, int64_t unix_ms, unsigned int random)
{
	enum { COUNTER_MAX = 0xfff, COUNTER_BEGIN_MAX = 0x7ff };
	if (unix_ms <= clock->unix_ms && clock->counter < COUNTER_MAX) {
		clock->counter++;
		return;
	}
	clock->unix_ms = unix_ms > clock->unix_ms ? unix_ms : clock->unix_ms + 1;
	clock->counter = random & COUNTER_BEGIN_MAX;
}

/* Fills a UUID at random. The system is asked for many at once: a call costs more than all else
 * that a UUID takes, and an import makes one a row. */
static void uuid_fill(uuid_t ret_uuid)
{
	static _Thread_local uuid_t pool[64];
	static _Thread_local size_t left;
	if (left == 0 && !random_bytes(pool[0], sizeof pool)) {
		uuid_generate_random(ret_uuid);
		return;
	}
	left = left == 0 ? sizeof pool / sizeof *pool : left;
	uuid_copy(ret_uuid, pool[--left]);
}

/*   0               6     8     9              16
 *   | unix_ms       |7 counter  |10 random      | */
void uuid_v7(int64_t unix_ms, char ret_uuid[static UUID_TEXT_SIZE])
{
	static _Thread_local struct uuid_clock clock;
	uuid_t uuid = {0};
	uuid_fill(uuid);
	uuid_clock_advance(&clock, unix_ms, (unsigned int)uuid[6] << 8 | uuid[7]);
	for (int i = 0; i < 6; i++)
		uuid[i] = (unsigned char)(clock.unix_ms >> (40 - 8 * i));
	uuid[6] = (unsigned char)(0x70 | clock.counter >> 8);
	uuid[7] = (unsigned char)clock.counter;
	uuid[8] = (unsigned char)(0x80 | (uuid[8] & 0x3f));
	uuid_unparse_lower(uuid, ret_uuid);
}

bool uuid_is_valid(struct slice text)
{
	uuid_t uuid;
	return text.length == UUID_TEXT_SIZE - 1 &&
	       uuid_parse_range(text.bytes, text.bytes + text.length, uuid) == 0;
}

/* A cursor is sealed as base64url of its seal, its id, NUL, its key. The seal is the first half of
 * the HMAC of the scope's length, the scope, and what follows the seal: one secret may serve other
 * ends, so a label goes first. */
enum { SEAL_SIZE = DIGEST_SIZE / 2 };

static bool seal_of(struct slice payload, struct slice scope, struct slice secret,
	unsigned char ret_seal[static DIGEST_SIZE])
{
	struct text message = {0};
	text_append_string(&message, "cursor ");
	text_append_integer(&message, (long long)scope.length);
	text_append_char(&message, ' ');
	text_append(&message, scope.bytes, scope.length);
	text_append(&message, payload.bytes, payload.length);
	bool is_whole = !message.is_broken;
	if (is_whole)
		digest_keyed(secret, (struct slice){message.bytes, message.length}, ret_seal);
	text_done(&message);
	return is_whole;
}

void cursor_seal(
	struct text *text, const struct cursor *cursor, struct slice scope, struct slice secret)
{
	unsigned char seal[DIGEST_SIZE] = {0};
	struct slice key = slice_of(cursor->key);
	struct text whole = {0};
	text_append(&whole, (const char *)seal, SEAL_SIZE);
	text_append(&whole, cursor->id, strnlen(cursor->id, UUID_TEXT_SIZE - 1));
	text_append(&whole, "", 1);
	text_append(&whole, key.bytes, key.length);
	struct slice payload = {whole.bytes + SEAL_SIZE, whole.length - SEAL_SIZE};
	if (whole.is_broken || !seal_of(payload, scope, secret, seal)) {
		text->is_broken = true;
	} else {
		memcpy(whole.bytes, seal, SEAL_SIZE);
		text_append_base64url(text, (const unsigned char *)whole.bytes, whole.length);
	}
	text_done(&whole);
}

/* Takes apart what has proved to be ours. */
static bool read_cursor(struct slice payload, struct arena *arena, struct cursor *ret_cursor)
{
	struct cursor cursor = {0};
	struct slice id;
	if (!slice_split(&payload, '\0', &id) || id.length >= sizeof cursor.id)
		return false;
	memcpy(cursor.id, id.bytes, id.length);
	cursor.key = arena_copy(arena, payload.bytes, payload.length);
	if (cursor.key == NULL)
		return false;
	*ret_cursor = cursor;
	return true;
}

bool cursor_open(struct slice sealed, struct slice scope, struct slice secret, struct arena *arena,
	struct cursor *ret_cursor)
{
	struct text whole = {0};
	unsigned char seal[DIGEST_SIZE];
	bool is_open = false;
	if (text_append_decoded_base64url(&whole, sealed) && whole.length > SEAL_SIZE) {
		struct slice payload = {whole.bytes + SEAL_SIZE, whole.length - SEAL_SIZE};
		is_open = seal_of(payload, scope, secret, seal) &&
			  CRYPTO_memcmp(whole.bytes, seal, SEAL_SIZE) == 0 &&
			  read_cursor(payload, arena, ret_cursor);
	}
	text_done(&whole);
	return is_open;
}
