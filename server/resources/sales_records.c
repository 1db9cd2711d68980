/* sales-records: what was sold, by whom, to whom. The rules are in sales_records.sql. */
#include "features/imports.h"
#include "operation.h"

OPERATION(listSalesRecords) = {.sql = SQL(listSalesRecords),
	.sql_for_partner = SQL(listSalesRecordsBelow),
	.narrow_filters = "partner_id partner_code"};
OPERATION(getSalesRecord) = {.sql = SQL(getSalesRecord)};
OPERATION(createSalesRecord) = {.sql = SQL(createSalesRecord), .then = SQL(getSalesRecord)};
OPERATION(updateSalesRecord) = {.sql = SQL(updateSalesRecord), .then = SQL(getSalesRecord)};
OPERATION(voidSalesRecord) = {.sql = SQL(voidSalesRecord), .then = SQL(getSalesRecord)};
OPERATION(correctSalesRecord) = {.sql = SQL(correctSalesRecord), .then = SQL(getSalesRecord)};
OPERATION(confirmSalesRecord) = {.sql = SQL(confirmSalesRecord), .then = SQL(getSalesRecord)};
OPERATION(disputeSalesRecord) = {.sql = SQL(disputeSalesRecord), .then = SQL(getSalesRecord)};
OPERATION(resolveSalesRecord) = {.sql = SQL(resolveSalesRecord), .then = SQL(getSalesRecord)};
OPERATION(listSalesRecordStatusChanges) = {.sql = SQL(listSalesRecordStatusChanges)};
OPERATION(importSalesRecords) = {.stream = &import_stream,
	.import = &(const struct import_statements){"sales-records", SQL(stageSalesRecords),
		SQL(judgeSalesRecords), SQL(postSalesRecords)}};
