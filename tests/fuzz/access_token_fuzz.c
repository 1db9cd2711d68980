/* Nobody makes a token who has not the key, and whatever is sent as one is refused in peace; so is
 * whatever an issuer sends as its keys.
 *
 * clang -g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -Ilib \
 *	tests/fuzz/access_token_fuzz.c lib/access_token.c lib/key_set.c lib/json.c lib/language.c \
 *	lib/token.c lib/arena.c lib/text.c -lrhonabwy -ljansson -lcrypto -luuid -lutf8proc
 */
#include "access_token.h"

#include <stdlib.h>
#include <string.h>

#include "token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Keys whose private halves nobody has: of RFC 7515, A.3, and of RFC 8037, A.2. */
static const char keys_of_others[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"1\","
				     "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
				     "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
				     "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"2\","
				     "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";

static void demand(bool is_true)
{
	if (!is_true)
		abort();
}

static void demand_refusal(struct slice text, const struct key_set *keys)
{
	const struct access_token_rules rules = {
		.issuer = "i", .audience = "a", .accepts_plain_type = true, .now_s = 1};
	struct access_token token;
	demand(!access_token_read(text, keys, &rules, &token));
	demand(token.fault != NULL && token.claims == NULL);
}

/* The header may be anything, and the others are parts that can be decoded. */
static void demand_refusal_of_header(struct slice header, const struct key_set *keys)
{
	struct text text = {0};
	text_append_base64url(&text, (const unsigned char *)header.bytes, header.length);
	text_append_string(&text, ".eyJpc3MiOiJpIn0.");
	for (int i = 0; i < 86; i++)
		text_append_char(&text, 'A');
	demand_refusal((struct slice){text.bytes, text.length}, keys);
	text_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = {(const char *)data, size};
	struct key_set *keys = key_set_read(slice_of(keys_of_others));
	demand(keys != NULL && key_set_count(keys) == 2);
	demand_refusal(bytes, keys);
	demand_refusal_of_header(bytes, keys);
	key_set_free(keys);
	key_set_free(key_set_read(bytes));
	return 0;
}
