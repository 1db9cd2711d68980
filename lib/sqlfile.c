#include "sqlfile_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Checks the statement that ends here. */
static void end_statement(struct reader *reader)
{
	struct sql_statement *statement = reader->statement;
	if (reader->place != PLACE_CODE)
		sql_refuse(reader, reader->place_line, "what is opened here never ends");
	if (statement == NULL)
		return;
	if (!reader->has_code)
		sql_refuse(reader, statement->line_number, "the statement is empty");
	statement->comment = sql_copy(
		reader, (struct slice){reader->comment.bytes, reader->comment.length});
	if (reader->comment.is_broken)
		sql_owned(reader, NULL);
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
	if (!sql_is_name(name))
		sql_refuse(reader, reader->line_number, "the statement has no proper name");
	if (is_taken(reader, name))
		sql_refuse(reader, reader->line_number, "the name is taken");
	struct sql_statement *statement = sql_owned(
		reader, arena_take(&reader->file->arena, sizeof *statement));
	if (reader->is_refused)
		return;
	statement->name = sql_copy(reader, name);
	statement->line_number = reader->line_number;
	*reader->statement_end = statement;
	reader->statement_end = &statement->next;
	reader->file->count++;
	reader->statement = statement;
	reader->line_end = &statement->lines;
	reader->has_code = reader->is_closed = reader->is_described = false;
	text_clear(&reader->comment);
}

static struct fragment *find_fragment(const struct reader *reader, struct slice name)
{
	struct fragment *fragment = reader->fragments;
	while (fragment != NULL && !slice_equals(name, fragment->name))
		fragment = fragment->next;
	return fragment;
}

static void begin_fragment(struct reader *reader, struct slice name)
{
	if (!sql_is_name(name))
		sql_refuse(reader, reader->line_number, "the fragment has no proper name");
	if (find_fragment(reader, name) != NULL)
		sql_refuse(reader, reader->line_number, "the name is taken");
	struct fragment *fragment = sql_owned(
		reader, arena_take(&reader->file->arena, sizeof *fragment));
	if (fragment == NULL)
		return;
	*fragment = (struct fragment){.next = reader->fragments,
		.name = sql_copy(reader, name),
		.line_number = reader->line_number};
	reader->fragments = reader->fragment = fragment;
}

/* Its lines follow each other in the file, so they are one piece of it. */
static void read_fragment_line(struct reader *reader, struct slice line)
{
	struct slice *lines = &reader->fragment->lines;
	if (lines->bytes == NULL)
		lines->bytes = line.bytes;
	lines->length = (size_t)(line.bytes + line.length - lines->bytes);
}

/* Reads the lines of a fragment where a statement uses it. A fault in them is told by where they
 * stand. */
static void use_fragment(struct reader *reader, struct slice name)
{
	struct fragment *fragment = find_fragment(reader, name);
	size_t line_number = reader->line_number;
	if (reader->fragment != NULL || reader->statement == NULL) {
		sql_refuse(reader, line_number, "only a statement uses a fragment");
		return;
	}
	if (fragment == NULL) {
		sql_refuse(reader, line_number, "the fragment must stand further up in the file");
		return;
	}
	fragment->is_used = reader->is_described = true;
	struct slice lines = fragment->lines, line;
	reader->line_number = fragment->line_number;
	while (!reader->is_refused && slice_split(&lines, '\n', &line)) {
		reader->line_number++;
		sql_read_line(reader, line);
	}
	reader->line_number = line_number;
}

static void check_fragments(struct reader *reader)
{
	const struct fragment *fragment = reader->fragments;
	for (; fragment != NULL; fragment = fragment->next)
		if (!fragment->is_used)
			sql_refuse(reader, fragment->line_number, "no statement uses the fragment");
}
/* Takes a line of comment that stands directly below the name; false for any other line. */
static bool read_description(struct reader *reader, struct slice line)
{
	struct slice comment = sql_trim(line);
	if (reader->is_described || !sql_starts_with(comment, SLICE("--"))) {
		reader->is_described = true;
		return false;
	}
	comment = sql_trim(sql_slice_from(comment, strlen("--")));
	if (reader->comment.length > 0)
		text_append_char(&reader->comment, '\n');
	text_append(&reader->comment, comment.bytes, comment.length);
	return true;
}

/* Comments that say what the lines below or in their place are. Those that begin something stand at
 * the beginning of a line. */
static const struct directive {
	struct slice word;
	void (*take)(struct reader *reader, struct slice name);
	bool is_beginning;
} directives[] = {
	{{"name:", 5}, begin_statement, true},
	{{"fragment:", 9}, begin_fragment, true},
	{{"use:", 4}, use_fragment, false},
};

static const struct directive *find_directive(struct slice line, struct slice *ret_name)
{
	bool is_indented = line.length > 0 && line.bytes[0] != '-';
	line = sql_trim(line);
	if (!sql_starts_with(line, SLICE("--")))
		return NULL;
	line = sql_trim(sql_slice_from(line, strlen("--")));
	for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
		const struct directive *directive = &directives[i];
		if (!sql_starts_with(line, directive->word) ||
			(is_indented && directive->is_beginning))
			continue;
		*ret_name = sql_trim(sql_slice_from(line, directive->word.length));
		return directive;
	}
	return NULL;
}

static bool is_comment_or_blank(struct slice line)
{
	line = sql_trim(line);
	return line.length == 0 || sql_starts_with(line, SLICE("--"));
}

static void take_directive(
	struct reader *reader, const struct directive *directive, struct slice name)
{
	if (directive->is_beginning) {
		end_statement(reader);
		reader->statement = NULL;
		reader->fragment = NULL;
	}
	directive->take(reader, name);
}

static void read_line(struct reader *reader, struct slice line)
{
	struct slice name = {0};
	const struct directive *directive = reader->place == PLACE_CODE
						    ? find_directive(line, &name)
						    : NULL;
	if (!text_is_utf8(line.bytes, line.length))
		sql_refuse(reader, reader->line_number, "invalid UTF-8");
	else if (directive != NULL)
		take_directive(reader, directive, name);
	else if (reader->fragment != NULL)
		read_fragment_line(reader, line);
	else if (reader->statement != NULL && !read_description(reader, line))
		sql_read_line(reader, line);
	else if (reader->statement == NULL && !is_comment_or_blank(line))
		sql_refuse(reader, reader->line_number, "text before the first name");
}

static void read_lines(struct reader *reader, struct slice source)
{
	struct slice line;
	while (!reader->is_refused && slice_split(&source, '\n', &line)) {
		reader->line_number++;
		read_line(reader, line);
	}
	end_statement(reader);
	check_fragments(reader);
}

/* Makes the array of the statements, which were linked so far. */
static void index_statements(struct reader *reader)
{
	struct sql_file *file = reader->file;
	size_t size = file->count * sizeof *file->statements;
	file->statements = sql_owned(reader, arena_take(&file->arena, size));
	if (file->statements == NULL)
		return;
	size_t i = 0;
	for (struct sql_statement *one = reader->first; one != NULL; one = one->next)
		file->statements[i++] = one;
}

struct sql_file *sqlfile_read(struct slice source, struct text *ret_error)
{
	struct reader reader = {.error = ret_error, .file = calloc(1, sizeof *reader.file)};
	if (sql_owned(&reader, reader.file) == NULL)
		return NULL;
	reader.statement_end = &reader.first;
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
