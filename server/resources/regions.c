/* regions: the tree of sales territories. The rules are in regions.sql. */
#include "features/imports.h"
#include "operation.h"

OPERATION(listRegions) = {.sql = SQL(listRegions)};
OPERATION(getRegion) = {.sql = SQL(getRegion)};
OPERATION(createRegion) = {.sql = SQL(createRegion), .then = SQL(getRegion)};
OPERATION(updateRegion) = {.sql = SQL(updateRegion), .then = SQL(getRegion)};
OPERATION(deleteRegion) = {.sql = SQL(deleteRegion)};
OPERATION(importRegions) = {.stream = &import_stream,
	.import = &(const struct import_statements){
		"regions", SQL(stageRegions), SQL(judgeRegions), SQL(postRegions)}};
