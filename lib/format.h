/* The formats of strings that the contract uses: RFC 3339 dates and instants, and UUIDs. */
#pragma once

#include "text.h"

/* A day of the calendar, "2024-02-29". The year 0000, which PostgreSQL does not know, is none. */
bool format_is_date(struct slice text);

/* A day on which business can be: one of the calendar from the first one to so many years ahead. */
bool format_is_business_date(struct slice text);

enum { DAY_TEXT_SIZE = sizeof "2024-02-29" };

/* Writes the first and the last of those days. */
void format_business_days(char ret_first[DAY_TEXT_SIZE], char ret_last[DAY_TEXT_SIZE]);

/* Says which days those are; before any thread checks one. */
void format_bound_business_days(int first_year, int years_ahead);

/* An instant, "2024-02-29T13:45:00.5+08:00"; leap seconds only where they may occur. */
bool format_is_date_time(struct slice text);

/* A UUID with its four hyphens, in either case. */
bool format_is_uuid(struct slice text);
