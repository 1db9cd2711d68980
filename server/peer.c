#include "peer.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <utlist.h>

enum {
	LOOK_MS = 250,
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
	peer->is_moving = false;
	peer->due_ms = service->loop->now_ms + ms;
}

void peer_expect_bytes(struct peer *peer, const struct service *service, int64_t end_ms)
{
	peer->is_moving = true;
	peer->bytes = -1;
	peer->end_ms = end_ms;
	peer->due_ms = service->loop->now_ms + service->config->slow_ms;
}

void peer_rest(struct peer *peer)
{
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
	const struct linger now = {.l_onoff = 1, .l_linger = 0};
	setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	shutdown(peer->fd, SHUT_RDWR);
	peer_rest(peer);
	if (!is_silent)
		metrics_cut(service->metrics);
}

void peers_tick(struct peers *peers, const struct service *service)
{
	struct peer *peer;
	int64_t now_ms = service->loop->now_ms;
	if (peers->look_ms > now_ms)
		return;
	peers->look_ms = now_ms + LOOK_MS;
	DL_FOREACH2 (peers->first, peer, next)
		if (peer->due_ms != 0 && peer->due_ms <= now_ms && !has_moved(peer, service))
			cut(peer, service);
}
