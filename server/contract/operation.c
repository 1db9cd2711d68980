#include "contract/operation.h"

#include <stdlib.h>
#include <string.h>

#include "router.h"

/* Every operation of the contract; one without code does not link. */
static const struct {
	const char *id;
	const struct operation_code *code;
} codes[] = {
#define X(id) {#id, &operation_##id},
	OPERATIONS(X)
#undef X
};

static const struct operation_code *code_of(const char *id)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strcmp(codes[i].id, id) == 0)
			return codes[i].code;
	return NULL;
}

static bool find_statement(const struct statement_catalogue *catalogue, const char *name,
	const struct statement **ret_statement)
{
	*ret_statement = name == NULL ? NULL : statement_find(catalogue, name);
	return name == NULL || *ret_statement != NULL;
}

/* It may ask for nothing else: what another request asks for is in its own parameters. */
static bool takes_several(const struct statement *statement)
{
	static const char several[] = "ids bodies new_ids now";
	bool takes_lists = false;
	for (size_t i = 0; statement != NULL && i < statement->parameter_count; i++) {
		const char *name = statement->parameters[i];
		takes_lists |= strcmp(name, "ids") == 0 || strcmp(name, "bodies") == 0;
		if (!words_have(several, slice_of(name)))
			return false;
	}
	return takes_lists;
}

static bool join(struct operation *operation, const struct statement_catalogue *catalogue)
{
	const struct operation_code *code = code_of(operation->contract->id);
	operation->code = code;
	operation->is_write = strcmp(operation->contract->method, "GET") != 0;
	if (!find_statement(catalogue, code->sql, &operation->statement) ||
		!find_statement(
			catalogue, code->sql_for_partner, &operation->statement_for_partner) ||
		!find_statement(catalogue, code->then, &operation->then))
		return false;
	operation->is_shared = code->sql_for_partner == NULL && code->committed == NULL &&
			       takes_several(operation->statement);
	return (operation->statement != NULL || code->handle != NULL || code->stream != NULL);
}

static bool fill(struct operation_table *table, const struct contract *contract,
	const struct statement_catalogue *catalogue, struct text *ret_error)
{
	for (size_t i = 0; i < contract->operation_count; i++) {
		struct operation *operation = &table->operations[table->count];
		operation->contract = &contract->operations[i];
		operation->number = table->count++;
		if (!join(operation, catalogue) ||
			!router_add(table->router, operation->contract->method,
				operation->contract->path, operation)) {
			text_append_printf(ret_error,
				"%s: no code, no statement, or a path that is taken",
				operation->contract->id);
			return false;
		}
	}
	return true;
}

static bool find_locations(struct operation_table *table, struct text *ret_error)
{
	for (int i = 0; i < table->count; i++) {
		const char *located = table->operations[i].contract->located;
		const struct operation *read = located == NULL ? NULL
							       : operation_find(table, located);
		if (located != NULL && read == NULL) {
			text_append_printf(ret_error, "%s is located at %s, which is not there",
				table->operations[i].contract->id, located);
			return false;
		}
		table->operations[i].location = read == NULL ? NULL : read->contract->path;
	}
	return true;
}

/* What is embedded is read by the statement of the direct read and by nothing else. */
static bool can_embed(const struct operation *read)
{
	return read != NULL && read->is_shared && !read->is_write && read->code->check == NULL &&
	       read->code->handle == NULL && !read->contract->is_list;
}

static bool find_expandables(
	struct operation_table *table, struct operation *operation, struct text *ret_error)
{
	const struct schema *answer = operation->contract->answer;
	json_t *rules = answer == NULL ? NULL : json_object_get(schema_source(answer), "x-expands");
	const char *name;
	json_t *rule;
	operation->expandables = calloc(json_object_size(rules) + 1, sizeof(struct expandable));
	if (operation->expandables == NULL)
		return false;
	json_object_foreach (rules, name, rule) {
		const char *with = json_string_value(json_object_get(rule, "with"));
		struct expandable expandable = {.name = name,
			.by = json_string_value(json_object_get(rule, "by")),
			.with = with == NULL ? NULL : operation_find(table, with)};
		if (expandable.by == NULL || !can_embed(expandable.with)) {
			text_append_printf(ret_error, "%s: nothing reads what %s refers to",
				operation->contract->id, name);
			return false;
		}
		operation->expandables[operation->expandable_count++] = expandable;
	}
	return true;
}

static bool find_all_expandables(struct operation_table *table, struct text *ret_error)
{
	for (int i = 0; i < table->count; i++)
		if (!find_expandables(table, &table->operations[i], ret_error))
			return false;
	return true;
}

struct operation_table *operation_table_new(const struct contract *contract,
	const struct statement_catalogue *catalogue, struct text *ret_error)
{
	struct operation_table *table = calloc(1, sizeof *table);
	if (table == NULL)
		return NULL;
	table->operations = calloc(contract->operation_count, sizeof *table->operations);
	table->router = router_new();
	if (table->operations == NULL || table->router == NULL ||
		!fill(table, contract, catalogue, ret_error) || !find_locations(table, ret_error) ||
		!find_all_expandables(table, ret_error)) {
		operation_table_free(table);
		return NULL;
	}
	return table;
}

void operation_table_free(struct operation_table *table)
{
	if (table == NULL)
		return;
	router_free(table->router);
	for (int i = 0; i < table->count; i++)
		free(table->operations[i].expandables);
	free(table->operations);
	free(table);
}

const struct expandable *operation_expandable(const struct operation *operation, struct slice name)
{
	for (size_t i = 0; i < operation->expandable_count; i++)
		if (slice_equals(name, operation->expandables[i].name))
			return &operation->expandables[i];
	return NULL;
}

const struct operation *operation_find(const struct operation_table *table, const char *id)
{
	for (int i = 0; i < table->count; i++)
		if (strcmp(table->operations[i].contract->id, id) == 0)
			return &table->operations[i];
	return NULL;
}
