#include "token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_hex(const unsigned char digest_bytes[static DIGEST_SIZE], const char *expected)
{
	struct text hex = {0};
	text_append_hex(&hex, digest_bytes, DIGEST_SIZE);
	assert_string_equal(hex.bytes, expected);
	text_done(&hex);
}

static void a_digest_is_sha256(void **state)
{
	(void)state;
	unsigned char bytes[DIGEST_SIZE];

	digest(SLICE("abc"), bytes);
	assert_hex(bytes, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

	digest((struct slice){0}, bytes);
	assert_hex(bytes, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231, test cases 2 and 6. */
static void a_keyed_digest_is_hmac_sha256(void **state)
{
	(void)state;
	unsigned char bytes[DIGEST_SIZE];
	char long_key[131];
	memset(long_key, 0xaa, sizeof long_key);

	digest_keyed(SLICE("Jefe"), SLICE("what do ya want for nothing?"), bytes);
	assert_hex(bytes, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");

	digest_keyed((struct slice){long_key, sizeof long_key},
		SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), bytes);
	assert_hex(bytes, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void an_empty_secret_and_an_empty_message_have_a_digest(void **state)
{
	(void)state;
	unsigned char bytes[DIGEST_SIZE];

	digest_keyed((struct slice){0}, (struct slice){0}, bytes);

	assert_hex(bytes, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void a_digest_may_be_fed_piece_by_piece(void **state)
{
	(void)state;
	unsigned char bytes[DIGEST_SIZE];
	struct digester *digester = digester_new();

	digester_feed(digester, "a", 1);
	digester_feed(digester, "", 0);
	digester_feed(digester, "bc", 2);
	digester_finish(digester, bytes);

	assert_hex(bytes, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digester_free(digester);
	digester_free(NULL);
}

/* RFC 4648, section 10, without padding. */
static void base64url_has_no_padding(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		const char *expected;
	} cases[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"},
		{"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text text = {0};
		text_append_base64url(
			&text, (const unsigned char *)cases[i].bytes, strlen(cases[i].bytes));
		assert_string_equal(text.bytes, cases[i].expected);
		assert_int_equal(text.length, strlen(cases[i].expected));
		text_done(&text);
	}
}

/* RFC 4648, section 10. */
static void base64_is_padded(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		const char *expected;
	} cases[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "+//+"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text text = {0};
		text_append_base64(
			&text, (const unsigned char *)cases[i].bytes, strlen(cases[i].bytes));
		assert_string_equal(text.bytes, cases[i].expected);
		assert_int_equal(text.length, strlen(cases[i].expected));
		text_done(&text);
	}
}

static void random_bytes_differ(void **state)
{
	(void)state;
	unsigned char one[600] = {0};
	unsigned char other[600] = {0};

	assert_true(random_bytes(one, sizeof one));
	assert_true(random_bytes(other, sizeof other));

	assert_memory_not_equal(one, other, sizeof one);
	assert_memory_not_equal(one + 500, (unsigned char[100]){0}, 100);
}

/* RFC 9562, appendix A.6, has this instant. */
static void a_uuid_begins_with_its_instant(void **state)
{
	(void)state;
	char uuid[UUID_TEXT_SIZE];

	uuid_v7(0x017f22e279b0, uuid);

	assert_memory_equal(uuid, "017f22e2-79b0-7", 15);
	assert_non_null(memchr("89ab", uuid[19], 4));
	assert_true(uuid_is_valid(slice_of(uuid)));
}

static void uuids_of_a_thread_increase(void **state)
{
	(void)state;
	char last[UUID_TEXT_SIZE] = "";
	for (int i = 0; i < 20000; i++) {
		char uuid[UUID_TEXT_SIZE];
		int64_t clock_set_back = 1800000000000 - i / 5000 * 1000;

		uuid_v7(clock_set_back, uuid);

		assert_true(strcmp(last, uuid) < 0);
		memcpy(last, uuid, sizeof last);
	}
}

static int compare_tails(const void *left, const void *right)
{
	return strcmp(left, right);
}

static void no_random_tail_of_a_uuid_comes_twice(void **state)
{
	(void)state;
	enum { COUNT = 1000, TAIL_BEGIN = 19 };
	static char tails[COUNT][UUID_TEXT_SIZE];
	for (int i = 0; i < COUNT; i++) {
		uuid_v7(1800000000000, tails[i]);
		memmove(tails[i], tails[i] + TAIL_BEGIN, UUID_TEXT_SIZE - TAIL_BEGIN);
	}

	qsort(tails, COUNT, sizeof *tails, compare_tails);

	for (int i = 1; i < COUNT; i++)
		assert_string_not_equal(tails[i - 1], tails[i]);
}

static void a_valid_uuid_is_canonical_in_either_case(void **state)
{
	(void)state;
	assert_true(uuid_is_valid(SLICE("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")));
	assert_true(uuid_is_valid(SLICE("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")));
	assert_true(uuid_is_valid(SLICE("00000000-0000-0000-0000-000000000000")));
	assert_false(uuid_is_valid(SLICE("")));
	assert_false(uuid_is_valid(SLICE("017f22e2-79b0-7cc3-98c4-dc0c0c07398")));
	assert_false(uuid_is_valid(SLICE("017f22e2-79b0-7cc3-98c4-dc0c0c07398f0")));
	assert_false(uuid_is_valid(SLICE("017f22e279b07cc398c4dc0c0c07398f")));
	assert_false(uuid_is_valid(SLICE("017f22e2-79b0-7cc3-98c4-dc0c0c07398g")));
	assert_false(uuid_is_valid(SLICE("017f22e27-9b0-7cc3-98c4-dc0c0c07398f")));
	assert_false(uuid_is_valid(SLICE("017f22e2-79b0-7cc3-98c4-dc0c0c0739\0f")));
	assert_false(uuid_is_valid(SLICE("{17f22e2-79b0-7cc3-98c4-dc0c0c07398}")));
	assert_false(uuid_is_valid(SLICE("017f22e2-79b0-7cc3-98c4-dc0c0c07398\xc3")));
}

static const struct cursor a_cursor = {
	.key = "\xe6\xb8\xa0\xe9\x81\x93, 1",
	.id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
};

static bool opens(struct slice sealed, struct slice scope, struct slice secret)
{
	struct arena arena;
	struct cursor cursor;
	arena_init(&arena);
	bool is_open = cursor_open(sealed, scope, secret, &arena, &cursor);
	if (is_open) {
		assert_string_equal(cursor.id, a_cursor.id);
		assert_string_equal(cursor.key, a_cursor.key);
	}
	arena_done(&arena);
	return is_open;
}

static void a_cursor_opens_as_it_was_sealed(void **state)
{
	(void)state;
	struct text text = {0};

	cursor_seal(&text, &a_cursor, SLICE("listRegions"), SLICE("secret"));

	struct slice sealed = {text.bytes, text.length};
	assert_true(opens(sealed, SLICE("listRegions"), SLICE("secret")));
	assert_int_equal(strspn(text.bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					    "0123456789-_"),
		text.length);
	text_done(&text);
}

static void a_cursor_opens_for_its_scope_and_secret_only(void **state)
{
	(void)state;
	struct text text = {0};

	cursor_seal(&text, &a_cursor, SLICE("listRegions"), SLICE("secret"));

	struct slice sealed = {text.bytes, text.length};
	assert_false(opens(sealed, SLICE("listRegion"), SLICE("secret")));
	assert_false(opens(sealed, SLICE("listRegions0"), SLICE("secret")));
	assert_false(opens(sealed, SLICE(""), SLICE("secret")));
	assert_false(opens(sealed, SLICE("listRegions"), SLICE("secrets")));
	text_done(&text);
}

static void a_cursor_with_any_character_changed_is_refused(void **state)
{
	(void)state;
	struct text text = {0};
	cursor_seal(&text, &a_cursor, SLICE("scope"), SLICE("secret"));
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.bytes[i];
		for (const char *other = "AQgw_=+\n"; *other != '\0'; other++) {
			text.bytes[i] = *other;
			assert_int_equal(opens((struct slice){text.bytes, text.length},
						 SLICE("scope"), SLICE("secret")),
				*other == byte);
		}
		text.bytes[i] = byte;
	}
	text_done(&text);
}

static void a_cursor_of_another_length_is_refused(void **state)
{
	(void)state;
	struct text text = {0};
	cursor_seal(&text, &a_cursor, SLICE("scope"), SLICE("secret"));
	for (size_t length = 0; length < text.length; length++)
		assert_false(
			opens((struct slice){text.bytes, length}, SLICE("scope"), SLICE("secret")));

	text_append_char(&text, 'A');

	assert_false(
		opens((struct slice){text.bytes, text.length}, SLICE("scope"), SLICE("secret")));
	assert_false(opens((struct slice){0}, SLICE("scope"), SLICE("secret")));
	text_done(&text);
}

static void a_long_key_and_none_are_sealed_as_well(void **state)
{
	(void)state;
	char key[1601];
	memset(key, 'k', sizeof key - 1);
	key[sizeof key - 1] = '\0';
	const struct {
		const char *key;
		const char *expected;
	} cases[] = {{key, key}, {"", ""}, {NULL, ""}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cursor cursor = {.key = cases[i].key, .id = "7"};
		struct text text = {0};
		struct arena arena;
		arena_init(&arena);

		cursor_seal(&text, &cursor, SLICE("scope"), SLICE("secret"));
		cursor.id[0] = 'x';
		assert_true(cursor_open((struct slice){text.bytes, text.length}, SLICE("scope"),
			SLICE("secret"), &arena, &cursor));

		assert_string_equal(cursor.id, "7");
		assert_string_equal(cursor.key, cases[i].expected);
		arena_done(&arena);
		text_done(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_digest_is_sha256),
		cmocka_unit_test(a_keyed_digest_is_hmac_sha256),
		cmocka_unit_test(an_empty_secret_and_an_empty_message_have_a_digest),
		cmocka_unit_test(a_digest_may_be_fed_piece_by_piece),
		cmocka_unit_test(base64url_has_no_padding),
		cmocka_unit_test(base64_is_padded),
		cmocka_unit_test(random_bytes_differ),
		cmocka_unit_test(a_uuid_begins_with_its_instant),
		cmocka_unit_test(uuids_of_a_thread_increase),
		cmocka_unit_test(no_random_tail_of_a_uuid_comes_twice),
		cmocka_unit_test(a_valid_uuid_is_canonical_in_either_case),
		cmocka_unit_test(a_cursor_opens_as_it_was_sealed),
		cmocka_unit_test(a_cursor_opens_for_its_scope_and_secret_only),
		cmocka_unit_test(a_cursor_with_any_character_changed_is_refused),
		cmocka_unit_test(a_cursor_of_another_length_is_refused),
		cmocka_unit_test(a_long_key_and_none_are_sealed_as_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
