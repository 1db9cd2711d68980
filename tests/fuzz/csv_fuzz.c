/* However a file arrives, it has the same rows and the same fault; and what the rows hold can be
 * written and read again.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -Ilib tests/fuzz/csv_fuzz.c lib/csv.c lib/text.c
 *\ -lcsv -lutf8proc
 */
#include "csv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes a row in a form that shows every cell's bounds. */
static bool show_row(void *ctx, size_t line, const struct slice *cells, size_t cell_count)
{
	struct text *shown = ctx;
	text_append_integer(shown, (long long)line);
	for (size_t i = 0; i < cell_count; i++) {
		text_append_char(shown, ' ');
		text_append_integer(shown, (long long)cells[i].length);
		text_append_char(shown, ':');
		text_append(shown, cells[i].bytes, cells[i].length);
	}
	text_append_char(shown, '\n');
	return true;
}

static bool write_row(void *ctx, size_t line, const struct slice *cells, size_t cell_count)
{
	(void)line;
	struct text *file = ctx;
	for (size_t i = 0; i < cell_count; i++) {
		if (i > 0)
			text_append_char(file, ',');
		csv_append_cell(file, cells[i], true);
	}
	text_append_string(file, "\r\n");
	return true;
}

static bool read_file(
	struct slice file, size_t step, csv_row_function *on_row, struct text *ret_text)
{
	struct csv_reader *reader = csv_reader_new(on_row, ret_text);
	bool is_read = true;
	for (size_t i = 0; i < file.length && is_read; i += step)
		is_read = csv_reader_feed(
			reader, file.bytes + i, file.length - i < step ? file.length - i : step);
	is_read = is_read && csv_reader_finish(reader);
	const char *fault = csv_reader_fault(reader);
	if (is_read != (fault == NULL))
		abort();
	if (fault != NULL)
		text_append_string(ret_text, fault);
	csv_reader_free(reader);
	return is_read;
}

static void demand_equal(const struct text *one, const struct text *other)
{
	if (one->length != other->length ||
		(one->length > 0 && memcmp(one->bytes, other->bytes, one->length) != 0))
		abort();
}

/* Rows of one empty cell are written as blank lines and all rows end up on other lines, so that
 * only what was written and read once can be compared. */
static void demand_round_trip(struct slice file)
{
	struct text once = {0};
	struct text twice = {0};
	if (read_file(file, file.length + 1, write_row, &once)) {
		struct slice written = {once.bytes, once.length};
		if (!read_file(written, file.length + 1, write_row, &twice))
			abort();
		text_clear(&once);
		written = (struct slice){twice.bytes, twice.length};
		if (!read_file(written, file.length + 1, write_row, &once))
			abort();
		demand_equal(&once, &twice);
	}
	text_done(&once);
	text_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice file = {(const char *)data, size};
	struct text whole = {0};
	read_file(file, size + 1, show_row, &whole);
	for (size_t step = 1; step < 8; step += 3) {
		struct text pieces = {0};
		read_file(file, step, show_row, &pieces);
		demand_equal(&whole, &pieces);
		text_done(&pieces);
	}
	text_done(&whole);
	demand_round_trip(file);
	return 0;
}
