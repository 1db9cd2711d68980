/* The event loop of a worker: file descriptors that became ready, and a tick. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Told that `watch->fd` is ready for `events` (EPOLLIN, EPOLLOUT). */
struct watch;
typedef void watch_function(struct watch *watch, uint32_t events);

struct watch {
	int fd;          /* -1: not watched */
	uint32_t events; /* what it waits for */
	watch_function *ready;
	void *ctx;
	int64_t due_ms;          /* what it waits for must have come by then; 0: no matter when */
	watch_function *overdue; /* told once, when it has not */
	struct watch *previous, *next;
};

enum { LOOP_EVENTS_PER_TURN = 64 };

struct loop {
	int epoll_fd;
	int64_t now_ms; /* monotonic, of this turn */
	struct watch *watches;
	struct watch *ready[LOOP_EVENTS_PER_TURN]; /* those of this turn that were not told yet */
};

bool loop_init(struct loop *loop);
void loop_done(struct loop *loop);

/* Watches `fd` for `events`, or changes what is waited for; false when the system refuses. */
bool loop_watch(struct loop *loop, struct watch *watch, int fd, uint32_t events);

/* Stops watching: `watch` is not told any more, not even in this turn, and may be freed. To be
 * called before the descriptor is closed; harmless when it is not watched. */
void loop_forget(struct loop *loop, struct watch *watch);

/* One turn: waits up to `timeout_ms` and tells every watch that became ready. */
void loop_turn(struct loop *loop, int timeout_ms);

/* Tells every watch that is overdue; to be called every 100 ms or so. */
void loop_tick(struct loop *loop);

/* Monotonic time. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
