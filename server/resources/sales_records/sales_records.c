/* sales-records: what was sold, by whom, to whom. The rules are in sales_records.sql. */
#include "contract/operation.h"

OPERATION(listSalesRecords) = {.sql = SQL(listSalesRecords),
	.sql_for_partner = SQL(listSalesRecordsBelow),
	.narrow_filters = "partner_id partner_code"};
