#include "sqlfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sql_file *read_file(const char *source)
{
	struct text error = {0};
	struct sql_file *file = sqlfile_read(slice_of(source), &error);
	if (file == NULL)
		print_error("%s\n", error.bytes);
	text_done(&error);
	assert_non_null(file);
	return file;
}

static void assert_refused(const char *source, const char *expected)
{
	struct text error = {0};

	struct sql_file *file = sqlfile_read(slice_of(source), &error);

	assert_null(file);
	assert_string_equal(error.bytes, expected);
	text_done(&error);
}

/* The parameters that a test's request does not bring, separated by spaces. */
static bool is_listed(void *ctx, const char *parameter)
{
	struct slice rest = slice_of(ctx);
	struct slice name;
	while (slice_split(&rest, ' ', &name)) {
		if (slice_equals(name, parameter))
			return true;
	}
	return false;
}

static void assert_rendered(
	const char *code, const char *absent, const char *sort, const char *expected)
{
	struct text source = {0};
	text_append_printf(&source, "-- name: one\n%s", code);
	struct sql_file *file = read_file(source.bytes);
	char ctx[100] = "";
	memcpy(ctx, absent, strlen(absent) + 1);
	struct sql_choice choice = {.is_absent = is_listed, .ctx = ctx, .sort = sort};
	struct sql_text sql = {0};

	assert_true(sql_statement_render(sqlfile_at(file, 0), &choice, &sql));

	assert_string_equal(sql.text.bytes, expected);
	text_done(&sql.text);
	text_done(&source);
	sqlfile_free(file);
}

static void assert_kept(const char *code)
{
	assert_rendered(code, "", NULL, code);
}

static const char list_regions[] =
	"-- The regions.\n"
	"\n"
	"-- name: listRegions\n"
	"-- Regions in the order\n"
	"-- of their codes.\n"
	"select r.id, r.code::text\n"
	"from region r\n"
	"where true\n"
	"  and r.code = :code\n"
	"  and (r.code, r.id) > (:cursor_key, :cursor_id)  -- sort: code\n"
	"  and (r.code, r.id) < (:cursor_key, :cursor_id)  -- sort: -code\n"
	"order by r.code, r.id  -- sort: code\n"
	"order by r.code desc, r.id desc  -- sort: -code\n"
	"limit :limit;\n"
	"\n"
	"-- name: getRegion\n"
	"select 1 where :id = :id and :id <> :code\n";

static void assert_region_rendered(
	const char *absent, const char *sort, const char *expected, size_t parameter_count)
{
	struct sql_file *file = read_file(list_regions);
	char ctx[100] = "";
	memcpy(ctx, absent, strlen(absent) + 1);
	struct sql_choice choice = {.is_absent = is_listed, .ctx = ctx, .sort = sort};
	struct sql_text sql = {0};

	assert_true(sql_statement_render(sqlfile_at(file, 0), &choice, &sql));

	assert_string_equal(sql.text.bytes, expected);
	assert_int_equal(sql.parameter_count, parameter_count);
	assert_string_equal(sql.parameters[parameter_count - 1], "limit");
	text_done(&sql.text);
	sqlfile_free(file);
}

static void a_file_is_its_statements_in_order(void **state)
{
	(void)state;

	struct sql_file *file = read_file(list_regions);

	assert_int_equal(sqlfile_count(file), 2);
	assert_string_equal(sql_statement_name(sqlfile_at(file, 0)), "listRegions");
	assert_string_equal(sql_statement_name(sqlfile_at(file, 1)), "getRegion");
	sqlfile_free(file);
}

static void the_lines_below_the_name_describe_it(void **state)
{
	(void)state;

	struct sql_file *file = read_file(list_regions);

	assert_string_equal(sql_statement_comment(sqlfile_at(file, 0)),
		"Regions in the order\nof their codes.");
	assert_string_equal(sql_statement_comment(sqlfile_at(file, 1)), "");
	sqlfile_free(file);
}

static void all_lines_are_asked_for_their_parameters_and_sorts(void **state)
{
	(void)state;
	struct sql_file *file = read_file(list_regions);
	const char *names[8] = {0};

	size_t count = sql_statement_parameters(sqlfile_at(file, 0), names, 3);

	assert_int_equal(count, 4);
	assert_string_equal(names[0], "code");
	assert_string_equal(names[1], "cursor_key");
	assert_string_equal(names[2], "cursor_id");
	assert_null(names[3]);

	count = sql_statement_sorts(sqlfile_at(file, 0), names, 8);

	assert_int_equal(count, 2);
	assert_string_equal(names[0], "code");
	assert_string_equal(names[1], "-code");
	sqlfile_free(file);
}

static void a_line_of_an_absent_parameter_is_dropped(void **state)
{
	(void)state;
	assert_region_rendered("cursor_key cursor_id", "-code",
		"select r.id, r.code::text\nfrom region r\nwhere true\n  and r.code = $1\n"
		"order by r.code desc, r.id desc\nlimit $2",
		2);
	assert_region_rendered("code cursor_id", NULL,
		"select r.id, r.code::text\nfrom region r\nwhere true\nlimit $1", 1);
}

static void parameters_are_numbered_as_they_appear_in_what_is_left(void **state)
{
	(void)state;
	assert_region_rendered("code", "code",
		"select r.id, r.code::text\nfrom region r\nwhere true\n"
		"  and (r.code, r.id) > ($1, $2)\norder by r.code, r.id\nlimit $3",
		3);
}

static void a_parameter_that_is_repeated_keeps_its_number(void **state)
{
	(void)state;
	assert_rendered("select 1 where :id = :id and :id <> :code and :id", "", NULL,
		"select 1 where $1 = $1 and $1 <> $2 and $1");
}

static void nothing_is_absent_without_a_function(void **state)
{
	(void)state;
	struct sql_file *file = read_file("-- name: one\nselect :a");
	struct sql_text sql = {0};

	assert_true(sql_statement_render(sqlfile_at(file, 0), &(struct sql_choice){0}, &sql));

	assert_string_equal(sql.text.bytes, "select $1");
	text_done(&sql.text);
	sqlfile_free(file);
}

static void a_colon_is_not_always_a_parameter(void **state)
{
	(void)state;
	assert_kept("select a::text, '1'::int, a [1]::text");
	assert_kept("select a[1:2], a[n:m], a[f(x):m], a[b[1]:m], a[\"n\":m]");
	assert_kept("select f(a := 1), 1 : 2, :Upper, :1");
	assert_rendered("select (:a)::text,:b::int[], a[1::int]", "", NULL,
		"select ($1)::text,$2::int[], a[1::int]");
}

static void quotes_hide_what_they_hold(void **state)
{
	(void)state;
	assert_kept("select 'a :b -- c /* d ; \" $$', 'it''s :x', ''");
	assert_kept("select E'it\\'s :x', e'\\\\', E'a'':x'");
	assert_rendered("select '\\', :x, type'\\', :y", "", NULL, "select '\\', $1, type'\\', $2");
	assert_kept("select \"a :b ' -- c\", \"a\"\":b\"");
	assert_kept("select $$ :a ' $b$ $$, $b$ :a $$ $b$, a$b$ c");
	assert_rendered("select a$b, :c, d$b", "", NULL, "select a$b, $1, d$b");
}

static void quotes_may_span_lines(void **state)
{
	(void)state;
	assert_kept("select 'a  \n\n-- name: two\n  :b;  \n', $$\n:c\n$$");
	assert_kept("select 'a\r\n\r\nb'");
}

static void lines_may_end_with_crlf(void **state)
{
	(void)state;
	struct sql_file *file = read_file("-- name: one\r\n-- The one.\r\n\r\n"
					  "select 1\r\norder by 2 -- sort: two\r\n;\r\n");
	const struct sql_statement *statement = sqlfile_at(file, 0);
	struct sql_text sql = {0};

	assert_true(sql_statement_render(statement, &(struct sql_choice){.sort = "two"}, &sql));

	assert_string_equal(sql_statement_name(statement), "one");
	assert_string_equal(sql_statement_comment(statement), "The one.");
	assert_string_equal(sql.text.bytes, "select 1\norder by 2");
	text_done(&sql.text);
	sqlfile_free(file);
}

static void comments_are_left_out(void **state)
{
	(void)state;
	assert_rendered(
		"-- Described: :a\n\nselect 1 -- :b ' \n-- :c\n, 2", "", NULL, "select 1\n, 2");
	assert_rendered(
		"select/* :a ' /* nested */ */1\n/*\n;\n*/ + 2 /* */", "", NULL, "select 1\n + 2");
	assert_rendered("select 1; -- the end\n\n/* :a */", "", NULL, "select 1");
	assert_rendered("select 1\r\n  , 2;\r\n", "", NULL, "select 1\n  , 2");
}

static void a_line_is_not_dropped_for_its_comment(void **state)
{
	(void)state;
	assert_rendered("select 1 -- not :a\n, ':a'", "a", NULL, "select 1\n, ':a'");
}

static void a_faulty_file_is_refused_with_its_line(void **state)
{
	(void)state;
	assert_refused("-- Words.\n\nselect 1", "line 3: text before the first name");
	assert_refused("-- name: a\nselect 1\n-- name: a\nselect 2", "line 3: the name is taken");
	assert_refused("-- name:\nselect 1", "line 1: the statement has no proper name");
	assert_refused("-- name: a b\nselect 1", "line 1: the statement has no proper name");
	assert_refused("\n-- name: a\n-- Nothing.\n\n;", "line 2: the statement is empty");
	assert_refused("-- name: a\n-- name: b\nselect 1", "line 1: the statement is empty");
	assert_refused("-- name: a\nselect 1;\nselect 2", "line 3: text after the semicolon");
	assert_refused(
		"-- name: a\nselect\n'1\n-- name: b", "line 3: what is opened here never ends");
	assert_refused("-- name: a\nselect 1 /*", "line 2: what is opened here never ends");
	assert_refused("-- name: a\nselect '\xff'", "line 2: invalid UTF-8");
	assert_refused("-- name: a\nselect 1 -- sort:", "line 2: a sort without a value");
}

static void a_statement_has_at_most_64_parameters(void **state)
{
	(void)state;
	struct text source = {0};
	text_append_string(&source, "-- name: one\nselect :p0");
	for (int i = 1; i < SQL_PARAMETERS_MAX; i++)
		text_append_printf(&source, ", :p%d", i);
	struct sql_file *file = read_file(source.bytes);
	struct sql_text sql = {0};

	assert_true(sql_statement_render(sqlfile_at(file, 0), &(struct sql_choice){0}, &sql));

	assert_int_equal(sql.parameter_count, SQL_PARAMETERS_MAX);
	assert_string_equal(sql.parameters[63], "p63");
	text_append_string(&source, ", :one_more");
	assert_refused(source.bytes, "line 2: more than 64 parameters or sorts");
	text_done(&sql.text);
	text_done(&source);
	sqlfile_free(file);
}

static void a_statement_can_be_part_of_another(void **state)
{
	(void)state;
	static const struct sql_frame frame = {"select count(*) from (\n", "\n) as listed"};
	struct sql_file *file = read_file("-- name: list\nselect 1\nlimit :limit;");
	struct sql_text sql = {0};

	assert_true(sql_statement_render(
		sqlfile_at(file, 0), &(struct sql_choice){.frame = &frame}, &sql));

	assert_string_equal(
		sql.text.bytes, "select count(*) from (\nselect 1\nlimit $1\n) as listed");
	text_done(&sql.text);
	sqlfile_free(file);
}

/* Two statements with one list of members; a fragment may have whatever lines a statement has. */
static const char fragments[] = "-- fragment: members\n"
				"-- What a region shows.\n"
				"r.id, r.code,\n"
				"'a\n"
				"b', :version::int\n"
				"\n"
				"-- fragment: orders\n"
				"order by r.code  -- sort: code\n"
				"-- name: getRegion\n"
				"-- One region.\n"
				"select\n"
				"\t-- use: members\n"
				"from region r\n"
				"where r.id = :id\n"
				"-- use: orders\n"
				"\n"
				"-- name: listRegions\n"
				"-- use: orders\n";

static void a_statement_uses_fragments_of_its_file(void **state)
{
	(void)state;
	struct sql_file *file = read_file(fragments);
	const struct sql_statement *statement = sqlfile_at(file, 0);
	struct sql_text sql = {0};
	const char *names[8] = {0};

	assert_true(sql_statement_render(statement, &(struct sql_choice){.sort = "code"}, &sql));

	assert_int_equal(sqlfile_count(file), 2);
	assert_string_equal(sql_statement_comment(statement), "One region.");
	assert_string_equal(sql.text.bytes,
		"select\nr.id, r.code,\n'a\nb', $1::int\nfrom region r\nwhere r.id = $2\norder by "
		"r.code");
	assert_int_equal(sql_statement_parameters(statement, names, 8), 2);
	assert_string_equal(names[0], "version");
	assert_int_equal(sql_statement_sorts(sqlfile_at(file, 1), names, 8), 1);
	text_done(&sql.text);
	sqlfile_free(file);
}

static void a_faulty_fragment_is_refused_with_its_line(void **state)
{
	(void)state;
	assert_refused("-- fragment: a\nb\n-- name: c\nselect 1",
		"line 1: no statement uses the fragment");
	assert_refused("-- name: a\n-- use: b\n-- fragment: b\nc",
		"line 2: the fragment must stand further up in the file");
	assert_refused("-- fragment: a\nb\n-- fragment: a\nb", "line 3: the name is taken");
	assert_refused("-- fragment: a b\nc", "line 1: the fragment has no proper name");
	assert_refused("-- fragment: a\nb\n-- fragment: c\n-- use: a",
		"line 4: only a statement uses a fragment");
	assert_refused("-- use: a", "line 1: only a statement uses a fragment");
	assert_refused("-- fragment: a\n1;\n2\n\n-- name: b\nselect\n-- use: a",
		"line 3: text after the semicolon");
	assert_refused("-- fragment: a\n'1\n-- name: b\nselect\n-- use: a\n",
		"line 2: what is opened here never ends");
	assert_refused("-- fragment: a\n\xff", "line 2: invalid UTF-8");
}

static void an_empty_file_has_no_statements(void **state)
{
	(void)state;

	struct sql_file *file = read_file("");

	assert_int_equal(sqlfile_count(file), 0);
	sqlfile_free(file);
	sqlfile_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_its_statements_in_order),
		cmocka_unit_test(the_lines_below_the_name_describe_it),
		cmocka_unit_test(all_lines_are_asked_for_their_parameters_and_sorts),
		cmocka_unit_test(a_line_of_an_absent_parameter_is_dropped),
		cmocka_unit_test(parameters_are_numbered_as_they_appear_in_what_is_left),
		cmocka_unit_test(a_parameter_that_is_repeated_keeps_its_number),
		cmocka_unit_test(nothing_is_absent_without_a_function),
		cmocka_unit_test(a_colon_is_not_always_a_parameter),
		cmocka_unit_test(quotes_hide_what_they_hold),
		cmocka_unit_test(quotes_may_span_lines),
		cmocka_unit_test(lines_may_end_with_crlf),
		cmocka_unit_test(comments_are_left_out),
		cmocka_unit_test(a_line_is_not_dropped_for_its_comment),
		cmocka_unit_test(a_faulty_file_is_refused_with_its_line),
		cmocka_unit_test(a_statement_has_at_most_64_parameters),
		cmocka_unit_test(a_statement_can_be_part_of_another),
		cmocka_unit_test(a_statement_uses_fragments_of_its_file),
		cmocka_unit_test(a_faulty_fragment_is_refused_with_its_line),
		cmocka_unit_test(an_empty_file_has_no_statements),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
