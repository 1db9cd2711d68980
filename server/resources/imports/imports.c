/* imports: what became of the files that were taken in. imports/import.c takes them. */
#include "contract/operation.h"

OPERATION(getImport) = {.sql = SQL(getImport), .is_polled = true};
