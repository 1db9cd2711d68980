/* What the contract may say, and what is refused at build: lib/contract.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract.h"

static const char frame[] =
	"{\"paths\":{\"/v1/things/{id}\":{\"get\":{\"operationId\":\"getThing\",%s}}},"
	"\"components\":{\"parameters\":{\"Id\":{\"name\":\"id\",\"in\":\"path\",\"required\":true,"
	"\"schema\":{\"type\":\"string\",\"format\":\"uuid\"}}}}}";

#define SECURITY "\"security\":[{\"key\":[\"things:read\"]}]"
#define ANSWER                                                                                        \
	"\"responses\":{\"200\":{\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"," \
	"\"properties\":{\"id\":{\"type\":\"string\"}}}}}},\"404\":{}}"

static struct contract *contract_with(const char *operation, struct text *error)
{
	struct text json = {0};
	text_append_printf(&json, frame, operation);
	struct contract *contract = contract_new(slice_of(json.bytes), error);
	text_done(&json);
	return contract;
}

static void an_operation_is_read_with_what_it_refers_to(void **state)
{
	struct text error = {0};
	(void)state;

	struct contract *contract = contract_with(
		"\"parameters\":[{\"$ref\":\"#/components/parameters/Id\"},{\"name\":\"limit\",\"in\":\"query\","
		"\"schema\":{\"type\":\"integer\",\"default\":50}}]," SECURITY "," ANSWER,
		&error);

	assert_non_null(contract);
	const struct contract_operation *operation = &contract->operations[0];
	assert_string_equal(operation->id, "getThing");
	assert_string_equal(operation->method, "GET");
	assert_int_equal(operation->success_status, 200);
	assert_string_equal(operation->scopes[0], "things:read");
	assert_true(contract_parameter(operation, "id")->is_required);
	assert_string_equal(contract_parameter(operation, "limit")->default_value, "50");
	assert_true(contract_has_member(operation, "id"));
	assert_false(contract_has_member(operation, "name"));
	assert_false(operation->is_list);
	contract_free(contract);
}

static void what_the_server_cannot_enforce_is_refused(void **state)
{
	static const struct {
		const char *operation;
		const char *complaint;
	} cases[] = {
		{ANSWER, "no permission"},
		{"\"security\":[]," ANSWER, "public list"},
		{"\"security\":[{\"key\":[]}]," ANSWER, "no permission"},
		{SECURITY, "no 2xx answer"},
		{SECURITY ",\"responses\":{\"200\":{},\"201\":{}}", "more than one 2xx"},
		{SECURITY ",\"responses\":{\"201\":{},\"202\":{}}", "more than one 2xx"},
		{SECURITY "," ANSWER
			  ",\"parameters\":[{\"name\":\"a\",\"in\":\"cookie\",\"schema\":{}}]",
			"path, query or header"},
		{SECURITY
			"," ANSWER
			",\"parameters\":[{\"name\":\"a\",\"in\":\"query\",\"schema\":{\"contains\":{}}}]",
			"contains"},
		{SECURITY "," ANSWER ",\"parameters\":[{\"name\":\"a\",\"in\":\"query\","
			  "\"schema\":{\"type\":\"array\"}}]",
			"explode: false"},
		{SECURITY "," ANSWER ",\"deprecated\":true", "go together"},
		{SECURITY "," ANSWER ",\"x-deprecated-at\":\"2026-01-01\"", "go together"},
		{SECURITY "," ANSWER ",\"x-sunset-at\":\"2026-01-01\"", "go together"},
		{SECURITY "," ANSWER ",\"deprecated\":true,\"x-deprecated-at\":\"soon\"",
			"x-deprecated-at is no day"},
		{SECURITY "," ANSWER ",\"deprecated\":true,\"x-deprecated-at\":\"2026-01-01\","
			  "\"x-sunset-at\":\"2026-02-30\"",
			"x-sunset-at is no day"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text error = {0};

		assert_null(contract_with(cases[i].operation, &error));

		assert_non_null(strstr(error.bytes, cases[i].complaint));
		text_done(&error);
	}
}

static void a_deprecated_operation_says_since_when_and_until_when(void **state)
{
	struct text error = {0};
	(void)state;

	struct contract *contract = contract_with(SECURITY
		"," ANSWER ",\"deprecated\":true,\"x-deprecated-at\":\"2026-01-01\","
		"\"x-sunset-at\":\"2026-11-30\"",
		&error);

	assert_non_null(contract);
	assert_string_equal(contract->operations[0].deprecation, "@1767225600");
	assert_string_equal(contract->operations[0].sunset, "Mon, 30 Nov 2026 00:00:00 GMT");
	contract_free(contract);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_operation_is_read_with_what_it_refers_to),
		cmocka_unit_test(a_deprecated_operation_says_since_when_and_until_when),
		cmocka_unit_test(what_the_server_cannot_enforce_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
