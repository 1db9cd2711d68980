/* A file on its way into the database: one transaction on a connection of its own, a step after the
 * other. Whatever breaks on the way (the client, the file, PostgreSQL) rolls it back as a whole.
 * For the two ways that an import goes only: import.c and import_later.c. */
#pragma once

#include "postgres/stream.h"
#include "request/binding.h"
#include "request/request.h"

struct intake;

/* A step sends a query and, when its result has come, takes it. */
struct intake_step {
	bool (*send)(struct intake *intake, bool *ret_is_sent); /* false: this file skips it */
	const struct problem *(*take)(struct intake *intake, const PGresult *result);
};

/* What becomes of the file. */
struct intake_way {
	const struct intake_step *steps;
	int step_count;
	size_t size;                          /* of a struct that begins with a struct intake */
	const char *settings;                 /* of the connection, as for a stream */
	bool (*begin)(struct intake *intake); /* NULL: there is nothing to make */
	/* Takes bytes of the file, while `takes_bytes` and not `is_waiting`. */
	void (*take_bytes)(struct intake *intake, const char *bytes, size_t length);
	/* The file is complete; takes no more bytes and sees to it that the next step follows. */
	void (*take_end)(struct intake *intake);
	/* Committed; the answer has not left. NULL: nothing to do. */
	void (*done)(struct intake *intake);
	void (*free)(struct intake *intake);
};

struct intake {
	struct request *r;
	const struct intake_way *way;
	struct stream *stream;
	struct digester *digester;
	int step;                      /* index into the way's steps */
	bool takes_bytes;              /* PostgreSQL is ready for them */
	bool is_waiting;               /* until it has taken those that it was given */
	bool is_complete;              /* the file has ended */
	const struct problem *problem; /* why it is refused; the rest of the file is dropped */
	int64_t bytes;
	char digest[DIGEST_HEX_SIZE]; /* once it is complete */
};

/* A request of the contract's body_stream that goes this way. */
const struct problem *intake_begin(struct request *r, const struct intake_way *way);
size_t intake_take(struct request *r, const char *bytes, size_t length);
void intake_end(struct request *r);

/* Sends the next step that this file takes; after the last, it answers. */
void intake_next(struct intake *intake);

/* Gives up: the transaction ends with its connection. While the file still comes in, a client does
 * not listen; it is told at the end of it. */
void intake_give_up(struct intake *intake, const struct problem *problem);

/* Sends a statement of the catalogue. */
bool intake_send(struct intake *intake, const char *statement, const struct binding *bindings);

/* Steps that both ways have: the transaction, who acts (in an import or in none), the key and what
 * is kept for it. */
bool intake_send_begin(struct intake *intake, bool *ret_is_sent);
bool intake_send_identity(struct intake *intake, bool *ret_is_sent);
bool intake_send_key(struct intake *intake, bool *ret_is_sent);
bool intake_send_store(struct intake *intake, bool *ret_is_sent);
bool intake_send_commit(struct intake *intake, bool *ret_is_sent);
