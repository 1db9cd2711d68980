/* partners: companies that sell for us. The rules are in partners.sql. */
#include "features/imports.h"
#include "operation.h"

OPERATION(listPartners) = {.sql = SQL(listPartners)};
OPERATION(getPartner) = {.sql = SQL(getPartner)};
OPERATION(createPartner) = {.sql = SQL(createPartner), .then = SQL(getPartner)};
OPERATION(updatePartner) = {.sql = SQL(updatePartner), .then = SQL(getPartner)};
OPERATION(deletePartner) = {.sql = SQL(deletePartner)};
OPERATION(changePartnerStatus) = {.sql = SQL(changePartnerStatus), .then = SQL(getPartner)};
OPERATION(listPartnerStatusChanges) = {.sql = SQL(listPartnerStatusChanges)};
OPERATION(importPartners) = {.stream = &import_stream,
	.import = &(const struct import_statements){
		"partners", SQL(stagePartners), SQL(judgePartners), SQL(postPartners)}};
