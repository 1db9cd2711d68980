#include "trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char uuid[] = "0198c0de-aaaa-7000-8000-00000000002a";

static void a_trace_that_is_named_goes_on(void **state)
{
	static const char *const headers[] = {
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
		"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-is-to-come",
	};
	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		struct trace trace = trace_begin(uuid, headers[i]);

		assert_string_equal(trace.id, "4bf92f3577b34da6a3ce929d0e0e4736");
		assert_string_equal(trace.parent_id, "00f067aa0ba902b7");
		assert_string_equal(trace.span_id, "800000000000002a");
	}
}

static void one_that_is_invalid_begins_anew(void **state)
{
	static const char *const headers[] = {
		NULL,
		"",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-012",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0X",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
		"0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.x",
		"00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
	};
	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		struct trace trace = trace_begin(uuid, headers[i]);

		assert_string_equal(trace.id, "0198c0deaaaa7000800000000000002a");
		assert_string_equal(trace.span_id, "800000000000002a");
		assert_string_equal(trace.parent_id, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trace_that_is_named_goes_on),
		cmocka_unit_test(one_that_is_invalid_begins_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
