/* The HTTP side: the only file that knows libmicrohttpd. */
#pragma once

#include "request/request.h"

struct http;

/* True when nobody listens on the configured port. The workers share it, so the system would let
 * another server share it, too, and give each of them half of the connections. */
bool http_port_is_free(const struct config *config);

/* Listens on `port` (0: any that is free) together with the other workers; NULL with one line in
 * `ret_error`. */
struct http *http_new(struct service *service, int port, struct text *ret_error);

/* The port that it listens on. */
int http_port(const struct http *http);

/* Takes what the network has brought, and answers what was woken. */
void http_run(struct http *http);

/* How long it can wait at most, in milliseconds; -1: for ever. */
int http_timeout_ms(const struct http *http);

/* Cuts connections that take too long; to be called every 100 ms or so. */
void http_tick(struct http *http);

/* True when a request was woken, or the socket had news, since the last http_run. */
bool http_is_due(const struct http *http);

/* Stops accepting connections; those under way go on. */
void http_quiesce(struct http *http);

/* How many requests are under way. */
int http_requests(const struct http *http);

/* Closes every connection. */
void http_free(struct http *http);
