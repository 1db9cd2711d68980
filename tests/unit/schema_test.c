#include "schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "json.h"
#include "pattern.h"

/* A schema of its own document, and the last faults that it found. */
struct fixture {
	json_t *document;
	struct schema_set *set;
	const struct schema *schema;
	struct text error;
	struct arena arena;
	struct fault_list faults;
	struct text lines;
};

/* Reads JSON that is written with apostrophes, which a C string need not escape. */
static json_t *json_of(const char *text)
{
	struct text quoted;
	json_error_t error;
	text_init(&quoted);
	for (; *text != '\0'; text++)
		text_append_char(&quoted, *text == '\'' ? '"' : *text);
	json_t *json = json_loads(quoted.bytes, JSON_DECODE_ANY, &error);
	if (json == NULL)
		fail_msg("%s in %s", error.text, quoted.bytes);
	text_done(&quoted);
	return json;
}

static void begin_with(struct fixture *fixture, json_t *document)
{
	*fixture = (struct fixture){.document = document, .set = schema_set_new(document)};
	text_init(&fixture->error);
	text_init(&fixture->lines);
	text_append(&fixture->error, "", 0);
	arena_init(&fixture->arena);
	fixture->schema = schema_compile(fixture->set, document, "#", &fixture->error);
}

static void begin(struct fixture *fixture, const char *schema)
{
	begin_with(fixture, json_of(schema));
	if (fixture->schema == NULL)
		fail_msg("%s", fixture->error.bytes);
}

static void end(struct fixture *fixture)
{
	schema_set_free(fixture->set);
	json_decref(fixture->document);
	arena_done(&fixture->arena);
	text_done(&fixture->error);
	text_done(&fixture->lines);
}

/* Returns the faults as lines "pointer code: detail". */
static const char *write_faults(struct fixture *fixture)
{
	text_clear(&fixture->lines);
	text_append(&fixture->lines, "", 0);
	for (size_t i = 0; i < fixture->faults.count; i++) {
		const struct fault *fault = &fixture->faults.items[i];
		text_append_printf(&fixture->lines, "%s%s %s: %s", i > 0 ? "\n" : "",
			fault->pointer, fault->code, fault->detail);
	}
	return fixture->lines.bytes;
}

static const char *check_as(struct fixture *fixture, const char *value, enum schema_mode mode)
{
	json_t *json = json_of(value);
	fixture->faults = (struct fault_list){.arena = &fixture->arena};
	schema_check(fixture->schema, json, mode, &fixture->faults);
	json_decref(json);
	return write_faults(fixture);
}

static const char *check_text(struct fixture *fixture, struct slice value)
{
	fixture->faults = (struct fault_list){.arena = &fixture->arena};
	schema_check_text(fixture->schema, value, "?value", &fixture->faults);
	return write_faults(fixture);
}

/* One schema, one value, the faults that are expected. */
static void expect_as(
	const char *schema, const char *value, enum schema_mode mode, const char *faults)
{
	struct fixture fixture;
	begin(&fixture, schema);
	assert_string_equal(check_as(&fixture, value, mode), faults);
	end(&fixture);
}

static void expect(const char *schema, const char *value, const char *faults)
{
	expect_as(schema, value, SCHEMA_WHOLE, faults);
}

static void expect_text(const char *schema, const char *value, const char *faults)
{
	struct fixture fixture;
	begin(&fixture, schema);
	assert_string_equal(check_text(&fixture, slice_of(value)), faults);
	end(&fixture);
}

static void expect_refusal(const char *schema, const char *error)
{
	struct fixture fixture;
	begin_with(&fixture, json_of(schema));
	assert_null(fixture.schema);
	assert_string_equal(fixture.error.bytes, error);
	end(&fixture);
}

/* The official suite */

#define SUITE TEST_DATA "/json-schema-test-suite/tests/draft2020-12/"

static const char *const suite_files[] = {"additionalProperties", "allOf", "anchor", "anyOf",
	"boolean_schema", "const", "contains", "content", "default", "defs", "dependentRequired",
	"dependentSchemas", "dynamicRef", "enum", "exclusiveMaximum", "exclusiveMinimum", "format",
	"if-then-else", "infinite-loop-detection", "items", "maxContains", "maxItems", "maxLength",
	"maxProperties", "maximum", "minContains", "minItems", "minLength", "minProperties",
	"minimum", "multipleOf", "not", "oneOf", "pattern", "patternProperties", "prefixItems",
	"properties", "propertyNames", "ref", "refRemote", "required", "type", "unevaluatedItems",
	"unevaluatedProperties", "uniqueItems", "vocabulary", "optional/ecmascript-regex",
	"optional/format/date", "optional/format/date-time", "optional/format/uuid"};

/* What of JSON Schema is not claimed. Written down once more, so that the test does not believe the
 * compiler which keywords those are. */
static const char *const unclaimed[] = {"$anchor", "$dynamicAnchor", "$dynamicRef", "$id",
	"$recursiveAnchor", "$recursiveRef", "$vocabulary", "additionalItems", "contains",
	"contentEncoding", "contentMediaType", "contentSchema", "definitions", "dependencies",
	"dependentSchemas", "maxContains", "minContains", "multipleOf", "unevaluatedItems",
	"unevaluatedProperties"};

static bool is_among(const char *string, const char *const *strings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(string, strings[i]) == 0)
			return true;
	}
	return false;
}

/* True when a schema's member is one that must be refused, whatever is below it. */
static bool is_unclaimed(const char *keyword, const json_t *value)
{
	static const char *const formats[] = {"date", "date-time", "uuid"};
	const char *string = json_string_value(value);
	if (is_among(keyword, unclaimed, sizeof unclaimed / sizeof *unclaimed))
		return true;
	if (string == NULL)
		return false;
	if (strcmp(keyword, "$ref") == 0)
		return strcmp(string, "#") != 0 && strncmp(string, "#/", 2) != 0;
	if (strcmp(keyword, "$schema") == 0)
		return strcmp(string, "https://json-schema.org/draft/2020-12/schema") != 0;
	return strcmp(keyword, "format") == 0 && !is_among(string, formats, 3);
}

static bool uses_unclaimed(const json_t *json)
{
	const char *name = NULL;
	json_t *member = NULL;
	json_object_foreach (json_walkable(json), name, member) {
		bool holds_data = strcmp(name, "enum") == 0 || strcmp(name, "const") == 0;
		if (is_unclaimed(name, member) || (!holds_data && uses_unclaimed(member)))
			return true;
	}
	for (size_t i = 0; i < json_array_size(json); i++) {
		if (uses_unclaimed(json_array_get(json, i)))
			return true;
	}
	return false;
}

struct tally {
	const char *file;
	const char *group;
	size_t groups_run, groups_refused, tests_run;
};

/* format.json says what a validator does by default: annotate. Ours asserts the formats that it
 * knows, as the specification allows, so what is "only an annotation" there is invalid here. */
static bool is_expected(const struct tally *tally, const json_t *test)
{
	const char *description = json_string_value(json_object_get(test, "description"));
	if (strcmp(tally->file, "format") == 0 && strstr(description, "only an annotation") != NULL)
		return false;
	return json_is_true(json_object_get(test, "valid"));
}

static void run_cases(struct fixture *fixture, const json_t *tests, struct tally *tally)
{
	for (size_t i = 0; i < json_array_size(tests); i++) {
		const json_t *test = json_array_get(tests, i);
		fixture->faults = (struct fault_list){.arena = &fixture->arena};
		schema_check(fixture->schema, json_object_get(test, "data"), SCHEMA_WHOLE,
			&fixture->faults);
		tally->tests_run++;
		if ((fixture->faults.count == 0) != is_expected(tally, test))
			fail_msg("%s: %s: %s: %s", tally->file, tally->group,
				json_string_value(json_object_get(test, "description")),
				write_faults(fixture));
	}
}

static void run_group(const json_t *group, struct tally *tally)
{
	struct fixture fixture;
	tally->group = json_string_value(json_object_get(group, "description"));
	begin_with(&fixture, json_incref(json_object_get(group, "schema")));
	bool is_refused = fixture.schema == NULL;
	if (is_refused != uses_unclaimed(fixture.document))
		fail_msg("%s: %s: %s", tally->file, tally->group,
			is_refused ? fixture.error.bytes : "should have been refused");
	if (is_refused)
		tally->groups_refused++;
	else
		tally->groups_run++;
	if (!is_refused)
		run_cases(&fixture, json_object_get(group, "tests"), tally);
	end(&fixture);
}

static void the_official_suite_passes_or_is_refused(void **state)
{
	(void)state;
	struct tally tally = {0};
	for (size_t i = 0; i < sizeof suite_files / sizeof *suite_files; i++) {
		char path[512];
		snprintf(path, sizeof path, SUITE "%s.json", suite_files[i]);
		/* the suite has U+0000 in schemas and values */
		json_t *groups = json_load_file(path, JSON_ALLOW_NUL, NULL);
		assert_non_null(groups);
		tally.file = suite_files[i];
		for (size_t k = 0; k < json_array_size(groups); k++)
			run_group(json_array_get(groups, k), &tally);
		json_decref(groups);
	}
	print_message("%zu groups run with %zu tests, %zu groups refused\n", tally.groups_run,
		tally.tests_run, tally.groups_refused);
	assert_true(tally.groups_run >= 212);
	assert_true(tally.tests_run >= 932);
	assert_true(tally.groups_refused >= 194);
}

/* Faults */

static void a_value_of_another_type_is_told_so(void **state)
{
	(void)state;
	expect("{'type': 'string'}", "12.5",
		" type: the value must be a string, not a number with a fraction");
	expect("{'type': ['integer', 'null']}", "true",
		" type: the value must be an integer or null, not true or false");
	expect("{'type': 'number'}", "'1'", " type: the value must be a number, not a string");
	expect("{'type': ['string', 'array', 'object']}", "null",
		" type: the value must be a string, an array or an object, not null");
}

static void every_fault_has_its_code_and_a_sentence(void **state)
{
	(void)state;
	expect("{'enum': ['prospect', 'active', 3, null]}", "'gone'",
		" enum: the value must be one of prospect, active, 3, null");
	expect("{'const': {'a': 1}}", "{}", " const: the value must be {\"a\":1}");
	expect("{'pattern': '^[A-Z]{2}$'}", "'usa'",
		" pattern: the value must be a string that matches ^[A-Z]{2}$");
	expect("{'minLength': 1}", "''", " too_short: the value must not be empty");
	expect("{'minLength': 3}", "'ab'", " too_short: the value must have at least 3 characters");
	expect("{'maxLength': 1}", "'ab'", " too_long: the value must have at most 1 character");
	expect("{'minItems': 1}", "[]", " too_few: the value must have at least 1 item");
	expect("{'maxItems': 1}", "[1, 2]", " too_many: the value must have at most 1 item");
	expect("{'minProperties': 1}", "{}", " too_few: the value must have at least 1 member");
	expect("{'maxProperties': 0}", "{'a': 1}",
		" too_many: the value must have at most 0 members");
	expect("{'minimum': 0}", "-1", " too_small: the value must be at least 0");
	expect("{'exclusiveMinimum': 0}", "0", " too_small: the value must be more than 0");
	expect("{'maximum': 1.5}", "2", " too_large: the value must be at most 1.5");
	expect("{'exclusiveMaximum': 2}", "2", " too_large: the value must be less than 2");
	expect("{'type': 'integer'}", "1e30", " too_large: the value is out of range");
	expect("{'not': {'type': 'null'}}", "null",
		" not_allowed: the value has a form that is not allowed");
	expect("{'properties': {'a': false}}", "{'a': 1}", "/a not_allowed: a is not allowed");
	expect("{'format': 'date'}", "'2023-02-29'",
		" format: the value must be a date such as 2024-02-29");
}

static void all_faults_come_at_once_with_their_pointers(void **state)
{
	(void)state;
	expect("{'required': ['code', 'a/b'], 'additionalProperties': false, 'properties': {"
	       "'code': {}, 'amount': {'type': 'string'}, 'm~n': {'maxLength': 1},"
	       "'lines': {'items': {'properties': {'sku': {'minLength': 1}}}}}}",
		"{'amount': 5, 'm~n': 'ab', 'lines': [{'sku': 'x'}, {'sku': ''}, 3], 'ammount': 1}",
		"/amount type: amount must be a string, not an integer\n"
		"/m~0n too_long: m~n must have at most 1 character\n"
		"/lines/1/sku too_short: sku must not be empty\n"
		"/ammount unknown_member: ammount is not a member here; did you mean amount?\n"
		"/code required: code is required\n"
		"/a~1b required: a/b is required");
}

static void an_item_is_called_by_its_array(void **state)
{
	(void)state;
	expect("{'properties': {'tags': {'items': {'items': {'type': 'string'}}}}}",
		"{'tags': [[], ['a', 2]]}",
		"/tags/1/1 type: tags[1][1] must be a string, not an integer");
	expect("{'uniqueItems': true}", "['a', 'b', 1, 'c', 1.0, 'b']",
		"/4 not_unique: the value[4] repeats an earlier item");
}

static void a_member_name_is_judged_at_its_member(void **state)
{
	(void)state;
	expect("{'propertyNames': {'pattern': '^[a-z]+$'}}", "{'a': 1, 'B2': 2}",
		"/B2 pattern: the name B2 must be a string that matches ^[a-z]+$");
}

static void an_unknown_member_is_suggested_a_name_only_if_one_is_near(void **state)
{
	(void)state;
	const char *schema = "{'additionalProperties': false,"
			     " 'properties': {'partner_code': {}, 'sku': {}}}";
	expect(schema, "{'partnercode': 1}",
		"/partnercode unknown_member: partnercode is not a member here; "
		"did you mean partner_code?");
	expect(schema, "{'id': 1}", "/id unknown_member: id is not a member here");
}

static void any_of_required_names_the_alternatives(void **state)
{
	(void)state;
	const char *schema = "{'anyOf': [{'required': ['partner_id']},"
			     " {'required': ['partner_code']}, {'required': ['a', 'b']}]}";
	expect(schema, "{'a': 1}",
		"/partner_id required: partner_id, partner_code or a and b is required");
	expect(schema, "{'a': 1, 'b': 2}", "");
	expect_as(schema, "{}", SCHEMA_PATCH, "");
}

static void one_of_required_allows_only_one(void **state)
{
	(void)state;
	const char *schema = "{'oneOf': [{'required': ['unit_price']}, {'required': ['amount']}]}";
	expect(schema, "{}", "/unit_price required: unit_price or amount is required");
	expect(schema, "{'unit_price': 1, 'amount': 2}",
		"/unit_price one_of: only one of unit_price or amount may be given");
	expect_as(schema, "{}", SCHEMA_PATCH, "");
	expect_as(schema, "{'unit_price': 1, 'amount': 2}", SCHEMA_PATCH,
		"/unit_price one_of: only one of unit_price or amount may be given");
}

static void the_branch_that_came_closest_is_reported(void **state)
{
	(void)state;
	const char *nullable = "{'anyOf': [{'type': 'string', 'maxLength': 2}, {'type': 'null'}]}";
	const char *tagged =
		"{'oneOf': [{'properties': {'kind': {'const': 'a'}, 'x': {'maximum': 1},"
		" 'y': {'maximum': 1}}}, {'properties': {'kind': {'const': 'b'}}}]}";
	expect(nullable, "'abc'", " too_long: the value must have at most 2 characters");
	expect(nullable, "5", " type: the value must be a string or null, not an integer");
	expect(tagged, "{'kind': 'a', 'x': 2, 'y': 3}",
		"/x too_large: x must be at most 1\n/y too_large: y must be at most 1");
	expect(tagged, "{'kind': 'c'}", " one_of: the value fits none of its 2 alternatives");
	expect("{'anyOf': [{'minimum': 5}, {'maximum': 3}]}", "4",
		" any_of: the value fits none of its 2 alternatives");
	expect("{'oneOf': [{'minimum': 3}, {'maximum': 5}]}", "4",
		" one_of: the value must fit only one of its 2 alternatives, not 2");
}

static void a_member_may_require_or_exclude_another(void **state)
{
	(void)state;
	expect("{'dependentRequired': {'cost': ['cost_currency']}}", "{'cost': 1}",
		"/cost_currency required: cost_currency is required with cost");
	expect("{'not': {'required': ['a', 'b']}}", "{'a': 1, 'b': 2}",
		"/a not_allowed: a and b must not be given together");
	expect("{'if': {'properties': {'role': {'const': 'partner'}}},"
	       " 'then': {'required': ['partner_id']}}",
		"{'role': 'partner'}", "/partner_id required: partner_id is required");
}

static void what_a_client_sends_does_not_swell_the_answer(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, "{'additionalProperties': {'maxProperties': 0}}");
	char name[3000] = "";
	memset(name, '/', sizeof name - 1);
	json_t *value = json_pack("{s: {s: i}}", name, "a", 1);
	fixture.faults = (struct fault_list){.arena = &fixture.arena};

	schema_check(fixture.schema, value, SCHEMA_WHOLE, &fixture.faults);

	assert_int_equal(fixture.faults.count, 1);
	assert_string_equal(fixture.faults.items[0].pointer, "");
	assert_true(strlen(fixture.faults.items[0].detail) < 200);
	json_decref(value);
	end(&fixture);
}

static void after_many_faults_the_rest_is_not_looked_at(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, "{'items': {'anyOf': [{'type': 'string'}, {'type': 'null'}]}}");
	json_t *value = json_array();
	for (int i = 0; i < 1000; i++)
		json_array_append_new(value, json_integer(i));
	fixture.faults = (struct fault_list){.arena = &fixture.arena};

	schema_check(fixture.schema, value, SCHEMA_WHOLE, &fixture.faults);

	assert_int_equal(fixture.faults.count, FAULTS_MAX);
	assert_true(fixture.faults.is_cut);
	json_decref(value);
	end(&fixture);
}

/* Values */

static void a_hundred_thousand_items_are_compared_in_no_time(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, "{'uniqueItems': true}");
	json_t *value = json_array();
	for (int i = 0; i < 100000; i++)
		json_array_append_new(value, json_pack("{s: i}", "n", i));
	fixture.faults = (struct fault_list){.arena = &fixture.arena};

	schema_check(fixture.schema, value, SCHEMA_WHOLE, &fixture.faults);
	assert_int_equal(fixture.faults.count, 0);

	json_array_append_new(value, json_pack("{s: f}", "n", 77.0));
	schema_check(fixture.schema, value, SCHEMA_WHOLE, &fixture.faults);
	assert_string_equal(fixture.faults.items[0].pointer, "/100000");
	json_decref(value);
	end(&fixture);
}

static void no_value_makes_a_pattern_run_away(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, "{'pattern': '^(a+)+$'}");
	char value[PATTERN_SUBJECT_MAX + 2] = "";
	memset(value, 'a', PATTERN_SUBJECT_MAX + 1);

	assert_string_equal(check_text(&fixture, slice_of(value)),
		"?value too_long: value must have at most 8192 bytes");

	value[40] = 'b';
	value[41] = '\0';
	assert_string_equal(check_text(&fixture, slice_of(value)),
		"?value pattern: value is too costly to match against ^(a+)+$");
	end(&fixture);
}

static void lengths_count_characters(void **state)
{
	(void)state;
	expect("{'maxLength': 2, 'minLength': 2}", "'渠道'", "");
	expect("{'maxLength': 1}", "'渠道'", " too_long: the value must have at most 1 character");
	expect("{'minLength': 2}", "'😀'", " too_short: the value must have at least 2 characters");
}

static void white_space_of_every_script_is_blank(void **state)
{
	(void)state;
	const char *schema = "{'pattern': '^[^\\\\s](.*[^\\\\s])?$'}";
	expect(schema, "'渠 道'", "");
	expect(schema, "'渠道\\u3000'",
		" pattern: the value must be a string that matches ^[^\\s](.*[^\\s])?$");
}

/* Modes */

static const char account[] =
	"{'type': 'object', 'additionalProperties': false, 'required': ['code', 'address'],"
	" 'minProperties': 2, 'properties': {'id': {'$ref': '#/$defs/id'},"
	" 'code': {'type': 'string'}, 'note': {'type': 'string'},"
	" 'address': {'type': 'object', 'required': ['city'],"
	" 'properties': {'city': {'type': 'string'}, 'zip': {'type': 'string'}}},"
	" 'lines': {'items': {'required': ['sku']}}},"
	" '$defs': {'id': {'allOf': [{'type': 'string', 'readOnly': true}]}}}";

static void read_only_members_are_refused_unless_they_are_ours(void **state)
{
	(void)state;
	const char *value = "{'id': 'x', 'code': 'a', 'address': {'city': 'Ulm'}}";
	expect_as(account, value, SCHEMA_WHOLE, "/id read_only: id is set by the server");
	expect_as(account, "{'id': null}", SCHEMA_PATCH, "/id read_only: id is set by the server");
	expect_as(account, value, SCHEMA_ANSWER, "");
}

static void what_the_server_sets_is_required_of_the_server_only(void **state)
{
	(void)state;
	const char *schema = "{'required': ['id'], 'properties': {'id': {'readOnly': true}}}";
	expect_as(schema, "{}", SCHEMA_WHOLE, "");
	expect_as(schema, "{'id': null}", SCHEMA_PATCH, "/id read_only: id is set by the server");
	expect_as(schema, "{}", SCHEMA_ANSWER, "/id required: id is required");
}

static void a_patch_requires_nothing_and_removes_what_is_not_required(void **state)
{
	(void)state;
	expect_as(account, "{}", SCHEMA_PATCH, "");
	expect_as(account, "{'note': null, 'address': {'zip': null}}", SCHEMA_PATCH, "");
	expect_as(account, "{'code': null, 'address': {'city': null}}", SCHEMA_PATCH,
		"/address/city required: city is required and cannot be removed\n"
		"/code required: code is required and cannot be removed");
	expect_as(account, "{'code': 5, 'other': null}", SCHEMA_PATCH,
		"/code type: code must be a string, not an integer\n"
		"/other unknown_member: other is not a member here");
}

static void arrays_in_a_patch_are_whole(void **state)
{
	(void)state;
	expect_as(
		account, "{'lines': [{}]}", SCHEMA_PATCH, "/lines/0/sku required: sku is required");
}

static void a_patch_is_not_held_against_what_may_already_be_there(void **state)
{
	(void)state;
	expect_as("{'dependentRequired': {'a': ['b']}}", "{'a': 1}", SCHEMA_PATCH, "");
	expect_as("{'not': {'required': ['a', 'b']}}", "{'a': 1}", SCHEMA_PATCH, "");
	expect_as("{'not': {'required': ['a', 'b']}}", "{'a': 1, 'b': null}", SCHEMA_PATCH, "");
	expect_as("{'not': {'required': ['a', 'b']}}", "{'a': 1, 'b': 2}", SCHEMA_PATCH,
		"/a not_allowed: a and b must not be given together");
	expect_as("{'if': {'required': ['a']}, 'then': {'properties': {'b': {'minimum': 1}}},"
		  " 'else': false}",
		"{'b': 0}", SCHEMA_PATCH, "");
	expect_as("{'if': {'required': ['a']}, 'then': {'properties': {'b': {'minimum': 1}}}}",
		"{'a': 1, 'b': 0}", SCHEMA_PATCH, "/b too_small: b must be at least 1");
}

/* Text */

static void text_is_judged_as_what_the_schema_wants(void **state)
{
	(void)state;
	expect_text("{'type': 'integer', 'minimum': -5}", "-5", "");
	expect_text("{'type': 'integer', 'maximum': 200}", "201",
		"?value too_large: value must be at most 200");
	expect_text("{'type': 'number', 'minimum': 0}", "-1.5e3",
		"?value too_small: value must be at least 0");
	expect_text("{'type': 'boolean'}", "true", "");
	expect_text("{'type': 'boolean'}", "yes", "?value type: value must be true or false");
	expect_text("{'type': 'string', 'maxLength': 2}", "123",
		"?value too_long: value must have at most 2 characters");
	expect_text("{'enum': [1, 'a', true]}", "1", "");
	expect_text("{'enum': [1, 'a', true]}", "a", "");
	expect_text("{'const': false}", "false", "");
	expect_text("{'type': ['integer', 'null']}", "null", "");
	expect_text("{'type': ['string', 'null'], 'maxLength': 3}", "null",
		"?value too_long: value must have at most 3 characters");
	expect_text("{'$ref': '#/$defs/a', '$defs': {'a': {'type': 'integer'}}}", "x",
		"?value type: value must be an integer");
	expect_text("{'anyOf': [{'type': 'integer'}, {'type': 'string', 'format': 'uuid'}]}", "x",
		"?value format: value must be a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91");
}

static void only_the_json_form_of_a_number_is_one(void **state)
{
	(void)state;
	static const char *const others[] = {
		"", "-", "+1", "007", "1.", ".5", "1e", " 1", "1 ", "0x10", "1,5", "NaN", "1e5x"};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		expect_text("{'type': 'number'}", others[i], "?value type: value must be a number");
	expect_text("{'type': 'number'}", "0.5E+10", "");
	expect_text("{'type': 'integer'}", "2.0", "?value type: value must be an integer");
	expect_text("{'type': 'integer'}", "9223372036854775807", "");
	expect_text("{'type': 'integer'}", "-9223372036854775808", "");
	expect_text("{'type': 'integer'}", "9223372036854775808",
		"?value too_large: value is out of range");
	expect_text("{'maximum': 9223372036854775806, 'type': 'integer'}", "9223372036854775807",
		"?value too_large: value must be at most 9223372036854775806");
}

static void containers_as_text_are_json(void **state)
{
	(void)state;
	const char *schema = "{'type': 'array', 'items': {'type': 'integer'}}";
	expect_text(schema, "[1, 2]", "");
	expect_text(schema, "[1, true]",
		"?value/1 type: value[1] must be an integer, not true or false");
	expect_text(schema, "[1,,]",
		"?value type: value must be JSON; line 1, column 4: unexpected token near ','");
	expect_text(schema, "1", "?value type: value must be an array");
	expect_text("{'type': 'string'}", "[1", "");
}

static void text_that_is_no_utf8_is_refused(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, "{'type': 'string', 'pattern': 'a'}");

	assert_string_equal(check_text(&fixture, SLICE("a\xff")),
		"?value invalid_utf8: value must be UTF-8 without U+0000");
	assert_string_equal(check_text(&fixture, SLICE("a\0b")),
		"?value invalid_utf8: value must be UTF-8 without U+0000");
	assert_string_equal(check_text(&fixture, (struct slice){0}),
		"?value pattern: value must be a string that matches a");
	end(&fixture);
}

/* Compiling */

static void what_is_not_claimed_is_refused(void **state)
{
	(void)state;
	expect_refusal("{'properties': {'a/b': {'contains': {}}}}",
		"#/properties/a~1b: the keyword \"contains\" is not supported");
	expect_refusal("{'$defs': {'unused': {'multipleOf': 2}}}",
		"#/$defs/unused: the keyword \"multipleOf\" is not supported");
	expect_refusal("{'format': 'email'}", "#: format \"email\" is not supported");
	expect_refusal("{'type': 'decimal'}", "#: an unknown type");
	expect_refusal("{'type': []}", "#: an unknown type");
	expect_refusal("{'minLength': -1}", "#: minLength must be a count");
	expect_refusal("{'minimum': '1'}", "#: minimum must be a number");
	expect_refusal("{'readOnly': 1}", "#: readOnly must be true or false");
	expect_refusal("{'required': 'a'}", "#: required must be a list of names");
	expect_refusal("{'allOf': []}", "#: allOf must be a list of schemas");
	expect_refusal("{'items': [1]}", "#/items: a schema must be an object or a boolean");
	expect_refusal("{'pattern': '['}",
		"#: the pattern is invalid: missing terminating ] for character class");
	expect_refusal("{'pattern': '[\\\\S]'}", "#: the pattern has \\S within a class");
	expect_refusal(
		"{'$ref': 'other.json'}", "#: $ref must be a JSON pointer into this document");
	expect_refusal("{'$ref': '#/$defs/a'}", "#: nothing is at #/$defs/a");
}

static void a_schema_that_never_ends_is_refused(void **state)
{
	(void)state;
	expect_refusal("{'$ref': '#'}", "#: the schema refers to itself without end");
	expect_refusal("{'$defs': {'a': {'anyOf': [{'not': {'$ref': '#/$defs/b'}}]},"
		       " 'b': {'if': {'$ref': '#/$defs/a'}}}}",
		"#/$defs/a: the schema refers to itself without end");
	expect("{'properties': {'child': {'$ref': '#'}}, 'maxProperties': 1}",
		"{'child': {'child': {'a': 1, 'b': 2}}}",
		"/child/child too_many: child must have at most 1 member");
}

static void a_schema_that_doubles_at_every_step_is_refused(void **state)
{
	(void)state;
	struct text schema;
	text_init(&schema);
	text_append_string(&schema, "{'$ref': '#/$defs/0', '$defs': {'20': {}");
	for (int i = 0; i < 20; i++)
		text_append_printf(&schema,
			", '%d': {'allOf': [{'$ref': '#/$defs/%d'},"
			" {'$ref': '#/$defs/%d'}]}",
			i, i + 1, i + 1);
	text_append_string(&schema, "}}");

	expect_refusal(schema.bytes, "#/$defs/9: a value meets more than 4096 schemas here");

	text_done(&schema);
}

static void a_set_that_refused_one_schema_refuses_all(void **state)
{
	(void)state;
	struct fixture fixture;
	begin_with(&fixture, json_of("{'$defs': {'a': {'contains': {}}, 'b': {}}}"));

	const json_t *other = json_object_get(json_object_get(fixture.document, "$defs"), "b");
	text_clear(&fixture.error);

	assert_null(schema_compile(fixture.set, other, "#/$defs/b", &fixture.error));
	assert_string_equal(fixture.error.bytes,
		"#/$defs/b: another schema of the document was refused before");
	end(&fixture);
}

/* Asking */

static const char order[] =
	"{'allOf': [{'$ref': '#/$defs/base'}, {'required': ['total'],"
	" 'properties': {'note': {'type': 'boolean'}}}],"
	" 'properties': {'total': {'$ref': '#/$defs/money', 'x-currency': 'currency'},"
	" 'note': {'type': ['string', 'null']}},"
	" '$defs': {'base': {'type': 'object', 'properties':"
	" {'id': {'type': 'string', 'readOnly': true}, 'version': {'type': 'integer'}}},"
	" 'money': {'type': 'string', 'description': 'Money'}}}";

static void write_member(void *ctx, const char *name, const struct schema *schema, bool is_required)
{
	assert_non_null(schema);
	text_append_printf(ctx, "%s%s ", name, is_required ? "*" : "");
}

static void members_are_found_through_references(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, order);

	schema_each_member(fixture.schema, write_member, &fixture.lines);

	assert_string_equal(fixture.lines.bytes, "id version total* note ");
	assert_non_null(schema_member(fixture.schema, "version"));
	assert_null(schema_member(fixture.schema, "versio"));
	assert_true(schema_allows_type(schema_member(fixture.schema, "note"), "null"));
	end(&fixture);
}

static void a_schema_says_what_it_allows(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, order);

	const struct schema *version = schema_member(fixture.schema, "version");
	const struct schema *total = schema_member(fixture.schema, "total");

	assert_true(schema_allows_type(fixture.schema, "object"));
	assert_false(schema_allows_type(fixture.schema, "array"));
	assert_true(schema_allows_type(version, "integer"));
	assert_false(schema_allows_type(version, "number"));
	assert_false(schema_allows_type(version, "nonsense"));
	assert_true(schema_is_read_only(schema_member(fixture.schema, "id")));
	assert_false(schema_is_read_only(total));
	end(&fixture);
}

static void what_stands_beside_a_reference_is_part_of_the_source(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, order);

	const json_t *source = schema_source(schema_member(fixture.schema, "total"));

	assert_string_equal(json_string_value(json_object_get(source, "x-currency")), "currency");
	assert_string_equal(json_string_value(json_object_get(source, "description")), "Money");
	assert_null(json_object_get(source, "$ref"));
	end(&fixture);
}

static void nothing_is_freed_twice(void **state)
{
	(void)state;
	schema_set_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_official_suite_passes_or_is_refused),
		cmocka_unit_test(a_value_of_another_type_is_told_so),
		cmocka_unit_test(every_fault_has_its_code_and_a_sentence),
		cmocka_unit_test(all_faults_come_at_once_with_their_pointers),
		cmocka_unit_test(an_item_is_called_by_its_array),
		cmocka_unit_test(a_member_name_is_judged_at_its_member),
		cmocka_unit_test(an_unknown_member_is_suggested_a_name_only_if_one_is_near),
		cmocka_unit_test(any_of_required_names_the_alternatives),
		cmocka_unit_test(one_of_required_allows_only_one),
		cmocka_unit_test(the_branch_that_came_closest_is_reported),
		cmocka_unit_test(a_member_may_require_or_exclude_another),
		cmocka_unit_test(what_a_client_sends_does_not_swell_the_answer),
		cmocka_unit_test(after_many_faults_the_rest_is_not_looked_at),
		cmocka_unit_test(a_hundred_thousand_items_are_compared_in_no_time),
		cmocka_unit_test(no_value_makes_a_pattern_run_away),
		cmocka_unit_test(lengths_count_characters),
		cmocka_unit_test(white_space_of_every_script_is_blank),
		cmocka_unit_test(read_only_members_are_refused_unless_they_are_ours),
		cmocka_unit_test(what_the_server_sets_is_required_of_the_server_only),
		cmocka_unit_test(a_patch_requires_nothing_and_removes_what_is_not_required),
		cmocka_unit_test(arrays_in_a_patch_are_whole),
		cmocka_unit_test(a_patch_is_not_held_against_what_may_already_be_there),
		cmocka_unit_test(text_is_judged_as_what_the_schema_wants),
		cmocka_unit_test(only_the_json_form_of_a_number_is_one),
		cmocka_unit_test(containers_as_text_are_json),
		cmocka_unit_test(text_that_is_no_utf8_is_refused),
		cmocka_unit_test(what_is_not_claimed_is_refused),
		cmocka_unit_test(a_schema_that_never_ends_is_refused),
		cmocka_unit_test(a_schema_that_doubles_at_every_step_is_refused),
		cmocka_unit_test(a_set_that_refused_one_schema_refuses_all),
		cmocka_unit_test(members_are_found_through_references),
		cmocka_unit_test(a_schema_says_what_it_allows),
		cmocka_unit_test(what_stands_beside_a_reference_is_part_of_the_source),
		cmocka_unit_test(nothing_is_freed_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
