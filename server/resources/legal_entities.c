/* legal-entities: the companies of the vendor. The rules are in legal_entities.sql. */
#include "features/imports.h"
#include "operation.h"

OPERATION(listLegalEntities) = {.sql = SQL(listLegalEntities)};
OPERATION(getLegalEntity) = {.sql = SQL(getLegalEntity)};
OPERATION(createLegalEntity) = {.sql = SQL(createLegalEntity), .then = SQL(getLegalEntity)};
OPERATION(updateLegalEntity) = {.sql = SQL(updateLegalEntity), .then = SQL(getLegalEntity)};
OPERATION(deleteLegalEntity) = {.sql = SQL(deleteLegalEntity)};
OPERATION(importLegalEntities) = {.stream = &import_stream,
	.import = &(const struct import_statements){"legal-entities", SQL(stageLegalEntities),
		SQL(judgeLegalEntities), SQL(postLegalEntities)}};
