/* jobs: what the server does by itself, and how that went. They are run by server/jobs.c. */
#include "operation.h"

OPERATION(listJobs) = {.sql = SQL(listJobs)};
OPERATION(getJob) = {.sql = SQL(getJob)};
OPERATION(runJob) = {.sql = SQL(runJob), .then = SQL(getJob)};
