#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

static void expect_fault(struct slice text, const char *code, size_t offset)
{
	struct json_fault fault = {0};

	json_t *json = json_read(text.bytes, text.length, &fault);

	assert_null(json);
	assert_string_equal(fault.code, code);
	assert_int_equal(fault.offset, offset);
	assert_true(text_is_utf8(fault.detail, strlen(fault.detail)));
	assert_true(fault.detail[0] != '\0');
}

static void any_value_may_stand_at_the_top(void **state)
{
	(void)state;
	static const char *const values[] = {"{\"a\": [1, 2.5, \"\\u00e9\"]}", "[]", "\"x\"", "12",
		"-0.5e-3", "true", "false", "null", " \t\r\n1\n"};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct json_fault fault = {0};
		json_t *json = json_read(values[i], strlen(values[i]), &fault);
		assert_non_null(json);
		json_decref(json);
	}
}

static void what_is_no_json_is_refused_with_its_place(void **state)
{
	(void)state;
	expect_fault(SLICE(""), "invalid_json", 0);
	expect_fault(SLICE("{\"a\": 1,}"), "invalid_json", 9);
	expect_fault(SLICE("[1, 2"), "invalid_json", 5);
	expect_fault(SLICE("'a'"), "invalid_json", 1);
	expect_fault(SLICE("NaN"), "invalid_json", 3);
	expect_fault(SLICE("-Infinity"), "invalid_json", 1);
	expect_fault(SLICE("[01]"), "invalid_json", 2);
	expect_fault(SLICE("\"a\nb\""), "invalid_json", 2);
	expect_fault(SLICE("/* a */ 1"), "invalid_json", 1);
}

static void the_detail_names_line_and_column(void **state)
{
	(void)state;
	struct json_fault fault = {0};
	assert_null(json_read("{\n \"a\": ?}", 10, &fault));
	assert_string_equal(fault.detail, "line 2, column 7: invalid token near '?'");
}

static void trailing_bytes_are_refused(void **state)
{
	(void)state;
	expect_fault(SLICE("{} {}"), "invalid_json", 4);
	expect_fault(SLICE("1\0"), "invalid_json", 1);
	expect_fault(SLICE("{}\0{"), "invalid_json", 2);
}

static void a_member_stands_once(void **state)
{
	(void)state;
	expect_fault(SLICE("{\"a\": 1, \"b\": 2, \"a\": 3}"), "duplicate_member", 20);
	expect_fault(SLICE("{\"a\": 1, \"\\u0061\": 3}"), "duplicate_member", 17);
}

static void text_must_be_utf8_without_surrogates_and_nul(void **state)
{
	(void)state;
	expect_fault(SLICE("\"\xff\""), "invalid_utf8", 1);
	expect_fault(SLICE("\"\xc0\xaf\""), "invalid_utf8", 1);
	expect_fault(SLICE("\"\xed\xa0\x80\""), "invalid_utf8", 1);
	expect_fault(SLICE("\"\\ud800\""), "invalid_json", 8);
	expect_fault(SLICE("\"\\udc00\\ud800\""), "invalid_json", 14);
	expect_fault(SLICE("\"a\\u0000\""), "invalid_json", 9);
	expect_fault(SLICE("{\"\\u0000\": 1}"), "invalid_json", 9);
	expect_fault(SLICE("\xef\xbb\xbf{}"), "invalid_json", 3);
}

static void numbers_must_be_in_range(void **state)
{
	(void)state;
	expect_fault(SLICE("9223372036854775808"), "invalid_json", 19);
	expect_fault(SLICE("1e999"), "invalid_json", 5);
}

static void nest(struct text *text, int depth)
{
	text_init(text);
	for (int i = 0; i < depth; i++)
		text_append_string(text, "[");
	for (int i = 0; i < depth; i++)
		text_append_string(text, "]");
}

static void depth_has_a_limit(void **state)
{
	(void)state;
	struct text deep, deeper;
	struct json_fault fault = {0};
	nest(&deep, JSON_DEPTH_MAX);
	nest(&deeper, JSON_DEPTH_MAX + 1);

	json_t *json = json_read(deep.bytes, deep.length, &fault);

	assert_non_null(json);
	json_decref(json);
	expect_fault((struct slice){deeper.bytes, deeper.length}, "too_deep", JSON_DEPTH_MAX);
	text_done(&deep);
	text_done(&deeper);
}

static void brackets_in_strings_are_not_depth(void **state)
{
	(void)state;
	struct json_fault fault = {0};
	const char *text = "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"]";
	json_t *json = json_read(text, strlen(text), &fault);
	assert_non_null(json);
	json_decref(json);
}

static int order_of(const char *left, const char *right)
{
	struct json_fault fault = {0};
	json_t *first = json_read(left, strlen(left), &fault);
	json_t *second = json_read(right, strlen(right), &fault);
	assert_non_null(first);
	assert_non_null(second);
	int order = json_order(first, second);
	int reverse = json_order(second, first);
	assert_int_equal((order > 0) - (order < 0), (reverse < 0) - (reverse > 0));
	json_decref(first);
	json_decref(second);
	return order;
}

static void numbers_are_equal_by_value(void **state)
{
	(void)state;
	assert_int_equal(order_of("1", "1.0"), 0);
	assert_int_equal(order_of("0", "-0.0"), 0);
	assert_int_equal(order_of("9007199254740992", "9007199254740992.0"), 0);
	assert_true(order_of("9007199254740993", "9007199254740992.0") > 0);
	assert_true(order_of("9223372036854775807", "9223372036854775808.0") < 0);
	assert_true(order_of("-9223372036854775808", "-1e19") > 0);
	assert_true(order_of("-1", "-1.5") > 0);
	assert_true(order_of("1", "1.5") < 0);
	assert_true(order_of("1", "true") != 0);
	assert_true(order_of("0", "false") != 0);
}

static void objects_are_equal_in_any_order_of_members(void **state)
{
	(void)state;
	assert_int_equal(order_of("{\"a\": 1, \"b\": [2]}", "{\"b\": [2.0], \"a\": 1.0}"), 0);
	assert_true(order_of("{\"a\": 1}", "{\"a\": 2}") < 0);
	assert_true(order_of("{\"a\": 1}", "{\"b\": 1}") != 0);
	assert_true(order_of("{\"b\": 1, \"c\": 1}", "{\"a\": 1, \"b\": 2}") != 0);
	assert_true(order_of("[1, 2]", "[2, 1]") < 0);
	assert_true(order_of("\"a\"", "\"b\"") < 0);
	assert_true(order_of("{}", "[]") != 0);
}

static void the_order_of_objects_is_transitive(void **state)
{
	(void)state;
	static const char *const objects[] = {"{\"a\": 1, \"b\": 1}", "{\"a\": 1, \"c\": 1}",
		"{\"b\": 1, \"c\": 1}", "{\"a\": 2, \"b\": 1}", "{\"a\": 1, \"b\": 2}",
		"{\"b\": 0, \"a\": 1}"};
	const size_t count = sizeof objects / sizeof *objects;
	for (size_t i = 0; i < count * count * count; i++) {
		const char *first = objects[i % count];
		const char *second = objects[i / count % count];
		const char *third = objects[i / count / count];
		if (order_of(first, second) < 0 && order_of(second, third) < 0)
			assert_true(order_of(first, third) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_value_may_stand_at_the_top),
		cmocka_unit_test(what_is_no_json_is_refused_with_its_place),
		cmocka_unit_test(the_detail_names_line_and_column),
		cmocka_unit_test(trailing_bytes_are_refused),
		cmocka_unit_test(a_member_stands_once),
		cmocka_unit_test(text_must_be_utf8_without_surrogates_and_nul),
		cmocka_unit_test(numbers_must_be_in_range),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(brackets_in_strings_are_not_depth),
		cmocka_unit_test(numbers_are_equal_by_value),
		cmocka_unit_test(objects_are_equal_in_any_order_of_members),
		cmocka_unit_test(the_order_of_objects_is_transitive),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
