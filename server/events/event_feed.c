#include "events/event_feed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>
#include <utlist.h>
#include <uuid/uuid.h>

#include "config.h"
#include "postgres/rows.h"
#include "request/binding.h"

enum {
	RING_EVENTS = 2048,
	RING_MS = 10000, /* who has not heard an event by then reads the log by itself */
};

/* What the keys of one partner may see, or what the staff may. */
struct event_feed {
	char partner_id[UUID_TEXT_SIZE]; /* "": the staff, which sees all */
	struct event_feeds *feeds;
	struct event_reader reader;
	struct event **ring;               /* RING_EVENTS places; NULL: no events */
	uint64_t first, end;               /* the numbers of the events in it */
	char dropped[EVENT_POSITION_SIZE]; /* where the ring begins */
	bool is_due;                       /* there is news that it has not asked for */
	struct event_listener *listeners;
	UT_hash_handle hh;
};

struct event_feeds {
	struct service *service;
	struct event_feed *feeds;
	struct request *poll;           /* under way; NULL: none */
	int64_t poll_ms;                /* when the next one is due */
	char seen[EVENT_POSITION_SIZE]; /* up to where whom it concerns is known */
};

/* The calls of a poll. Where the log ends is asked first, as for a page. */
enum { CALL_END, CALL_CONCERNED, CALL_COUNT };

struct event_feeds *event_feeds_new(struct service *service)
{
	struct event_feeds *feeds = calloc(1, sizeof *feeds);
	if (feeds != NULL)
		feeds->service = service;
	return feeds;
}

/* Whoever listened has left. */
void event_feeds_free(struct event_feeds *feeds)
{
	if (feeds == NULL)
		return;
	if (feeds->poll != NULL)
		feeds->poll->owner = NULL;
	free(feeds);
}

static void event_free(struct event *event)
{
	json_decref(event->facts);
	text_done(&event->text);
	free(event);
}

static struct event *event_new(const struct event_row *row)
{
	struct event *event = calloc(1, sizeof *event);
	if (event == NULL)
		return NULL;
	memcpy(event->position, row->position, sizeof event->position);
	text_append(&event->text, row->text.bytes, row->text.length);
	event->facts = json_loadb(row->data.bytes, row->data.length, 0, NULL);
	json_object_set_new(event->facts, "type", json_stringn(row->type.bytes, row->type.length));
	if (event->facts != NULL && !event->text.is_broken)
		return event;
	event_free(event);
	return NULL;
}

static struct event **place_of(const struct event_feed *feed, uint64_t number)
{
	return &feed->ring[number % RING_EVENTS];
}

static void drop_first(struct event_feed *feed)
{
	struct event *event = *place_of(feed, feed->first++);
	memcpy(feed->dropped, event->position, sizeof feed->dropped);
	event_free(event);
}

static void drop_old(struct event_feed *feed, int64_t since_ms)
{
	while (feed->first < feed->end && (*place_of(feed, feed->first))->read_ms < since_ms)
		drop_first(feed);
	if (feed->first < feed->end)
		return;
	free(feed->ring);
	feed->ring = NULL;
}

static bool keep_event(void *ctx, const struct event_row *row)
{
	struct event_feed *feed = ctx;
	if (feed->ring == NULL)
		feed->ring = calloc(RING_EVENTS, sizeof(struct event *));
	struct event *event = feed->ring == NULL ? NULL : event_new(row);
	if (event == NULL)
		return false;
	if (feed->end - feed->first == RING_EVENTS)
		drop_first(feed);
	event->read_ms = feed->feeds->service->loop->now_ms;
	*place_of(feed, feed->end++) = event;
	return true;
}

static void ask_page(struct event_feed *feed)
{
	struct actor actor = {.role = feed->partner_id[0] == '\0' ? ROLE_ADMIN : ROLE_PARTNER};
	const struct request_order order = {.target = "/v1/events", .actor = &actor};
	memcpy(actor.partner_id, feed->partner_id, sizeof actor.partner_id);
	if (feed->is_due && feed->reader.page == NULL)
		feed->is_due = !event_reader_ask(&feed->reader, &order);
}

/* Events were deleted that nobody had read: each listener finds out how that is for itself. */
static void pass_everybody(struct event_feed *feed)
{
	drop_old(feed, INT64_MAX);
	feed->first = ++feed->end;
	event_reader_move(&feed->reader, feed->feeds->seen);
	memcpy(feed->dropped, feed->reader.position, sizeof feed->dropped);
}

/* What fails is tried again with the next poll. */
static void page_done(void *ctx, const struct problem *problem)
{
	struct event_feed *feed = ctx;
	struct event_listener *listener;
	if (problem == &problem_cursor_expired)
		pass_everybody(feed);
	feed->is_due |= problem != NULL || !feed->reader.is_last;
	if (problem == NULL)
		ask_page(feed);
	DL_FOREACH2 (feed->listeners, listener, next_listener)
		listener->news(listener->ctx);
}

/* What is rare is not kept for the next one: a partner whose key listens is not there for long. */
static void feed_free(struct event_feed *feed)
{
	HASH_DEL(feed->feeds->feeds, feed);
	event_reader_forget(&feed->reader);
	drop_old(feed, INT64_MAX);
	free(feed);
}

static struct event_feed *feed_new(
	struct event_feeds *feeds, const char *partner_id, const char *position)
{
	struct event_feed *feed = calloc(1, sizeof *feed);
	if (feed == NULL)
		return NULL;
	feed->feeds = feeds;
	feed->is_due = true; /* the last poll did not look for it */
	feed->reader = (struct event_reader){
		.service = feeds->service, .take = keep_event, .done = page_done, .ctx = feed};
	memcpy(feed->partner_id, partner_id, sizeof feed->partner_id);
	event_reader_move(&feed->reader, position);
	memcpy(feed->dropped, feed->reader.position, sizeof feed->dropped);
	if (feeds->feeds == NULL)
		memcpy(feeds->seen, feed->reader.position, sizeof feeds->seen);
	HASH_ADD_STR(feeds->feeds, partner_id, feed);
	return feed;
}

bool event_feed_join(struct event_feeds *feeds, const struct actor *actor, const char *position,
	struct event_listener *listener)
{
	struct event_feed *feed;
	bool is_staff = actor->partner_id[0] == '\0';
	assert(is_staff == (actor->role != ROLE_PARTNER));
	HASH_FIND_STR(feeds->feeds, actor->partner_id, feed);
	if (feed == NULL)
		feed = feed_new(feeds, actor->partner_id, position);
	if (feed == NULL || strcmp(position, feed->dropped) < 0)
		return false;
	listener->feed = feed;
	listener->next = feed->end;
	while (listener->next > feed->first &&
		strcmp((*place_of(feed, listener->next - 1))->position, position) > 0)
		listener->next--;
	DL_APPEND2(feed->listeners, listener, previous, next_listener);
	ask_page(feed);
	return true;
}

void event_feed_leave(struct event_listener *listener)
{
	struct event_feed *feed = listener->feed;
	if (feed == NULL)
		return;
	listener->feed = NULL;
	DL_DELETE2(feed->listeners, listener, previous, next_listener);
	if (feed->listeners == NULL)
		feed_free(feed);
}

bool event_feed_has_passed(const struct event_listener *listener)
{
	return listener->next < listener->feed->first;
}

const struct event *event_feed_next(const struct event_listener *listener)
{
	const struct event_feed *feed = listener->feed;
	return listener->next < feed->end ? *place_of(feed, listener->next) : NULL;
}

const char *event_feed_position(const struct event_listener *listener)
{
	return listener->feed->reader.position;
}

/* The partners that the news concerns come as rows; a row without one is for the staff. */
static void note_concerned(struct event_feeds *feeds, const PGresult *result)
{
	for (int row = 0; row < PQntuples(result); row++) {
		char partner_id[UUID_TEXT_SIZE] = "";
		struct event_feed *feed;
		struct slice id = rows_text(result, row, "partner_id");
		if (id.length == sizeof(uuid_t))
			uuid_unparse_lower((const unsigned char *)id.bytes, partner_id);
		HASH_FIND_STR(feeds->feeds, partner_id, feed);
		if (feed != NULL)
			feed->is_due = true;
	}
}

/* A feed that the news does not concern has read it; unless it is behind the poll before this one,
 * as it may be when it reads from another replica. */
static void take_poll(struct event_feeds *feeds, struct request *poll)
{
	struct slice end = rows_text(poll->run.segment.results[CALL_END], 0, "position");
	const char *position = arena_copy(&poll->arena, end.bytes, end.length);
	struct event_feed *feed, *next;
	note_concerned(feeds, poll->run.segment.results[CALL_CONCERNED]);
	HASH_ITER (hh, feeds->feeds, feed, next) {
		feed->is_due |= strcmp(feed->reader.position, feeds->seen) < 0;
		if (feed->is_due)
			ask_page(feed);
		else if (feed->reader.page == NULL)
			event_reader_move(&feed->reader, position);
	}
	if (position != NULL && end.length < sizeof feeds->seen &&
		strcmp(position, feeds->seen) > 0)
		memcpy(feeds->seen, position, end.length + 1);
}

static void poll_done(struct segment *segment, enum segment_outcome outcome)
{
	struct request *poll = segment->ctx;
	struct event_feeds *feeds = poll->owner;
	if (feeds != NULL) {
		feeds->poll = NULL;
		if (outcome == SEGMENT_DONE)
			take_poll(feeds, poll);
		else if (outcome == SEGMENT_FAILED)
			FAULT(poll, "events cannot be followed: %s",
				PQresultErrorMessage(segment->error));
	}
	request_abandon(poll);
}

static void ask_news(struct event_feeds *feeds)
{
	const struct actor nobody = {.role = ROLE_ADMIN};
	const struct request_order order = {.target = "/v1/events", .actor = &nobody};
	struct request *poll = request_order(feeds->service, &order);
	if (poll == NULL)
		return;
	const char *seen = arena_copy(&poll->arena, feeds->seen, strlen(feeds->seen));
	const struct binding bindings[] = {{"position", seen}, {NULL, NULL}};
	poll->owner = feeds;
	poll->run.segment = (struct segment){.call_count = CALL_COUNT, .done = poll_done};
	if (!binding_of(poll, SQL(findEventsEnd), bindings, &poll->run.segment.calls[CALL_END]) ||
		!binding_of(poll, SQL(findConcerned), bindings,
			&poll->run.segment.calls[CALL_CONCERNED]) ||
		request_submit(poll, LANE_READ) != NULL)
		request_abandon(poll);
	else
		feeds->poll = poll;
}

void event_feeds_tick(struct event_feeds *feeds)
{
	int64_t now_ms = feeds->service->loop->now_ms;
	struct event_feed *feed, *next;
	if (feeds->feeds == NULL || feeds->poll != NULL || feeds->poll_ms > now_ms)
		return;
	feeds->poll_ms = now_ms + feeds->service->config->event_poll_ms;
	HASH_ITER (hh, feeds->feeds, feed, next)
		drop_old(feed, now_ms - RING_MS);
	ask_news(feeds);
}
