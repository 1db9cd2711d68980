/* An operation: what the contract says of it, and the code that carries it out. */
#pragma once

#include "contract.h"
#include "contract/problem.h"
#include "operations.gen.h"
#include "postgres/lanes.h"
#include "postgres/statement.h"

struct request;

/* What is particular about the bulk import of a resource. */
struct import_statements {
	const char *resource; /* as it stands in paths */
	const char *stage;    /* makes the temporary table */
	const char *judge;    /* decides what becomes of every row */
	const char *post;     /* writes what was decided */
};

/* Takes the body of a streamed request piece by piece. */
struct body_stream {
	/* Begins when the caller is known and permitted. */
	const struct problem *(*begin)(struct request *r);
	/* Takes up to `length` bytes and returns how many; fewer when it must wait, after which it
	 * wakes the request. */
	size_t (*take)(struct request *r, const char *bytes, size_t length);
	/* The body is complete; it answers now or later. */
	void (*end)(struct request *r);
};

/* How an operation is carried out: by a statement, or by a function of its own. */
struct operation_code {
	const char *sql;             /* SQL(name) */
	const char *sql_for_partner; /* what a partner's key runs instead, or NULL */
	const char *then;            /* a write's read of what it wrote, or NULL */
	enum lane_work work;         /* where reads go; writes always go to LANE_WRITE */
	/* Filters, separated by blanks, that lead to one index in the order of each sort: with no
	 * others, a list is planned once for all values. NULL: none. */
	const char *narrow_filters;
	/* Answers by itself; NULL: the statement does. */
	const struct problem *(*handle)(struct request *r);
	const struct body_stream *stream;       /* NULL: the body is one JSON document */
	const struct import_statements *import; /* of a bulk import */
	/* What the contract cannot say: refuses before the statement runs. NULL: nothing. */
	const struct problem *(*check)(struct request *r);
	void (*committed)(struct request *r); /* a write is durable; its answer has not left */
	/* A list that only grows at its end: its rows have a `position`, and a cursor is a place in
	 * it, whatever the filters. */
	bool is_log;
	bool is_polled;    /* its column retry_after says when to ask for it again */
	bool is_for_tests; /* not there unless test-clock is on */
};

#define OPERATION(id) const struct operation_code operation_##id
#define SQL(name) statement_##name

/* What objects refer to: x-expands of their schema. */
struct expandable {
	const char *name;             /* of the member that it is embedded as */
	const char *by;               /* the member with its id */
	const struct operation *with; /* what reads it, by a statement that takes several ids */
};

struct operation {
	const struct contract_operation *contract;
	const struct operation_code *code;
	const struct statement *statement;
	const struct statement *statement_for_partner;
	const struct statement *then;
	const char *location;           /* the path at which a created object is read, or NULL */
	struct expandable *expandables; /* owned */
	size_t expandable_count;
	bool is_write;
	bool is_shared; /* its statement takes what several requests bring */
	int number;     /* its place in the table, for the metrics */
};

struct operation_table {
	struct operation *operations;
	int count;
	struct router *router;
};

/* Joins contract, code and statements; NULL with one line in `ret_error` when they do not fit. */
struct operation_table *operation_table_new(const struct contract *contract,
	const struct statement_catalogue *catalogue, struct text *ret_error);
void operation_table_free(struct operation_table *table);

/* Returns what an operation's objects refer to by that name, or NULL. */
const struct expandable *operation_expandable(const struct operation *operation, struct slice name);

/* Returns the operation of that id, or NULL. */
const struct operation *operation_find(const struct operation_table *table, const char *id);
