/* Exact decimals as PostgreSQL sends them, and the minor units of currencies. */
#pragma once

#include "text.h"

/* Appends the decimal digits of a binary `numeric` (as numeric_send writes it), without an
 * exponent: at least `digits_min` digits after the point, more only if they are not zero.
 * Returns false, and appends nothing, for NaN, infinities and malformed bytes. */
bool decimal_append(struct text *text, const unsigned char *binary, size_t length, int digits_min);

/* Returns the digits of the minor unit of an ISO 4217 code: 2 for USD and unknown codes, 0 for JPY,
 * 3 for KWD. */
int currency_digits(struct slice code);
