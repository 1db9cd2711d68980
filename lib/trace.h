/* W3C Trace Context: which trace a request belongs to, and which span of it. */
#pragma once

#include <stdbool.h>

enum { TRACE_ID_SIZE = 33, SPAN_ID_SIZE = 17 };

/* All in lower-case hexadecimal. */
struct trace {
	char id[TRACE_ID_SIZE];
	char span_id[SPAN_ID_SIZE];
	char parent_id[SPAN_ID_SIZE]; /* the caller's span; empty when the trace begins here */
};

/* Begins a span whose id comes from `uuid`, 36 characters that nobody else has: in the trace that
 * `traceparent` names, or in a new one when it is NULL or invalid. */
struct trace trace_begin(const char *uuid, const char *traceparent);
