/* The framing gate: whether the bytes of a request's head can be read in one way only. Whoever
 * stands in front of us must see the same requests in the same bytes as we do. */
#pragma once

#include "text.h"

/* A head, from its method to the blank line. The parser that split it may have put NUL over the
 * blanks, colons and line ends at which it did so, but must have left everything in its place. */
struct framing_head {
	struct slice bytes;
	struct slice target; /* as it came: a parser may split the query in place */
	size_t header_count; /* as the parser counted them */
};

/* Returns what is wrong with a head, as a sentence; or NULL, and whether the connection must end
 * after this request because where its body ends is for the parser alone to see. */
const char *framing_fault(const struct framing_head *head, bool *ret_closes);
