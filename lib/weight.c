#include "weight.h"

#include <stdlib.h>

/* What is no weight counts as none. */
static int weight_of(double q)
{
	return q >= 0 && q <= 1 ? (int)(q * 1000) : 0;
}

int weight_read(struct slice parameters)
{
	struct slice part;
	while (slice_split(&parameters, ';', &part)) {
		part = slice_trim(part);
		if (part.length > 2 && (part.bytes[0] | 0x20) == 'q' && part.bytes[1] == '=')
			return weight_of(strtod(part.bytes + 2, NULL));
	}
	return 1000;
}
