#include "sqlfile_parts.h"

#include <string.h>

void sql_refuse(struct reader *reader, size_t line_number, const char *fault)
{
	if (reader->is_refused)
		return;
	reader->is_refused = true;
	text_append_printf(reader->error, "line %zu: %s", line_number, fault);
}

void *sql_owned(struct reader *reader, void *memory)
{
	if (memory == NULL)
		sql_refuse(reader, reader->line_number, "memory is exhausted");
	return memory;
}

char *sql_copy(struct reader *reader, struct slice slice)
{
	return sql_owned(reader, arena_copy(&reader->file->arena, slice.bytes, slice.length));
}

struct slice sql_slice_from(struct slice slice, size_t start)
{
	return (struct slice){slice.bytes + start, slice.length - start};
}

bool sql_starts_with(struct slice slice, struct slice prefix)
{
	return slice.length >= prefix.length &&
	       memcmp(slice.bytes, prefix.bytes, prefix.length) == 0;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_space(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct slice sql_trim(struct slice slice)
{
	while (slice.length > 0 && is_space(slice.bytes[0]))
		slice = sql_slice_from(slice, 1);
	while (slice.length > 0 && is_space(slice.bytes[slice.length - 1]))
		slice.length--;
	return slice;
}

/* Bytes over 0x7f are letters to PostgreSQL. */
static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
	       (unsigned char)byte >= 0x80;
}

static bool is_word(char byte)
{
	return is_letter(byte) || is_digit(byte) || byte == '$';
}

static size_t word_length(struct slice slice)
{
	size_t length = 0;
	while (length < slice.length && is_word(slice.bytes[length]))
		length++;
	return length;
}

bool sql_is_name(struct slice name)
{
	return name.length > 0 && is_letter(name.bytes[0]) && word_length(name) == name.length;
}

/* Returns the index of `name` in `names`, where it is added when it is new. */
static size_t name_index(struct reader *reader, struct names *names, struct slice name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (slice_equals(name, names->items[i]))
			return i;
	}
	if (names->count == SQL_PARAMETERS_MAX) {
		sql_refuse(reader, reader->line_number, "more than 64 parameters or sorts");
		return 0;
	}
	names->items[names->count] = sql_copy(reader, name);
	return names->count++;
}

static void enter(struct reader *reader, enum place place)
{
	reader->place = place;
	reader->place_line = reader->line_number;
}

/* Takes `length` bytes at `at` into the line as they are; returns where to go on. */
static size_t keep(struct reader *reader, struct slice line, size_t at, size_t length)
{
	text_append(&reader->code, line.bytes + at, length);
	return at + length;
}

static size_t read_line_comment(struct reader *reader, struct slice line, size_t at)
{
	struct slice comment = sql_trim(sql_slice_from(line, at + strlen("--")));
	if (!sql_starts_with(comment, SLICE("sort:")))
		return line.length;
	struct slice sort = sql_trim(sql_slice_from(comment, strlen("sort:")));
	if (sort.length == 0) {
		sql_refuse(reader, reader->line_number, "a sort without a value");
		return line.length;
	}
	size_t i = name_index(reader, &reader->statement->sorts, sort);
	reader->line.sort = reader->statement->sorts.items[i];
	return line.length;
}

/* A block comment separates what it stands between. */
static size_t open_comment(struct reader *reader, struct slice line, size_t at)
{
	(void)line;
	enter(reader, PLACE_COMMENT);
	reader->depth = 1;
	text_append_char(&reader->code, ' ');
	return at + strlen("/*");
}

/* A string is one with backslashes when its quote follows a lone E. */
static size_t open_string(struct reader *reader, struct slice line, size_t at)
{
	bool is_escaped = at > 0 && (line.bytes[at - 1] == 'e' || line.bytes[at - 1] == 'E') &&
			  (at == 1 || !is_word(line.bytes[at - 2]));
	enter(reader, is_escaped ? PLACE_ESCAPED : PLACE_STRING);
	return keep(reader, line, at, 1);
}

static size_t open_name(struct reader *reader, struct slice line, size_t at)
{
	enter(reader, PLACE_NAME);
	return keep(reader, line, at, 1);
}

/* `$$` and `$tag$` open a string, `$1` and `a$b` do not. */
static size_t open_dollar(struct reader *reader, struct slice line, size_t at)
{
	bool is_inside_word = at > 0 && is_word(line.bytes[at - 1]);
	size_t end = at + 1;
	while (end < line.length && line.bytes[end] != '$' && is_word(line.bytes[end]))
		end++;
	bool has_end = end < line.length && line.bytes[end] == '$';
	if (is_inside_word || !has_end || is_digit(line.bytes[at + 1]))
		return keep(reader, line, at, 1);
	enter(reader, PLACE_DOLLAR);
	reader->quote = (struct slice){line.bytes + at, end + 1 - at};
	return keep(reader, line, at, reader->quote.length);
}

static size_t close_statement(struct reader *reader, struct slice line, size_t at)
{
	(void)line;
	reader->is_closed = true;
	return at + 1;
}

/* After these a colon belongs to an array slice: a[1:n], a[f(x):n], a["b":n]. */
static bool ends_operand(char byte)
{
	return is_word(byte) || strchr(")]\"'", byte) != NULL;
}

/* `::` is a cast. Elsewhere a colon before a lower-case word makes it a parameter. */
static size_t read_colon(struct reader *reader, struct slice line, size_t at)
{
	struct slice name = sql_slice_from(line, at + 1);
	if (sql_starts_with(name, SLICE(":")))
		return keep(reader, line, at, strlen("::"));
	name.length = word_length(name);
	bool is_name = name.length > 0 &&
		       (name.bytes[0] == '_' || (name.bytes[0] >= 'a' && name.bytes[0] <= 'z'));
	bool is_free = at == 0 || (line.bytes[at - 1] != ':' && !ends_operand(line.bytes[at - 1]));
	if (!is_name || !is_free)
		return keep(reader, line, at, 1);

	struct mark *mark = sql_owned(reader, arena_take(&reader->file->arena, sizeof *mark));
	if (mark == NULL)
		return line.length;
	mark->offset = reader->code.length;
	mark->parameter = name_index(reader, &reader->statement->parameters, name);
	*reader->mark_end = mark;
	reader->mark_end = &mark->next;
	return at + 1 + name.length;
}

/* What begins something in code; all other bytes are kept. */
static const struct token {
	struct slice begin;
	size_t (*read)(struct reader *reader, struct slice line, size_t at);
} tokens[] = {
	{{"--", 2}, read_line_comment},
	{{"/*", 2}, open_comment},
	{{"'", 1}, open_string},
	{{"\"", 1}, open_name},
	{{"$", 1}, open_dollar},
	{{":", 1}, read_colon},
	{{";", 1}, close_statement},
};

static const struct token *token_at(struct slice rest)
{
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		if (sql_starts_with(rest, tokens[i].begin))
			return &tokens[i];
	}
	return NULL;
}

static size_t read_code(struct reader *reader, struct slice line, size_t at)
{
	const struct token *token = token_at(sql_slice_from(line, at));
	bool is_comment = token != NULL &&
			  (token->read == read_line_comment || token->read == open_comment);
	if (!is_comment && !is_space(line.bytes[at])) {
		if (reader->is_closed)
			sql_refuse(reader, reader->line_number, "text after the semicolon");
		reader->has_code |= token == NULL || token->read != close_statement;
	}
	return token != NULL ? token->read(reader, line, at) : keep(reader, line, at, 1);
}

static size_t read_comment(struct reader *reader, struct slice line, size_t at)
{
	struct slice rest = sql_slice_from(line, at);
	if (sql_starts_with(rest, SLICE("/*"))) {
		reader->depth++;
		return at + strlen("/*");
	}
	if (!sql_starts_with(rest, SLICE("*/")))
		return at + 1;
	if (--reader->depth == 0)
		reader->place = PLACE_CODE;
	return at + strlen("*/");
}

/* A doubled quote closes and opens again, which comes to the same: nothing stands between. */
static size_t read_quoted(struct reader *reader, struct slice line, size_t at)
{
	char byte = line.bytes[at];
	if (reader->place == PLACE_ESCAPED && byte == '\\' && at + 1 < line.length)
		return keep(reader, line, at, 2);
	if (reader->place == PLACE_ESCAPED &&
		sql_starts_with(sql_slice_from(line, at), SLICE("''")))
		return keep(reader, line, at, 2);
	if (byte == (reader->place == PLACE_NAME ? '"' : '\''))
		reader->place = PLACE_CODE;
	return keep(reader, line, at, 1);
}

static size_t read_dollar(struct reader *reader, struct slice line, size_t at)
{
	if (!sql_starts_with(sql_slice_from(line, at), reader->quote))
		return keep(reader, line, at, 1);
	reader->place = PLACE_CODE;
	return keep(reader, line, at, reader->quote.length);
}

static size_t (*const readers[])(struct reader *reader, struct slice line, size_t at) = {
	[PLACE_CODE] = read_code,
	[PLACE_COMMENT] = read_comment,
	[PLACE_STRING] = read_quoted,
	[PLACE_ESCAPED] = read_quoted,
	[PLACE_NAME] = read_quoted,
	[PLACE_DOLLAR] = read_dollar,
};

static bool is_quoted(enum place place)
{
	return place != PLACE_CODE && place != PLACE_COMMENT;
}

/* Cuts white space off the end of the line's code, but none that stands before a parameter. */
static void trim_code(struct reader *reader)
{
	size_t end = 0;
	for (const struct mark *mark = reader->line.marks; mark != NULL; mark = mark->next)
		end = mark->offset;
	struct text *code = &reader->code;
	while (code->length > end && is_space(code->bytes[code->length - 1]))
		code->length--;
}

/* Links the line to its statement, unless nothing of it was code. */
static void add_line(struct reader *reader)
{
	if (reader->code.length == 0 && reader->line.marks == NULL)
		return;
	struct line *line = sql_owned(reader, arena_take(&reader->file->arena, sizeof *line));
	const char *code = sql_copy(
		reader, (struct slice){reader->code.bytes, reader->code.length});
	if (line == NULL || code == NULL)
		return;
	*line = reader->line;
	line->text = (struct slice){code, reader->code.length};
	reader->statement->size += line->text.length;
	*reader->line_end = line;
	reader->line_end = &line->next;
}

/* Reads a line of a statement. The newline of a line that ends within quotes belongs to what is
 * quoted; all others end up as one newline between lines that have code. */
void sql_read_line(struct reader *reader, struct slice line)
{
	text_clear(&reader->code);
	reader->line = (struct line){0};
	reader->mark_end = &reader->line.marks;
	for (size_t at = 0; at < line.length && !reader->is_refused;)
		at = readers[reader->place](reader, line, at);
	if (is_quoted(reader->place))
		text_append_char(&reader->code, '\n');
	else
		trim_code(reader);
	if (reader->code.is_broken)
		sql_owned(reader, NULL);
	if (!reader->is_refused)
		add_line(reader);
}
