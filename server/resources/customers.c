/* customers: who uses what is sold. The rules are in customers.sql. */
#include "features/imports.h"
#include "operation.h"

OPERATION(listCustomers) = {.sql = SQL(listCustomers)};
OPERATION(getCustomer) = {.sql = SQL(getCustomer)};
OPERATION(createCustomer) = {.sql = SQL(createCustomer), .then = SQL(getCustomer)};
OPERATION(updateCustomer) = {.sql = SQL(updateCustomer), .then = SQL(getCustomer)};
OPERATION(deleteCustomer) = {.sql = SQL(deleteCustomer)};
OPERATION(importCustomers) = {.stream = &import_stream,
	.import = &(const struct import_statements){
		"customers", SQL(stageCustomers), SQL(judgeCustomers), SQL(postCustomers)}};
