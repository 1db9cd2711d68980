/* exports: lists that are written to a file while nobody waits. They are worked on by
 * server/exporter.c; the file is in features/exports.c. */
#include "features/exports.h"
#include "operation.h"

OPERATION(getExport) = {.sql = SQL(getExport), .is_polled = true};
OPERATION(createExport) = {.sql = SQL(createExport),
	.then = SQL(getExport),
	.check = exports_check,
	.is_polled = true};
