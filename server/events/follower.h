/* Followers: answers that go on with each event that happens, by Server-Sent Events. */
#pragma once

#include "request/request.h"

struct followers;

/* Makes a worker's; NULL when memory is exhausted. */
struct followers *followers_new(struct service *service);

/* To be called when no follower is left. Accepts NULL. */
void followers_free(struct followers *followers);

/* Begins to answer a list of events that is followed; it goes on by itself. */
const struct problem *follower_begin(struct request *r);

/* Reads what happened, says that the connection lives, and ends who may not go on; to be called
 * every 100 ms or so. */
void followers_tick(struct followers *followers);

/* The server ends, so they all do. */
void followers_stop(struct followers *followers);
