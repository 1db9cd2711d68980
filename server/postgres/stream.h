/* A connection to PostgreSQL that belongs to one owner: for COPY and for LISTEN. One query at a
 * time, without ever waiting. */
#pragma once

#include "postgres/connection.h"
#include "service.h"

struct stream;

/* Told what happens; each may be NULL. None is called from within a function of the stream. */
struct stream_events {
	const char *settings; /* of the connection, as options of libpq; NULL: none but our own */
	int statement_ms;     /* PostgreSQL gives up on a statement */
	int query_ms;         /* a query that takes longer has lost its connection */
	void (*on_ready)(void *ctx);                    /* connected */
	void (*on_result)(void *ctx, PGresult *result); /* of stream_query; borrowed */
	void (*on_drained)(void *ctx);                  /* stream_put may go on */
	void (*on_notice)(void *ctx, const char *payload);
	void (*on_lost)(void *ctx, const char *why); /* the connection is gone; only free it now */
};

/* Begins to connect in a role; NULL when memory is exhausted. */
struct stream *stream_new(const struct service *service, enum lane_role role,
	const struct stream_events *events, void *ctx);

/* Closes the connection; an open transaction is rolled back. Accepts NULL. */
void stream_free(struct stream *stream);

/* Sends a query; its result comes with on_result (for COPY … FROM STDIN as PGRES_COPY_IN). False
 * when the connection is bad. */
bool stream_query(struct stream *stream, const char *sql, int count, const char *const *values);

/* Sends a piece of COPY data. False when the connection is bad. */
bool stream_put(struct stream *stream, const char *bytes, size_t length);

/* True when PostgreSQL is slower than we are: wait for on_drained. */
bool stream_is_congested(const struct stream *stream);

/* Ends COPY; the outcome comes with on_result. */
bool stream_put_end(struct stream *stream);
