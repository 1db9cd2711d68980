/* How much one of several media types or languages is wanted (RFC 9110, 12.4.2). */
#pragma once

#include "text.h"

/* Reads the weight in thousandths from the parameters behind a range; 1000 without q. */
int weight_read(struct slice parameters);
