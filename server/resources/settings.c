/* settings: what holds for the whole organisation. The rules are in settings.sql. */
#include "operation.h"

OPERATION(getSettings) = {.sql = SQL(getSettings)};
OPERATION(updateSettings) = {.sql = SQL(updateSettings), .then = SQL(getSettings)};
