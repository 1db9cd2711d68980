/* usage: how much each caller asked for, by day. It is counted by server/meter.c. */
#include "operation.h"

OPERATION(listUsage) = {.sql = SQL(listUsage)};
