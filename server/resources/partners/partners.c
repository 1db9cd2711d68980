/* partners: which of them are likely the same. The rule is in rules.sql. */
#include "contract/operation.h"

OPERATION(listPartnerDuplicates) = {.sql = SQL(listPartnerDuplicates), .work = LANE_REPORT};
