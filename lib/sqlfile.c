#include "sqlfile.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

/* A place in a line where a parameter stands. */
struct mark {
	struct mark *next;
	size_t offset;    /* into the line's text, which does not hold the parameter itself */
	size_t parameter; /* into the statement's parameters */
};

/* A line of a statement, without its comments. */
struct line {
	struct line *next;
	struct slice text;
	struct mark *marks;
	const char *sort; /* or NULL */
};

/* The distinct names that a statement mentions, in the order of first mention. */
struct names {
	const char *items[SQL_PARAMETERS_MAX];
	size_t count;
};
_Static_assert(SQL_PARAMETERS_MAX == SQL_SORTS_MAX, "struct names serves both");

struct sql_statement {
	struct sql_statement *next;
	const char *name;
	const char *comment;
	size_t line_number;
	size_t size; /* what its longest rendering takes, apart from the parameters */
	struct line *lines;
	struct names parameters;
	struct names sorts;
};

struct sql_file {
	struct arena arena; /* owns all of the above */
	const struct sql_statement **statements;
	size_t count;
};

/* What the bytes of a statement are part of. It outlives a line: quotes and comments span them. */
enum place { PLACE_CODE, PLACE_COMMENT, PLACE_STRING, PLACE_ESCAPED, PLACE_NAME, PLACE_DOLLAR };

struct reader {
	struct sql_file *file;
	struct sql_statement *first;
	struct sql_statement *statement; /* the one that is being read, or NULL before the first */
	struct line **line_end;          /* where its next line is linked */
	struct text comment;             /* of that statement */
	struct text code;                /* of the line that is being read */
	struct line line;                /* that line */
	struct mark **mark_end;
	size_t line_number;
	enum place place;
	size_t place_line;  /* where that place began */
	size_t depth;       /* of nested block comments */
	struct slice quote; /* what ends PLACE_DOLLAR */
	bool has_code;      /* the statement is not empty */
	bool is_described;  /* the comment has ended */
	bool is_closed;     /* a semicolon has been read */
	bool is_refused;
	struct text *error;
};

static void refuse(struct reader *reader, size_t line_number, const char *fault)
{
	if (reader->is_refused)
		return;
	reader->is_refused = true;
	text_append_printf(reader->error, "line %zu: %s", line_number, fault);
}

/* NULL refuses the file: it stands for exhausted memory. */
static void *owned(struct reader *reader, void *memory)
{
	if (memory == NULL)
		refuse(reader, reader->line_number, "memory is exhausted");
	return memory;
}

static char *copy(struct reader *reader, struct slice slice)
{
	return owned(reader, arena_copy(&reader->file->arena, slice.bytes, slice.length));
}

static struct slice slice_from(struct slice slice, size_t start)
{
	return (struct slice){slice.bytes + start, slice.length - start};
}

static bool starts_with(struct slice slice, struct slice prefix)
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

/* Unlike slice_trim, it takes the CR of a CRLF, which only quotes keep. */
static struct slice trim(struct slice slice)
{
	while (slice.length > 0 && is_space(slice.bytes[0]))
		slice = slice_from(slice, 1);
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

/* Returns the index of `name` in `names`, where it is added when it is new. */
static size_t name_index(struct reader *reader, struct names *names, struct slice name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (slice_equals(name, names->items[i]))
			return i;
	}
	if (names->count == SQL_PARAMETERS_MAX) {
		refuse(reader, reader->line_number, "more than 64 parameters or sorts");
		return 0;
	}
	names->items[names->count] = copy(reader, name);
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
	struct slice comment = trim(slice_from(line, at + strlen("--")));
	if (!starts_with(comment, SLICE("sort:")))
		return line.length;
	struct slice sort = trim(slice_from(comment, strlen("sort:")));
	if (sort.length == 0) {
		refuse(reader, reader->line_number, "a sort without a value");
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
	struct slice name = slice_from(line, at + 1);
	if (starts_with(name, SLICE(":")))
		return keep(reader, line, at, strlen("::"));
	name.length = word_length(name);
	bool is_name = name.length > 0 &&
		       (name.bytes[0] == '_' || (name.bytes[0] >= 'a' && name.bytes[0] <= 'z'));
	bool is_free = at == 0 || (line.bytes[at - 1] != ':' && !ends_operand(line.bytes[at - 1]));
	if (!is_name || !is_free)
		return keep(reader, line, at, 1);

	struct mark *mark = owned(reader, arena_take(&reader->file->arena, sizeof *mark));
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
		if (starts_with(rest, tokens[i].begin))
			return &tokens[i];
	}
	return NULL;
}

static size_t read_code(struct reader *reader, struct slice line, size_t at)
{
	const struct token *token = token_at(slice_from(line, at));
	bool is_comment = token != NULL &&
			  (token->read == read_line_comment || token->read == open_comment);
	if (!is_comment && !is_space(line.bytes[at])) {
		if (reader->is_closed)
			refuse(reader, reader->line_number, "text after the semicolon");
		reader->has_code |= token == NULL || token->read != close_statement;
	}
	return token != NULL ? token->read(reader, line, at) : keep(reader, line, at, 1);
}

static size_t read_comment(struct reader *reader, struct slice line, size_t at)
{
	struct slice rest = slice_from(line, at);
	if (starts_with(rest, SLICE("/*"))) {
		reader->depth++;
		return at + strlen("/*");
	}
	if (!starts_with(rest, SLICE("*/")))
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
	if (reader->place == PLACE_ESCAPED && starts_with(slice_from(line, at), SLICE("''")))
		return keep(reader, line, at, 2);
	if (byte == (reader->place == PLACE_NAME ? '"' : '\''))
		reader->place = PLACE_CODE;
	return keep(reader, line, at, 1);
}

static size_t read_dollar(struct reader *reader, struct slice line, size_t at)
{
	if (!starts_with(slice_from(line, at), reader->quote))
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
	struct line *line = owned(reader, arena_take(&reader->file->arena, sizeof *line));
	const char *code = copy(reader, (struct slice){reader->code.bytes, reader->code.length});
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
static void read_statement_line(struct reader *reader, struct slice line)
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
		owned(reader, NULL);
	if (!reader->is_refused)
		add_line(reader);
}

/* Checks the statement that ends here. */
static void end_statement(struct reader *reader)
{
	struct sql_statement *statement = reader->statement;
	if (reader->place != PLACE_CODE)
		refuse(reader, reader->place_line, "what is opened here never ends");
	if (statement == NULL)
		return;
	if (!reader->has_code)
		refuse(reader, statement->line_number, "the statement is empty");
	statement->comment = copy(
		reader, (struct slice){reader->comment.bytes, reader->comment.length});
	if (reader->comment.is_broken)
		owned(reader, NULL);
}

static bool is_taken(const struct reader *reader, struct slice name)
{
	const struct sql_statement *statement = reader->first;
	while (statement != NULL && !slice_equals(name, statement->name))
		statement = statement->next;
	return statement != NULL;
}

static void begin_statement(struct reader *reader, struct slice name)
{
	end_statement(reader);
	if (name.length == 0 || !is_letter(name.bytes[0]) || word_length(name) != name.length)
		refuse(reader, reader->line_number, "the statement has no proper name");
	if (is_taken(reader, name))
		refuse(reader, reader->line_number, "the name is taken");
	struct sql_statement *statement = owned(
		reader, arena_take(&reader->file->arena, sizeof *statement));
	if (reader->is_refused)
		return;
	statement->name = copy(reader, name);
	statement->line_number = reader->line_number;
	*(reader->statement == NULL ? &reader->first : &reader->statement->next) = statement;
	reader->file->count++;
	reader->statement = statement;
	reader->line_end = &statement->lines;
	reader->has_code = reader->is_closed = reader->is_described = false;
	text_clear(&reader->comment);
}

/* Takes a line of comment that stands directly below the name; false for any other line. */
static bool read_description(struct reader *reader, struct slice line)
{
	struct slice comment = trim(line);
	if (reader->is_described || !starts_with(comment, SLICE("--"))) {
		reader->is_described = true;
		return false;
	}
	comment = trim(slice_from(comment, strlen("--")));
	if (reader->comment.length > 0)
		text_append_char(&reader->comment, '\n');
	text_append(&reader->comment, comment.bytes, comment.length);
	return true;
}

static bool is_name_line(struct slice line, struct slice *ret_name)
{
	if (!starts_with(line, SLICE("--")))
		return false;
	struct slice comment = trim(slice_from(line, strlen("--")));
	if (!starts_with(comment, SLICE("name:")))
		return false;
	*ret_name = trim(slice_from(comment, strlen("name:")));
	return true;
}

static bool is_comment_or_blank(struct slice line)
{
	line = trim(line);
	return line.length == 0 || starts_with(line, SLICE("--"));
}

static void read_line(struct reader *reader, struct slice line)
{
	struct slice name = {0};
	if (!text_is_utf8(line.bytes, line.length))
		refuse(reader, reader->line_number, "invalid UTF-8");
	else if (reader->place == PLACE_CODE && is_name_line(line, &name))
		begin_statement(reader, name);
	else if (reader->statement != NULL && !read_description(reader, line))
		read_statement_line(reader, line);
	else if (reader->statement == NULL && !is_comment_or_blank(line))
		refuse(reader, reader->line_number, "text before the first name");
}

static void read_lines(struct reader *reader, struct slice source)
{
	struct slice line;
	while (!reader->is_refused && slice_split(&source, '\n', &line)) {
		reader->line_number++;
		read_line(reader, line);
	}
	end_statement(reader);
}

/* Makes the array of the statements, which were linked so far. */
static void index_statements(struct reader *reader)
{
	struct sql_file *file = reader->file;
	size_t size = file->count * sizeof *file->statements;
	file->statements = owned(reader, arena_take(&file->arena, size));
	if (file->statements == NULL)
		return;
	size_t i = 0;
	for (struct sql_statement *one = reader->first; one != NULL; one = one->next)
		file->statements[i++] = one;
}

struct sql_file *sqlfile_read(struct slice source, struct text *ret_error)
{
	struct reader reader = {.error = ret_error, .file = calloc(1, sizeof *reader.file)};
	if (owned(&reader, reader.file) == NULL)
		return NULL;
	arena_init(&reader.file->arena);
	read_lines(&reader, source);
	index_statements(&reader);
	text_done(&reader.code);
	text_done(&reader.comment);
	if (!reader.is_refused)
		return reader.file;
	sqlfile_free(reader.file);
	return NULL;
}

void sqlfile_free(struct sql_file *file)
{
	if (file == NULL)
		return;
	arena_done(&file->arena);
	free(file);
}

size_t sqlfile_count(const struct sql_file *file)
{
	return file->count;
}

const struct sql_statement *sqlfile_at(const struct sql_file *file, size_t i)
{
	assert(i < file->count);
	return file->statements[i];
}

const char *sql_statement_name(const struct sql_statement *statement)
{
	return statement->name;
}

const char *sql_statement_comment(const struct sql_statement *statement)
{
	return statement->comment;
}

static size_t copy_names(const struct names *names, const char **ret_names, size_t room)
{
	for (size_t i = 0; i < names->count && i < room; i++)
		ret_names[i] = names->items[i];
	return names->count;
}

size_t sql_statement_parameters(
	const struct sql_statement *statement, const char **ret_names, size_t room)
{
	return copy_names(&statement->parameters, ret_names, room);
}

size_t sql_statement_sorts(
	const struct sql_statement *statement, const char **ret_sorts, size_t room)
{
	return copy_names(&statement->sorts, ret_sorts, room);
}

/* A statement on its way to text. */
struct rendering {
	const struct sql_statement *statement;
	struct sql_text sql;
	bool is_absent[SQL_PARAMETERS_MAX];
	unsigned char numbers[SQL_PARAMETERS_MAX]; /* 0: not seen yet */
};

static bool is_chosen(const struct rendering *rendering, const struct line *line, const char *sort)
{
	if (line->sort != NULL && (sort == NULL || strcmp(line->sort, sort) != 0))
		return false;
	const struct mark *mark = line->marks;
	while (mark != NULL && !rendering->is_absent[mark->parameter])
		mark = mark->next;
	return mark == NULL;
}

static void render_parameter(struct rendering *rendering, size_t parameter)
{
	struct sql_text *sql = &rendering->sql;
	if (rendering->numbers[parameter] == 0) {
		sql->parameters[sql->parameter_count++] =
			rendering->statement->parameters.items[parameter];
		rendering->numbers[parameter] = (unsigned char)sql->parameter_count;
	}
	text_append_char(&sql->text, '$');
	text_append_integer(&sql->text, rendering->numbers[parameter]);
}

static void render_line(struct rendering *rendering, const struct line *line)
{
	struct text *text = &rendering->sql.text;
	if (text->length > 0 && text->bytes[text->length - 1] != '\n')
		text_append_char(text, '\n');
	size_t start = 0;
	for (const struct mark *mark = line->marks; mark != NULL; mark = mark->next) {
		text_append(text, line->text.bytes + start, mark->offset - start);
		render_parameter(rendering, mark->parameter);
		start = mark->offset;
	}
	text_append(text, line->text.bytes + start, line->text.length - start);
}

bool sql_statement_render(const struct sql_statement *statement, const struct sql_choice *choice,
	struct sql_text *ret_sql)
{
	struct rendering rendering = {.statement = statement};
	const struct names *names = &statement->parameters;
	for (size_t i = 0; i < names->count && choice->is_absent != NULL; i++)
		rendering.is_absent[i] = choice->is_absent(choice->ctx, names->items[i]);
	struct text *text = &rendering.sql.text;
	text_reserve(text, statement->size);
	text_append_string(text, choice->frame == NULL ? "" : choice->frame->head);
	for (const struct line *line = statement->lines; line != NULL; line = line->next) {
		if (is_chosen(&rendering, line, choice->sort))
			render_line(&rendering, line);
	}
	if (choice->frame != NULL)
		text_append_string(text, choice->frame->tail);
	if (text->is_broken) {
		text_done(text);
		return false;
	}
	*ret_sql = rendering.sql;
	return true;
}
