#include "http/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>
#include <utlist.h>

#include "config.h"
#include "http/compression.h"
#include "http/cors.h"
#include "http/peer.h"
#include "http/pipeline.h"
#include "identity/throttle.h"
#include "request/answer.h"
#include "watch/meter.h"
#include "watch/metrics.h"

enum {
	CONNECTION_POOL_SIZE = 12 << 10, /* headers, and the pieces in which bodies come */
	STREAM_PIECE_SIZE = 32 << 10,
	ENDLESS_PIECE_SIZE = 1 << 10, /* there may be thousands of them */
	LISTEN_BACKLOG = 1024,
	LAST_RUNS = 4, /* until every connection that was woken is not suspended any more */
};

struct http {
	struct service *service;
	struct MHD_Daemon *daemon;
	struct watch watch;
	bool is_due;
	bool is_closing; /* nothing would wake a request any more */
	int requests;
	struct peers peers;
	struct http_connection *connections; /* with a request */
	int stopped_socket; /* the listening socket after http_quiesce; -1 before */
};

/* libmicrohttpd's request and ours. */
struct http_connection {
	struct http *http;
	struct MHD_Connection *connection;
	struct peer *peer;
	struct request *request;
	struct compression *compression; /* of a streamed answer; NULL: it goes out as it is */
	uint64_t bytes_sent;             /* of the answer's body */
	bool is_open;                    /* the headers have been seen */
	bool is_suspended;
	struct http_connection *previous, *next;
};

static const struct {
	const char *name;
	enum request_header header;
} known_headers[] = {
	{"Accept", HEADER_ACCEPT},
	{"Accept-Encoding", HEADER_ACCEPT_ENCODING},
	{"Accept-Language", HEADER_ACCEPT_LANGUAGE},
	{"Authorization", HEADER_AUTHORIZATION},
	{"Content-Encoding", HEADER_CONTENT_ENCODING},
	{"Content-Type", HEADER_CONTENT_TYPE},
	{"Host", HEADER_HOST},
	{"Idempotency-Key", HEADER_IDEMPOTENCY_KEY},
	{"If-Match", HEADER_IF_MATCH},
	{"If-None-Match", HEADER_IF_NONE_MATCH},
	{"Last-Event-ID", HEADER_LAST_EVENT_ID},
	{"Origin", HEADER_ORIGIN},
	{"Prefer", HEADER_PREFER},
	{"Request-Id", HEADER_REQUEST_ID},
	{"Traceparent", HEADER_TRACEPARENT},
	{"X-Forwarded-For", HEADER_FORWARDED_FOR},
};

/* A list may come in several headers. Of the others the framing gate says which may. */
static void keep_header(struct request *r, enum request_header header, const char *value)
{
	const char *before = r->head.headers[header];
	bool goes_on = header == HEADER_PREFER && before != NULL;
	r->head.headers[header] = goes_on ? arena_printf(&r->arena, "%s, %s", before, value)
					  : value;
}

static enum MHD_Result take_header(
	void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct request *r = ctx;
	(void)kind;
	for (size_t i = 0; i < sizeof known_headers / sizeof *known_headers; i++)
		if (strcasecmp(name, known_headers[i].name) == 0)
			keep_header(r, known_headers[i].header, value);
	return MHD_YES;
}

/* libmicrohttpd splits the head of a request where it lies, from the method on. */
static void note_head(struct http_connection *c)
{
	struct request *r = c->request;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		c->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	r->head.bytes = (struct slice){r->head.method, info == NULL ? 0 : info->header_size};
	r->head.header_count = (size_t)MHD_get_connection_values(
		c->connection, MHD_HEADER_KIND, take_header, r);
}

/* Harmless when it is suspended already. */
static void suspend(struct http_connection *c)
{
	if (c->is_suspended)
		return;
	c->is_suspended = true;
	peer_rest(c->peer);
	MHD_suspend_connection(c->connection);
}

static void wake(struct http_connection *c)
{
	if (!c->is_suspended)
		return;
	c->is_suspended = false;
	/* A body that is not all there has the end that it had. */
	peer_expect_bytes(c->peer, c->http->service, c->request->is_complete ? 0 : c->peer->end_ms);
	c->http->is_due = true;
	MHD_resume_connection(c->connection);
}

static void on_news(struct request *r)
{
	wake(r->owner);
}

/* libmicrohttpd calls this with the target as it came, before anything else of a request. What it
 * returns is the request's own pointer from then on. */
static void *begin_request(void *ctx, const char *target, struct MHD_Connection *connection)
{
	struct http *http = ctx;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct peer *peer = info == NULL ? NULL : info->socket_context;
	struct http_connection *c = peer == NULL ? NULL : calloc(1, sizeof *c);
	if (c == NULL)
		return NULL;
	c->http = http;
	c->connection = connection;
	c->peer = peer;
	c->request = request_new(http->service, target);
	if (c->request == NULL) {
		free(c);
		return NULL;
	}
	c->request->peer = peer->address;
	c->request->owner = c;
	c->request->woken = on_news;
	peer_expect_head(peer, http->service, http->service->config->head_ms);
	http->requests++;
	DL_APPEND2(http->connections, c, previous, next);
	return c;
}

/* Whose key was refused has no use of it. */
static void note_use(const struct http_connection *c)
{
	const struct request *r = c->request;
	if (r->actor.id[0] != '\0' && r->answer.status != problem_unauthorized.status)
		meter_note(r->service->meter, &r->actor, r->answer.status, c->bytes_sent);
}

static void end_request(void *ctx, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how)
{
	struct http *http = ctx;
	struct http_connection *c = *state;
	(void)connection;
	(void)how;
	*state = NULL;
	if (c == NULL)
		return;
	http->requests--;
	DL_DELETE2(http->connections, c, previous, next);
	note_use(c);
	request_abandon(c->request);
	compression_free(c->compression);
	peer_expect_head(c->peer, http->service, http->service->config->idle_ms);
	free(c);
}

/* Paths and queries are decoded by us, who know which escapes to refuse. */
static size_t leave_escapes(void *ctx, struct MHD_Connection *connection, char *text)
{
	(void)ctx;
	(void)connection;
	return strlen(text);
}

static ssize_t produce(void *ctx, uint64_t position, char *room, size_t size)
{
	struct http_connection *c = ctx;
	(void)position;
	struct request *r = c->request;
	if (c->peer->is_cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	long count = c->compression == NULL ? r->answer.produce(r, room, size)
					    : compression_produce(c->compression, r, room, size);
	if (count == ANSWER_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (count == ANSWER_BROKEN)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (count == 0)
		suspend(c);
	c->bytes_sent += (uint64_t)count;
	return count;
}

static struct MHD_Response *make_response(struct http_connection *c)
{
	struct answer *answer = &c->request->answer;
	bool has_body = strcmp(c->request->head.method, "HEAD") != 0;
	if (has_body && answer->produce == NULL)
		c->bytes_sent = answer->constant.length + answer->body.length;
	if (answer->produce != NULL)
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
			answer->is_endless ? ENDLESS_PIECE_SIZE : STREAM_PIECE_SIZE, produce, c,
			NULL);
	if (answer->constant.bytes != NULL)
		return MHD_create_response_from_buffer(answer->constant.length,
			(void *)(size_t)answer->constant.bytes, MHD_RESPMEM_PERSISTENT);
	struct text body = answer->body;
	text_init(&answer->body);
	return MHD_create_response_from_buffer_with_free_callback(body.length, body.bytes, free);
}

static enum MHD_Result send_answer(struct http_connection *c)
{
	struct request *r = c->request;
	compression_apply(r, &c->compression);
	struct MHD_Response *response = make_response(c);
	if (response == NULL)
		return MHD_NO;
	cors_add(r);
	throttle_add_headers(r);
	answer_deprecation(r);
	if (r->answer.content_type != NULL)
		MHD_add_response_header(response, "Content-Type", r->answer.content_type);
	MHD_add_response_header(response, "Request-Id", r->id);
	for (size_t i = 0; i < r->answer.header_count; i++)
		MHD_add_response_header(
			response, r->answer.headers[i].name, r->answer.headers[i].value);
	if (c->http->service->is_stopping || r->closes)
		MHD_add_response_header(response, "Connection", "close");
	if (r->answer.is_endless)
		peer_expect_nothing(c->peer, r->service);
	else
		peer_expect_bytes(c->peer, r->service, 0);
	enum MHD_Result result = MHD_queue_response(
		c->connection, (unsigned)r->answer.status, response);
	MHD_destroy_response(response);
	return result;
}

/* The file of an import may take longer, but not for ever: events wait for its transaction. */
static void expect_body(struct http_connection *c)
{
	const struct request *r = c->request;
	const struct config *config = r->service->config;
	bool is_import = r->operation != NULL && r->operation->code->stream != NULL;
	peer_expect_bytes(c->peer, r->service,
		r->service->loop->now_ms + (is_import ? config->import_ms : config->request_ms));
}

/* Headers first, then the body in pieces, then once without a piece; and again after a wake. An
 * answer in the first call costs the connection, so even a body that is refused is read, unless the
 * framing is in doubt. */
/* NOLINTNEXTLINE(readability-function-size): the parameters are libmicrohttpd's */
static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *piece, size_t *piece_length,
	void **state)
{
	struct http_connection *c = *state;
	(void)ctx;
	(void)connection;
	(void)url;
	(void)version;
	if (c == NULL)
		return MHD_NO;
	struct request *r = c->request;
	if (!c->is_open) {
		c->is_open = true;
		r->head.method = method;
		note_head(c);
		pipeline_open(r);
		if (c->http->is_closing)
			pipeline_break_off(r);
		expect_body(c);
		return r->closes && r->state == REQUEST_ANSWERED ? send_answer(c) : MHD_YES;
	}
	if (*piece_length > 0) {
		size_t taken = pipeline_take(r, piece, *piece_length);
		if (taken < *piece_length)
			suspend(c);
		*piece_length -= taken;
		return MHD_YES;
	}
	if (!r->is_complete && r->state != REQUEST_ANSWERED)
		pipeline_end(r);
	if (r->state == REQUEST_ANSWERED)
		return send_answer(c);
	suspend(c);
	return MHD_YES;
}

static struct peer *greet(struct http *http, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct peer_address address = throttle_address(http->service->throttle, info->client_addr);
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct peer *peer = peer_new(&http->peers, info->connect_fd, address);
	if (peer != NULL)
		peer_expect_head(peer, http->service, http->service->config->head_ms);
	return peer;
}

/* At its limit libmicrohttpd looks at its listening socket no more, and does again in the first run
 * after a connection has ended: that run must not wait for somebody who is let in. */
static void note_connection(void *ctx, struct MHD_Connection *connection, void **state,
	enum MHD_ConnectionNotificationCode code)
{
	struct http *http = ctx;
	bool is_new = code == MHD_CONNECTION_NOTIFY_STARTED;
	if (is_new)
		*state = greet(http, connection);
	else
		peer_free(&http->peers, *state);
	http->is_due |= !is_new;
	atomic_fetch_add_explicit(
		&http->service->metrics->connections, is_new ? 1 : -1, memory_order_relaxed);
}

static void note_news(struct watch *watch, uint32_t events)
{
	struct http *http = watch->ctx;
	(void)events;
	http->is_due = true;
}

static struct MHD_Daemon *start_daemon(struct http *http, int port)
{
	const struct config *config = http->service->config;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	if (inet_pton(AF_INET, config->address, &address.sin_addr) != 1)
		return NULL;
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, (uint16_t)port, NULL,
		NULL, handle, http, MHD_OPTION_SOCK_ADDR, &address,
		MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_LISTEN_BACKLOG_SIZE,
		(unsigned)LISTEN_BACKLOG, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)(config->connections / config->workers + 1),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_POOL_SIZE,
		MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_URI_LOG_CALLBACK, begin_request, http,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		end_request, http, MHD_OPTION_NOTIFY_CONNECTION, note_connection, http,
		MHD_OPTION_END);
}

bool http_port_is_free(const struct config *config)
{
	const int on = 1;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)config->port)};
	int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return false;
	setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	bool is_free = inet_pton(AF_INET, config->address, &address.sin_addr) == 1 &&
		       bind(probe, (const struct sockaddr *)&address, sizeof address) == 0 &&
		       listen(probe, 1) == 0;
	close(probe);
	return is_free;
}

struct http *http_new(struct service *service, int port, struct text *ret_error)
{
	struct http *http = calloc(1, sizeof *http);
	if (http == NULL)
		return NULL;
	http->service = service;
	http->stopped_socket = -1;
	http->watch = (struct watch){.fd = -1, .ready = note_news, .ctx = http};
	http->daemon = start_daemon(http, port);
	const union MHD_DaemonInfo *info = http->daemon == NULL ? NULL
								: MHD_get_daemon_info(http->daemon,
									  MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL || !loop_watch(service->loop, &http->watch, info->epoll_fd, EPOLLIN)) {
		text_append_printf(ret_error, "cannot listen on %s port %d; is it in use?",
			service->config->address, port);
		http_free(http);
		return NULL;
	}
	return http;
}

int http_port(const struct http *http)
{
	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void http_run(struct http *http)
{
	http->is_due = false;
	MHD_run(http->daemon);
}

int http_timeout_ms(const struct http *http)
{
	unsigned long long timeout_ms;
	if (MHD_get_timeout(http->daemon, &timeout_ms) != MHD_YES)
		return -1;
	return timeout_ms > 1000 ? 1000 : (int)timeout_ms;
}

void http_tick(struct http *http)
{
	struct http_connection *c;
	if (!peers_tick(&http->peers, http->service))
		return;
	DL_FOREACH2 (http->connections, c, next)
		if (c->peer->is_cut)
			wake(c);
}

bool http_is_due(const struct http *http)
{
	return http->is_due;
}

/* What the kernel has accepted already is taken first: it would be reset otherwise. */
void http_quiesce(struct http *http)
{
	peers_hurry(&http->peers, http->service);
	struct pollfd waiting = {.events = POLLIN,
		.fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_LISTEN_FD)->listen_fd};
	for (int i = 0; i < LISTEN_BACKLOG && poll(&waiting, 1, 0) > 0; i++)
		http_run(http);
	http_run(http);
	http->stopped_socket = MHD_quiesce_daemon(http->daemon);
	if (http->stopped_socket >= 0)
		close(http->stopped_socket);
}

int http_requests(const struct http *http)
{
	return http->requests;
}

/* A daemon must not be stopped while a connection is suspended: every request gets its answer. */
static void refuse_all(struct http *http)
{
	struct http_connection *c;
	http->is_closing = true;
	DL_FOREACH2 (http->connections, c, next)
		pipeline_break_off(c->request);
	for (int i = 0; i < LAST_RUNS; i++)
		http_run(http);
}

void http_free(struct http *http)
{
	if (http == NULL)
		return;
	if (http->daemon != NULL)
		refuse_all(http);
	loop_forget(http->service->loop, &http->watch);
	if (http->daemon != NULL)
		MHD_stop_daemon(http->daemon);
	free(http);
}
