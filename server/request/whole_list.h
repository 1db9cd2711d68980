/* Exports: a list as one CSV or NDJSON file, all its pages streamed. */
#pragma once

#include "request/request.h"

/* Answers the list operation of `r` as a stream: the list's own statement, page after page, each
 * while the one before it is being sent. Rows that change meanwhile come as they are when their
 * page is read; none comes twice. */
const struct problem *whole_list_begin(struct request *r);

/* How many rows the pages had that have been read. */
int64_t whole_list_rows(const struct request *r);
