/* agreement-obligations: how both sides keep what they owe. */
#include "contract/operation.h"

OPERATION(listObligationAnalytics) = {.sql = SQL(listObligationAnalytics), .work = LANE_REPORT};
