/* imports: what became of the files that were taken in. features/imports.c takes them. */
#include "operation.h"

OPERATION(listImports) = {.sql = SQL(listImports)};
OPERATION(getImport) = {.sql = SQL(getImport), .is_polled = true};
OPERATION(cancelImport) = {.sql = SQL(cancelImport), .then = SQL(getImport)};
OPERATION(listImportErrors) = {.sql = SQL(listImportErrors)};
