/* The formats of strings that the contract uses: RFC 3339 dates and instants, and UUIDs. */
#pragma once

#include "text.h"

/* A day of the calendar, "2024-02-29". The year 0000, which PostgreSQL does not know, is none. */
bool format_is_date(struct slice text);

/* An instant, "2024-02-29T13:45:00.5+08:00"; leap seconds only where they may occur. */
bool format_is_date_time(struct slice text);

/* A UUID with its four hyphens, in either case. */
bool format_is_uuid(struct slice text);
