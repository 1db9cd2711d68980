#include "loop.h"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <utlist.h>

int64_t clock_monotonic_us(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
	return clock_monotonic_us() / 1000;
}

bool loop_init(struct loop *loop)
{
	*loop = (struct loop){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	loop->now_ms = clock_monotonic_ms();
	return loop->epoll_fd >= 0;
}

void loop_done(struct loop *loop)
{
	if (loop != NULL && loop->epoll_fd >= 0)
		close(loop->epoll_fd);
}

bool loop_watch(struct loop *loop, struct watch *watch, int fd, uint32_t events)
{
	if (watch->fd == fd && watch->events == events)
		return true;
	if (watch->fd >= 0 && watch->fd != fd)
		loop_forget(loop, watch);
	struct epoll_event event = {.events = events, .data.ptr = watch};
	if (epoll_ctl(loop->epoll_fd, watch->fd == fd ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
		    &event) != 0)
		return false;
	if (watch->fd < 0)
		DL_APPEND2(loop->watches, watch, previous, next);
	watch->fd = fd;
	watch->events = events;
	return true;
}

void loop_forget(struct loop *loop, struct watch *watch)
{
	if (watch->fd < 0)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	DL_DELETE2(loop->watches, watch, previous, next);
	watch->fd = -1;
	watch->events = 0;
	for (int i = 0; i < LOOP_EVENTS_PER_TURN; i++)
		if (loop->ready[i] == watch)
			loop->ready[i] = NULL;
}

void loop_turn(struct loop *loop, int timeout_ms)
{
	struct epoll_event events[LOOP_EVENTS_PER_TURN];
	int count = epoll_wait(loop->epoll_fd, events, LOOP_EVENTS_PER_TURN, timeout_ms);
	loop->now_ms = clock_monotonic_ms();
	for (int i = 0; i < count; i++)
		loop->ready[i] = events[i].data.ptr;
	for (int i = 0; i < count; i++) {
		struct watch *watch = loop->ready[i];
		loop->ready[i] = NULL;
		if (watch != NULL)
			watch->ready(watch, events[i].events);
	}
}

static struct watch *find_overdue(const struct loop *loop)
{
	struct watch *watch;
	DL_FOREACH2 (loop->watches, watch, next)
		if (watch->due_ms != 0 && watch->due_ms <= loop->now_ms)
			return watch;
	return NULL;
}

/* Whoever is told may forget any watch, so the list is looked through anew each time. */
void loop_tick(struct loop *loop)
{
	struct watch *watch;
	while ((watch = find_overdue(loop)) != NULL) {
		watch->due_ms = 0;
		watch->overdue(watch, 0);
	}
}
