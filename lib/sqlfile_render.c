#include "sqlfile_parts.h"

#include <assert.h>
#include <string.h>

size_t sqlfile_count(const struct sql_file *file)
{
	return file->count;
}

const struct sql_statement *sqlfile_at(const struct sql_file *file, size_t i)
{
	assert(i < file->count);
	return file->statements[i];
}

const struct sql_statement *sqlfile_find(const struct sql_file *file, const char *name)
{
	for (size_t i = 0; i < file->count; i++)
		if (strcmp(file->statements[i]->name, name) == 0)
			return file->statements[i];
	return NULL;
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
