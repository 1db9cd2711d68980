/* Nobody makes a cursor who has not the secret, and every cursor opens as it was sealed.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -Ilib tests/fuzz/cursor_fuzz.c lib/token.c \
 *	lib/arena.c lib/text.c -lcrypto -luuid -lutf8proc
 */
#include "token.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool is_true)
{
	if (!is_true)
		abort();
}

static bool opens(
	struct slice sealed, struct slice scope, struct cursor *ret_cursor, struct arena *arena)
{
	return cursor_open(sealed, scope, SLICE("the secret of this test"), arena, ret_cursor);
}

static void demand_round_trip(struct slice key, struct slice scope)
{
	struct arena arena;
	arena_init(&arena);
	struct cursor cursor = {.key = arena_copy(&arena, key.bytes, key.length)};
	size_t id_length = key.length < sizeof cursor.id ? key.length : sizeof cursor.id - 1;
	memcpy(cursor.id, cursor.key, id_length);
	struct text text = {0};
	cursor_seal(&text, &cursor, scope, SLICE("the secret of this test"));
	struct slice sealed = {text.bytes, text.length};

	struct cursor opened;
	demand(opens(sealed, scope, &opened, &arena));
	demand(strcmp(opened.key, cursor.key) == 0 && strcmp(opened.id, cursor.id) == 0);
	text.bytes[key.length % text.length] ^= 1;
	demand(!opens(sealed, scope, &opened, &arena));

	text_done(&text);
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = {(const char *)data, size};
	struct arena arena;
	struct cursor cursor;
	arena_init(&arena);
	demand(!opens(bytes, SLICE("scope"), &cursor, &arena));
	arena_done(&arena);
	demand_round_trip((struct slice){bytes.bytes, size / 2},
		(struct slice){bytes.bytes + size / 2, size - size / 2});
	return 0;
}
