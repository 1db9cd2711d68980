/* A worker: a thread with its own loop, HTTP daemon, lanes and caches. Nothing in it is shared. */
#pragma once

#include "service.h"

struct worker;

/* What all workers have in common; constant while they run. */
struct worker_common {
	const struct config *config;
	const struct contract *contract;
	const struct operation_table *operations;
	const struct statement_catalogue *statements;
	const char *database_url;
	struct slice cursor_secret;
	struct business_clock *clock;
	struct slice webhook_key;
	struct metrics **metrics; /* one a worker */
};

/* The port of a worker that serves nobody. */
enum { NO_PORT = -1 };

/* Makes worker `number` and starts to listen on `port`; NULL with one line in `ret_error`. */
struct worker *worker_new(
	const struct worker_common *common, int number, int port, struct text *ret_error);

/* The port that it listens on; it must have one. */
int worker_port(const struct worker *worker);

/* Starts its thread; false when the system has no more. */
bool worker_start(struct worker *worker);

/* Tells the thread to answer what is under way and to end. */
void worker_stop(struct worker *worker);

/* Waits for the thread, if it was started, and releases the worker. Accepts NULL. */
void worker_free(struct worker *worker);
