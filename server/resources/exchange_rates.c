/* exchange-rates: what currencies are worth. The rules are in exchange_rates.sql. */
#include "features/imports.h"
#include "operation.h"

OPERATION(listExchangeRates) = {.sql = SQL(listExchangeRates)};
OPERATION(getExchangeRate) = {.sql = SQL(getExchangeRate)};
OPERATION(createExchangeRate) = {.sql = SQL(createExchangeRate), .then = SQL(getExchangeRate)};
OPERATION(updateExchangeRate) = {.sql = SQL(updateExchangeRate), .then = SQL(getExchangeRate)};
OPERATION(deleteExchangeRate) = {.sql = SQL(deleteExchangeRate)};
OPERATION(importExchangeRates) = {.stream = &import_stream,
	.import = &(const struct import_statements){"exchange-rates", SQL(stageExchangeRates),
		SQL(judgeExchangeRates), SQL(postExchangeRates)}};
