/* Work that was asked for and is done while nobody waits: takes one task of a kind at a time, in
 * the name of who asked, by that one's rights as they are then. Whoever works on a task says so
 * every few seconds; one that falls silent is begun again by another, and what the first still
 * writes is refused, so that there are never two results. */
#pragma once

#include "request/binding.h"

/* The task under way. */
struct task {
	struct tasks *tasks;
	char id[UUID_TEXT_SIZE];
	char attempt[24];
	struct request *request; /* the server's own, in the name of who asked; NULL: not begun */
	int64_t rows;            /* how far it came, of a kind that counts them as it goes */
	void *work;              /* the kind's own; zeros at first */
};

/* How an attempt ended. */
struct task_ending {
	const char *status, *code, *detail;
};
extern const struct task_ending task_given_back; /* to be begun again, by whoever is free */

/* A kind of tasks, each in a table of its own. The statements take `id` and `attempt`. */
struct task_kind {
	const char *trouble; /* for the log */
	const char *listen;  /* for what tells that there is one */
	const char *claim;   /* takes one, or none */
	const char *find;    /* by whose rights; no row when there are none any more */
	const char *keep;    /* says that it is worked on; no row when it is not ours any more */
	const char *end;
	size_t work_size;
	/* Reads what was claimed into what the server asks itself for; false when memory is
	 * exhausted. */
	bool (*take)(struct task *task, const PGresult *claim, struct request_order *ret_order);
	/* The request is good: begins with it. */
	const struct problem *(*begin)(struct task *task);
	/* Goes on when there is news: as far as it goes without waiting. */
	void (*go_on)(struct task *task);
	/* The row of a statement that go_on asked for; NULL: says nothing but that it is still
	 * ours. */
	void (*take_row)(struct task *task, const PGresult *result);
	void (*drop)(struct task *task); /* releases what is in `work` */
};

/* Makes what does one kind; it connects when it is first ticked. NULL when memory is exhausted. */
struct tasks *tasks_new(struct service *service, const struct task_kind *kind);
void tasks_free(struct tasks *tasks);

/* Connects, reconnects, and takes what waits; to be called every 100 ms or so. While the service is
 * stopping, it gives back what it works on. Accepts NULL. */
void tasks_tick(struct tasks *tasks);

/* True while it has a task. Accepts NULL. */
bool tasks_are_busy(const struct tasks *tasks);

/* For go_on, as the last that it does: sends a statement of the catalogue that keeps the task, too;
 * without a row it is not ours any more, else go_on is called again. */
void task_ask(struct task *task, const char *statement, const struct binding *bindings);

/* For go_on, as the last that it does: writes down how the attempt ended. */
void task_end(struct task *task, const struct task_ending *ending);

/* The same of a request that was refused: for good, unless it was the server's own trouble. */
void task_end_refused(struct task *task, const struct problem *problem);

/* The same of one that succeeded. */
void task_done(struct task *task);
