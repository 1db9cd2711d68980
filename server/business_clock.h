/* The time that business goes by: the machine's, unless a test has set it (PUT /v1/clock). Keys
 * expire by it, periods pass, and it is what statements call :now. Deadlines, ids, idempotency keys
 * and the logs go by the machine's own time. One a process: what one worker sets, all others see at
 * once. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

struct business_clock;

/* Makes one that shows the machine's time; NULL when memory is exhausted. */
struct business_clock *business_clock_new(void);
void business_clock_free(struct business_clock *clock);

/* Returns the time in microseconds since 1970. */
int64_t business_clock_now_us(const struct business_clock *clock);

/* Sets it by a row with the columns `ahead_us` and `changed_us`: how far it is ahead of the
 * machine's time, and when that was decided. A row without them, and one that is older than what is
 * known, changes nothing. False when memory is exhausted. */
bool business_clock_set(struct business_clock *clock, const PGresult *row);

/* Returns the machine's time in microseconds since 1970. */
int64_t machine_clock_us(void);
