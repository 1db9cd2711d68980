/* agreements: what was reached of their goals. The rules are in progress_rules.sql. */
#include "contract/operation.h"

OPERATION(listAgreementProgress) = {.sql = SQL(listAgreementProgress), .work = LANE_REPORT};
OPERATION(listGoalAnalytics) = {.sql = SQL(listGoalAnalytics), .work = LANE_REPORT};
