/* weave: turns the contract, the statements and the migrations into C that is compiled in.
 *
 *   weave OUT.c OUT.h OUT.json openapi.yaml FILE.yaml… FILE.sql…
 *
 * OUT.h lists the operations of the contract as an X-macro and declares every statement, so that
 * an operation without code does not link and a statement without text does not compile. OUT.c
 * holds the contract as JSON, completed by what holds for every operation, and the SQL files as
 * they are. OUT.json is that contract for the tools that judge it. A file below migrations/ is a
 * migration, one below migrations/routines/ a routine; all others hold statements. A YAML file is a
 * catalogue of languages/: translations of messages, and the labels of the contract's enums. An
 * enum of the contract without a name (x-enum), and a value without a label, do not build. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "sqlfile.h"
#include "weave.h"
#include "yaml.h"

/* What weave writes, in the order of its arguments. */
enum { FORM_CODE, FORM_HEADER, FORM_JSON, FORM_COUNT };

void die(const char *file, const char *why)
{
	fprintf(stderr, "weave: %s: %s\n", file, why);
	exit(1);
}

struct text read_file(const char *path)
{
	struct text text = {0};
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		die(path, strerror(errno));
	char piece[1 << 16];
	size_t length;
	while ((length = fread(piece, 1, sizeof piece, file)) > 0)
		text_append(&text, piece, length);
	if (ferror(file) || text.is_broken)
		die(path, "cannot be read");
	fclose(file);
	return text;
}

static void write_file(const char *path, const struct text *text)
{
	FILE *file = fopen(path, "wb");
	if (file == NULL || text->is_broken ||
		fwrite(text->bytes, 1, text->length, file) != text->length || fclose(file) != 0)
		die(path, "cannot be written");
}

/* String literals of this size are beyond what C promises. */
void append_bytes(struct text *out, const char *name, struct slice bytes)
{
	text_append_printf(out, "static const char %s[] = {", name);
	for (size_t i = 0; i < bytes.length; i++)
		text_append_printf(
			out, "%s%d,", i % 24 == 0 ? "\n" : "", (signed char)bytes.bytes[i]);
	text_append_string(out, "0};\n\n");
}

/* Writes the contract in each of its forms, and returns its enums. */
static json_t *weave_contract(const char *path, struct text forms[FORM_COUNT])
{
	struct text *out = &forms[FORM_CODE], *header = &forms[FORM_HEADER];
	struct text source = read_file(path);
	struct text error = {0};
	json_t *document = yaml_read(
		(struct slice){.bytes = source.bytes, .length = source.length}, &error);
	if (document == NULL)
		die(path, error.bytes);
	complete_contract(document);
	complete_expansions(document);
	char *json = json_dumps(document, JSON_COMPACT);
	struct contract *contract = contract_new(slice_of(json), &error);
	if (contract == NULL)
		die(path, error.bytes);

	text_append_string(&forms[FORM_JSON], json);
	append_bytes(out, "contract_bytes", slice_of(json));
	text_append_string(out, "const struct slice woven_contract = {contract_bytes, "
				"sizeof contract_bytes - 1};\n\n");
	text_append_string(header, "#define OPERATIONS(X)");
	for (size_t i = 0; i < contract->operation_count; i++)
		text_append_printf(header, " \\\n\tX(%s)", contract->operations[i].id);
	text_append_string(header, "\n\n");
	for (size_t i = 0; i < contract->operation_count; i++)
		text_append_printf(header, "extern const struct operation_code operation_%s;\n",
			contract->operations[i].id);
	json_t *enums = enums_of(path, document);
	contract_free(contract);
	json_decref(document);
	free(json);
	text_done(&source);
	return enums;
}

/* The lists of files that the server finds in itself, by what they are for. */
enum { KIND_STATEMENTS, KIND_MIGRATION, KIND_ROUTINE, KIND_COUNT };

static const char *const list_names[KIND_COUNT] = {
	"woven_statement_files", "woven_migrations", "woven_routines"};

static int kind_of(const char *path)
{
	if (strstr(path, "migrations/routines/") != NULL)
		return KIND_ROUTINE;
	return strstr(path, "migrations/") != NULL ? KIND_MIGRATION : KIND_STATEMENTS;
}

static void declare_statements(
	const char *path, struct slice source, struct text *out, struct text *header)
{
	struct text error = {0};
	struct sql_file *file = sqlfile_read(source, &error);
	if (file == NULL)
		die(path, error.bytes);
	for (size_t i = 0; i < sqlfile_count(file); i++) {
		const char *name = sql_statement_name(sqlfile_at(file, i));
		text_append_printf(header, "extern const char statement_%s[];\n", name);
		text_append_printf(out, "const char statement_%s[] = \"%s\";\n", name, name);
	}
	sqlfile_free(file);
}

static void weave_file(const char *path, int number, struct text lists[KIND_COUNT],
	struct text *out, struct text *header)
{
	struct text source = read_file(path);
	struct slice bytes = {.bytes = source.bytes, .length = source.length};
	const char *slash = strrchr(path, '/');
	char name[32];
	snprintf(name, sizeof name, "file_%d", number);
	int kind = kind_of(path);
	append_bytes(out, name, bytes);
	if (kind == KIND_STATEMENTS)
		declare_statements(path, bytes, out, header);
	text_append_printf(&lists[kind], "\t{\"%s\", {%s, sizeof %s - 1}},\n",
		slash == NULL ? path : slash + 1, name, name);
	text_done(&source);
}

static bool is_catalogue(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot != NULL && strcmp(dot, ".yaml") == 0;
}

int main(int count, char **arguments)
{
	enum { CONTRACT_AT = 1 + FORM_COUNT };
	if (count <= CONTRACT_AT)
		die("usage", "weave OUT.c OUT.h OUT.json openapi.yaml FILE.yaml… FILE.sql…");
	struct text forms[FORM_COUNT] = {0};
	struct text *out = &forms[FORM_CODE], *header = &forms[FORM_HEADER];
	struct text lists[KIND_COUNT] = {0};
	struct catalogues catalogues = {.out = out};
	text_append_string(header, "/* Made by weave from the contract and the statements. */\n"
				   "#pragma once\n\nstruct operation_code;\n\n");
	text_append_string(out,
		"/* Made by weave. */\n#include \"operations.gen.h\"\n#include \"woven.h\"\n\n");
	catalogues.enums = weave_contract(arguments[CONTRACT_AT], forms);
	for (int i = CONTRACT_AT + 1; i < count; i++)
		if (is_catalogue(arguments[i]))
			weave_catalogue(&catalogues, arguments[i]);
		else
			weave_file(arguments[i], i, lists, out, header);
	weave_catalogues_end(&catalogues);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		text_append_printf(out, "const struct woven_file %s[] = {\n%s\t{0}};\n\n",
			list_names[kind], lists[kind].bytes == NULL ? "" : lists[kind].bytes);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		text_done(&lists[kind]);
	for (int form = 0; form < FORM_COUNT; form++) {
		write_file(arguments[1 + form], &forms[form]);
		text_done(&forms[form]);
	}
	return 0;
}
