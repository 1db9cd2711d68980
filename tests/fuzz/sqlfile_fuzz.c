/* No file confuses the reader of statements; what it renders is a statement again.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -Ilib tests/fuzz/sqlfile_fuzz.c lib/sqlfile*.c \
 *	lib/arena.c lib/text.c -lutf8proc
 */
#include "sqlfile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool is_true)
{
	if (!is_true)
		abort();
}

static bool is_first_letter_odd(void *ctx, const char *parameter)
{
	(void)ctx;
	return (parameter[0] & 1) != 0;
}

/* With all lines kept, the text has no parameter left by name, and rendering it changes nothing. */
static void demand_stable(const struct sql_text *sql)
{
	struct text source = {0};
	struct text error = {0};
	text_append_printf(&source, "-- name: again\n\n%s", sql->text.bytes);
	struct sql_file *file = sqlfile_read((struct slice){source.bytes, source.length}, &error);
	demand(file != NULL && sqlfile_count(file) == 1);
	const struct sql_statement *statement = sqlfile_at(file, 0);
	demand(sql_statement_parameters(statement, NULL, 0) == 0);
	struct sql_text again;
	demand(sql_statement_render(statement, &(struct sql_choice){0}, &again));
	demand(strcmp(again.text.bytes, sql->text.bytes) == 0);
	text_done(&again.text);
	text_done(&source);
	text_done(&error);
	sqlfile_free(file);
}

static void render(const struct sql_statement *statement)
{
	const char *sorts[SQL_SORTS_MAX];
	const char *names[SQL_PARAMETERS_MAX];
	size_t sort_count = sql_statement_sorts(statement, sorts, SQL_SORTS_MAX);
	size_t name_count = sql_statement_parameters(statement, names, SQL_PARAMETERS_MAX);
	struct sql_text sql;
	for (size_t i = 0; i <= sort_count; i++) {
		struct sql_choice choice = {.sort = i < sort_count ? sorts[i] : NULL};
		demand(sql_statement_render(statement, &choice, &sql));
		demand(sql.parameter_count <= name_count);
		if (sort_count == 0 && sql.text.length > 0)
			demand_stable(&sql);
		text_done(&sql.text);

		choice.is_absent = is_first_letter_odd;
		demand(sql_statement_render(statement, &choice, &sql));
		for (size_t j = 0; j < sql.parameter_count; j++)
			demand(!is_first_letter_odd(NULL, sql.parameters[j]));
		text_done(&sql.text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text error = {0};
	struct sql_file *file = sqlfile_read((struct slice){(const char *)data, size}, &error);
	demand((file == NULL) == (error.length > 0));
	for (size_t i = 0; file != NULL && i < sqlfile_count(file); i++)
		render(sqlfile_at(file, i));
	sqlfile_free(file);
	text_done(&error);
	return 0;
}
