/* What the parts of weave share. A fault ends it. */
#pragma once

#include <jansson.h>

#include "sqlfile.h"
#include "text.h"

/* Says why a file cannot be woven, and ends. */
void die(const char *file, const char *why) __attribute__((noreturn));

/* Returns the content of a file; to be released. */
struct text read_file(const char *path);

/* Writes bytes as an array of C. */
void append_bytes(struct text *out, const char *name, struct slice bytes);

/* Writes a string as a literal of C; NULL as NULL. */
void append_literal(struct text *out, const char *string);

/* The same with a sentence that is made of parts: what is wrong, and what to do. */
void die_of(const char *where, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

bool has_ending(const char *text, const char *end);

/* Returns the value of a YAML file; a new reference. */
json_t *read_yaml(const char *path);

/* Where an operation stands. */
struct room {
	const char *path;
	const char *tag;
	const char *permission; /* before ":read" and ":write"; NULL: an operation says its own */
};

/* Reads the sources of the contract, the common one first, into one document in the short form; a
 * new reference. Besides the members of the contract it has x-operations, x-problems, x-roles. */
json_t *read_contract(const char *const *paths, size_t count);

/* What an object of a schema is called. */
struct thing {
	const char *name; /* of its schema */
	char one[64];
	char many[64];
};

struct thing thing_of(json_t *document, const char *name);

/* Returns a template with its words put in ({Schema}, {one}, {many}, {a one}); a new reference. */
json_t *fill(const char *template, const struct thing *thing);

/* The same for all strings of a value. */
json_t *fill_all(json_t *template, const struct thing *thing);

json_t *schemas_of(json_t *document);

/* Returns the schemas that operations read or write by their kinds, with these kinds:
 * {Region: {x-lists: true, …}, …}; a new reference. */
json_t *things_of(json_t *document);

/* Returns the kind of an operation (x-lists, …) and the schema that it is about; NULL: none. */
const char *kind_of_operation(json_t *document, json_t *operation, const char **ret_schema);

/* Returns the operation of that kind that is about a schema, or NULL. */
const char *operation_of_kind(json_t *document, const char *kind, const char *schema);

/* The steps that make the document whole, in their order. References get their long form; schemas
 * the members of what they extend and of every record; NullableX is made where it is wanted. */
void expand_references(json_t *document);
void prepare_schemas(json_t *document);
void make_nullables(json_t *document);
void complete_examples(json_t *document);
void complete_schemas(json_t *document);
void complete_operations(json_t *document);
void complete_roles(json_t *document);
void check_references(json_t *document);

/* Returns what a node refers to, or the node itself where it is no reference. */
json_t *resolved(json_t *document, json_t *node);

/* Returns what a client writes to make the example of a schema; a new reference. */
json_t *written_example(json_t *document, const char *name);

/* Return what a file with these columns and rows looks like; new references. */
json_t *csv_sample(json_t *columns, json_t *rows);
json_t *ndjson_sample(json_t *columns, json_t *rows);

/* Of an item of x-problems, which is a code, or a code with the words for when it comes. */
const char *problem_code(json_t *problem);
int problem_status(json_t *document, const char *where, const char *code);

/* Says in the x-problems of an operation that moves from where it does not, where that is not said.
 */
void add_move_words(json_t *document, const char *id, json_t *operation);

/* Writes the SQL that fills the table of moves. */
void append_moves(json_t *document, struct text *out);

/* Appends the table of a schema: "SalesRecord" is kept in sales_record. */
void append_table(struct text *out, const char *schema);

/* Writes the SQL that keeps out of the audit log what is sensitive; takes out of the schemas the
 * words for it. */
void append_sensitive(json_t *document, struct text *out);

/* Appends to a description what an operation says of its problems. */
void append_problems(json_t *document, const char *where, json_t *operation, struct text *out);

/* Writes the table of problems as an X-macro. */
void weave_problems(json_t *document, struct text *header);

/* True when a room, as x-roles has it, gives a role the right: read or write. */
bool role_may(json_t *room, const char *role, const char *grant);

/* Writes what each role may. */
void weave_roles(json_t *document, struct text *out);

/* Writes which objects each room has. */
struct means;
void weave_objects(json_t *document, const struct means *means, struct text *out);

/* Writes the code of the operations that no C file has: those of a kind, by their statements. */
void weave_code(json_t *document, const char *written, struct text *out);

/* What carries the operations out. */
struct means {
	const char *const *paths; /* of all SQL */
	size_t path_count;
	struct sql_file **files; /* of statements, with room for one more */
	size_t file_count;
	json_t *routines;    /* {name: text} of the functions of all other SQL */
	const char *written; /* the ids of the operations that C files have, each behind a blank */
};

/* Returns a file of statements. */
struct sql_file *read_statements(const char *path, const struct text *source);

/* Returns the statement of that name, or NULL. */
const struct sql_statement *find_statement(const struct means *means, const char *name);

/* Returns what a statement is without the lines that name a parameter or a sort, or with the former
 * (`has_all`); to be released. */
struct text text_of_statement(const struct sql_statement *statement, bool has_all);

/* Writes the statements that follow from others, for operations that have neither a statement nor
 * code, and adds them to the files. */
void weave_statements(json_t *document, struct means *means, struct text *out);

/* Says that nothing carries an operation out, and ends. */
void die_without_means(const char *id) __attribute__((noreturn));

/* Holds the operations against the SQL: each needs a statement or code, and says of its problems
 * what its statement can raise. */
void check_operations(json_t *document, const struct means *means);

/* Writes a value as YAML. */
void append_yaml(json_t *document, struct text *out);

/* Adds to each operation of the contract what x-every-operation says, and that a token does where a
 * key is asked for; takes out of the document what was there for weave only. */
void complete_contract(json_t *document);

/* Adds what x-expands of the schemas means for the operations, by x-every-expansion, and takes that
 * out. */
void complete_expansions(json_t *document);

/* Returns the $ref of what an operation answers with 200, as JSON; NULL: none, or no component. */
const char *answer_reference(json_t *operation);

/* Returns the schema that a $ref leads to, or NULL. */
json_t *find_component(json_t *document, const char *reference);

/* Returns the enums of the contract, {name: [value, …]}; a new reference. Each is named by x-enum,
 * but for sorts and where x-enum is false, whose values are for programs only. */
json_t *enums_of(const char *path, json_t *document);

/* The catalogues of languages/, one after the other. */
struct catalogues {
	struct text *out;
	json_t *enums; /* of the contract; released at the end */
	int count;
	struct text languages, labels; /* the lists that are growing */
};

/* Weaves a catalogue: its messages are sorted, to be searched; its labels become what listEnums
 * answers. A value without a label ends weave, and so does a label without a value. */
void weave_catalogue(struct catalogues *catalogues, const char *path);

/* Writes the lists. */
void weave_catalogues_end(struct catalogues *catalogues);
