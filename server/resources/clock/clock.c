/* clock: the time that business goes by, as a test may set it. The rules are in clock.sql. */
#include "business_clock.h"
#include "contract/operation.h"
#include "request/request.h"

/* The database has the new time; now this process has it too, before the answer leaves. */
static void take_new_time(struct request *r)
{
	const PGresult *changed = r->run.segment.results[r->run.statement_call];
	if (!business_clock_set(r->service->clock, changed))
		FAULT(r, "out of memory: the clock of this process stays as it was");
}

OPERATION(getClock) = {.sql = SQL(getClock), .work = LANE_WRITE, .is_for_tests = true};
OPERATION(setClock) = {.sql = SQL(setClock),
	.then = SQL(getClock),
	.committed = take_new_time,
	.is_for_tests = true};
