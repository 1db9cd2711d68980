#include "prefer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_preference_is_found_among_others(void **state)
{
	static const char *const headers[] = {
		"respond-async",
		" Respond-Async ",
		"wait=10, respond-async",
		"respond-async, wait=10",
		"return=minimal; foo=\"some, thing\", respond-async",
		"foo=\"a \\\" , b\",respond-async",
		"respond-async; because=\"why not\"",
		"respond-async=\"\"",
		"respond-async =",
		",, respond-async",
	};
	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		assert_true(prefer_has(headers[i], "respond-async"));
}

static void what_is_another_or_none_is_passed_over(void **state)
{
	static const char *const headers[] = {
		NULL,
		"",
		" ",
		",",
		"respond-asynchronously",
		"respond",
		"respond-async=no",
		"foo=\"respond-async\"",
		"foo=\"a, respond-async, b\"",
		"foo=\"a \\\", respond-async",
		"wait=10; respond-async",
		"\"",
		"\"\\",
	};
	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		assert_false(prefer_has(headers[i], "respond-async"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_preference_is_found_among_others),
		cmocka_unit_test(what_is_another_or_none_is_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
