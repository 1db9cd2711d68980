#include "language.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fault.h"
#include "json.h"
#include "schema.h"

static const struct translation messages[] = {
	{" or ", "或"},
	{"a string", "字符串"},
	{"is required", "必填"},
	{"must be %s, not %s", "必须是%s，而不是%s"},
	{"must have at most %zu character%s", "最多 %zu 个字符"},
	{"null", "空值"},
};
static const struct language chinese = {"zh-CN", messages, sizeof messages / sizeof *messages};

static void what_is_not_translated_stays_as_it_is(void **state)
{
	(void)state;
	assert_string_equal(language_text(&chinese, "null"), "空值");
	assert_string_equal(language_text(&chinese, " or "), "或");
	assert_string_equal(language_text(&chinese, "an apple"), "an apple");
	assert_string_equal(language_text(NULL, "null"), "null");
}

static void faults_are_told_in_the_language_of_their_list(void **state)
{
	static const struct {
		const char *schema, *value, *detail;
	} cases[] = {
		{"{\"type\":[\"string\",\"null\"]}", "[]",
			"the value 必须是字符串或空值，而不是an array"},
		{"{\"required\":[\"name\"]}", "{}", "name 必填"},
		{"{\"maxLength\":2}", "\"abc\"", "the value 最多 2 个字符"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena;
		struct text error = {0};
		struct json_fault fault = {0};
		arena_init(&arena);
		struct fault_list faults = {.arena = &arena, .language = &chinese};
		json_t *document = json_read(cases[i].schema, strlen(cases[i].schema), &fault);
		json_t *value = json_read(cases[i].value, strlen(cases[i].value), &fault);
		struct schema_set *set = schema_set_new(document);
		const struct schema *schema = schema_compile(set, document, "#", &error);

		schema_check(schema, value, SCHEMA_WHOLE, &faults);

		assert_int_equal(faults.count, 1);
		assert_string_equal(faults.items[0].detail, cases[i].detail);
		schema_set_free(set);
		json_decref(document);
		json_decref(value);
		arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_translated_stays_as_it_is),
		cmocka_unit_test(faults_are_told_in_the_language_of_their_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
