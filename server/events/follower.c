#include "events/follower.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <utlist.h>

#include "config.h"
#include "events/event_feed.h"
#include "identity/held_key.h"
#include "identity/throttle.h"
#include "request/answer.h"
#include "request/binding.h"
#include "request/caller.h"
#include "request/parameters.h"
#include "request/result.h"
#include "watch/journal.h"
#include "watch/metrics.h"

enum { RETRY_MS = 3000 }; /* until a client that was cut off comes again */

/* The filters of the list, and how the values of facts compare with theirs. */
static const struct {
	const char *name;
	int (*compare)(const char *one, const char *other);
} filters[] = {
	{"type", strcmp},
	{"object_type", strcmp},
	{"object_id", strcasecmp},
	{"partner_id", strcasecmp},
};

enum { FILTER_COUNT = sizeof filters / sizeof *filters };

/*   asks for the end of the log, or for what is behind a cursor
 *   -> catches up: page after page of the list, by itself
 *   -> hears the feed: it has read everything that was there when it asked last
 *   -> catches up again, when it is so slow that the ring moves past it
 *
 * In each state reader.position says up to where it has everything: in `pending`, or sent. */
struct follower {
	struct request *r;
	struct event_listener listener;
	struct followers *followers;
	struct event_reader reader;
	struct held_key *key;
	const char *wanted[FILTER_COUNT]; /* NULL: any */
	const char *objects;              /* the kinds that its caller may read; NULL: all */
	struct text pending;              /* goes out first, from `sent` on */
	size_t sent;
	bool is_stuck;   /* a page could not be asked for; it will be again */
	const char *end; /* why it ends; NULL: it goes on */
	int64_t beat_ms; /* when something must have been sent */
	uint64_t events; /* sent so far */
	struct follower *previous, *next;
};

struct followers {
	struct service *service;
	struct event_feeds *feeds;
	struct held_keys *keys;
	struct follower *first; /* the one that has sent nothing for longest */
	int count;
	int64_t look_ms; /* when those that are stuck try again */
};

struct followers *followers_new(struct service *service)
{
	struct followers *followers = calloc(1, sizeof *followers);
	if (followers == NULL)
		return NULL;
	followers->service = service;
	followers->feeds = event_feeds_new(service);
	followers->keys = held_keys_new(service);
	if (followers->feeds != NULL && followers->keys != NULL)
		return followers;
	followers_free(followers);
	return NULL;
}

void followers_free(struct followers *followers)
{
	if (followers == NULL)
		return;
	event_feeds_free(followers->feeds);
	held_keys_free(followers->keys);
	free(followers);
}

static int64_t now_of(const struct followers *followers)
{
	return followers->service->loop->now_ms;
}

static void count_followers(struct followers *followers, int change)
{
	followers->count += change;
	atomic_store_explicit(&followers->service->metrics->event_streams, followers->count,
		memory_order_relaxed);
}

static void note_end(const struct follower *follower)
{
	const struct request *r = follower->r;
	struct journal *journal = r->service->journal;
	journal_begin(journal, JOURNAL_INFO, "followed");
	journal_text(journal, "request_id", r->id);
	journal_text(journal, "operation", r->operation->contract->id);
	journal_text(journal, "why", follower->end == NULL ? "client" : follower->end);
	journal_number(journal, "events", (long long)follower->events);
	journal_number(journal, "duration_us", clock_monotonic_us() - r->started_us);
	journal_text(journal, "actor_id", r->actor.id);
	journal_end(journal);
}

static void follower_free(struct request *r)
{
	struct follower *follower = r->feature;
	struct followers *followers = follower->followers;
	r->feature = NULL;
	if (r->answer.produce != NULL)
		note_end(follower);
	event_feed_leave(&follower->listener);
	event_reader_forget(&follower->reader);
	held_key_leave(follower->key);
	DL_DELETE2(followers->first, follower, previous, next);
	count_followers(followers, -1);
	text_done(&follower->pending);
	free(follower);
}

static void end_follower(struct follower *follower, const char *why)
{
	if (follower->end == NULL)
		follower->end = why;
	request_wake(follower->r);
}

/* Where it stands: what a client that is cut off comes back with. */
static void append_place(struct follower *follower)
{
	const struct cursor cursor = {.key = follower->reader.position, .id = NO_ID};
	const struct request *r = follower->r;
	text_append_string(&follower->pending, "id: ");
	cursor_seal(&follower->pending, &cursor,
		(struct slice){r->asked.scope.bytes, r->asked.scope.length},
		r->service->cursor_secret);
	text_append_string(&follower->pending, "\n\n");
}

/* What the feed reads after it has joined may be what it has read by itself. */
static bool wants(const struct follower *follower, const struct event *event)
{
	const char *kind = json_string_value(json_object_get(event->facts, "object_type"));
	if (strcmp(event->position, follower->reader.position) <= 0)
		return false;
	if (follower->objects != NULL && !words_have(follower->objects, slice_of(kind)))
		return false;
	for (int i = 0; i < FILTER_COUNT; i++) {
		const char *wanted = follower->wanted[i];
		const char *fact = wanted == NULL ? NULL
						  : json_string_value(json_object_get(
							    event->facts, filters[i].name));
		if (wanted != NULL && (fact == NULL || filters[i].compare(fact, wanted) != 0))
			return false;
	}
	return true;
}

static void pass(struct follower *follower, const struct event *event)
{
	follower->listener.next++;
	event_reader_move(&follower->reader, event->position);
}

static const struct event *next_event(struct follower *follower)
{
	const struct event *event;
	while ((event = event_feed_next(&follower->listener)) != NULL && !wants(follower, event))
		pass(follower, event);
	if (event == NULL)
		event_reader_move(&follower->reader, event_feed_position(&follower->listener));
	return event;
}

static void note_news(void *ctx)
{
	struct follower *follower = ctx;
	if (event_feed_has_passed(&follower->listener) || next_event(follower) != NULL)
		request_wake(follower->r);
}

static void note_sent(struct follower *follower, int events)
{
	follower->events += (uint64_t)events;
	metrics_followed(follower->r->service->metrics, events);
}

static bool append_event(void *ctx, const struct event_row *row)
{
	struct follower *follower = ctx;
	text_append(&follower->pending, row->text.bytes, row->text.length);
	note_sent(follower, 1);
	return !follower->pending.is_broken;
}

static void catch_up(struct follower *follower)
{
	const struct request *r = follower->r;
	const struct request_order order = {.target = r->head.target, .actor = &r->actor};
	if (follower->reader.page == NULL)
		follower->is_stuck = !event_reader_ask(&follower->reader, &order);
}

/* A ring that begins later than what it has read leads to another page. */
static void join(struct follower *follower)
{
	follower->is_stuck = !event_feed_join(follower->followers->feeds, &follower->r->actor,
		follower->reader.position, &follower->listener);
}

static long take_pending(struct follower *follower, char *room, size_t size)
{
	size_t count = follower->pending.length - follower->sent;
	if (count > size)
		count = size;
	if (count > 0)
		memcpy(room, follower->pending.bytes + follower->sent, count);
	follower->sent += count;
	if (follower->sent == follower->pending.length) {
		text_done(&follower->pending);
		follower->sent = 0;
	}
	return (long)count;
}

/* As many events of the ring as there is room for; one that is larger than the room goes the other
 * way. */
static long take_events(struct follower *follower, char *room, size_t size)
{
	size_t written = 0;
	const struct event *event;
	while ((event = next_event(follower)) != NULL && event->text.length <= size - written) {
		memcpy(room + written, event->text.bytes, event->text.length);
		written += event->text.length;
		pass(follower, event);
		note_sent(follower, 1);
	}
	if (event == NULL || written > 0)
		return (long)written;
	text_append(&follower->pending, event->text.bytes, event->text.length);
	pass(follower, event);
	note_sent(follower, 1);
	return take_pending(follower, room, size);
}

static long produce_more(struct follower *follower, char *room, size_t size)
{
	if (follower->pending.is_broken)
		return ANSWER_BROKEN;
	if (follower->pending.length > 0)
		return take_pending(follower, room, size);
	if (follower->listener.feed != NULL && event_feed_has_passed(&follower->listener))
		event_feed_leave(&follower->listener);
	if (follower->listener.feed != NULL)
		return take_events(follower, room, size);
	if (!follower->is_stuck)
		catch_up(follower);
	return 0;
}

/* The list of followers is in the order of who has sent last. */
static void note_beat(struct follower *follower)
{
	struct followers *followers = follower->followers;
	follower->beat_ms = now_of(followers) + followers->service->config->event_heartbeat_ms;
	DL_DELETE2(followers->first, follower, previous, next);
	DL_APPEND2(followers->first, follower, previous, next);
}

static long produce(struct request *r, char *room, size_t size)
{
	struct follower *follower = r->feature;
	if (follower->end != NULL)
		return ANSWER_END;
	long count = produce_more(follower, room, size);
	if (count > 0)
		note_beat(follower);
	return count;
}

static void begin_answer(struct follower *follower)
{
	struct request *r = follower->r;
	answer_begin(r, 200, "text/event-stream");
	answer_vary(r, "Accept");
	answer_header(r, "Cache-Control", "no-store");
	answer_header(r, "X-Accel-Buffering", "no"); /* nginx would wait for more */
	r->answer.produce = produce;
	r->answer.is_endless = true;
	r->closes = true;
	request_leave(r);
	answer_send(r);
}

/* Its first page decides whether it is a stream at all. */
static void page_done(void *ctx, const struct problem *problem)
{
	struct follower *follower = ctx;
	struct request *r = follower->r;
	bool is_first = r->answer.produce == NULL;
	if (problem == NULL && follower->reader.is_last)
		join(follower);
	if (is_first && problem != NULL) {
		answer_refuse(r, problem);
	} else if (is_first) {
		begin_answer(follower);
	} else {
		follower->is_stuck |= problem != NULL;
		if (problem == &problem_cursor_expired)
			end_follower(follower, "expired");
		request_wake(r);
	}
}

static void greet(struct follower *follower)
{
	text_append_printf(&follower->pending, "retry: %d\n", RETRY_MS);
	append_place(follower);
}

static void end_found(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	struct follower *follower = r->feature;
	struct slice end = {0};
	if (outcome == SEGMENT_DONE)
		end = rows_text(segment->results[0], 0, "position");
	const char *position = arena_copy(&r->arena, end.bytes, end.length);
	if (outcome == SEGMENT_FAILED) {
		answer_refuse(r, result_problem(r, segment->error));
	} else if (end.length == 0 || position == NULL) {
		answer_refuse(r, &problem_unavailable);
	} else {
		event_reader_move(&follower->reader, position);
		greet(follower);
		join(follower);
		begin_answer(follower);
	}
	segment_clear(segment);
}

/* Without a place to go on from, it begins at the present end. */
static const struct problem *ask_end(struct request *r)
{
	static const struct binding none[] = {{NULL, NULL}};
	r->run.segment = (struct segment){.call_count = 1, .done = end_found};
	if (!binding_of(r, SQL(findEventsEnd), none, &r->run.segment.calls[0]))
		return FAULT(r, "findEventsEnd cannot be bound");
	return request_submit(r, LANE_READ);
}

/* A client that comes again by itself repeats its address, so the header is what counts. */
static const struct problem *read_last_event_id(struct request *r)
{
	const char *last = r->head.headers[HEADER_LAST_EVENT_ID];
	if (last == NULL || *last == '\0')
		return NULL;
	if (cursor_open(slice_of(last), (struct slice){r->asked.scope.bytes, r->asked.scope.length},
		    r->service->cursor_secret, &r->arena, &r->asked.cursor))
		return NULL;
	return request_fault(
		r, &problem_invalid_cursor, "Last-Event-ID is not the id of an event stream.");
}

static const struct problem *check_parameters(struct request *r)
{
	if (r->asked.has_limit)
		fault_add(&r->faults, "?limit", "not_for_streams", "A stream has no pages");
	if (r->asked.field_count > 0)
		fault_add(&r->faults, "?fields", "not_for_streams", "A stream has whole events");
	return r->faults.count > 0 ? &problem_invalid_request : read_last_event_id(r);
}

/* The connections of streams are taken from those that all have, so there is a limit to them. */
static const struct problem *admit(struct request *r, const struct held_key *key)
{
	const struct config *config = r->service->config;
	if (r->service->is_stopping)
		return &problem_unavailable;
	if (r->service->followers->count >= config_share(config, config->event_streams))
		return request_fault(r, &problem_overloaded, "Too many streams are open.");
	if (key->count > config_share(config, config->event_caller_streams))
		return request_fault(r, &problem_too_many_at_once,
			"%d streams of this caller are open.", key->count - 1);
	return NULL;
}

static void follower_init(struct follower *follower, struct request *r)
{
	follower->r = r;
	follower->followers = r->service->followers;
	follower->listener = (struct event_listener){.news = note_news, .ctx = follower};
	follower->reader = (struct event_reader){.service = r->service,
		.id = r->id,
		.take = append_event,
		.done = page_done,
		.ctx = follower};
	follower->objects = caller_objects(r);
	for (int i = 0; i < FILTER_COUNT; i++)
		follower->wanted[i] = parameters_value(r, filters[i].name);
	DL_APPEND2(follower->followers->first, follower, previous, next);
	note_beat(follower);
	r->feature = follower;
	r->feature_free = follower_free;
}

const struct problem *follower_begin(struct request *r)
{
	struct followers *followers = r->service->followers;
	const struct problem *p = check_parameters(r);
	if (p != NULL)
		return p;
	struct follower *follower = calloc(1, sizeof *follower);
	struct held_key *key = follower == NULL ? NULL : held_key_take(followers->keys, r);
	if (key == NULL) {
		free(follower);
		return FAULT(r, "out of memory");
	}
	p = admit(r, key);
	if (p != NULL) {
		held_key_leave(key);
		free(follower);
		return p;
	}
	follower_init(follower, r);
	follower->key = key;
	count_followers(followers, 1);
	if (r->asked.cursor.key == NULL)
		return ask_end(r);
	event_reader_move(&follower->reader, r->asked.cursor.key);
	greet(follower);
	catch_up(follower);
	return follower->is_stuck ? &problem_overloaded : NULL;
}

/* Whoever has something to send need not say that it is there. Where it stands moves on with the
 * log, or who seldom hears of anything would come back with a place that is long deleted. */
static void beat(struct follower *follower)
{
	const struct event_listener *listener = &follower->listener;
	bool has_news = follower->r->answer.produce == NULL || follower->pending.length > 0 ||
			(listener->feed != NULL &&
				(event_feed_has_passed(listener) || next_event(follower) != NULL));
	note_beat(follower);
	if (has_news)
		return;
	text_append_string(&follower->pending, ":\n");
	append_place(follower);
	request_wake(follower->r);
}

static void end_lost(struct followers *followers)
{
	struct follower *follower;
	DL_FOREACH2 (followers->first, follower, next)
		if (follower->key->is_lost)
			end_follower(follower, "key");
}

static void free_stuck(struct followers *followers)
{
	struct follower *follower;
	if (followers->look_ms > now_of(followers))
		return;
	followers->look_ms = now_of(followers) + followers->service->config->event_poll_ms;
	DL_FOREACH2 (followers->first, follower, next)
		if (follower->is_stuck && follower->r->answer.produce != NULL) {
			follower->is_stuck = false;
			request_wake(follower->r);
		}
}

void followers_tick(struct followers *followers)
{
	event_feeds_tick(followers->feeds);
	if (held_keys_tick(followers->keys))
		end_lost(followers);
	free_stuck(followers);
	while (followers->first != NULL && followers->first->beat_ms <= now_of(followers))
		beat(followers->first);
}

void followers_stop(struct followers *followers)
{
	struct follower *follower;
	DL_FOREACH2 (followers->first, follower, next)
		end_follower(follower, "stop");
}
