/* The contract as the server uses it: operations with their parameters, schemas and permissions. */
#pragma once

#include <jansson.h>

#include "schema.h"
#include "text.h"

enum {
	CONTRACT_SCOPES_MAX = 4,
	CONTRACT_MEDIA_TYPES_MAX = 4,
	CONTRACT_DATE_SIZE = 32,
	CONTRACT_EXPANSIONS_MAX = 10, /* that a request may ask for */
};

enum parameter_place {
	PARAMETER_PATH,
	PARAMETER_QUERY,
	PARAMETER_HEADER,
};

struct contract_parameter {
	const char *name;
	enum parameter_place place;
	bool is_required;
	bool is_array; /* its values are separated by commas */
	const struct schema *schema;
	char *default_value; /* as text, owned; or NULL */
};

struct contract_operation {
	const char *id;
	const char *method;
	const char *path;
	struct contract_parameter *parameters;
	size_t parameter_count;
	const struct schema *body; /* NULL: takes none, or none that is JSON */
	const char *body_types[CONTRACT_MEDIA_TYPES_MAX];
	size_t body_type_count;
	const struct schema *rows;     /* x-rows: what one row of a streamed body is, or NULL */
	const struct schema *exported; /* x-exported: what a row of its list is, or NULL */
	int success_status;
	bool is_deferrable;          /* it has a 202 besides: what is accepted and done later */
	const struct schema *answer; /* of the JSON answer; of one row, where it is a list */
	const char *located; /* x-located: the operation that reads what this one makes, or NULL */
	bool is_list;
	bool is_public;
	bool is_conditional; /* If-Match is required */
	const char *scopes[CONTRACT_SCOPES_MAX];
	size_t scope_count;
	char deprecation[CONTRACT_DATE_SIZE]; /* x-deprecated-at as RFC 9745 has it; empty: it is
						 not */
	char sunset[CONTRACT_DATE_SIZE];      /* x-sunset-at as RFC 8594 has it; empty: not known */
};

struct contract {
	json_t *document;
	struct schema_set *schemas;
	struct contract_operation *operations;
	size_t operation_count;
};

/* Reads the contract from its JSON form; NULL with one line in `ret_error` when it uses what the
 * server does not enforce (a keyword, a parameter style, an operation without permission). */
struct contract *contract_new(struct slice json, struct text *ret_error);
void contract_free(struct contract *contract);

/* Returns the parameter, or NULL. */
const struct contract_parameter *contract_parameter(
	const struct contract_operation *operation, const char *name);

/* True when `fields` may name `member` in answers of the operation. */
bool contract_has_member(const struct contract_operation *operation, const char *member);
