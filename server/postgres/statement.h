/* The statements that weave compiled in, and the variants in which they are sent. */
#pragma once

#include <stdint.h>

#include <postgres_ext.h>

#include "sqlfile.h"

enum { STATEMENT_PARAMETERS_MAX = 64 };

/* A statement of the catalogue; constant after start. */
struct statement {
	const char *name;
	const struct sql_statement *sql;
	const char *parameters[STATEMENT_PARAMETERS_MAX]; /* every name that any line mentions */
	size_t parameter_count;
};

struct statement_catalogue;

/* Parses every woven statement file; NULL with one line in `ret_error`. */
struct statement_catalogue *statement_catalogue_new(struct text *ret_error);
void statement_catalogue_free(struct statement_catalogue *catalogue);

/* Returns the statement of that name, or NULL. */
const struct statement *statement_find(
	const struct statement_catalogue *catalogue, const char *name);

/* Calls `visit` for each statement, in the order of the files. */
typedef void statement_visit_function(void *ctx, const struct statement *statement);
void statement_each(
	const struct statement_catalogue *catalogue, statement_visit_function *visit, void *ctx);

/* How a column of an answer is written; found out from the first result of a variant. */
struct column {
	char *name;  /* owned */
	char *label; /* owned: the name as it stands in an object, behind another: `,"name":null` */
	size_t label_length; /* without the null */
	Oid type;
	bool is_special;     /* problem, pointer, …: not a member */
	int currency_column; /* of money: the column with its currency; -1: none */
};

/* A statement with the lines of one set of parameters: prepared on its own, planned on its own. */
struct variant {
	const struct statement *statement;
	uint64_t serial; /* never used again, unlike the address */
	struct sql_text sql;
	unsigned in_flight;     /* segments that hold it */
	struct column *columns; /* owned; NULL until the first result */
	int column_count;
	const char *plan; /* plan_cache_mode of PostgreSQL; NULL until it is first bound */
};

/* The variants that one worker has met; those that nobody holds make room for new ones. */
enum { VARIANTS_MAX = 1024 };

struct variant_cache;
struct variant_cache *variant_cache_new(void);
void variant_cache_free(struct variant_cache *cache);

/* Returns the variant of `statement` for `choice`, made when it is new; NULL when memory is
 * exhausted. It lives while `in_flight` is above 0, which the caller counts, and at least until
 * VARIANTS_MAX others were found after it. */
struct variant *variant_find(struct variant_cache *cache, const struct statement *statement,
	const struct sql_choice *choice);
