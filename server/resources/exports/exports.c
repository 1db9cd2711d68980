/* exports: lists that are written to a file while nobody waits. They are worked on by
 * exports/export_task.c; the file is sent by exports/export_file.c. */
#include "contract/operation.h"
#include "exports/export_file.h"

OPERATION(getExport) = {.sql = SQL(getExport), .is_polled = true};
OPERATION(createExport) = {.sql = SQL(createExport),
	.then = SQL(getExport),
	.check = exports_check,
	.is_polled = true};
