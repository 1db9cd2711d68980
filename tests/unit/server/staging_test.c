/* Rows of a file become lines of COPY: server/imports/staging.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "imports/staging.h"

/* What is read has `version` besides. */
static const char exported_schema[] =
	"{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\",\"readOnly\":true},"
	"\"code\":{\"type\":\"string\"},\"version\":{\"type\":\"integer\",\"readOnly\":true}}}";

static const char rows_schema[] =
	"{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"code\"],\"properties\":{"
	"\"id\":{\"type\":\"string\",\"readOnly\":true},"
	"\"code\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":5},"
	"\"count\":{\"type\":[\"integer\",\"null\"]},"
	"\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
	"\"custom\":{\"type\":\"object\"}}}";

struct fixture {
	json_t *document;
	struct schema_set *schemas;
	struct staging *staging;
	struct text copy;
};

static void begin(struct fixture *f, enum staging_format format, bool keeps_unknown)
{
	struct text error = {0};
	*f = (struct fixture){.document = json_loads(rows_schema, 0, NULL)};
	f->schemas = schema_set_new(f->document);
	const struct schema *rows = schema_compile(f->schemas, f->document, "", &error);
	assert_non_null(rows);
	f->staging = staging_new(rows, format, keeps_unknown);
	assert_non_null(f->staging);
}

static void end(struct fixture *f)
{
	staging_free(f->staging);
	schema_set_free(f->schemas);
	json_decref(f->document);
	text_done(&f->copy);
}

/* Feeds byte by byte, so that every boundary is met. */
static bool feed(struct fixture *f, const char *file)
{
	for (size_t i = 0; file[i] != '\0'; i++)
		if (!staging_feed(f->staging, file + i, 1, &f->copy))
			return false;
	return staging_finish(f->staging, &f->copy);
}

/* The line without its fresh id, which stands between the first two tabs. */
static void assert_line(struct fixture *f, int number, const char *expected)
{
	const char *line = f->copy.bytes;
	for (int i = 0; i < number; i++)
		line = strchr(line, '\n') + 1;
	const char *first = strchr(line, '\t');
	const char *second = strchr(first + 1, '\t');
	size_t length = strcspn(line, "\n");
	struct text shown = {0};
	assert_int_equal(second - first - 1, 36);
	text_append(&shown, line, (size_t)(first - line));
	text_append(&shown, second, length - (size_t)(second - line));
	assert_string_equal(shown.bytes, expected);
	text_done(&shown);
}

static void columns_are_sorted_into_the_members_of_the_contract(void **state)
{
	struct fixture f;
	struct text columns = {0};
	(void)state;
	begin(&f, STAGING_CSV, false);

	assert_true(feed(&f, "count,code\r\n7,A\r\n,B\r\n"));
	staging_append_columns(f.staging, &columns);

	assert_string_equal(
		columns.bytes, "line, new_id, faults, erased, code, count, tags, custom");
	assert_line(&f, 0, "2\t\\N\t\\N\tA\t7\t\\N\t\\N");
	assert_line(&f, 1, "3\t\\N\t\\N\tB\t\\N\t\\N\t\\N");
	text_done(&columns);
	end(&f);
}

static void a_faulty_row_carries_its_faults_and_nothing_else(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, STAGING_CSV, false);

	assert_true(feed(&f, "code,count\nTOOLONG,x\nA,1\nB\n"));

	assert_non_null(strstr(f.copy.bytes, "\"pointer\":\"/code\",\"code\":\"too_long\""));
	assert_non_null(strstr(f.copy.bytes, "\"pointer\":\"/count\",\"code\":\"type\""));
	assert_line(&f, 1, "3\t\\N\t\\N\tA\t1\t\\N\t\\N");
	assert_non_null(strstr(f.copy.bytes, "\"code\":\"columns\""));
	end(&f);
}

static void unknown_columns_are_refused_one_by_one(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, STAGING_CSV, false);

	assert_false(feed(&f, "code,size,colour\n"));

	const struct fault_list *faults = staging_faults(f.staging);
	assert_int_equal(faults->count, 2);
	assert_string_equal(faults->items[0].pointer, "/size");
	assert_string_equal(faults->items[1].pointer, "/colour");
	end(&f);
}

static void unknown_columns_can_be_kept_in_custom(void **state)
{
	struct fixture f;
	struct text members = {0};
	(void)state;
	begin(&f, STAGING_CSV, true);

	assert_true(
		feed(&f, "code,size,custom\nA,\"1\"\"2\",\"{\"\"a\"\":1}\"\nB,,{ }\nC,5,{ }\n"));
	staging_append_members(f.staging, &members);

	assert_line(&f, 0, "2\t\\N\t\\N\tA\t\\N\t\\N\t{\"a\":1,\"size\":\"1\\\\\"2\"}");
	assert_line(&f, 1, "3\t\\N\t\\N\tB\t\\N\t\\N\t{ }");
	assert_line(&f, 2, "4\t\\N\t\\N\tC\t\\N\t\\N\t{\"size\":\"5\"}");
	assert_string_equal(members.bytes, "{code,custom}");
	text_done(&members);
	end(&f);
}

static void pass_over_exported(struct fixture *f)
{
	struct text error = {0};
	json_t *exported = json_loads(exported_schema, 0, NULL);
	json_object_set_new(f->document, "x-exported", exported);
	staging_pass_over(f->staging, schema_compile(f->schemas, exported, "", &error));
}

static void what_only_an_export_has_is_passed_over_in_csv(void **state)
{
	struct fixture f;
	struct text members = {0};
	(void)state;
	begin(&f, STAGING_CSV, true);
	pass_over_exported(&f);

	assert_true(feed(&f, "id,code,version,size\nx,A,7,5\n"));
	staging_append_members(f.staging, &members);

	assert_line(&f, 0, "2\t\\N\t\\N\tA\t\\N\t\\N\t{\"size\":\"5\"}");
	assert_string_equal(members.bytes, "{code,custom}");
	text_done(&members);
	end(&f);
}

static void what_only_an_export_has_is_passed_over_in_ndjson(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, STAGING_NDJSON, true);
	pass_over_exported(&f);

	assert_true(feed(&f, "{\"id\":\"x\",\"code\":\"A\",\"version\":{},\"size\":5}\n7\n"));

	assert_line(&f, 0, "1\t\\N\t\\N\tA\t\\N\t\\N\t{\"size\":5}");
	assert_non_null(strstr(f.copy.bytes, "\"code\":\"type\""));
	end(&f);
}

static void arrays_become_array_literals(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, STAGING_CSV, false);

	assert_true(feed(&f, "code,tags\nA,\"[\"\"a\\\"\"b\"\",\"\"c,d\"\"]\"\n"));

	assert_line(&f, 0, "2\t\\N\t\\N\tA\t\\N\t{\"a\\\\\"b\",\"c,d\"}\t\\N");
	end(&f);
}

static void tabs_and_line_ends_in_cells_are_escaped(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, STAGING_CSV, false);

	assert_true(feed(&f, "code\n\"a\tb\nc\"\n\"\\N\"\n"));

	assert_line(&f, 0, "2\t\\N\t\\N\ta\\tb\\nc\t\\N\t\\N\t\\N");
	assert_line(&f, 1, "4\t\\N\t\\N\t\\\\N\t\\N\t\\N\t\\N");
	end(&f);
}

static void each_line_of_ndjson_is_a_row(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, STAGING_NDJSON, true);

	assert_true(feed(&f,
		"{\"code\":\"A\",\"count\":3,\"tags\":[\"x\"]}\r\n\n{\"code\":\"B\",\"size\":7}"));

	assert_line(&f, 0, "1\t\\N\t\\N\tA\t3\t{\"x\"}\t\\N");
	assert_line(&f, 1, "3\t\\N\t\\N\tB\t\\N\t\\N\t{\"size\":7}");
	end(&f);
}

static void null_erases_and_so_does_a_blank_where_it_is_to(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, STAGING_NDJSON, false);
	assert_true(feed(&f, "{\"code\":\"A\",\"count\":null}\n{\"code\":\"B\"}\n"));
	assert_line(&f, 0, "1\t\\N\t{count}\tA\t\\N\t\\N\t\\N");
	assert_line(&f, 1, "2\t\\N\t\\N\tB\t\\N\t\\N\t\\N");
	end(&f);

	begin(&f, STAGING_CSV, false);
	staging_erase_blanks(f.staging);
	assert_true(feed(&f, "code,count\nA,\nB,null\n"));
	assert_line(&f, 0, "2\t\\N\t{count}\tA\t\\N\t\\N\t\\N");
	assert_line(&f, 1, "3\t\\N\t{count}\tB\t\\N\t\\N\t\\N");
	end(&f);
}

static void a_line_that_is_no_json_is_a_fault_of_its_row(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, STAGING_NDJSON, false);

	assert_true(feed(&f, "{\"code\":\n[1]\n{\"code\":\"A\",\"x\":1}\n{\"code\":\"B\"}\n"));

	assert_non_null(strstr(f.copy.bytes, "invalid_json"));
	assert_non_null(strstr(f.copy.bytes, "unknown_member"));
	assert_line(&f, 3, "4\t\\N\t\\N\tB\t\\N\t\\N\t\\N");
	end(&f);
}

static void a_file_without_header_or_with_a_column_twice_is_refused(void **state)
{
	static const char *const files[] = {"", "code,code\nA,B\n", "code\n\"A\n"};
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct fixture f;
		begin(&f, STAGING_CSV, false);

		assert_false(feed(&f, files[i]));

		assert_string_equal(staging_faults(f.staging)->items[0].code, "invalid_file");
		end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_sorted_into_the_members_of_the_contract),
		cmocka_unit_test(a_faulty_row_carries_its_faults_and_nothing_else),
		cmocka_unit_test(unknown_columns_are_refused_one_by_one),
		cmocka_unit_test(unknown_columns_can_be_kept_in_custom),
		cmocka_unit_test(what_only_an_export_has_is_passed_over_in_csv),
		cmocka_unit_test(what_only_an_export_has_is_passed_over_in_ndjson),
		cmocka_unit_test(arrays_become_array_literals),
		cmocka_unit_test(tabs_and_line_ends_in_cells_are_escaped),
		cmocka_unit_test(each_line_of_ndjson_is_a_row),
		cmocka_unit_test(null_erases_and_so_does_a_blank_where_it_is_to),
		cmocka_unit_test(a_line_that_is_no_json_is_a_fault_of_its_row),
		cmocka_unit_test(a_file_without_header_or_with_a_column_twice_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
