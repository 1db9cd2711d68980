/* The log: JSON lines on standard output, gathered during a turn and written at its end. */
#pragma once

#include <netinet/in.h>

#include "text.h"

struct journal {
	struct text lines;
};

enum journal_level { JOURNAL_INFO, JOURNAL_WARNING, JOURNAL_ERROR };

/* Begins a line: time, level, message. Members follow, then journal_end. */
void journal_begin(struct journal *journal, enum journal_level level, const char *message);
void journal_text(struct journal *journal, const char *name, const char *value);
void journal_number(struct journal *journal, const char *name, long long value);
void journal_address(struct journal *journal, const char *name, const struct in6_addr *ip);
void journal_end(struct journal *journal);

/* Writes what was gathered. */
void journal_write(struct journal *journal);
void journal_done(struct journal *journal);
