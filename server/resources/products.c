/* products: what is sold. The rules are in products.sql. */
#include "features/imports.h"
#include "operation.h"

OPERATION(listProducts) = {.sql = SQL(listProducts)};
OPERATION(getProduct) = {.sql = SQL(getProduct)};
OPERATION(createProduct) = {.sql = SQL(createProduct), .then = SQL(getProduct)};
OPERATION(updateProduct) = {.sql = SQL(updateProduct), .then = SQL(getProduct)};
OPERATION(deleteProduct) = {.sql = SQL(deleteProduct)};
OPERATION(importProducts) = {.stream = &import_stream,
	.import = &(const struct import_statements){
		"products", SQL(stageProducts), SQL(judgeProducts), SQL(postProducts)}};
