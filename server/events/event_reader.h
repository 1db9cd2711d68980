/* Reads the log of events: a page for a list, or page after page for who follows it. */
#pragma once

#include "request/request.h"

/* A place in the log, as a text that sorts as the log does, and its NUL. */
enum { EVENT_POSITION_SIZE = 41 };

/* Submits the page of the log that `r` asks for, or refuses. */
const struct problem *event_page_ask(struct request *r, segment_done_function *done);

/* Returns how far that page has read when it has no more rows; it lives as long as the request. */
const char *event_page_end(struct request *r);

/* An event as it goes out. */
struct event_row {
	const char *position;
	struct slice type;
	struct slice data; /* its member, as JSON */
	struct slice text; /* by Server-Sent Events */
};

/* Takes an event; false when it cannot. */
typedef bool event_take_function(void *ctx, const struct event_row *row);

/* Told that a page was read, and `take` of each of its events; or why there is none. */
typedef void event_page_function(void *ctx, const struct problem *problem);

/* Whoever follows the log. What it wants and may see is read anew with each page. */
struct event_reader {
	struct service *service;
	const char *id; /* of the request that is answered; NULL: none */
	event_take_function *take;
	event_page_function *done;
	void *ctx;
	char position[EVENT_POSITION_SIZE]; /* everything up to here was taken */
	bool is_last;                       /* the last page was not full */
	struct request *page;               /* under way; NULL: none */
};

/* Asks for the next page of the list `order` behind reader->position; false when that is not
 * possible now. One at a time. */
bool event_reader_ask(struct event_reader *reader, const struct request_order *order);

/* The reader goes: it is not told any more. */
void event_reader_forget(struct event_reader *reader);

/* Moves to `position`, unless it is behind. */
void event_reader_move(struct event_reader *reader, const char *position);
