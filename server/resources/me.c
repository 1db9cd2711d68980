/* me: who asks, and what it may do. */
#include "operation.h"

OPERATION(getMe) = {.sql = SQL(getMe)};
