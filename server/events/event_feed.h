/* Feeds: what happens, read once a worker for all who may see the same, as they follow it.
 *
 * One reader asks every so often, for all of a worker, whom the news concerns. Each feed that they
 * do reads them by the ordinary list, in the name of its partner or of the staff, so that what may
 * be seen is decided where it always is. What it reads goes into a ring, rendered; each listener
 * has its place in it:
 *
 *   ring   … [e7][e8][e9][e10]                e7, e8: read by all; dropped after a few seconds
 *                     ^      ^
 *              slow listener  others
 *
 * Whoever joins has read the log by itself up to a place that is no older than the ring; whoever
 * falls behind the ring does so again. */
#pragma once

#include "events/event_reader.h"

struct event_feeds;
struct event_feed;

/* An event in the ring. */
struct event {
	char position[EVENT_POSITION_SIZE];
	json_t *facts; /* its data and its type: what filters look at */
	struct text text;
	int64_t read_ms;
};

/* Whoever hears a feed; belongs to its owner. */
struct event_listener {
	void (*news)(void *ctx); /* there may be another event */
	void *ctx;
	struct event_feed *feed; /* NULL: it hears none */
	uint64_t next;           /* the number of the event it hears next */
	struct event_listener *previous, *next_listener;
};

/* Makes a worker's; NULL when memory is exhausted. */
struct event_feeds *event_feeds_new(struct service *service);
void event_feeds_free(struct event_feeds *feeds);

/* Asks for news while anybody listens; to be called every 100 ms or so. */
void event_feeds_tick(struct event_feeds *feeds);

/* Lets a listener that has read the log up to `position` hear what `actor` may see behind it.
 * False when the ring begins later than that. */
bool event_feed_join(struct event_feeds *feeds, const struct actor *actor, const char *position,
	struct event_listener *listener);

/* The listener hears no more; harmless when it hears nothing. */
void event_feed_leave(struct event_listener *listener);

/* True when the ring has moved past the listener. */
bool event_feed_has_passed(const struct event_listener *listener);

/* Returns the event that the listener hears next, or NULL when it has heard all of them. */
const struct event *event_feed_next(const struct event_listener *listener);

/* Returns how far the log has been read for a listener that has heard all events. */
const char *event_feed_position(const struct event_listener *listener);
