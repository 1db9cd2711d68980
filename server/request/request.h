/* One request, from its first byte to the end of its answer.
 *
 *   READING -> IDENTIFYING -> RUNNING -> ANSWERED -> DONE
 *        \__________\____________\____> ANSWERED      (a refusal is an answer)
 *
 * READING takes the body, IDENTIFYING asks PostgreSQL for an unknown key, or an issuer for the key
 * of a token, RUNNING waits for a segment or a stream. Whoever waits is suspended at libmicrohttpd;
 * request_wake goes on. */
#pragma once

#include <stdarg.h>

#include "arena.h"
#include "contract/actor.h"
#include "contract/operation.h"
#include "fault.h"
#include "request/parts.h"
#include "router.h"
#include "service.h"
#include "trace.h"

enum request_state {
	REQUEST_READING,
	REQUEST_IDENTIFYING,
	REQUEST_RUNNING,
	REQUEST_ANSWERED,
	REQUEST_DONE,
	REQUEST_STATE_COUNT,
};

struct request {
	struct service *service;
	enum request_state state; /* written by request_move alone */
	struct arena arena;
	int64_t started_us; /* monotonic */
	char id[UUID_TEXT_SIZE];
	struct trace trace;
	const struct language *language; /* of what people read; NULL: English */

	/* as it came */
	struct request_head head;
	struct peer_address peer;
	struct text body;
	bool is_too_large;
	bool is_complete;    /* the body has come to its end */
	bool closes;         /* the connection: where the next request begins is not certain */
	bool is_ours;        /* the server asks itself */
	const char *attempt; /* at what was put off, a number; NULL: it is no such request */

	/* as it was understood */
	const struct operation *operation;
	struct route_match route;
	const char *allowed; /* the methods of the path, for 405 and OPTIONS */
	struct actor actor;
	struct asked asked;

	/* at work */
	struct identification who;
	struct throttled throttled;
	struct made made;
	struct execution run;
	void *feature; /* what a stream, an export or an import keeps */
	void (*feature_free)(struct request *r);
	bool is_busy;      /* a segment of an answer that is being sent is under way */
	bool is_abandoned; /* released when it is not */
	void (*woken)(struct request *r); /* there is news; NULL: nobody waits */
	void *owner;                      /* whose it is: of a connection, a task, a reader */

	/* as it is answered */
	struct fault_list faults;
	const char *detail; /* of the problem that it is refused with */
	const char *existing_id;
	const struct problem *refusal; /* that problem, or NULL */
	const char *log_end;           /* of a log: where it goes on when it has no more rows */
	struct answer answer;
};

/* Makes a request for `target`; NULL when memory is exhausted. */
struct request *request_new(struct service *service, const char *target);

/* A request of the server's own, in the name of `actor`: reads a list, or imports a file. */
struct request_order {
	const char *method; /* NULL: GET */
	const char *target;
	const char *accept;       /* of a list */
	const char *content_type; /* of a file */
	const struct language *language;
	const struct actor *actor;
};

/* Makes it; NULL when memory is exhausted. It lives no longer than the strings, of which only the
 * target is copied. */
struct request *request_order(struct service *service, const struct request_order *order);

/* Tells who waits for a request that there is news. */
void request_wake(struct request *r);

/* Gives back its place among what the caller has under way; harmless when it has none. */
void request_leave(struct request *r);

/* The client is done with it, or gone. It is released as soon as nothing is under way for it. */
void request_abandon(struct request *r);

/* Moves to a state; dies on an edge that is not in the picture above. */
void request_move(struct request *r, enum request_state state);

/* What it brings to say who asks, or an empty slice. */
struct slice request_bearer(const struct request *r);

/* Begins anew with the faults and the detail of the problem. */
void request_forget_faults(struct request *r);

/* Sets the detail of the problem that the caller is about to return, in the language of the
 * request. */
const struct problem *request_fault(struct request *r, const struct problem *problem,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Submits r->run.segment to the lanes of the caller's role, or refuses. */
const struct problem *request_submit(struct request *r, enum lane_work work);

/* Logs a fault of ours and returns the problem to answer. */
#define FAULT(r, ...) request_fault_of_ours((r), __FILE__, __LINE__, __VA_ARGS__)
const struct problem *request_fault_of_ours(struct request *r, const char *file, int line,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
