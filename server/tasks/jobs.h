/* What the servers of a database do by themselves, each job once among all of them: whoever gets
 * the advisory lock leads, runs what is due on the same connection and writes down how it went.
 * The lock ends with the connection, so another leads within a second when the leader dies.
 *
 * A job is a statement without parameters. Of its columns, `done` (bigint) counts what it did,
 * `more` (boolean) asks for another run at once, `alarm` (text) is something a person has to see.
 */
#pragma once

#include "service.h"

struct jobs;

/* Makes them; they connect when they are first ticked. NULL when memory is exhausted. */
struct jobs *jobs_new(struct service *service);
void jobs_free(struct jobs *jobs);

/* Connects, reconnects, and does what is due; to be called every 100 ms or so. Begins nothing while
 * the service is stopping. */
void jobs_tick(struct jobs *jobs);

/* True while a job is under way. */
bool jobs_are_busy(const struct jobs *jobs);

/* Appends the list of all jobs as JSON, for the statement registerJobs. */
void jobs_describe(struct text *json);
