/* webhook-deliveries: what became of each message. The rules are in webhook_deliveries.sql. */
#include "contract/operation.h"

OPERATION(listWebhookDeliveries) = {
	.sql = SQL(listWebhookDeliveries), .sql_for_partner = SQL(listWebhookDeliveriesBelow)};
