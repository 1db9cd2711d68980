#include "csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Writes rows as `line:[cell][cell]`, so that a test can look at all of them at once. */
static bool write_row(void *ctx, size_t line, const struct slice *cells, size_t cell_count)
{
	struct text *rows = ctx;
	text_append_printf(rows, "%zu:", line);
	for (size_t i = 0; i < cell_count; i++) {
		text_append_char(rows, '[');
		text_append(rows, cells[i].bytes, cells[i].length);
		text_append_char(rows, ']');
	}
	text_append_char(rows, ' ');
	return true;
}

/* Reads `source` in pieces of `step` bytes: rows, and the fault behind them. */
static struct text read_in_steps(struct slice source, size_t step)
{
	struct text rows = {0};
	text_append(&rows, "", 0);
	struct csv_reader *reader = csv_reader_new(write_row, &rows);
	bool is_read = true;
	for (size_t i = 0; i < source.length && is_read; i += step) {
		size_t length = source.length - i < step ? source.length - i : step;
		char *piece = malloc(length); /* so that AddressSanitizer sees a byte too far */
		memcpy(piece, source.bytes + i, length);
		is_read = csv_reader_feed(reader, piece, length);
		free(piece);
	}
	is_read = is_read && csv_reader_finish(reader);
	assert_int_equal(is_read, csv_reader_fault(reader) == NULL);
	if (!is_read)
		text_append_string(&rows, csv_reader_fault(reader));
	csv_reader_free(reader);
	return rows;
}

/* However the bytes arrive, they make the same rows. */
static void assert_rows_of(struct slice source, const char *expected)
{
	for (size_t step = 1; step <= source.length + 1; step++) {
		struct text rows = read_in_steps(source, step);
		assert_string_equal(rows.bytes, expected);
		text_done(&rows);
	}
}

static void assert_rows(const char *source, const char *expected)
{
	assert_rows_of(slice_of(source), expected);
}

static void rows_end_with_lf_or_crlf(void **state)
{
	(void)state;
	assert_rows("a,b\n1,2\n3,4\n", "1:[a][b] 2:[1][2] 3:[3][4] ");
	assert_rows("a,b\r\n1,2\r\n\"3\",4\r\n", "1:[a][b] 2:[1][2] 3:[3][4] ");
}

static void the_last_row_needs_no_end(void **state)
{
	(void)state;
	assert_rows("a,b\n1,2", "1:[a][b] 2:[1][2] ");
	assert_rows("a,\"b\"", "1:[a][b] ");
	assert_rows("a,", "1:[a][] ");
	assert_rows("", "");
}

static void blank_lines_are_skipped_and_counted(void **state)
{
	(void)state;
	assert_rows("\n\r\na\n\n\n\"b\"\n\r\n\nc", "3:[a] 6:[b] 9:[c] ");
}

static void cells_may_be_empty(void **state)
{
	(void)state;
	assert_rows(",\n\"\"\n,,\"\"\n", "1:[][] 2:[] 3:[][][] ");
}

static void spaces_belong_to_their_cell(void **state)
{
	(void)state;
	assert_rows(" a ,\tb\t,\" c \"\n   \n", "1:[ a ][\tb\t][ c ] 2:[   ] ");
}

static void quotes_hold_commas_quotes_and_line_ends(void **state)
{
	(void)state;
	assert_rows("\"a,b\",\"c\"\"d\",\"\"\"\"\n", "1:[a,b][c\"d][\"] ");
	assert_rows(
		"\"a\nb\r\n\",c\nd,e\n\"\n\n\"\nf\n", "1:[a\nb\r\n][c] 4:[d][e] 5:[\n\n] 8:[f] ");
}

static void a_byte_order_mark_is_skipped(void **state)
{
	(void)state;
	assert_rows("\xef\xbb\xbf"
		    "a,b\n",
		"1:[a][b] ");
	assert_rows("\xef\xbb\xbf\"a\"\n", "1:[a] ");
	assert_rows("\xef\xbb\xbf", "");
	assert_rows("a\xef\xbb\xbf\n", "1:[a\xef\xbb\xbf] ");
	assert_rows("\xef\xbb\xbe\n", "1:[\xef\xbb\xbe] ");
	assert_rows("\xef\xbb", "Line 1: the text is not UTF-8, or it has a NUL.");
}

static void what_was_defused_comes_back(void **state)
{
	(void)state;
	assert_rows("'=1,'+1,'-1,'@a,'\t\n", "1:[=1][+1][-1][@a][\t] ");
	assert_rows("\"'=\"\"a\"\"\",\"'\r\",''=\n", "1:[=\"a\"][\r]['=] ");
	assert_rows("',',a,'1,a'=\n", "1:[']['][a]['1][a'=] ");
}

static void a_misplaced_quote_is_a_fault(void **state)
{
	(void)state;
	assert_rows("a\nb,c\"d\n", "1:[a] Line 2: a quote stands where none may be.");
	assert_rows("\"a\"b\n", "Line 1: a quote stands where none may be.");
	assert_rows("\"a\" ,b\n", "Line 1: a quote stands where none may be.");
}

static void a_quote_that_never_ends_is_a_fault_of_its_row(void **state)
{
	(void)state;
	assert_rows("a\n\"b\nc\nd", "1:[a] Line 2: a quote that begins in this row never ends.");
}

static void a_lone_cr_is_a_fault(void **state)
{
	(void)state;
	assert_rows("a\rb\nc\n", "1:[a] Line 1: a row ends with CR but without LF.");
}

static void bytes_that_are_no_text_are_a_fault(void **state)
{
	(void)state;
	assert_rows("a\nb\xff\n", "1:[a] Line 2: the text is not UTF-8, or it has a NUL.");
	assert_rows("\"\xc3\"\n", "Line 1: the text is not UTF-8, or it has a NUL.");
	assert_rows_of(SLICE("a,\0\n"), "Line 1: the text is not UTF-8, or it has a NUL.");
}

static bool stop_at_second_line(
	void *ctx, size_t line, const struct slice *cells, size_t cell_count)
{
	write_row(ctx, line, cells, cell_count);
	return line < 2;
}

static void whoever_takes_the_rows_may_stop(void **state)
{
	(void)state;
	static const char *const sources[] = {"1\n2\n3\n4\n", "\"1\"\n\"2\"\n\"3\"\n4\n"};
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		struct text rows = {0};
		struct csv_reader *reader = csv_reader_new(stop_at_second_line, &rows);

		assert_false(csv_reader_feed(reader, sources[i], strlen(sources[i])));
		assert_false(csv_reader_feed(reader, "5\n", 2));
		assert_false(csv_reader_finish(reader));

		assert_string_equal(rows.bytes, "1:[1] 2:[2] ");
		assert_null(csv_reader_fault(reader));
		csv_reader_free(reader);
		text_done(&rows);
	}
}

struct size {
	size_t row_count;
	size_t cell_count;
	size_t cell_length;
};

static bool measure_row(void *ctx, size_t line, const struct slice *cells, size_t cell_count)
{
	(void)line;
	struct size *size = ctx;
	size->row_count++;
	size->cell_count = cell_count;
	size->cell_length = cells[0].length;
	return true;
}

/* Reads `begin`, `count` times `middle`, and `end`; returns the fault's text or "". */
static const char *read_repeated(
	const char *const parts[static 3], size_t count, struct size *ret_size, size_t step)
{
	static char fault[100];
	struct text source = {0};
	text_append_string(&source, parts[0]);
	for (size_t i = 0; i < count; i++)
		text_append_string(&source, parts[1]);
	text_append_string(&source, parts[2]);
	struct csv_reader *reader = csv_reader_new(measure_row, ret_size);
	bool is_read = true;
	for (size_t i = 0; i < source.length && is_read; i += step)
		is_read = csv_reader_feed(reader, source.bytes + i,
			source.length - i < step ? source.length - i : step);
	is_read = is_read && csv_reader_finish(reader);
	const char *sentence = is_read ? "" : csv_reader_fault(reader);
	memcpy(fault, sentence, strlen(sentence) + 1);
	csv_reader_free(reader);
	text_done(&source);
	return fault;
}

static void assert_limit(
	const char *const parts[static 3], size_t count_max, const char *expected_fault)
{
	static const size_t steps[] = {SIZE_MAX / 2, 4096};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct size size = {0};

		assert_string_equal(read_repeated(parts, count_max, &size, steps[i]), "");
		assert_int_equal(size.row_count, 1);
		assert_string_equal(
			read_repeated(parts, count_max + 1, &size, steps[i]), expected_fault);
		assert_int_equal(size.row_count, 1);
	}
}

static void a_row_has_at_most_1000_cells(void **state)
{
	(void)state;
	const char *expected = "Line 1: the row has more than 1000 cells.";
	assert_limit((const char *const[3]){"", "a,", "\n"}, CSV_CELLS_MAX - 1, expected);
	assert_limit((const char *const[3]){"", "\"a\",", "\n"}, CSV_CELLS_MAX - 1, expected);
}

static void a_cell_has_at_most_1_mib(void **state)
{
	(void)state;
	const char *expected = "Line 1: a cell is longer than 1 MiB.";
	assert_limit((const char *const[3]){"", "a", "\n"}, CSV_CELL_MAX, expected);
	assert_limit((const char *const[3]){"\"", "a", "\"\n"}, CSV_CELL_MAX, expected);
	assert_limit((const char *const[3]){"1,\"", "a", "\""}, CSV_CELL_MAX, expected);
}

static void assert_cell(struct slice cell, bool is_text, const char *expected)
{
	struct text text = {0};

	csv_append_cell(&text, cell, is_text);

	assert_string_equal(text.bytes, expected);
	assert_int_equal(text.length, strlen(expected));
	text_done(&text);
}

static void a_cell_is_quoted_where_it_must_be(void **state)
{
	(void)state;
	assert_cell(SLICE(""), true, "");
	assert_cell(SLICE("a b'c;d"), true, "a b'c;d");
	assert_cell(SLICE("a,b"), true, "\"a,b\"");
	assert_cell(SLICE("a\"b"), true, "\"a\"\"b\"");
	assert_cell(SLICE("\"\""), false, "\"\"\"\"\"\"");
	assert_cell(SLICE("a\nb"), true, "\"a\nb\"");
	assert_cell(SLICE("a\r"), true, "\"a\r\"");
	assert_cell(SLICE(" a"), true, "\" a\"");
	assert_cell(SLICE("a "), true, "\"a \"");
	assert_cell(SLICE("\xef\xbb\xbf"), true, "\"\xef\xbb\xbf\"");
}

static void a_formula_is_defused_in_a_text_only(void **state)
{
	(void)state;
	assert_cell(SLICE("=1+1"), true, "'=1+1");
	assert_cell(SLICE("+49"), true, "'+49");
	assert_cell(SLICE("-1"), true, "'-1");
	assert_cell(SLICE("@a"), true, "'@a");
	assert_cell(SLICE("\t1"), true, "'\t1");
	assert_cell(SLICE("\r"), true, "\"'\r\"");
	assert_cell(SLICE("\n=1"), true, "\"'\n=1\"");
	assert_cell(SLICE("\xef\xbc\x9d"
			  "1"),
		true,
		"'\xef\xbc\x9d"
		"1");
	assert_cell(SLICE("\xef\xbc\x8b"
			  "1"),
		true,
		"'\xef\xbc\x8b"
		"1");
	assert_cell(SLICE("\xef\xbc\x8d"
			  "1"),
		true,
		"'\xef\xbc\x8d"
		"1");
	assert_cell(SLICE("\xef\xbc\xa0"
			  "a"),
		true,
		"'\xef\xbc\xa0"
		"a");
	assert_cell(SLICE("\xef\xbc\x8c"
			  "a"),
		true,
		"\xef\xbc\x8c"
		"a");
	assert_cell(SLICE("=\"a\""), true, "\"'=\"\"a\"\"\"");
	assert_cell(SLICE("-1"), false, "-1");
	assert_cell(SLICE("1-1"), true, "1-1");
}

static void what_is_written_is_read_as_it_was(void **state)
{
	(void)state;
	static const char *const cells[] = {"", " ", "a", "'", "''", "=", "'=", "''=", "=\"", "\r",
		"\r\n", "'\r\n", "-1", "a,b", "\xe6\xb8\xa0", "\"", "'\"", "\t", " =", "\n=", "'\n",
		"\xef\xbc\x9d", "'\xef\xbc\xa0"};
	struct text file = {0};
	struct text expected = {0};
	text_append_string(&expected, "1:");
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		if (i > 0)
			text_append_char(&file, ',');
		csv_append_cell(&file, slice_of(cells[i]), true);
		text_append_printf(&expected, "[%s]", cells[i]);
	}
	text_append_string(&file, "\r\n");
	text_append_char(&expected, ' ');

	assert_rows(file.bytes, expected.bytes);

	text_done(&file);
	text_done(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_end_with_lf_or_crlf),
		cmocka_unit_test(the_last_row_needs_no_end),
		cmocka_unit_test(blank_lines_are_skipped_and_counted),
		cmocka_unit_test(cells_may_be_empty),
		cmocka_unit_test(spaces_belong_to_their_cell),
		cmocka_unit_test(quotes_hold_commas_quotes_and_line_ends),
		cmocka_unit_test(a_byte_order_mark_is_skipped),
		cmocka_unit_test(what_was_defused_comes_back),
		cmocka_unit_test(a_misplaced_quote_is_a_fault),
		cmocka_unit_test(a_quote_that_never_ends_is_a_fault_of_its_row),
		cmocka_unit_test(a_lone_cr_is_a_fault),
		cmocka_unit_test(bytes_that_are_no_text_are_a_fault),
		cmocka_unit_test(whoever_takes_the_rows_may_stop),
		cmocka_unit_test(a_row_has_at_most_1000_cells),
		cmocka_unit_test(a_cell_has_at_most_1_mib),
		cmocka_unit_test(a_cell_is_quoted_where_it_must_be),
		cmocka_unit_test(a_formula_is_defused_in_a_text_only),
		cmocka_unit_test(what_is_written_is_read_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
