/* quotas: what channel managers are to sell. The rules are in quotas.sql. */
#include "features/imports.h"
#include "operation.h"

OPERATION(listQuotas) = {.sql = SQL(listQuotas)};
OPERATION(getQuota) = {.sql = SQL(getQuota)};
OPERATION(createQuota) = {.sql = SQL(createQuota), .then = SQL(getQuota)};
OPERATION(updateQuota) = {.sql = SQL(updateQuota), .then = SQL(getQuota)};
OPERATION(deleteQuota) = {.sql = SQL(deleteQuota)};
OPERATION(importQuotas) = {.stream = &import_stream,
	.import = &(const struct import_statements){
		"quotas", SQL(stageQuotas), SQL(judgeQuotas), SQL(postQuotas)}};
