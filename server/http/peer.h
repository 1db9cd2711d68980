/* The other end of a connection: who it is, and by when it must have moved. */
#pragma once

#include "request/parts.h"
#include "service.h"

struct peer {
	struct peer_address address;
	int fd;
	int64_t due_ms;  /* when it is looked at; 0: what comes next is up to us */
	int64_t end_ms;  /* when even one that moves is cut; 0: never */
	bool is_moving;  /* it sends a body or takes an answer */
	bool is_endless; /* the answer goes on with what happens */
	bool is_cut;
	int64_t bytes; /* of both, when it was last looked at; -1: not yet */
	int64_t owed;  /* of an endless answer: how many it has to take until it is looked at again
			*/
	struct peer *previous, *next;
};

/* All of a worker's. */
struct peers {
	struct peer *first;
	int64_t look_ms; /* when they are looked at next */
};

/* NULL when memory is exhausted. */
struct peer *peer_new(struct peers *peers, int fd, struct peer_address address);
void peer_free(struct peers *peers, struct peer *peer);

/* The whole head of a request must be there in `ms`. */
void peer_expect_head(struct peer *peer, const struct service *service, int ms);

/* A body or an answer must move on; by `end_ms`, unless that is 0, it must be through. */
void peer_expect_bytes(struct peer *peer, const struct service *service, int64_t end_ms);

/* An endless answer: there may be nothing to take, but what there is must be taken. It stays so
 * until the next head is expected. */
void peer_expect_nothing(struct peer *peer, const struct service *service);

/* What comes next is up to us. */
void peer_rest(struct peer *peer);

/* Cuts those that are late; true when there was one. To be called every 100 ms or so. */
bool peers_tick(struct peers *peers, const struct service *service);

/* The server ends: endless answers have to be taken soon. */
void peers_hurry(struct peers *peers, const struct service *service);
