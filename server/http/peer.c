#include "http/peer.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <utlist.h>

#include "config.h"
#include "watch/metrics.h"

enum {
	LOOK_MS = 250,
	HURRY_MS = 1000,
	ESTABLISHED =
		1, /* TCP_ESTABLISHED: linux/tcp.h and the header that has it exclude each other */
	UNSENT_MAX = 256 << 10, /* that the kernel keeps for one who does not read */
};

struct peer *peer_new(struct peers *peers, int fd, struct peer_address address)
{
	struct peer *peer = calloc(1, sizeof *peer);
	if (peer == NULL)
		return NULL;
	const int unsent_max = UNSENT_MAX;
	peer->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_max, sizeof unsent_max);
	peer->address = address;
	DL_APPEND2(peers->first, peer, previous, next);
	return peer;
}

void peer_free(struct peers *peers, struct peer *peer)
{
	if (peer == NULL)
		return;
	DL_DELETE2(peers->first, peer, previous, next);
	free(peer);
}

void peer_expect_head(struct peer *peer, const struct service *service, int ms)
{
	peer->is_moving = peer->is_endless = false;
	peer->due_ms = service->loop->now_ms + ms;
}

void peer_expect_bytes(struct peer *peer, const struct service *service, int64_t end_ms)
{
	if (peer->is_endless)
		return;
	peer->is_moving = true;
	peer->bytes = -1;
	peer->end_ms = end_ms;
	peer->due_ms = service->loop->now_ms + service->config->slow_ms;
}

void peer_expect_nothing(struct peer *peer, const struct service *service)
{
	peer_expect_bytes(peer, service, 0);
	peer->is_endless = true;
	peer->owed = 0;
}

void peer_rest(struct peer *peer)
{
	if (!peer->is_endless)
		peer->due_ms = 0;
}

/* The kernel counts what moves, so that nobody else has to. */
static struct tcp_info info_of(const struct peer *peer)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof info;
	getsockopt(peer->fd, IPPROTO_TCP, TCP_INFO, &info, &length);
	return info;
}

/* Whoever has closed its end, is not there any more, or takes nothing of what it is sent, is late.
 * A heartbeat is all that tells, so few bytes are enough. */
static bool is_listening(struct peer *peer, const struct service *service)
{
	int64_t now_ms = service->loop->now_ms;
	struct tcp_info info = info_of(peer);
	int unsent = 0; /* or sent and not taken */
	bool is_late = peer->bytes >= 0 &&
		       (int64_t)info.tcpi_bytes_acked - peer->bytes < peer->owed;
	if (is_late || info.tcpi_state != ESTABLISHED ||
		(peer->end_ms != 0 && peer->end_ms <= now_ms))
		return false;
	ioctl(peer->fd, SIOCOUTQ, &unsent);
	peer->bytes = (int64_t)info.tcpi_bytes_acked;
	peer->owed = unsent < service->config->slow_bytes ? unsent : service->config->slow_bytes;
	peer->due_ms = now_ms + service->config->slow_ms;
	return true;
}

/* The first look only notes how far it has come, so that who stops is cut after two of them. */
static bool has_moved(struct peer *peer, const struct service *service)
{
	int64_t now_ms = service->loop->now_ms;
	struct tcp_info info = info_of(peer);
	int64_t bytes = (int64_t)(info.tcpi_bytes_acked + info.tcpi_bytes_received);
	bool is_first = peer->bytes < 0;
	int64_t moved = bytes - peer->bytes;
	if (!peer->is_moving || (peer->end_ms != 0 && peer->end_ms <= now_ms) ||
		(!is_first && moved < service->config->slow_bytes))
		return false;
	peer->bytes = bytes;
	peer->due_ms = now_ms + service->config->slow_ms;
	if (peer->end_ms != 0 && peer->end_ms < peer->due_ms)
		peer->due_ms = peer->end_ms;
	return true;
}

/* A connection that was only kept is no refusal. libmicrohttpd finds the socket shut and closes it.
 * What was sent and not taken is dropped, or the kernel would keep it for whoever never reads. */
static void cut(struct peer *peer, const struct service *service)
{
	bool is_silent = !peer->is_moving &&
			 info_of(peer).tcpi_last_data_recv >= (unsigned)service->config->idle_ms;
	bool has_left = peer->is_endless && info_of(peer).tcpi_state != ESTABLISHED;
	const struct linger now = {.l_onoff = 1, .l_linger = 0};
	setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	shutdown(peer->fd, SHUT_RDWR);
	peer->due_ms = 0;
	peer->is_cut = true;
	if (!is_silent && !has_left)
		metrics_cut(service->metrics);
}

static bool is_in_time(struct peer *peer, const struct service *service)
{
	if (peer->due_ms == 0 || peer->due_ms > service->loop->now_ms)
		return true;
	return peer->is_endless ? is_listening(peer, service) : has_moved(peer, service);
}

bool peers_tick(struct peers *peers, const struct service *service)
{
	struct peer *peer;
	int64_t now_ms = service->loop->now_ms;
	bool has_cut = false;
	if (peers->look_ms > now_ms)
		return false;
	peers->look_ms = now_ms + LOOK_MS;
	DL_FOREACH2 (peers->first, peer, next) {
		if (is_in_time(peer, service))
			continue;
		cut(peer, service);
		has_cut = true;
	}
	return has_cut;
}

void peers_hurry(struct peers *peers, const struct service *service)
{
	struct peer *peer;
	DL_FOREACH2 (peers->first, peer, next)
		if (peer->is_endless && !peer->is_cut)
			peer->end_ms = peer->due_ms = service->loop->now_ms + HURRY_MS;
}
