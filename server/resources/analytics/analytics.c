/* analytics: what sales come to. The rules are in analytics.sql and in the routines analytics_*. */
#include "contract/operation.h"

OPERATION(listSalesAnalytics) = {.sql = SQL(listSalesAnalytics), .work = LANE_REPORT};
OPERATION(listQuotaAnalytics) = {.sql = SQL(listQuotaAnalytics), .work = LANE_REPORT};
