/* audit-log: who changed what. It is written by triggers and only read here. */
#include "operation.h"

OPERATION(listAuditLog) = {.sql = SQL(listAuditLog)};
