#include "text.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_slice_equals_what_it_holds(void **state)
{
	(void)state;
	assert_true(slice_equals(SLICE("abc"), "abc"));
	assert_false(slice_equals(SLICE("abc"), "ab"));
	assert_false(slice_equals(SLICE("ab"), "abc"));
	assert_false(slice_equals(SLICE("abc"), "ABC"));
	assert_true(slice_equals_ignoring_case(SLICE("abc"), "ABC"));
	assert_false(slice_equals_ignoring_case(SLICE("abc"), "ABD"));
}

static void the_slice_of_nothing_is_empty(void **state)
{
	(void)state;
	struct slice nothing = slice_of(NULL);
	struct slice part;
	assert_int_equal(nothing.length, 0);
	assert_true(slice_equals(nothing, ""));
	assert_true(slice_equals_ignoring_case(nothing, ""));
	assert_int_equal(slice_trim(nothing).length, 0);
	assert_false(slice_split(&nothing, ',', &part));
}

static void blanks_at_the_ends_are_trimmed(void **state)
{
	(void)state;
	assert_true(slice_equals(slice_trim(SLICE(" \ta b\t ")), "a b"));
	assert_true(slice_equals(slice_trim(SLICE(" \t ")), ""));
	assert_true(slice_equals(slice_trim(SLICE("\na")), "\na"));
}

static void a_list_has_one_part_more_than_separators(void **state)
{
	(void)state;
	static const char *const expected[] = {"a", "", "bc", ""};
	struct slice rest = SLICE("a,,bc,");
	struct slice part;
	for (size_t i = 0; i < 4; i++) {
		assert_true(slice_split(&rest, ',', &part));
		assert_true(slice_equals(part, expected[i]));
	}
	assert_false(slice_split(&rest, ',', &part));

	struct slice empty = SLICE("");
	assert_true(slice_split(&empty, ',', &part));
	assert_true(slice_equals(part, ""));
	assert_false(slice_split(&empty, ',', &part));
}

static void a_text_grows_and_stays_terminated(void **state)
{
	(void)state;
	struct text text;
	text_init(&text);

	for (int i = 0; i < 10000; i++)
		text_append_char(&text, (char)('a' + i % 26));

	assert_int_equal(text.length, 10000);
	assert_int_equal(strlen(text.bytes), 10000);
	assert_memory_equal(text.bytes, "abcdefghijklmnopqrstuvwxyza", 27);
	text_clear(&text);
	assert_string_equal(text.bytes, "");
	text_append(&text, NULL, 0);
	text_append_string(&text, "x");
	assert_string_equal(text.bytes, "x");
	text_done(&text);
	text_done(&text);
	text_done(NULL);
}

static void reserved_room_is_there(void **state)
{
	(void)state;
	struct text text;
	text_init(&text);

	for (size_t length = 0; length < 2000; length += 7) {
		char *room = text_reserve(&text, length);
		assert_non_null(room);
		memset(room, 'x', length);
		room[length] = '\0';
		text.length += length;
	}

	assert_int_equal(strlen(text.bytes), text.length);
	text_done(&text);
}

static void a_broken_text_takes_no_more_until_it_is_cleared(void **state)
{
	(void)state;
	struct text text;
	text_init(&text);
	text_append_string(&text, "a");

	assert_null(text_reserve(&text, SIZE_MAX));
	assert_true(text.is_broken);
	text_append_string(&text, "b");
	text_append_printf(&text, "%d", 1);
	text_append_json(&text, "c", 1);
	assert_string_equal(text.bytes, "a");

	text_clear(&text);
	text_append_string(&text, "d");
	assert_string_equal(text.bytes, "d");
	text_done(&text);
}

static void formatted_text_may_be_of_any_length(void **state)
{
	(void)state;
	struct text text;
	text_init(&text);

	text_append_printf(&text, "%s=%0300d", "a", 1);
	text_append_printf(&text, "%s", "");

	assert_int_equal(text.length, 302);
	assert_int_equal(strlen(text.bytes), 302);
	text_done(&text);
}

static void integers_are_written_in_full(void **state)
{
	(void)state;
	struct text text;
	text_init(&text);

	text_append_integer(&text, 0);
	text_append_char(&text, ' ');
	text_append_integer(&text, -1);
	text_append_char(&text, ' ');
	text_append_integer(&text, LLONG_MAX);
	text_append_char(&text, ' ');
	text_append_integer(&text, LLONG_MIN);

	assert_string_equal(text.bytes, "0 -1 9223372036854775807 -9223372036854775808");
	text_done(&text);
}

static void expect_json(struct slice string, const char *json)
{
	struct text text;
	text_init(&text);
	text_append_json(&text, string.bytes, string.length);
	assert_string_equal(text.bytes, json);
	text_done(&text);
}

static void json_strings_are_escaped(void **state)
{
	(void)state;
	expect_json(SLICE(""), "\"\"");
	expect_json((struct slice){0}, "\"\"");
	expect_json(SLICE("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	expect_json(SLICE("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
	expect_json(
		SLICE("\0\x01\x07\x0b\x0e\x1f"), "\"\\u0000\\u0001\\u0007\\u000b\\u000e\\u001f\"");
	expect_json(SLICE(" \x7f`渠😀"), "\" \x7f`渠😀\"");
}

static bool is_utf8(struct slice text)
{
	return text_is_utf8(text.bytes, text.length);
}

static void utf8_is_told_from_other_bytes(void **state)
{
	(void)state;
	assert_true(is_utf8((struct slice){0}));
	assert_true(is_utf8(SLICE("ab\x7f")));
	assert_true(is_utf8(SLICE("é渠😀")));
	assert_true(is_utf8(SLICE("\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf")));
	assert_false(is_utf8(SLICE("a\0b")));
	assert_false(is_utf8(SLICE("\x80")));
	assert_false(is_utf8(SLICE("\xc3")));
	assert_false(is_utf8(SLICE("\xe6\xb8")));
	assert_false(is_utf8(SLICE("\xc3(")));
	assert_false(is_utf8(SLICE("\xc0\x80")));
	assert_false(is_utf8(SLICE("\xe0\x80\xaf")));
	assert_false(is_utf8(SLICE("\xf0\x8f\xbf\xbf")));
	assert_false(is_utf8(SLICE("\xed\xa0\x80")));
	assert_false(is_utf8(SLICE("\xf4\x90\x80\x80")));
	assert_false(is_utf8(SLICE("\xff")));
}

static void a_cut_is_between_characters(void **state)
{
	(void)state;
	assert_int_equal(text_cut("abc", 3, 5), 3);
	assert_int_equal(text_cut("abc", 3, 3), 3);
	assert_int_equal(text_cut("abc", 3, 2), 2);
	assert_int_equal(text_cut("a渠b", 5, 4), 4);
	assert_int_equal(text_cut("a渠b", 5, 3), 1);
	assert_int_equal(text_cut("a渠b", 5, 2), 1);
	assert_int_equal(text_cut("渠", 3, 2), 0);
	assert_int_equal(text_cut("渠", 3, 0), 0);
}

static void a_word_is_one_of_words_only_as_a_whole(void **state)
{
	(void)state;
	assert_true(words_have("partner_id partner_code", SLICE("partner_code")));
	assert_false(words_have("partner_id partner_code", SLICE("partner")));
	assert_false(words_have("", SLICE("partner")));
	assert_false(words_have(NULL, SLICE("partner")));
	assert_true(list_has("a.example, b.example:8443", "b.example:8443"));
	assert_false(list_has("a.example, b.example:8443", "b.example"));
	assert_false(list_has(NULL, "a.example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slice_equals_what_it_holds),
		cmocka_unit_test(the_slice_of_nothing_is_empty),
		cmocka_unit_test(blanks_at_the_ends_are_trimmed),
		cmocka_unit_test(a_list_has_one_part_more_than_separators),
		cmocka_unit_test(a_word_is_one_of_words_only_as_a_whole),
		cmocka_unit_test(a_text_grows_and_stays_terminated),
		cmocka_unit_test(reserved_room_is_there),
		cmocka_unit_test(a_broken_text_takes_no_more_until_it_is_cleared),
		cmocka_unit_test(formatted_text_may_be_of_any_length),
		cmocka_unit_test(integers_are_written_in_full),
		cmocka_unit_test(json_strings_are_escaped),
		cmocka_unit_test(utf8_is_told_from_other_bytes),
		cmocka_unit_test(a_cut_is_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
