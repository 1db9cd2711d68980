/* The parts of a request, each with whom it is for, or who writes it while all may read. A test
 * holds the sources against these lines; a name that ends in a slash is a folder. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bucket.h"
#include "postgres/lanes.h"
#include "text.h"
#include "token.h"

struct request;
struct problem;

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

/* As it came.
 * Written by: http/http.c, identity/held_key.c, request/request.c */
struct request_head {
	char *target; /* path and query, as on the wire */
	const char *method;
	struct slice bytes;  /* as the parser has left them */
	size_t header_count; /* as the parser counts */
	const char *headers[HEADER_COUNT];
};

/* Who is at the other end of a connection. */
struct peer_address {
	struct in6_addr ip; /* IPv4 is mapped */
	uint64_t owner;     /* whose requests are counted together */
	bool is_proxy;      /* one that is trusted to say for whom it asks */
};

/* How it is found out who asks. Those who share a statement come with one key.
 * For: identity/, http/pipeline.c, request/shared.c */
struct identification {
	unsigned char digest[DIGEST_SIZE]; /* of the key or the token */
	uint64_t generation;               /* of the cache, when the key was looked up */
	/* Told who asks, or why they are refused. */
	void (*done)(struct request *r, const struct problem *p);
	bool was_let_in; /* before, by what it brings now: it does not guess, and need not wait */
	void (*keys_came)(struct request *r); /* of an issuer; NULL: it has not waited for them */
	int64_t waiting_ms;                   /* since when it does */
	struct request *previous, *next;      /* of those who wait */
};

/* Which limit a request came closest to, and how it stands. */
enum limit { LIMIT_ADDRESS, LIMIT_KEYS, LIMIT_CALLER, LIMIT_COUNT };

struct limit_state {
	enum limit limit;
	bool is_known;
	int left;   /* requests */
	int wait_s; /* until there is one */
};

/* Its limits.
 * For: identity/throttle.c, request/request.c */
struct throttled {
	struct limit_state nearest;
	struct bucket *place; /* in which it is counted as under way; NULL: none */
};

enum answer_format { FORMAT_JSON, FORMAT_NDJSON, FORMAT_CSV, FORMAT_EVENT_STREAM };

enum { REQUEST_FIELDS_MAX = 64 };

/* What it asks for. Whoever answers page after page moves limit and cursor on.
 * Written by: request/parameters.c, request/request.c, request/whole_list.c, events/ */
struct asked {
	const char **values; /* by parameter of the contract; NULL: absent */
	enum answer_format format;
	struct slice fields[REQUEST_FIELDS_MAX];
	size_t field_count;
	const char *sort;
	int limit;
	bool has_limit;       /* the client gave it */
	struct cursor cursor; /* `key` NULL: the first page */
	struct text scope;    /* what a cursor is bound to */
	const char *if_match; /* the versions expected, as an array literal; NULL: any */
	const char *idempotency_key;
};

/* What the server makes for it.
 * Written by: request/binding.c, request/caller.c, imports/import_task.c */
struct made {
	char id[UUID_TEXT_SIZE];
	char now[40];
	char secret[64];     /* a key's or a webhook's, shown once; "": none was asked for */
	const char *objects; /* the kinds that the caller may read; NULL: all, or not asked for */
};

/* What several requests bring that share the statement of the first, as its parameters. */
struct shared_values {
	const char *ids; /* an array */
	const char *bodies;
	const char *request_ids; /* by the id of what each makes */
};

/* What PostgreSQL is asked for it.
 * For: request/, identity/, events/, exports/, resources/clock/clock.c */
struct execution {
	struct segment segment;
	int statement_call, then_call; /* their places in the segment; -1: none */
	int count_call;                /* of the first that counts what is listed; -1: none */
	bool reads_new;                /* `:id` stands for what was just made */
	unsigned char request_hash[DIGEST_SIZE]; /* with its idempotency key */
	struct expand *expand;                   /* what is embedded; NULL: nothing */
	struct shared_values shared;             /* NULLs: it asks for itself */
};

enum { ANSWER_HEADERS_MAX = 16 };

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
