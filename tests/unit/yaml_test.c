#include "yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_read(const char *source, const char *expected)
{
	struct text error = {0};

	json_t *value = yaml_read(slice_of(source), &error);

	if (value == NULL)
		print_error("%s\n", error.bytes);
	assert_non_null(value);
	char *json = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	assert_string_equal(json, expected);
	free(json);
	json_decref(value);
	text_done(&error);
}

static void assert_refused(const char *source, const char *expected)
{
	struct text error = {0};

	assert_null(yaml_read(slice_of(source), &error));

	assert_string_equal(error.bytes, expected);
	text_done(&error);
}

static void plain_scalars_follow_the_core_schema(void **state)
{
	(void)state;
	assert_read("[null, Null, NULL, ~, ]", "[null,null,null,null]");
	assert_read("a:\nb: ", "{\"a\":null,\"b\":null}");
	assert_read(
		"[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]");
	assert_read("[0, 17, -3, +4, 007, 0o17, 0xFf]", "[0,17,-3,4,7,15,255]");
	assert_read("[9223372036854775807, -9223372036854775808]",
		"[9223372036854775807,-9223372036854775808]");
	assert_read("[1.5, .5, -2., +1e3, 1.5E-1]", "[1.5,0.5,-2.0,1000.0,0.14999999999999999]");
}

static void what_only_looks_like_a_number_is_a_string(void **state)
{
	(void)state;
	assert_read("[3.1.0, 1e, e1, ., -, 1_000, 0x, 0xg, 0o8, -0x1, 2024-01-31, 1 2]",
		"[\"3.1.0\",\"1e\",\"e1\",\".\",\"-\",\"1_000\",\"0x\",\"0xg\",\"0o8\",\"-0x1\","
		"\"2024-01-31\",\"1 2\"]");
	assert_read("[yes, no, on, off, y, nULL, tRUE]",
		"[\"yes\",\"no\",\"on\",\"off\",\"y\",\"nULL\",\"tRUE\"]");
}

static void quoted_scalars_are_strings(void **state)
{
	(void)state;
	assert_read("['1', \"true\", '', \"\", 'it''s', \"a\\n\\u6e20\"]",
		"[\"1\",\"true\",\"\",\"\",\"it's\",\"a\\n\xe6\xb8\xa0\"]");
	assert_read("a: |\n  1\n  2\nb: >-\n  1\n  2\n", "{\"a\":\"1\\n2\\n\",\"b\":\"1 2\"}");
}

static void keys_are_their_text_in_their_order(void **state)
{
	(void)state;
	assert_read("z: 1\n200: 2\n'a': {b: 3}\ntrue: 4\n",
		"{\"z\":1,\"200\":2,\"a\":{\"b\":3},\"true\":4}");
}

static void collections_nest(void **state)
{
	(void)state;
	assert_read("- a\n- - b\n  - {}\n- c:\n  - d\n  e: []\n",
		"[\"a\",[\"b\",{}],{\"c\":[\"d\"],\"e\":[]}]");
}

static void an_alias_repeats_its_anchor(void **state)
{
	(void)state;
	assert_read("a: &x [1, &y 2]\nb: *x\nc: *y\nd: &y {e: 3}\nf: *y\n",
		"{\"a\":[1,2],\"b\":[1,2],\"c\":2,\"d\":{\"e\":3},\"f\":{\"e\":3}}");
	assert_refused("a: *x", "line 1, column 4: the anchor is not known");
}

static void no_value_holds_itself(void **state)
{
	(void)state;
	assert_refused("&x [1, *x]", "line 1, column 8: the anchor is not known");
	assert_refused("&x {a: *x}", "line 1, column 8: the anchor is not known");
}

static void a_duplicate_key_is_refused(void **state)
{
	(void)state;
	assert_refused("a: 1\nb:\n  c: 1\n  c: 2\n", "line 4, column 3: the key is there already");
	assert_refused("a: null\n'a': 2\n", "line 2, column 1: the key is there already");
}

static void tags_are_refused(void **state)
{
	(void)state;
	assert_refused("a: !!str 1", "line 1, column 4: tags are not welcome");
	assert_refused("!x {a: 1}", "line 1, column 1: tags are not welcome");
	assert_refused("!!str a: 1", "line 1, column 1: the key is no scalar without a tag");
}

static void a_key_is_a_scalar(void **state)
{
	(void)state;
	assert_refused("? [a]\n: 1", "line 1, column 3: the key is no scalar without a tag");
	assert_refused(
		"{&a b: 1, *a : 2}", "line 1, column 11: the key is no scalar without a tag");
}

static void what_json_cannot_say_is_refused(void **state)
{
	(void)state;
	assert_refused("- .inf", "line 1, column 3: JSON has no such number");
	assert_refused("- -.INF", "line 1, column 3: JSON has no such number");
	assert_refused("- .NaN", "line 1, column 3: JSON has no such number");
	assert_refused("- 1e999", "line 1, column 3: the number is out of range");
	assert_refused("- 9223372036854775808", "line 1, column 3: the integer is out of range");
	assert_refused("- \"a\\0\"", "line 1, column 3: U+0000 is not welcome");
	assert_refused("\"a\\0\": 1", "line 1, column 1: U+0000 is not welcome");
}

static void there_is_exactly_one_document(void **state)
{
	(void)state;
	assert_read("--- 1\n...\n", "1");
	assert_refused("", "line 1, column 1: there is no document");
	assert_refused("# Nothing.\n", "line 2, column 1: there is no document");
	assert_refused("a: 1\n---\nb: 1\n", "line 2, column 1: there is a second document");
}

static void a_fault_of_the_syntax_has_its_place(void **state)
{
	(void)state;
	assert_refused(
		"a: 1\nb: [1, 2\nc: 3\n", "line 3, column 2: did not find expected ',' or ']'");
	assert_refused("a: 'b", "line 1, column 6: found unexpected end of stream");
	assert_refused("a: \"\xff\"", "line 1, column 1: invalid leading UTF-8 octet");
}

static void depth_is_bounded(void **state)
{
	(void)state;
	char deep[201];
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	deep[200] = '\0';

	assert_read(deep, deep);

	memset(deep, '[', 101);
	assert_refused(deep, "line 1, column 101: this is nested too deeply");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_scalars_follow_the_core_schema),
		cmocka_unit_test(what_only_looks_like_a_number_is_a_string),
		cmocka_unit_test(quoted_scalars_are_strings),
		cmocka_unit_test(keys_are_their_text_in_their_order),
		cmocka_unit_test(collections_nest),
		cmocka_unit_test(an_alias_repeats_its_anchor),
		cmocka_unit_test(no_value_holds_itself),
		cmocka_unit_test(a_duplicate_key_is_refused),
		cmocka_unit_test(tags_are_refused),
		cmocka_unit_test(a_key_is_a_scalar),
		cmocka_unit_test(what_json_cannot_say_is_refused),
		cmocka_unit_test(there_is_exactly_one_document),
		cmocka_unit_test(a_fault_of_the_syntax_has_its_place),
		cmocka_unit_test(depth_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
