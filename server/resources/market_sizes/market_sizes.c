/* market-sizes: what of the markets partners cover. The rule is in rules.sql. */
#include "contract/operation.h"

OPERATION(listCoverageAnalytics) = {.sql = SQL(listCoverageAnalytics), .work = LANE_REPORT};
