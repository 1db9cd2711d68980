#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "contract/problem.h"
#include "postgres/rows.h"
#include "request/binding.h"

static void complain(struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void complain(struct check *check, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	check->fault_count++;
}

static void check_parameters(
	struct check *check, const struct operation *operation, const struct statement *statement)
{
	if (statement == NULL)
		return;
	for (size_t i = 0; i < statement->parameter_count; i++)
		if (!binding_is_own(statement->parameters[i]) &&
			contract_parameter(operation->contract, statement->parameters[i]) == NULL)
			complain(check, "%s: statement %s names :%s, which is no parameter of it",
				operation->contract->id, statement->name, statement->parameters[i]);
}

/* A filter that no line names would be accepted and do nothing. */
static void check_filters(struct check *check, const struct operation *operation)
{
	static const char *const page[] = {"limit", "cursor", "sort", "fields", "count", "expand"};
	const struct contract_operation *contract = operation->contract;
	for (size_t i = 0; i < contract->parameter_count && operation->statement; i++) {
		const char *name = contract->parameters[i].name;
		bool is_used = contract->parameters[i].place != PARAMETER_QUERY;
		for (size_t p = 0; p < sizeof page / sizeof *page; p++)
			is_used |= strcmp(name, page[p]) == 0;
		for (size_t p = 0; p < operation->statement->parameter_count; p++)
			is_used |= strcmp(name, operation->statement->parameters[p]) == 0;
		if (!is_used)
			complain(check, "%s: the statement %s has no line for the parameter %s",
				contract->id, operation->statement->name, name);
	}
}

static bool has_value(const json_t *values, const char *value)
{
	size_t i;
	json_t *other;
	json_array_foreach (values, i, other)
		if (strcmp(json_string_value(other), value) == 0)
			return true;
	return false;
}

/* Each sort of the contract has its lines, and each line a sort of the contract. */
static void check_sorts(
	struct check *check, const struct operation *operation, const struct statement *statement)
{
	const char *sorts[SQL_SORTS_MAX];
	const struct contract_parameter *sort = contract_parameter(operation->contract, "sort");
	if (statement == NULL)
		return;
	size_t count = sql_statement_sorts(statement->sql, sorts, SQL_SORTS_MAX);
	const json_t *values = sort == NULL ? NULL
					    : json_object_get(schema_source(sort->schema), "enum");
	for (size_t i = 0; i < count; i++)
		if (!has_value(values, sorts[i]))
			complain(check, "%s: %s has a line for the sort %s, which is none",
				operation->contract->id, statement->name, sorts[i]);
	if (count != json_array_size(values))
		complain(check, "%s: %s has lines for %zu of %zu sorts", operation->contract->id,
			statement->name, count, json_array_size(values));
}

void check_statements(struct check *check)
{
	for (int i = 0; i < check->operations->count; i++) {
		const struct operation *operation = &check->operations->operations[i];
		check_parameters(check, operation, operation->statement);
		check_parameters(check, operation, operation->statement_for_partner);
		check_parameters(check, operation, operation->then);
		check_filters(check, operation);
		check_sorts(check, operation, operation->statement);
		check_sorts(check, operation, operation->statement_for_partner);
	}
}

/* Which JSON types a column may have in the contract, and in which format. */
static const struct {
	Oid type;
	const char *json_type;
	const char *format; /* NULL: any */
} column_types[] = {
	{16, "boolean", NULL},
	{20, "integer", NULL},
	{21, "integer", NULL},
	{23, "integer", NULL},
	{25, "string", NULL},
	{1043, "string", NULL},
	{1700, "string", NULL},
	{1082, "string", "date"},
	{1082, "string", "business-date"},
	{1184, "string", "date-time"},
	{2950, "string", "uuid"},
	{1009, "array", NULL},
	{2951, "array", NULL},
	{114, "object", NULL},
	{3802, "object", NULL},
	{3802, "array", NULL},
};

static bool fits(Oid type, const struct schema *member)
{
	const char *format = json_string_value(json_object_get(schema_source(member), "format"));
	for (size_t i = 0; i < sizeof column_types / sizeof *column_types; i++)
		if (column_types[i].type == type &&
			schema_allows_type(member, column_types[i].json_type) &&
			(column_types[i].format == NULL ||
				(format != NULL && strcmp(format, column_types[i].format) == 0)))
			return true;
	return false;
}

/* One answer, held against the description of one statement. */
struct comparison {
	struct check *check;
	const struct operation *operation;
	const struct statement *statement;
	const PGresult *description;
};

static void find_column(void *ctx, const char *name, const struct schema *schema, bool is_required)
{
	struct comparison *comparison = ctx;
	(void)is_required;
	if (operation_expandable(comparison->operation, slice_of(name)) != NULL)
		return;
	int column = PQfnumber(comparison->description, name);
	if (column < 0)
		complain(comparison->check, "%s: %s has no column %s",
			comparison->operation->contract->id, comparison->statement->name, name);
	else if (!fits(PQftype(comparison->description, column), schema))
		complain(comparison->check,
			"%s: column %s of %s has type %u, which is not the member's",
			comparison->operation->contract->id, name, comparison->statement->name,
			PQftype(comparison->description, column));
}

static void compare(struct comparison *comparison)
{
	const struct schema *answer = comparison->operation->contract->answer;
	schema_each_member(answer, find_column, comparison);
	for (int i = 0; i < PQnfields(comparison->description); i++) {
		const char *name = PQfname(comparison->description, i);
		if (schema_member(answer, name) == NULL && !rows_is_special(name))
			complain(comparison->check, "%s: column %s of %s is not a member",
				comparison->operation->contract->id, name,
				comparison->statement->name);
	}
}

/* Which optional lines are there: all but `only` (NULL: none of them, `has_all`: every one). */
struct presence {
	const struct operation *operation;
	const char *only;
	bool has_all;
};

static bool is_absent(void *ctx, const char *name)
{
	const struct presence *presence = ctx;
	bool is_cursor = strncmp(name, "cursor_", 7) == 0;
	const struct contract_parameter *parameter = contract_parameter(
		presence->operation->contract, name);
	bool is_optional = is_cursor || (parameter != NULL && !parameter->is_required &&
						parameter->default_value == NULL);
	if (!is_optional || presence->has_all)
		return false;
	return presence->only == NULL || strcmp(presence->only, name) != 0;
}

/* What is prepared, and for whom. */
struct preparation {
	struct check *check;
	PGconn *connection;
	const struct operation *operation;
	const struct statement *statement;
	bool answers; /* its columns are the answer's members */
};

static void describe(const struct preparation *preparation)
{
	PGresult *description = PQdescribePrepared(preparation->connection, "");
	struct comparison comparison = {
		preparation->check, preparation->operation, preparation->statement, description};
	if (preparation->answers && preparation->operation->contract->answer != NULL)
		compare(&comparison);
	PQclear(description);
}

static void prepare(
	const struct preparation *preparation, struct presence presence, const char *sort)
{
	struct sql_choice choice = {.is_absent = is_absent, .ctx = &presence, .sort = sort};
	struct sql_text sql = {0};
	if (!sql_statement_render(preparation->statement->sql, &choice, &sql)) {
		complain(preparation->check, "%s cannot be rendered", preparation->statement->name);
		return;
	}
	PGresult *result = PQprepare(preparation->connection, "", sql.text.bytes, 0, NULL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		complain(preparation->check, "%s: %s: %s", preparation->operation->contract->id,
			preparation->statement->name, PQresultErrorMessage(result));
	else if (presence.has_all)
		describe(preparation);
	PQclear(result);
	text_done(&sql.text);
}

static void prepare_all(const struct preparation *preparation)
{
	const char *sorts[SQL_SORTS_MAX + 1] = {NULL};
	const struct statement *statement = preparation->statement;
	size_t sort_count = sql_statement_sorts(statement->sql, sorts, SQL_SORTS_MAX);
	for (size_t i = 0; i < (sort_count == 0 ? 1 : sort_count); i++) {
		struct presence presence = {.operation = preparation->operation};
		prepare(preparation, presence, sorts[i]);
		for (size_t p = 0; p < statement->parameter_count; p++) {
			presence.only = statement->parameters[p];
			prepare(preparation, presence, sorts[i]);
		}
		presence.has_all = true;
		prepare(preparation, presence, sorts[i]);
	}
}

static void check_operation(
	struct check *check, PGconn *connection, const struct operation *operation, bool is_partner)
{
	const struct statement *statement = operation->statement;
	if (is_partner && operation->statement_for_partner != NULL)
		statement = operation->statement_for_partner;
	struct preparation preparation = {check, connection, operation, statement,
		!operation->is_write || operation->then == NULL};
	if (statement != NULL)
		prepare_all(&preparation);
	preparation.statement = operation->then;
	preparation.answers = true;
	if (operation->then != NULL)
		prepare_all(&preparation);
}

/* What a race can violate is named after a problem, so that it has an answer. Checks repeat what
 * the contract and the statements refuse before, and what a deletion takes along or empties leaves
 * nothing to violate. */
static void check_constraints(struct check *check, PGconn *connection)
{
	PGresult *result = PQexec(connection,
		"select c.conname, t.relname from pg_constraint c join pg_class t on t.oid = c.conrelid "
		"where c.connamespace = 'public'::regnamespace and (c.contype in ('u', 'x') "
		"or c.contype = 'f' and c.confdeltype not in ('c', 'n')) "
		"union all "
		"select i.relname, t.relname from pg_index x join pg_class i on i.oid = x.indexrelid "
		"join pg_class t on t.oid = x.indrelid "
		"where x.indisunique and not x.indisprimary and t.relnamespace = 'public'::regnamespace "
		"order by 1");
	for (int i = 0; i < PQntuples(result); i++)
		if (problem_of_constraint(PQgetvalue(result, i, 0)) == NULL)
			complain(check, "table %s: the constraint %s is named after no problem",
				PQgetvalue(result, i, 1), PQgetvalue(result, i, 0));
	PQclear(result);
}

static PGconn *connect_as(const char *url, const char *role)
{
	char options[64];
	snprintf(options, sizeof options, "-c role=%s", role);
	const char *keywords[] = {"dbname", "options", NULL};
	const char *values[] = {url, options, NULL};
	return PQconnectdbParams(keywords, values, 1);
}

void check_database(struct check *check, const char *url)
{
	static const char *const roles[] = {"qudao_staff", "qudao_partner"};
	for (size_t role = 0; role < sizeof roles / sizeof *roles; role++) {
		PGconn *connection = connect_as(url, roles[role]);
		if (PQstatus(connection) != CONNECTION_OK)
			complain(check, "%s", PQerrorMessage(connection));
		for (int i = 0;
			i < check->operations->count && PQstatus(connection) == CONNECTION_OK; i++)
			check_operation(
				check, connection, &check->operations->operations[i], role == 1);
		if (role == 0)
			check_constraints(check, connection);
		PQfinish(connection);
	}
}

static void show_statement(const char *label, const struct statement *statement)
{
	if (statement == NULL)
		return;
	struct sql_choice choice = {0};
	struct sql_text sql = {0};
	if (!sql_statement_render(statement->sql, &choice, &sql))
		return;
	printf("%s %s\n%s\n%s\n", label, statement->name, sql_statement_comment(statement->sql),
		sql.text.bytes);
	for (size_t i = 0; i < sql.parameter_count; i++)
		printf("  $%zu is :%s\n", i + 1, sql.parameters[i]);
	text_done(&sql.text);
}

bool check_show(const struct check *check, const char *operation_id)
{
	static const char *const places[] = {"path", "query", "header"};
	const struct operation *operation = operation_find(check->operations, operation_id);
	if (operation == NULL)
		return false;
	const struct contract_operation *contract = operation->contract;
	printf("%s: %s %s answers %d\n", contract->id, contract->method, contract->path,
		contract->success_status);
	for (size_t i = 0; i < contract->scope_count; i++)
		printf("permission %s\n", contract->scopes[i]);
	for (size_t i = 0; i < contract->parameter_count; i++)
		printf("parameter %s in %s%s%s%s\n", contract->parameters[i].name,
			places[contract->parameters[i].place],
			contract->parameters[i].is_required ? ", required" : "",
			contract->parameters[i].default_value == NULL ? "" : ", default ",
			contract->parameters[i].default_value == NULL
				? ""
				: contract->parameters[i].default_value);
	show_statement("statement", operation->statement);
	show_statement("statement for partners", operation->statement_for_partner);
	show_statement("then", operation->then);
	return true;
}
