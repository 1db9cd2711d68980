/* imports: what became of the files that were taken in. features/imports.c takes them. */
#include "operation.h"

OPERATION(getImport) = {.sql = SQL(getImport), .is_polled = true};
