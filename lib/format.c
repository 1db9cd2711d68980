#include "format.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DATE_LENGTH = 10, TIME_LENGTH = 8, OFFSET_LENGTH = 6, UUID_LENGTH = 36 };

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_hexadecimal(char byte)
{
	return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

/* True when the bytes at `bytes` have the form of `shape`, in which '0' stands for any digit. */
static bool has_shape(const char *bytes, const char *shape)
{
	for (; *shape != '\0'; shape++, bytes++) {
		if (*shape == '0' ? !is_digit(*bytes) : *bytes != *shape)
			return false;
	}
	return true;
}

static int two_digits(const char *bytes)
{
	return (bytes[0] - '0') * 10 + (bytes[1] - '0');
}

static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (month == 2 && is_leap);
}

bool format_is_date(struct slice text)
{
	if (text.length != DATE_LENGTH || !has_shape(text.bytes, "0000-00-00"))
		return false;
	int year = two_digits(text.bytes) * 100 + two_digits(text.bytes + 2);
	int month = two_digits(text.bytes + 5);
	int day = two_digits(text.bytes + 8);
	return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days_of(year, month);
}

/* What business has not seen and will not see is a slip of the pen. */
static struct {
	int first_year, years_ahead;
} business = {1970, 5};

void format_bound_business_days(int first_year, int years_ahead)
{
	business.first_year = first_year;
	business.years_ahead = years_ahead;
}

void format_business_days(char ret_first[DAY_TEXT_SIZE], char ret_last[DAY_TEXT_SIZE])
{
	time_t now = time(NULL);
	struct tm today;
	gmtime_r(&now, &today);
	int year = today.tm_year + 1900 + business.years_ahead;
	snprintf(ret_first, DAY_TEXT_SIZE, "%04d-01-01", business.first_year % 10000);
	if (year > 9999)
		snprintf(ret_last, DAY_TEXT_SIZE, "9999-12-31");
	else
		snprintf(ret_last, DAY_TEXT_SIZE, "%04d-%02d-%02d", year % 10000,
			(today.tm_mon + 1) % 100, today.tm_mday % 100);
}

bool format_is_business_date(struct slice text)
{
	char first[DAY_TEXT_SIZE], last[DAY_TEXT_SIZE];
	if (!format_is_date(text))
		return false;
	format_business_days(first, last);
	return memcmp(text.bytes, first, DATE_LENGTH) >= 0 &&
	       memcmp(text.bytes, last, DATE_LENGTH) <= 0;
}

/* Takes the fraction of a second off the front, if there is one. */
static bool skip_fraction(struct slice *rest)
{
	if (rest->length == 0 || rest->bytes[0] != '.')
		return true;
	size_t length = 1;
	while (length < rest->length && is_digit(rest->bytes[length]))
		length++;
	rest->bytes += length;
	rest->length -= length;
	return length > 1;
}

/* Reads what a time ends with: "Z" or an offset, in minutes. */
static bool read_offset(struct slice text, int *ret_minutes)
{
	if (text.length == 1 && (text.bytes[0] == 'Z' || text.bytes[0] == 'z')) {
		*ret_minutes = 0;
		return true;
	}
	if (text.length != OFFSET_LENGTH ||
		(!has_shape(text.bytes, "+00:00") && !has_shape(text.bytes, "-00:00")))
		return false;
	int hours = two_digits(text.bytes + 1);
	int minutes = two_digits(text.bytes + 4);
	if (hours > 23 || minutes > 59)
		return false;
	*ret_minutes = (hours * 60 + minutes) * (text.bytes[0] == '-' ? -1 : 1);
	return true;
}

static bool is_time(struct slice text)
{
	if (text.length < TIME_LENGTH || !has_shape(text.bytes, "00:00:00"))
		return false;
	int hour = two_digits(text.bytes);
	int minute = two_digits(text.bytes + 3);
	int second = two_digits(text.bytes + 6);
	struct slice rest = {text.bytes + TIME_LENGTH, text.length - TIME_LENGTH};
	int offset = 0;
	if (hour > 23 || minute > 59 || second > 60 || !skip_fraction(&rest) ||
		!read_offset(rest, &offset))
		return false;
	const int day = 24 * 60;
	return second < 60 || (hour * 60 + minute - offset + day) % day == day - 1;
}

bool format_is_date_time(struct slice text)
{
	if (text.length <= DATE_LENGTH)
		return false;
	struct slice time = {text.bytes + DATE_LENGTH + 1, text.length - DATE_LENGTH - 1};
	char separator = text.bytes[DATE_LENGTH];
	return format_is_date((struct slice){text.bytes, DATE_LENGTH}) &&
	       (separator == 'T' || separator == 't') && is_time(time);
}

bool format_is_uuid(struct slice text)
{
	if (text.length != UUID_LENGTH)
		return false;
	for (size_t i = 0; i < UUID_LENGTH; i++) {
		bool is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
		if (is_hyphen ? text.bytes[i] != '-' : !is_hexadecimal(text.bytes[i]))
			return false;
	}
	return true;
}
