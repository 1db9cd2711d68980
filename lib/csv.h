/* CSV (RFC 4180): a reader that is fed piece by piece, and a writer of cells. */
#pragma once

#include "language.h"
#include "text.h"

enum { CSV_CELL_MAX = 1 << 20, CSV_CELLS_MAX = 1000 };

struct csv_reader;

/* Takes one row; `line` is the line in the file on which the row begins, from 1. The cells live
 * until it returns. False stops the reader. */
typedef bool csv_row_function(void *ctx, size_t line, const struct slice *cells, size_t cell_count);

/* Returns a reader that calls `on_row` for each row, the header included; NULL when memory is
 * exhausted. A UTF-8 byte order mark is skipped, blank lines are skipped, LF and CRLF end a row.
 * A cell that the writer defused (a quote before = + - @ tab CR) comes back as it was. */
struct csv_reader *csv_reader_new(csv_row_function *on_row, void *ctx);
void csv_reader_free(struct csv_reader *reader);

/* Says in which language faults are told; English without. */
void csv_reader_speak(struct csv_reader *reader, const struct language *language);

/* Reads on. False when the bytes are no CSV (an unmatched quote, a cell or row over the limits,
 * invalid UTF-8, a NUL) or `on_row` stopped it; csv_reader_fault says why. */
bool csv_reader_feed(struct csv_reader *reader, const char *bytes, size_t length);

/* Ends the last row; false as above (a quote that never ends). */
bool csv_reader_finish(struct csv_reader *reader);

/* One sentence with its line, or NULL when there was no fault of the file. */
const char *csv_reader_fault(const struct csv_reader *reader);

/* Appends a cell, quoted where it must be. With `is_text`, a cell that a spreadsheet would take for
 * a formula (it begins with = + - @, also of full width, or with tab, CR or LF) gets a quote '
 * in front. */
void csv_append_cell(struct text *text, struct slice cell, bool is_text);
