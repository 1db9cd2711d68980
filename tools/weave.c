/* weave: turns the contract, the statements and the migrations into C that is compiled in.
 *
 *   weave FOLDER OPENAPI.yaml FILE…
 *
 * The contract's sources are the files of the name contract.yaml, that of server/ first: weave
 * makes them one OpenAPI document, whole, and writes it to OPENAPI.yaml (for people and tools) and
 * to FOLDER/openapi.json. FOLDER/operations.gen.h lists its operations as an X-macro and declares
 * every statement, so that an operation without code does not link and a statement without text
 * does not compile; FOLDER/problems.gen.h has the problems. FOLDER/woven.gen.c holds the contract
 * as JSON and the SQL files as they are, FOLDER/code.gen.c the operations that need no C of their
 * own, FOLDER/derived.sql their statements that follow from others, FOLDER/status_moves.sql the
 * moves, FOLDER/sensitive.sql what the audit log does not keep. A file below migrations/ is a
 * migration, one below migrations/routines/ has routines, as access.sql and the *rules.sql of a
 * room do; all other SQL holds statements. Another YAML file is a catalogue of languages/:
 * translations of messages, and the labels of the contract's enums. An enum of the contract without
 * a name (x-enum), and a value without a label, do not build. A file that would stay the same is
 * not written, so that nothing is compiled again for it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"
#include "weave.h"

/* What weave writes. */
enum {
	FORM_WOVEN,
	FORM_OPERATIONS,
	FORM_PROBLEMS,
	FORM_CODE,
	FORM_DERIVED,
	FORM_JSON,
	FORM_MOVES,
	FORM_SENSITIVE,
	FORM_YAML,
	FORM_COUNT
};

static const char *const form_names[FORM_COUNT] = {"woven.gen.c", "operations.gen.h",
	"problems.gen.h", "code.gen.c", "derived.sql", "openapi.json", "status_moves.sql",
	"sensitive.sql", NULL /* OPENAPI.yaml */};

/* The files that weave is given, by what they are for. */
struct sources {
	const char **contracts, **catalogues, **statements, **code;
	size_t contract_count, catalogue_count, statement_count, code_count;
};

void die(const char *file, const char *why)
{
	fprintf(stderr, "weave: %s: %s\n", file, why);
	exit(1);
}

void die_of(const char *where, const char *format, ...)
{
	va_list arguments;
	fprintf(stderr, "weave: %s: ", where);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
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

static bool is_as_written(const char *path, const struct text *text)
{
	if (access(path, R_OK) != 0)
		return false;
	struct text old = read_file(path);
	bool is_same = old.length == text->length &&
		       memcmp(old.bytes, text->bytes, text->length) == 0;
	text_done(&old);
	return is_same;
}

static void write_file(const char *path, const struct text *text)
{
	if (text->is_broken)
		die(path, "memory is exhausted");
	if (is_as_written(path, text))
		return;
	FILE *file = fopen(path, "wb");
	if (file == NULL || fwrite(text->bytes, 1, text->length, file) != text->length ||
		fclose(file) != 0)
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

/* JSON's literal is one of C, too. */
void append_literal(struct text *out, const char *string)
{
	json_t *json = string == NULL ? NULL : json_string(string);
	char *literal = json == NULL ? NULL : json_dumps(json, JSON_ENCODE_ANY);
	text_append_string(out, literal == NULL ? "NULL" : literal);
	free(literal);
	json_decref(json);
}

/* Returns the ids of the operations that C files have, each behind a blank. */
static struct text written_operations(const struct sources *sources)
{
	static const char mark[] = "\nOPERATION(";
	struct text ids = {0};
	text_append_string(&ids, " ");
	for (size_t i = 0; i < sources->code_count; i++) {
		struct text source = read_file(sources->code[i]);
		const char *place = source.bytes == NULL ? NULL : strstr(source.bytes, mark);
		for (; place != NULL; place = strstr(place, mark)) {
			place += strlen(mark);
			text_append(&ids, place, strcspn(place, ")"));
			text_append_char(&ids, ' ');
		}
		text_done(&source);
	}
	return ids;
}

/* The lists of files that the server finds in itself, by what they are for. */
enum { KIND_STATEMENTS, KIND_MIGRATION, KIND_ROUTINE, KIND_COUNT };

static const char *const list_names[KIND_COUNT] = {
	"woven_statement_files", "woven_migrations", "woven_routines"};

bool has_ending(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);
	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static int kind_of(const char *path)
{
	if (strstr(path, "migrations/routines/") != NULL || has_ending(path, "/access.sql") ||
		has_ending(path, "rules.sql"))
		return KIND_ROUTINE;
	return strstr(path, "migrations/") != NULL ? KIND_MIGRATION : KIND_STATEMENTS;
}

/* Takes the functions of a text under their names. */
static void cut_functions(const char *text, json_t *parts)
{
	static const char mark[] = "create or replace function ";
	const char *part = strstr(text, mark);
	while (part != NULL) {
		part += strlen(mark);
		const char *next = strstr(part, mark);
		size_t length = next == NULL ? strlen(part) : (size_t)(next - part);
		size_t name = 0;
		while (isalnum((unsigned char)part[name]) || part[name] == '_')
			name++;
		json_object_setn_new(parts, part, name, json_stringn(part, length));
		part = next;
	}
}

/* Reads all SQL; means_done releases it. */
static struct means read_means(const struct sources *sources, const char *written)
{
	struct means means = {.paths = sources->statements,
		.path_count = sources->statement_count,
		.files = calloc(sources->statement_count + 1, sizeof *means.files),
		.routines = json_object(),
		.written = written};
	for (size_t i = 0; i < sources->statement_count; i++) {
		const char *path = sources->statements[i];
		struct text source = read_file(path);
		if (kind_of(path) == KIND_STATEMENTS)
			means.files[means.file_count++] = read_statements(path, &source);
		else if (source.bytes != NULL)
			cut_functions(source.bytes, means.routines);
		text_done(&source);
	}
	return means;
}

static void means_done(struct means *means)
{
	for (size_t i = 0; i < means->file_count; i++)
		sqlfile_free(means->files[i]);
	free(means->files);
	json_decref(means->routines);
}

/* Makes the document whole, step by step, and returns it; the code and the tables that follow from
 * its short form are written on the way. */
static json_t *whole_contract(const struct sources *sources, struct text forms[FORM_COUNT])
{
	struct text written = written_operations(sources);
	struct means means = read_means(sources, written.bytes);
	json_t *document = read_contract(sources->contracts, sources->contract_count);
	expand_references(document);
	prepare_schemas(document);
	make_nullables(document);
	complete_examples(document);
	complete_schemas(document);
	complete_operations(document);
	complete_roles(document);
	check_references(document);
	weave_statements(document, &means, &forms[FORM_DERIVED]);
	check_operations(document, &means);
	append_moves(document, &forms[FORM_MOVES]);
	append_sensitive(document, &forms[FORM_SENSITIVE]);
	weave_problems(document, &forms[FORM_PROBLEMS]);
	weave_roles(document, &forms[FORM_WOVEN]);
	weave_objects(document, &means, &forms[FORM_WOVEN]);
	weave_code(document, written.bytes, &forms[FORM_CODE]);
	complete_contract(document);
	complete_expansions(document);
	means_done(&means);
	text_done(&written);
	return document;
}

static void declare_operations(const struct contract *contract, struct text *header)
{
	text_append_string(header, "#define OPERATIONS(X)");
	for (size_t i = 0; i < contract->operation_count; i++)
		text_append_printf(header, " \\\n\tX(%s)", contract->operations[i].id);
	text_append_string(header, "\n\n");
	for (size_t i = 0; i < contract->operation_count; i++)
		text_append_printf(header, "extern const struct operation_code operation_%s;\n",
			contract->operations[i].id);
}

/* Writes the contract in each of its forms, and returns its enums. */
static json_t *weave_contract(const struct sources *sources, struct text forms[FORM_COUNT])
{
	struct text *out = &forms[FORM_WOVEN], error = {0};
	json_t *document = whole_contract(sources, forms);
	char *json = json_dumps(document, JSON_COMPACT);
	text_append_string(&forms[FORM_JSON], json);
	text_append_string(&forms[FORM_YAML],
		"# Made by the build from server/contract.yaml and server/resources/*/contract.yaml; change "
		"those.\n");
	append_yaml(document, &forms[FORM_YAML]);
	struct contract *contract = contract_new(slice_of(json), &error);
	if (contract == NULL)
		die("the contract", error.bytes);
	append_bytes(out, "contract_bytes", slice_of(json));
	text_append_string(out, "const struct slice woven_contract = {contract_bytes, "
				"sizeof contract_bytes - 1};\n\n");
	declare_operations(contract, &forms[FORM_OPERATIONS]);
	json_t *enums = enums_of("the contract", document);
	contract_free(contract);
	json_decref(document);
	free(json);
	return enums;
}

/* Sorts the files by what they are for; each list has room for all. */
static void sort_sources(struct sources *sources, int count, char **paths)
{
	const char ***lists[] = {
		&sources->contracts, &sources->catalogues, &sources->code, &sources->statements};
	size_t *counts[] = {&sources->contract_count, &sources->catalogue_count,
		&sources->code_count, &sources->statement_count};
	static const char *const ends[] = {"contract.yaml", ".yaml", ".c", ""};
	for (size_t kind = 0; kind < 4; kind++)
		*lists[kind] = calloc((size_t)count, sizeof **lists[kind]);
	for (int i = 0; i < count; i++) {
		size_t kind = 0;
		while (!has_ending(paths[i], ends[kind]))
			kind++;
		(*lists[kind])[(*counts[kind])++] = paths[i];
	}
}

static void sources_done(struct sources *sources)
{
	free(sources->contracts);
	free(sources->catalogues);
	free(sources->code);
	free(sources->statements);
}

static void declare_statements(
	const char *path, const struct text *source, struct text *out, struct text *header)
{
	struct sql_file *file = read_statements(path, source);
	for (size_t i = 0; i < sqlfile_count(file); i++) {
		const char *name = sql_statement_name(sqlfile_at(file, i));
		text_append_printf(header, "extern const char statement_%s[];\n", name);
		text_append_printf(out, "const char statement_%s[] = \"%s\";\n", name, name);
	}
	sqlfile_free(file);
}

/* Writes the content of a file, and adds it to the list of its kind. */
static void append_file(
	struct text *list, struct text *out, const char *name, const struct text *content)
{
	static int number = 0;
	char variable[32];
	snprintf(variable, sizeof variable, "file_%d", ++number);
	append_bytes(out, variable, (struct slice){content->bytes, content->length});
	text_append_printf(list, "\t{\"%s\", {%s, sizeof %s - 1}},\n", name, variable, variable);
}

static void weave_file(const char *path, const struct text *source, struct text lists[KIND_COUNT],
	struct text forms[FORM_COUNT])
{
	const char *slash = strrchr(path, '/');
	int kind = kind_of(path);
	append_file(&lists[kind], &forms[FORM_WOVEN], slash == NULL ? path : slash + 1, source);
	if (kind == KIND_STATEMENTS)
		declare_statements(path, source, &forms[FORM_WOVEN], &forms[FORM_OPERATIONS]);
}

static void weave_sql(const struct sources *sources, struct text forms[FORM_COUNT])
{
	struct text lists[KIND_COUNT] = {0};
	for (size_t i = 0; i < sources->statement_count; i++) {
		struct text source = read_file(sources->statements[i]);
		weave_file(sources->statements[i], &source, lists, forms);
		text_done(&source);
	}
	weave_file(form_names[FORM_DERIVED], &forms[FORM_DERIVED], lists, forms);
	for (int form = FORM_MOVES; form <= FORM_SENSITIVE; form++)
		append_file(
			&lists[KIND_ROUTINE], &forms[FORM_WOVEN], form_names[form], &forms[form]);
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		text_append_printf(&forms[FORM_WOVEN],
			"const struct woven_file %s[] = {\n%s\t{0}};\n\n", list_names[kind],
			lists[kind].bytes == NULL ? "" : lists[kind].bytes);
		text_done(&lists[kind]);
	}
}

static void write_forms(const char *folder, const char *yaml, struct text forms[FORM_COUNT])
{
	for (int form = 0; form < FORM_COUNT; form++) {
		struct text path = {0};
		text_append_printf(&path, "%s/%s", folder, form_names[form]);
		write_file(form == FORM_YAML ? yaml : path.bytes, &forms[form]);
		text_done(&path);
		text_done(&forms[form]);
	}
}

int main(int count, char **arguments)
{
	if (count < 4)
		die("usage", "weave FOLDER OPENAPI.yaml FILE…");
	struct sources sources = {0};
	struct text forms[FORM_COUNT] = {0};
	struct catalogues catalogues = {.out = &forms[FORM_WOVEN]};
	sort_sources(&sources, count - 3, arguments + 3);
	text_append_string(&forms[FORM_OPERATIONS],
		"/* Made by weave from the contract and the statements. */\n"
		"#pragma once\n\nstruct operation_code;\n\n");
	text_append_string(&forms[FORM_WOVEN],
		"/* Made by weave. */\n#include \"operations.gen.h\"\n#include \"woven.h\"\n\n");
	catalogues.enums = weave_contract(&sources, forms);
	for (size_t i = 0; i < sources.catalogue_count; i++)
		weave_catalogue(&catalogues, sources.catalogues[i]);
	weave_catalogues_end(&catalogues);
	weave_sql(&sources, forms);
	write_forms(arguments[1], arguments[2], forms);
	sources_done(&sources);
	return 0;
}
