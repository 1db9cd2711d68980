/* The courier: takes signed messages to other people's servers over HTTP and fetches documents from
 * them, many at once, without ever waiting. The only file with libcurl. */
#pragma once

#include "loop.h"
#include "text.h"

struct courier;

struct courier_options {
	int timeout_ms;      /* from the first look-up to the last byte of the answer */
	const char *ca_file; /* NULL: the system's authorities */
	bool allows_private; /* addresses that are not public, and plain HTTP: for tests */
};

/* What came of a message. Whatever is not an answer has a reason. */
struct courier_outcome {
	int status;         /* of HTTP; 0: there was no answer */
	const char *reason; /* a slug: "timeout", "address_private", …; NULL for an answer */
	int duration_ms;
	struct slice answer; /* its body, as far as that was asked for; gone afterwards */
};

/* Told once for each message that was taken. May send others, must not free the courier. */
typedef void courier_done_function(void *ctx, const struct courier_outcome *outcome);

struct courier_message {
	const char *url;
	const char *const *headers; /* lines, a NULL at the end; copied */
	struct slice body;          /* borrowed until it is done; of NULL: a GET */
	size_t answer_max;          /* bytes of the answer that are read; 0: nobody reads it */
	courier_done_function *done;
	void *ctx;
};

/* NULL when memory or descriptors are exhausted. */
struct courier *courier_new(struct loop *loop, const struct courier_options *options);

/* Drops what is under way: nobody is told. Accepts NULL. */
void courier_free(struct courier *courier);

/* Sends a message; false when memory is exhausted, then nobody is told. */
bool courier_send(struct courier *courier, const struct courier_message *message);
