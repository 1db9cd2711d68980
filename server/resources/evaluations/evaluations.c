/* evaluations: who is the best, and how much that hangs on the weights. The rules are in rules.sql.
 */
#include "contract/operation.h"

OPERATION(listPartnerRankings) = {.sql = SQL(listPartnerRankings), .work = LANE_REPORT};
OPERATION(listEvaluationSummary) = {.sql = SQL(listEvaluationSummary), .work = LANE_REPORT};
