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
#include "bucket.h"
#include "fault.h"
#include "http/peer.h"
#include "router.h"
#include "service.h"
#include "token.h"
#include "trace.h"

enum request_state {
	REQUEST_READING,
	REQUEST_IDENTIFYING,
	REQUEST_RUNNING,
	REQUEST_ANSWERED,
	REQUEST_DONE,
	REQUEST_STATE_COUNT,
};

/* The headers that the server looks at. */
enum request_header {
	HEADER_ACCEPT,
	HEADER_ACCEPT_ENCODING,
	HEADER_ACCEPT_LANGUAGE,
	HEADER_AUTHORIZATION,
	HEADER_CONTENT_ENCODING,
	HEADER_CONTENT_TYPE,
	HEADER_FORWARDED_FOR,
	HEADER_HOST,
	HEADER_IDEMPOTENCY_KEY,
	HEADER_IF_MATCH,
	HEADER_IF_NONE_MATCH,
	HEADER_LAST_EVENT_ID,
	HEADER_ORIGIN,
	HEADER_PREFER,
	HEADER_REQUEST_ID,
	HEADER_TRACEPARENT,
	HEADER_COUNT,
};

enum answer_format { FORMAT_JSON, FORMAT_NDJSON, FORMAT_CSV, FORMAT_EVENT_STREAM };

enum { ANSWER_HEADERS_MAX = 16, REQUEST_FIELDS_MAX = 64 };

struct answer_header {
	const char *name;
	const char *value;
};

/* What goes out. */
struct answer {
	int status;
	const char *content_type; /* NULL: no body */
	struct text body;
	struct slice constant; /* instead of `body`: bytes that live as long as the process */
	struct answer_header headers[ANSWER_HEADERS_MAX];
	size_t header_count;
	/* A streamed answer: called while the client takes more. Writes up to `size` bytes and
	 * returns how many; 0: suspended until request_wake; ANSWER_END or ANSWER_BROKEN: it is
	 * over. */
	long (*produce)(struct request *r, char *room, size_t size);
	bool is_endless; /* it goes on with what happens, which may be nothing for long */
};

enum { ANSWER_END = -1, ANSWER_BROKEN = -2 };

struct http_connection; /* http.c's own */

/* Which limit a request came closest to, and how it stands. */
enum limit { LIMIT_ADDRESS, LIMIT_KEYS, LIMIT_CALLER, LIMIT_COUNT };

struct limit_state {
	enum limit limit;
	bool is_known;
	int left;   /* requests */
	int wait_s; /* until there is one */
};

/* What several requests bring that share the statement of the first, as its parameters. */
struct shared_values {
	const char *ids; /* an array */
	const char *bodies;
	const char *request_ids; /* by the id of what each makes */
};

struct request {
	struct service *service;
	struct http_connection *http;
	enum request_state state;
	struct arena arena;
	int64_t started_us; /* monotonic */
	char id[UUID_TEXT_SIZE];
	struct trace trace;
	struct peer_address peer;
	struct limit_state limit_state;
	struct bucket *caller_bucket; /* in which it holds a place; NULL: none */

	/* as it came */
	char *target; /* path and query, as on the wire */
	const char *method;
	struct slice head;   /* its bytes, as the parser has left them */
	size_t header_count; /* as the parser counts */
	const char *headers[HEADER_COUNT];
	bool closes; /* the connection: where the next request begins is not certain */
	struct text body;
	bool is_too_large;
	bool is_complete; /* the body has come to its end */

	/* as it was understood */
	const struct operation *operation;
	struct route_match route;
	const char *allowed; /* the methods of the path, for 405 and OPTIONS */
	const char **values; /* by parameter of the contract; NULL: absent */
	struct actor actor;
	enum answer_format format;
	struct slice fields[REQUEST_FIELDS_MAX];
	size_t field_count;
	const char *sort;
	int limit;
	bool has_limit;       /* the client gave it */
	struct cursor cursor; /* `key` NULL: the first page */
	struct text scope;    /* what a cursor is bound to */
	const char *log_end;  /* of a log: where it goes on when it has no more rows */
	const char *if_match; /* the versions expected, as an array literal; NULL: any */
	const char *idempotency_key;
	unsigned char request_hash[DIGEST_SIZE];
	const struct language *language; /* of what people read; NULL: English */
	struct fault_list faults;
	const char *detail; /* of the problem that it is refused with */
	const char *existing_id;
	const struct problem *refusal; /* the problem that it is answered with, or NULL */

	/* at work */
	char new_id[UUID_TEXT_SIZE];
	char now[40];
	char new_key[64];
	unsigned char key_digest[DIGEST_SIZE];
	uint64_t actors_generation; /* of the cache, when the key was looked up */
	/* Told who asks, or why they are refused, in place of going on with it; NULL: it goes on.
	 */
	void (*identified)(struct request *r, const struct problem *p);
	void (*keys_came)(struct request *r); /* of an issuer; NULL: it has not waited for them */
	int64_t waiting_ms;                   /* since when it does */
	struct request *previous_waiting, *next_waiting;
	struct segment segment;
	int statement_call, then_call; /* their places in the segment; -1: none */
	int count_call;                /* of the first that counts what is listed; -1: none */
	bool reads_new;                /* `:id` stands for what was just made */
	struct expand *expand;         /* what is embedded; NULL: nothing */
	struct shared_values shared;   /* NULLs: it asks for itself */
	void *feature;                 /* what a stream or an export keeps */
	void (*feature_free)(struct request *r);
	void (*woken)(struct request *r); /* of one of the server's own: told in place of http */
	void *owner;
	const char *attempt; /* at what was put off, a number; NULL: it is no such request */
	bool is_busy;        /* a segment of an answer that is being sent is under way */
	bool is_abandoned;   /* released when it is not */

	struct answer answer;
};

/* Makes a request for `target`; NULL when memory is exhausted. */
struct request *request_new(
	struct service *service, struct http_connection *http, const char *target);

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

/* Routes, permits and checks such a request, and refuses what is neither a list nor a bulk import.
 */
const struct problem *request_vet(struct request *r);

/* Tells who waits for a request that there is news. */
void request_wake(struct request *r);

/* The client is done with it, or gone. It is released as soon as nothing is under way for it. */
void request_abandon(struct request *r);

/* The server ends: refuses a request that waits or has only begun, and wakes it. */
void request_break_off(struct request *r);

/* Moves to a state; dies on an edge that is not in the picture above. */
void request_move(struct request *r, enum request_state state);

/* Method and headers are known. Refuses what is wrong with them. */
void request_open(struct request *r);

/* What it brings to say who asks, or an empty slice. */
struct slice request_bearer(const struct request *r);

/* Finds out by the key of r->key_digest, or by the token that it brings, who asks. */
void request_look_up(struct request *r);

/* The caller is known, or refused. */
void request_identified(struct request *r, const struct problem *p);

/* Takes a piece of the body; returns how much of it. */
size_t request_take(struct request *r, const char *bytes, size_t length);

/* The request is complete: carries it out as far as it goes without waiting. */
void request_end(struct request *r);

/* Ends with an answer that stands in r->answer. */
void request_answer(struct request *r);

/* Ends with a problem; r->faults, r->detail and r->existing_id go with it. */
void request_refuse(struct request *r, const struct problem *problem);

/* Begins anew with the faults and the detail of the problem. */
void request_forget_faults(struct request *r);

/* Returns a permission that `contract` needs and the caller lacks, or NULL. */
const char *request_lacks(const struct request *r, const struct contract_operation *contract);

/* Sets the detail of the problem that the caller is about to return, in the language of the
 * request. */
const struct problem *request_fault(struct request *r, const struct problem *problem,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Submits r->segment to the lanes of the caller's role, or refuses. */
const struct problem *request_submit(struct request *r, enum lane_work work);

/* Renders the results of r->segment into r->answer. */
void request_answer_rows(struct request *r);

/* Ends with what came of a segment that other requests share: row `row` of its last result (not
 * found when it has fewer), unless the statement has something against it. */
void request_answer_shared(struct request *r, const struct segment *segment, int row);

/* Runs the statement of `r` in a segment of its own. */
void request_run_alone(struct request *r);

/* Ends with what a segment without success means; `error` is PostgreSQL's, or NULL. */
void request_fail(struct request *r, enum segment_outcome outcome, const PGresult *error);

/* Returns the problem behind an error of PostgreSQL. */
const struct problem *request_problem_of(struct request *r, const PGresult *error);

/* Logs a fault of ours and returns the problem to answer. */
#define FAULT(r, ...) request_fault_of_ours((r), __FILE__, __LINE__, __VA_ARGS__)
const struct problem *request_fault_of_ours(struct request *r, const char *file, int line,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
