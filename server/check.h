/* Checks that contract, code, statements and database fit each other; for `qudao check`. */
#pragma once

#include "contract/operation.h"

struct check {
	const struct contract *contract;
	const struct statement_catalogue *statements;
	const struct operation_table *operations;
	int fault_count; /* printed to standard error, a line each */
};

/* Every parameter that a statement names is known to the contract or to the server. */
void check_statements(struct check *check);

/* PostgreSQL prepares every statement, with none, each and all of its optional lines and in every
 * sort; the columns are the members of the answer, by name and type. */
void check_database(struct check *check, const char *url);

/* Prints what an operation is made of; false when there is no such operation. */
bool check_show(const struct check *check, const char *operation_id);
