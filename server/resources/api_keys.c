/* api-keys: who may call, and what for. The rules are in api_keys.sql. */
#include "operation.h"

OPERATION(listApiKeys) = {.sql = SQL(listApiKeys)};
OPERATION(getApiKey) = {.sql = SQL(getApiKey)};
OPERATION(createApiKey) = {.sql = SQL(createApiKey)};
OPERATION(rotateApiKey) = {.sql = SQL(rotateApiKey)};
OPERATION(revokeApiKey) = {.sql = SQL(revokeApiKey)};
