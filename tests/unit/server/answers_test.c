/* The parts of an answer that need neither HTTP nor PostgreSQL: problems, Accept, escapes, JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/problem.h"
#include "postgres/rows.h"
#include "request/answer.h"
#include "request/parameters.h"

static void a_constraint_names_its_problem(void **state)
{
	(void)state;
	assert_ptr_equal(
		problem_of_error("23505", "partner_code_taken", NULL), &problem_partner_code_taken);
	assert_ptr_equal(problem_of_error("23514", "some_check", NULL), &problem_value_refused);
	assert_ptr_equal(problem_of_error("22003", NULL, NULL), &problem_value_refused);
	assert_ptr_equal(
		problem_of_error("42501", NULL, "ExecWithCheckOptions"), &problem_forbidden);
	assert_ptr_equal(problem_of_error("57014", NULL, NULL), &problem_overloaded);
	assert_ptr_equal(problem_of_error("57P01", NULL, NULL), &problem_unavailable);
}

static void what_is_our_fault_has_no_problem(void **state)
{
	(void)state;
	assert_null(problem_of_error("42601", NULL, NULL));
	assert_null(problem_of_error("42501", NULL, "aclcheck_error"));
	assert_null(problem_of_error(NULL, NULL, NULL));
	assert_null(problem_find("no_such_problem"));
}

static void the_accept_header_chooses_by_weight(void **state)
{
	static const struct {
		const char *accept;
		enum answer_format format;
	} cases[] = {
		{NULL, FORMAT_JSON},
		{"*/*", FORMAT_JSON},
		{"text/csv", FORMAT_CSV},
		{"TEXT/CSV; bom=true", FORMAT_CSV},
		{"application/x-ndjson, application/json;q=0.9", FORMAT_NDJSON},
		{"text/csv;q=0.1, application/json", FORMAT_JSON},
		{"text/html, text/csv;q=0.5, */*;q=0.1", FORMAT_CSV},
		{"text/csv;q=0", FORMAT_JSON},
		{"image/png", FORMAT_JSON},
		{"text/event-stream", FORMAT_JSON},
		{"text/event-stream, text/csv;q=0.1", FORMAT_CSV},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(parameters_format(cases[i].accept, false), cases[i].format);
}

static void a_log_can_be_followed(void **state)
{
	(void)state;
	assert_int_equal(parameters_format("text/event-stream", true), FORMAT_EVENT_STREAM);
	assert_int_equal(parameters_format("text/event-stream;q=0.5, */*", true), FORMAT_JSON);
	assert_int_equal(
		parameters_format("text/event-stream, */*;q=0.5", true), FORMAT_EVENT_STREAM);
}

static void escapes_are_decoded_once_and_strictly(void **state)
{
	static const char *const broken[] = {"%", "%4", "%zz", "a%0", "%00", "%ff", "%C0%AF"};
	struct arena arena;
	(void)state;
	arena_init(&arena);

	assert_string_equal(parameters_decode(&arena, SLICE("%E5%8D%8E+%2B"), true), "华 +");
	assert_string_equal(parameters_decode(&arena, SLICE("a+b%2525"), false), "a+b%25");
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		assert_null(parameters_decode(&arena, slice_of(broken[i]), true));

	arena_done(&arena);
}

static void decimals_inside_json_are_strings(void **state)
{
	struct text text = {0};
	(void)state;

	rows_append_nested(
		&text, SLICE("{\"a\": 1, \"b\": [-1.50, 2e3, \"3.5, \\\"4.5\\\"\"], \"c\": null}"));

	assert_string_equal(
		text.bytes, "{\"a\":1,\"b\":[\"-1.50\",\"2e3\",\"3.5, \\\"4.5\\\"\"],\"c\":null}");
	text_done(&text);
}

static void a_deprecated_operation_says_so_in_every_answer(void **state)
{
	const struct contract_operation contract = {
		.deprecation = "@1767225600", .sunset = "Mon, 30 Nov 2026 00:00:00 GMT"};
	const struct operation operation = {.contract = &contract};
	struct request r = {.operation = &operation};
	(void)state;

	answer_deprecation(&r);

	assert_int_equal(r.answer.header_count, 3);
	assert_string_equal(r.answer.headers[0].name, "Deprecation");
	assert_string_equal(r.answer.headers[0].value, "@1767225600");
	assert_string_equal(r.answer.headers[1].name, "Link");
	assert_string_equal(r.answer.headers[2].name, "Sunset");
	assert_string_equal(r.answer.headers[2].value, "Mon, 30 Nov 2026 00:00:00 GMT");
}

static void an_operation_that_is_not_deprecated_says_nothing(void **state)
{
	const struct contract_operation contract = {0};
	const struct operation operation = {.contract = &contract};
	struct request known = {.operation = &operation};
	struct request nowhere = {0};
	(void)state;

	answer_deprecation(&known);
	answer_deprecation(&nowhere);

	assert_int_equal(known.answer.header_count + nowhere.answer.header_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deprecated_operation_says_so_in_every_answer),
		cmocka_unit_test(an_operation_that_is_not_deprecated_says_nothing),
		cmocka_unit_test(a_constraint_names_its_problem),
		cmocka_unit_test(what_is_our_fault_has_no_problem),
		cmocka_unit_test(the_accept_header_chooses_by_weight),
		cmocka_unit_test(a_log_can_be_followed),
		cmocka_unit_test(escapes_are_decoded_once_and_strictly),
		cmocka_unit_test(decimals_inside_json_are_strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
