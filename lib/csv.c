#include "csv.h"

#include <stdlib.h>
#include <string.h>

#include <libcsv.h>

enum {
	CSV_ROW_MAX = 4 * CSV_CELL_MAX, /* bytes of a row, so that a file cannot take all memory */
	CSV_GROWTH = 16 << 10,
	BOM_LENGTH = 3,
};

static const char bom[] = "\xef\xbb\xbf";

/* Almost all rows are one line of plain cells, which needs no state machine: as long as libcsv is
 * between two rows, a line that has neither a quote nor a lone CR is cut at its commas where it
 * lies. Every other line, and one that has not arrived as a whole, goes through libcsv, whose cells
 * are collected until their row ends. */
struct csv_reader {
	csv_row_function *on_row;
	void *ctx;
	struct csv_parser parser;
	struct slice *cells; /* room for CSV_CELLS_MAX */
	size_t cell_count;
	struct text collected; /* the bytes of the cells that libcsv has made, one after another */
	size_t bom_length;     /* bytes of the mark that have been seen, all of it when decided */
	size_t line;           /* the one that is being read */
	size_t row_line;       /* the one on which the row began */
	bool is_row_open;      /* the row goes through libcsv */
	bool is_after_cr;      /* a CR has ended that row, its LF is awaited */
	bool is_stopped;
	struct text fault;
	const struct language *language; /* of the fault */
};

/* The parser's buffer holds a cell and its closing quote; a longer cell is refused here, before it
 * takes more memory. */
static void *grow(void *memory, size_t size)
{
	return size > CSV_CELL_MAX + 2 ? NULL : realloc(memory, size);
}

/* Spaces are part of a cell (RFC 4180); libcsv would trim them. */
static int is_never_space(unsigned char byte)
{
	(void)byte;
	return 0;
}

struct csv_reader *csv_reader_new(csv_row_function *on_row, void *ctx)
{
	struct csv_reader *reader = calloc(1, sizeof *reader);
	if (reader == NULL)
		return NULL;
	*reader = (struct csv_reader){.on_row = on_row, .ctx = ctx, .line = 1};
	csv_init(&reader->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
	csv_set_space_func(&reader->parser, is_never_space);
	csv_set_realloc_func(&reader->parser, grow);
	csv_set_blk_size(&reader->parser, CSV_GROWTH);
	reader->cells = calloc(CSV_CELLS_MAX, sizeof *reader->cells);
	if (reader->cells != NULL)
		return reader;
	csv_reader_free(reader);
	return NULL;
}

void csv_reader_free(struct csv_reader *reader)
{
	if (reader == NULL)
		return;
	csv_free(&reader->parser);
	text_done(&reader->collected);
	text_done(&reader->fault);
	free(reader->cells);
	free(reader);
}

void csv_reader_speak(struct csv_reader *reader, const struct language *language)
{
	reader->language = language;
}

const char *csv_reader_fault(const struct csv_reader *reader)
{
	if (reader->fault.is_broken)
		return language_text(reader->language, MESSAGE("Memory is exhausted."));
	return reader->fault.bytes;
}

static const char too_long_cell[] = MESSAGE("a cell is longer than 1 MiB");
static const char too_long_row[] = MESSAGE("the row is longer than 4 MiB");
static const char not_utf8[] = MESSAGE("the text is not UTF-8, or it has a NUL");
static const char out_of_memory[] = MESSAGE("memory is exhausted");

/* Stops the reader with the first fault of the file; returns false. */
static bool refuse(struct csv_reader *reader, size_t line, const char *fault)
{
	if (!reader->is_stopped)
		text_append_printf(&reader->fault,
			language_text(reader->language, MESSAGE("Line %zu: %s.")), line,
			language_text(reader->language, fault));
	reader->is_stopped = true;
	return false;
}

/* Spreadsheets take the forms of full width (U+FF1D, U+FF0B, U+FF0D, U+FF20) as well, and pass over
 * a tab or a line end that stands before. */
static bool is_formula(struct slice text)
{
	static const char of_full_width[] = "\xef\xbc";
	if (text.length == 0 || text.bytes[0] == '\0')
		return false;
	if (text.bytes[0] != of_full_width[0])
		return strchr("=+-@\t\r\n", text.bytes[0]) != NULL;
	return text.length > 2 && text.bytes[1] == of_full_width[1] && text.bytes[2] != '\0' &&
	       strchr("\x9d\x8b\x8d\xa0", text.bytes[2]) != NULL;
}

/* True for a formula behind any number of `'`. A text that is one of these by itself gets one more
 * when it is written, so that taking one away restores every text. */
static bool hides_formula(struct slice cell)
{
	size_t i = 0;
	while (i < cell.length && cell.bytes[i] == '\'')
		i++;
	return is_formula((struct slice){cell.bytes + i, cell.length - i});
}

/* Takes away the `'` that csv_append_cell put in front. */
static struct slice restore(struct slice cell)
{
	if (cell.length < 2 || cell.bytes[0] != '\'' || !hides_formula(cell))
		return cell;
	return (struct slice){cell.bytes + 1, cell.length - 1};
}

/* Hands the row over. */
static void end_row(struct csv_reader *reader)
{
	size_t cell_count = reader->cell_count;
	reader->cell_count = 0;
	for (size_t i = 0; i < cell_count; i++)
		reader->cells[i] = restore(reader->cells[i]);
	if (!reader->on_row(reader->ctx, reader->row_line, reader->cells, cell_count))
		reader->is_stopped = true;
}

static bool add_cell(struct csv_reader *reader, const char *bytes, size_t length)
{
	if (reader->cell_count == CSV_CELLS_MAX)
		return refuse(
			reader, reader->row_line, MESSAGE("the row has more than 1000 cells"));
	if (length > CSV_CELL_MAX)
		return refuse(reader, reader->row_line, too_long_cell);
	reader->cells[reader->cell_count++] = (struct slice){bytes, length};
	return true;
}

/* Takes a cell from libcsv. Its bytes are copied to where they may still move, so the cell gets
 * them when the row ends. */
static void collect_cell(void *bytes, size_t length, void *ctx)
{
	struct csv_reader *reader = ctx;
	if (reader->is_stopped)
		return;
	if (reader->is_after_cr)
		refuse(reader, reader->line, MESSAGE("a row ends with CR but without LF"));
	else if (!text_is_utf8(bytes, length))
		refuse(reader, reader->row_line, not_utf8);
	else if (reader->collected.length + length > CSV_ROW_MAX)
		refuse(reader, reader->row_line, too_long_row);
	else if (add_cell(reader, NULL, length))
		text_append(&reader->collected, bytes, length);
}

/* Takes the end of a row from libcsv: `byte` is CR, LF, or -1 at the end of the file. */
static void collect_row(int byte, void *ctx)
{
	struct csv_reader *reader = ctx;
	if (reader->is_stopped)
		return;
	reader->is_after_cr = byte == CSV_CR;
	reader->is_row_open = byte == CSV_CR;
	if (reader->cell_count == 0)
		return;
	if (reader->collected.is_broken) {
		refuse(reader, reader->row_line, out_of_memory);
		return;
	}
	const char *next = reader->collected.bytes;
	for (size_t i = 0; i < reader->cell_count; i++) {
		reader->cells[i].bytes = next;
		next += reader->cells[i].length;
	}
	end_row(reader);
	text_clear(&reader->collected);
}

static void refuse_parsed(struct csv_reader *reader)
{
	const char *fault = MESSAGE("a quote stands where none may be");
	if (csv_error(&reader->parser) != CSV_EPARSE)
		fault = csv_get_buffer_size(&reader->parser) > CSV_CELL_MAX ? too_long_cell
									    : out_of_memory;
	refuse(reader, reader->line, fault);
}

/* Passes on to libcsv what may end in LF, but has none before. */
static void parse_line(struct csv_reader *reader, const char *bytes, size_t length)
{
	if (!reader->is_row_open)
		reader->row_line = reader->line;
	reader->is_row_open = true;
	if (csv_parse(&reader->parser, bytes, length, collect_cell, collect_row, reader) != length)
		refuse_parsed(reader);
}

static bool is_plain(const char *bytes, size_t length)
{
	return memchr(bytes, '"', length) == NULL && memchr(bytes, '\r', length) == NULL;
}

/* Reads a row that is one plain line. */
static void cut_line(struct csv_reader *reader, const char *bytes, size_t length)
{
	reader->row_line = reader->line;
	if (length == 0)
		return;
	if (length > CSV_ROW_MAX)
		refuse(reader, reader->line, too_long_row);
	else if (!text_is_utf8(bytes, length))
		refuse(reader, reader->line, not_utf8);
	struct slice rest = {bytes, length};
	struct slice cell;
	while (!reader->is_stopped && slice_split(&rest, ',', &cell))
		add_cell(reader, cell.bytes, cell.length);
	if (!reader->is_stopped)
		end_row(reader);
}

static bool feed(struct csv_reader *reader, const char *bytes, size_t length)
{
	while (length > 0 && !reader->is_stopped) {
		const char *newline = memchr(bytes, '\n', length);
		size_t used = newline == NULL ? length : (size_t)(newline - bytes) + 1;
		size_t plain = used - 1;
		if (plain > 0 && bytes[plain - 1] == '\r')
			plain--;
		if (newline != NULL && !reader->is_row_open && is_plain(bytes, plain))
			cut_line(reader, bytes, plain);
		else
			parse_line(reader, bytes, used);
		reader->line += newline != NULL;
		bytes += used;
		length -= used;
	}
	return !reader->is_stopped;
}

bool csv_reader_feed(struct csv_reader *reader, const char *bytes, size_t length)
{
	size_t seen = reader->bom_length;
	while (seen < BOM_LENGTH && length > 0 && *bytes == bom[seen]) {
		seen++;
		bytes++;
		length--;
	}
	reader->bom_length = seen;
	if (seen == BOM_LENGTH || length == 0)
		return feed(reader, bytes, length);
	if (seen > 0)
		parse_line(reader, bom, seen);
	reader->bom_length = BOM_LENGTH; /* it was none */
	return feed(reader, bytes, length);
}

bool csv_reader_finish(struct csv_reader *reader)
{
	if (reader->bom_length > 0 && reader->bom_length < BOM_LENGTH)
		refuse(reader, reader->line, not_utf8); /* the file is half a mark */
	if (reader->is_stopped)
		return false;
	if (csv_fini(&reader->parser, collect_cell, collect_row, reader) != 0)
		refuse(reader, reader->row_line,
			MESSAGE("a quote that begins in this row never ends"));
	return !reader->is_stopped;
}

/* Spaces at the ends need no quotes by RFC 4180, but many readers trim them without. A mark in
 * front would be taken for the file's if the cell is its first. */
static bool needs_quotes(struct slice cell)
{
	if (cell.length == 0)
		return false;
	if (cell.length >= BOM_LENGTH && memcmp(cell.bytes, bom, BOM_LENGTH) == 0)
		return true;
	if (cell.bytes[0] == ' ' || cell.bytes[cell.length - 1] == ' ')
		return true;
	for (size_t i = 0; i < cell.length; i++) {
		if (cell.bytes[i] == ',' || cell.bytes[i] == '"' || cell.bytes[i] == '\n' ||
			cell.bytes[i] == '\r')
			return true;
	}
	return false;
}

void csv_append_cell(struct text *text, struct slice cell, bool is_text)
{
	bool is_defused = is_text && hides_formula(cell);
	if (!needs_quotes(cell)) {
		if (is_defused)
			text_append_char(text, '\'');
		text_append(text, cell.bytes, cell.length);
		return;
	}
	size_t size = 2 * cell.length + strlen("\"'\"");
	char *room = text_reserve(text, size);
	if (room == NULL)
		return;
	size_t length = csv_write(room + is_defused, size, cell.bytes, cell.length);
	if (is_defused) {
		memcpy(room, "\"'", 2);
		length++;
	}
	room[length] = '\0';
	text->length += length;
}
