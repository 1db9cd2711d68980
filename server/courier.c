#include "courier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <curl/curl.h>
#include <utlist.h>

#include "address.h"

enum {
	ANSWER_MAX = 64 * 1024, /* of a body that nobody reads */
	CACHED_CONNECTIONS = 64,
	ERROR_SIZE = 64,
};

/* A message that is under way. */
struct trip {
	struct courier *courier;
	CURL *easy;
	struct curl_slist *headers;
	char refused[ERROR_SIZE]; /* why the last address was not connected to, or "" */
	size_t answer_length, answer_max;
	struct text answer; /* as far as it is read */
	int64_t started_ms;
	courier_done_function *done;
	void *ctx;
	struct trip *previous, *next;
};

/* A socket of libcurl in the loop. */
struct line {
	struct watch watch;
	struct courier *courier;
	struct line *previous, *next;
};

/* libcurl says which sockets to watch and when to be called at the latest; the loop does both. */
struct courier {
	struct loop *loop;
	struct courier_options options;
	CURLM *multi;
	struct watch timer; /* a timerfd */
	struct trip *trips;
	struct line *lines;
};

static void line_free(struct courier *courier, struct line *line)
{
	loop_forget(courier->loop, &line->watch);
	DL_DELETE2(courier->lines, line, previous, next);
	free(line);
}

static void trip_free(struct trip *trip)
{
	struct courier *courier = trip->courier;
	DL_DELETE2(courier->trips, trip, previous, next);
	curl_multi_remove_handle(courier->multi, trip->easy);
	curl_easy_cleanup(trip->easy);
	curl_slist_free_all(trip->headers);
	text_done(&trip->answer);
	free(trip);
}

/* Why libcurl gave up, in words of ours. */
static const struct {
	CURLcode code;
	const char *reason;
} reasons[] = {
	{CURLE_OPERATION_TIMEDOUT, "timeout"},
	{CURLE_COULDNT_RESOLVE_HOST, "host_unknown"},
	{CURLE_COULDNT_CONNECT, "connection_refused"},
	{CURLE_SSL_CONNECT_ERROR, "tls_failed"},
	{CURLE_PEER_FAILED_VERIFICATION, "certificate_refused"},
	{CURLE_SSL_CACERT_BADFILE, "certificate_refused"},
	{CURLE_UNSUPPORTED_PROTOCOL, "protocol_refused"},
	{CURLE_URL_MALFORMAT, "url_refused"},
	{CURLE_GOT_NOTHING, "connection_lost"},
	{CURLE_SEND_ERROR, "connection_lost"},
	{CURLE_RECV_ERROR, "connection_lost"},
	{CURLE_PARTIAL_FILE, "connection_lost"},
	{CURLE_OUT_OF_MEMORY, "out_of_memory"},
};

static const char *reason_of(const struct trip *trip, CURLcode code)
{
	if (code == CURLE_COULDNT_CONNECT && trip->refused[0] != '\0')
		return trip->refused;
	if (code == CURLE_WRITE_ERROR)
		return "answer_too_long";
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].code == code)
			return reasons[i].reason;
	return "not_understood";
}

/* An answer whose body is too long to be read is an answer all the same. */
static struct courier_outcome outcome_of(const struct trip *trip, CURLcode code)
{
	struct courier_outcome outcome = {0};
	long status = 0;
	bool is_cut = code == CURLE_WRITE_ERROR && trip->answer_max == 0;
	curl_easy_getinfo(trip->easy, CURLINFO_RESPONSE_CODE, &status);
	outcome.duration_ms = (int)(clock_monotonic_ms() - trip->started_ms);
	if (code == CURLE_OK || is_cut)
		outcome.status = (int)status;
	else
		outcome.reason = reason_of(trip, code);
	return outcome;
}

static void take_finished(struct courier *courier)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(courier->multi, &left)) != NULL) {
		struct trip *trip;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &trip);
		struct courier_outcome outcome = outcome_of(trip, message->data.result);
		char refused[ERROR_SIZE];
		if (outcome.reason == trip->refused)
			outcome.reason = memcpy(refused, trip->refused, ERROR_SIZE);
		struct text answer = trip->answer;
		text_init(&trip->answer);
		outcome.answer = (struct slice){answer.bytes, answer.length};
		courier_done_function *done = trip->done;
		void *ctx = trip->ctx;
		trip_free(trip);
		done(ctx, &outcome);
		text_done(&answer);
	}
}

static void socket_ready(struct watch *watch, uint32_t events)
{
	struct line *line = watch->ctx;
	struct courier *courier = line->courier;
	int happened = (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
		       (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		       (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
	int running;
	curl_multi_socket_action(courier->multi, watch->fd, happened, &running);
	take_finished(courier);
}

static void timer_ready(struct watch *watch, uint32_t events)
{
	struct courier *courier = watch->ctx;
	uint64_t count;
	int running;
	(void)events;
	if (read(watch->fd, &count, sizeof count) < 0)
		return; /* it was set anew meanwhile */
	curl_multi_socket_action(courier->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_finished(courier);
}

/* libcurl: when it wants to be called. Zero would disarm a timerfd. */
static int set_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct courier *courier = ctx;
	struct itimerspec when = {0};
	(void)multi;
	if (timeout_ms >= 0) {
		when.it_value.tv_sec = timeout_ms / 1000;
		when.it_value.tv_nsec = timeout_ms % 1000 * 1000000 + 1;
	}
	timerfd_settime(courier->timer.fd, 0, &when, NULL);
	return 0;
}

/* libcurl: what it waits for at a socket of its own. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct courier *courier = ctx;
	struct line *line = socket_ctx;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (line != NULL)
			line_free(courier, line);
		return 0;
	}
	if (line == NULL) {
		line = calloc(1, sizeof *line);
		if (line == NULL)
			return -1;
		line->courier = courier;
		line->watch = (struct watch){.fd = -1, .ready = socket_ready, .ctx = line};
		DL_APPEND2(courier->lines, line, previous, next);
		curl_multi_assign(courier->multi, fd, line);
	}
	uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0U) |
			  (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
	return loop_watch(courier->loop, &line->watch, fd, events) ? 0 : -1;
}

/* libcurl: opens the socket for the very address that it will connect to, so that no name can mean
 * one address when it is checked and another when it is used. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct trip *trip = ctx;
	const char *kind = address_reserved(&address->addr);
	(void)purpose;
	trip->refused[0] = '\0';
	if (kind != NULL && !trip->courier->options.allows_private) {
		snprintf(trip->refused, sizeof trip->refused, "address_%s", kind);
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *ctx)
{
	struct trip *trip = ctx;
	size_t length_max = trip->answer_max == 0 ? ANSWER_MAX : trip->answer_max;
	trip->answer_length += size * count;
	if (trip->answer_length > length_max)
		return 0;
	if (trip->answer_max > 0)
		text_append(&trip->answer, bytes, size * count);
	return trip->answer.is_broken ? 0 : size * count;
}

struct courier *courier_new(struct loop *loop, const struct courier_options *options)
{
	struct courier *courier = calloc(1, sizeof *courier);
	if (courier == NULL)
		return NULL;
	courier->loop = loop;
	courier->options = *options;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	courier->multi = curl_multi_init();
	courier->timer = (struct watch){.fd = -1, .ready = timer_ready, .ctx = courier};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (courier->multi == NULL || fd < 0 || !loop_watch(loop, &courier->timer, fd, EPOLLIN)) {
		if (fd >= 0)
			close(fd);
		courier_free(courier);
		return NULL;
	}
	curl_multi_setopt(courier->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(courier->multi, CURLMOPT_SOCKETDATA, courier);
	curl_multi_setopt(courier->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(courier->multi, CURLMOPT_TIMERDATA, courier);
	curl_multi_setopt(courier->multi, CURLMOPT_MAXCONNECTS, (long)CACHED_CONNECTIONS);
	return courier;
}

void courier_free(struct courier *courier)
{
	if (courier == NULL)
		return;
	while (courier->trips != NULL)
		trip_free(courier->trips);
	curl_multi_cleanup(courier->multi);
	while (courier->lines != NULL)
		line_free(courier, courier->lines);
	int fd = courier->timer.fd;
	loop_forget(courier->loop, &courier->timer);
	if (fd >= 0)
		close(fd);
	curl_global_cleanup();
	free(courier);
}

/* Nothing of the environment has a say: no proxy, no redirect, no other protocol. With QUICK_EXIT a
 * look-up that hangs is left to its thread when the time is over, instead of waiting for it here.
 */
static void set_options(struct trip *trip, const struct courier_message *message)
{
	CURL *easy = trip->easy;
	const struct courier_options *options = &trip->courier->options;
	curl_easy_setopt(easy, CURLOPT_URL, message->url);
	curl_easy_setopt(
		easy, CURLOPT_PROTOCOLS_STR, options->allows_private ? "http,https" : "https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	if (options->ca_file != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, trip);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, trip);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, trip->headers);
	if (message->body.bytes != NULL) {
		curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)message->body.length);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, message->body.bytes);
	}
	curl_easy_setopt(easy, CURLOPT_PRIVATE, trip);
}

static bool add_headers(struct trip *trip, const char *const *headers)
{
	for (; *headers != NULL; headers++) {
		struct curl_slist *longer = curl_slist_append(trip->headers, *headers);
		if (longer == NULL)
			return false;
		trip->headers = longer;
	}
	return true;
}

bool courier_send(struct courier *courier, const struct courier_message *message)
{
	struct trip *trip = calloc(1, sizeof *trip);
	if (trip == NULL)
		return false;
	trip->courier = courier;
	trip->easy = curl_easy_init();
	trip->done = message->done;
	trip->ctx = message->ctx;
	trip->answer_max = message->answer_max;
	trip->started_ms = clock_monotonic_ms();
	DL_APPEND2(courier->trips, trip, previous, next);
	if (trip->easy == NULL || !add_headers(trip, message->headers)) {
		trip_free(trip);
		return false;
	}
	set_options(trip, message);
	if (curl_multi_add_handle(courier->multi, trip->easy) == CURLM_OK)
		return true;
	trip_free(trip);
	return false;
}
