/* period-locks: when nothing is booked any more. The rules are in period_locks.sql. */
#include "operation.h"

OPERATION(listPeriodLocks) = {.sql = SQL(listPeriodLocks)};
OPERATION(getPeriodLock) = {.sql = SQL(getPeriodLock)};
OPERATION(createPeriodLock) = {.sql = SQL(createPeriodLock), .then = SQL(getPeriodLock)};
OPERATION(reopenPeriodLock) = {.sql = SQL(reopenPeriodLock), .then = SQL(getPeriodLock)};
