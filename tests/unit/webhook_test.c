#include "webhook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The examples of the specification and of its libraries, their secret without whsec_ and base64.
 */
static const unsigned char spec_secret[24] = {0x31, 0xf2, 0x90, 0xf6, 0xbf, 0x06, 0x29, 0x8a, 0xab,
	0x4f, 0x08, 0xd4, 0x3c, 0x3f, 0x08, 0x2c, 0xf6, 0x48, 0xa3, 0x62, 0xda, 0x2d, 0xa4, 0xb0};
static const struct slice secret = {(const char *)spec_secret, sizeof spec_secret};
static const struct webhook_message spec_message = {
	"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, SLICE("{\"test\": 2432232314}")};

static void assert_signature(
	const struct webhook_message *message, struct slice key, const char *expected)
{
	struct text text = {0};
	text_append_webhook_signature(&text, message, key);
	assert_string_equal(text.bytes, expected);
	text_done(&text);
}

static void the_example_of_the_specification_is_signed_as_there(void **state)
{
	(void)state;
	assert_signature(&spec_message, secret, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void every_part_of_a_message_is_signed(void **state)
{
	(void)state;
	struct text first = {0};
	text_append_webhook_signature(&first, &spec_message, secret);
	struct webhook_message changed[] = {spec_message, spec_message, spec_message};
	changed[0].id = "msg_p5jXN8AQM9LWM0D4loKWxJel";
	changed[1].unix_seconds++;
	changed[2].body = SLICE("{\"test\": 2432232315}");

	for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
		struct text text = {0};
		text_append_webhook_signature(&text, &changed[i], secret);
		assert_string_not_equal(text.bytes, first.bytes);
		text_done(&text);
	}
	text_done(&first);
}

static void a_body_may_hold_any_byte(void **state)
{
	(void)state;
	struct text text = {0};
	const struct webhook_message message = {"id", 1, SLICE("a\0b")};
	const struct webhook_message shorter = {"id", 1, SLICE("a")};
	struct text other = {0};

	text_append_webhook_signature(&text, &message, secret);
	text_append_webhook_signature(&other, &shorter, secret);

	assert_int_equal(text.length, strlen("v1,") + 44);
	assert_string_not_equal(text.bytes, other.bytes);
	text_done(&text);
	text_done(&other);
}

static void a_secret_is_the_same_each_time_and_another_for_each_id_and_key(void **state)
{
	(void)state;
	unsigned char first[DIGEST_SIZE], again[DIGEST_SIZE], other[DIGEST_SIZE];
	static const char id[] = "0198c0de-0001-7000-8000-000000000001";

	webhook_secret(SLICE("key"), id, first);
	webhook_secret(SLICE("key"), id, again);
	assert_memory_equal(first, again, DIGEST_SIZE);

	webhook_secret(SLICE("key"), "0198c0de-0001-7000-8000-000000000002", other);
	assert_memory_not_equal(first, other, DIGEST_SIZE);
	webhook_secret(SLICE("kez"), id, other);
	assert_memory_not_equal(first, other, DIGEST_SIZE);
}

static void a_secret_is_shown_with_its_prefix_in_base64(void **state)
{
	(void)state;
	struct text text = {0};
	unsigned char bytes[DIGEST_SIZE] = {0};

	text_append_webhook_secret(&text, bytes);

	assert_string_equal(text.bytes, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_specification_is_signed_as_there),
		cmocka_unit_test(every_part_of_a_message_is_signed),
		cmocka_unit_test(a_body_may_hold_any_byte),
		cmocka_unit_test(a_secret_is_the_same_each_time_and_another_for_each_id_and_key),
		cmocka_unit_test(a_secret_is_shown_with_its_prefix_in_base64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
