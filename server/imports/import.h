/* Bulk imports: a file of any size, streamed through validation into PostgreSQL. */
#pragma once

#include "contract/operation.h"

/* What is particular about a resource. */
struct import_statements {
	const char *resource; /* as it stands in paths */
	const char *stage;    /* makes the temporary table */
	const char *judge;    /* decides what becomes of every row */
	const char *post;     /* writes what was decided */
};

extern const struct body_stream import_stream;
