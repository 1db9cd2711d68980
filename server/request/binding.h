/* Binding: the values of a statement's parameters, from the request and from the server. */
#pragma once

#include "postgres/stream.h"
#include "request/request.h"

/* Fills in the call of `statement` for `r`: the variant for the parameters that are there, and
 * their values, in the request's arena. False when memory is exhausted, or a parameter is known
 * neither to the contract nor to the server. */
bool binding_make(struct request *r, const struct statement *statement, struct call *ret_call);

/* The same for all rows that a list has, of which `statement` reads a page, in no order; `frame`
 * says what becomes of them. */
bool binding_make_of_all(struct request *r, const struct statement *statement,
	const struct sql_frame *frame, struct call *ret_call);

/* Room for an integer that is the value of a parameter. */
enum { BINDING_NUMBER_SIZE = 24 };

/* Values for statements that are not an operation's own. */
struct binding {
	const char *name;
	const char *value;
};

/* Returns the value of that name, or NULL; `bindings` ends with a NULL name. */
const char *binding_value(const struct binding *bindings, const char *name);

/* Fills in a call whose values are all given; `bindings` ends with a NULL name. */
bool binding_of(struct request *r, const char *statement, const struct binding *bindings,
	struct call *ret_call);

/* Sends a statement of the catalogue over a stream; its result comes as that of stream_query. False
 * when the connection is bad or memory is exhausted. */
bool binding_send(struct stream *stream, const struct statement_catalogue *catalogue,
	const char *statement, const struct binding *bindings);

/* The id that a request reads: the path's or, after a create, that of what it made. */
const char *binding_id(struct request *r);

/* The call that tells PostgreSQL who acts, and how to plan what follows (NULL: as it likes): the
 * first of every segment. `import_id` may be "". */
bool binding_identity(
	struct request *r, const char *import_id, const char *plan, struct call *ret_call);

/* Fills r->made.id, and r->made.now by the clock of the business. */
void binding_stamp(struct request *r);

/* True when `name` is one of the server's own parameters. */
bool binding_is_own(const char *name);

/* Appends `bytes` in PostgreSQL's hexadecimal text form of bytea. */
void binding_append_bytea(struct text *text, const unsigned char *bytes, size_t length);
/* The same, kept in `arena`; NULL when memory is exhausted. */
char *binding_bytea(struct arena *arena, const unsigned char *bytes, size_t length);
