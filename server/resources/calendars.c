/* calendars: how the vendor divides time, and the periods of it. The rules are in calendars.sql. */
#include "features/imports.h"
#include "operation.h"

OPERATION(listCalendars) = {.sql = SQL(listCalendars)};
OPERATION(getCalendar) = {.sql = SQL(getCalendar)};
OPERATION(createCalendar) = {.sql = SQL(createCalendar), .then = SQL(getCalendar)};
OPERATION(updateCalendar) = {.sql = SQL(updateCalendar), .then = SQL(getCalendar)};
OPERATION(deleteCalendar) = {.sql = SQL(deleteCalendar)};
OPERATION(generateCalendarPeriods) = {.sql = SQL(generateCalendarPeriods)};
OPERATION(importCalendars) = {.stream = &import_stream,
	.import = &(const struct import_statements){
		"calendars", SQL(stageCalendars), SQL(judgeCalendars), SQL(postCalendars)}};

OPERATION(listCalendarPeriods) = {.sql = SQL(listCalendarPeriods)};
OPERATION(getCalendarPeriod) = {.sql = SQL(getCalendarPeriod)};
OPERATION(createCalendarPeriod) = {
	.sql = SQL(createCalendarPeriod), .then = SQL(getCalendarPeriod)};
OPERATION(deleteCalendarPeriod) = {.sql = SQL(deleteCalendarPeriod)};
OPERATION(importCalendarPeriods) = {.stream = &import_stream,
	.import = &(const struct import_statements){"calendar-periods", SQL(stageCalendarPeriods),
		SQL(judgeCalendarPeriods), SQL(postCalendarPeriods)}};
