/* webhooks: who is told of what happens. The rules are in webhooks.sql; deliveries.c sends. */
#include "operation.h"

OPERATION(listWebhooks) = {.sql = SQL(listWebhooks)};
OPERATION(getWebhook) = {.sql = SQL(getWebhook)};
OPERATION(createWebhook) = {.sql = SQL(createWebhook)};
OPERATION(updateWebhook) = {.sql = SQL(updateWebhook), .then = SQL(getWebhook)};
OPERATION(deleteWebhook) = {.sql = SQL(deleteWebhook)};
OPERATION(rotateWebhookSecret) = {.sql = SQL(rotateWebhookSecret)};
OPERATION(testWebhook) = {.sql = SQL(testWebhook), .then = SQL(getWebhookDelivery)};
OPERATION(replayWebhook) = {.sql = SQL(replayWebhook)};
