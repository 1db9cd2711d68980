#include "trace.h"

#include <string.h>

/* version-trace-span-flags, as 00 has it; later versions may go on behind another dash. */
enum {
	TRACE_AT = 3,
	SPAN_AT = TRACE_AT + TRACE_ID_SIZE,
	FLAGS_AT = SPAN_AT + SPAN_ID_SIZE,
	LENGTH = FLAGS_AT + 2,
};

static bool is_hexadecimal(const char *text, size_t length)
{
	return strspn(text, "0123456789abcdef") >= length;
}

static bool is_id(const char *text, size_t length)
{
	return is_hexadecimal(text, length) && strspn(text, "0") < length;
}

static bool is_valid(const char *text)
{
	size_t length = strlen(text);
	if (length < LENGTH || text[TRACE_AT - 1] != '-' || text[SPAN_AT - 1] != '-' ||
		text[FLAGS_AT - 1] != '-')
		return false;
	if (!is_hexadecimal(text, 2) || !is_hexadecimal(text + FLAGS_AT, 2) ||
		!is_id(text + TRACE_AT, TRACE_ID_SIZE - 1) ||
		!is_id(text + SPAN_AT, SPAN_ID_SIZE - 1))
		return false;
	if (strncmp(text, "00", 2) == 0)
		return length == LENGTH;
	return strncmp(text, "ff", 2) != 0 && (length == LENGTH || text[LENGTH] == '-');
}

struct trace trace_begin(const char *uuid, const char *traceparent)
{
	struct trace trace = {0};
	size_t length = 0;
	for (const char *at = uuid; *at != '\0' && length < sizeof trace.id - 1; at++)
		if (*at != '-')
			trace.id[length++] = *at;
	memcpy(trace.span_id, trace.id + sizeof trace.id - sizeof trace.span_id,
		sizeof trace.span_id);
	if (traceparent != NULL && is_valid(traceparent)) {
		memcpy(trace.id, traceparent + TRACE_AT, sizeof trace.id - 1);
		memcpy(trace.parent_id, traceparent + SPAN_AT, sizeof trace.parent_id - 1);
	}
	return trace;
}
