#include "decimal.h"

#include <string.h>

enum {
	NUMERIC_HEADER_SIZE = 8,
	NUMERIC_POSITIVE = 0x0000,
	NUMERIC_NEGATIVE = 0x4000, /* other signs are NaN and the infinities */
	NUMERIC_SCALE_MAX = 0x3fff,
	NUMERIC_BASE = 10000,
	GROUP_DIGITS = 4, /* decimal digits of one digit to the base of 10000 */
};

/* A numeric as it comes over the wire: groups of four decimal digits, the first of which counts
 * 10000^weight, and how many digits are shown after the point. Groups that are not sent are zero.
 *
 *   1234567.0089   weight 1, scale 4:   0123  4567 . 0089 */
struct numeric {
	const unsigned char *groups;
	int group_count;
	int weight;
	int scale;
	bool is_negative;
};

static int read_16(const unsigned char *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

/* Returns the group that counts 10000^power. */
static int group_at(const struct numeric *numeric, int power)
{
	int i = numeric->weight - power;
	return i < 0 || i >= numeric->group_count ? 0 : read_16(numeric->groups + 2 * i);
}

static bool read_numeric(const unsigned char *binary, size_t length, struct numeric *ret_numeric)
{
	if (length < NUMERIC_HEADER_SIZE)
		return false;
	int sign = read_16(binary + 4);
	struct numeric numeric = {
		.groups = binary + NUMERIC_HEADER_SIZE,
		.group_count = read_16(binary),
		.weight = (short)read_16(binary + 2),
		.scale = read_16(binary + 6),
		.is_negative = sign == NUMERIC_NEGATIVE,
	};
	if (length != NUMERIC_HEADER_SIZE + 2 * (size_t)numeric.group_count ||
		numeric.scale > NUMERIC_SCALE_MAX ||
		(sign != NUMERIC_POSITIVE && sign != NUMERIC_NEGATIVE))
		return false;
	for (int i = 0; i < numeric.group_count; i++) {
		if (read_16(numeric.groups + 2 * i) >= NUMERIC_BASE)
			return false;
	}
	*ret_numeric = numeric;
	return true;
}

static char *write_group(char *next, int group)
{
	next[0] = (char)('0' + group / 1000);
	next[1] = (char)('0' + group / 100 % 10);
	next[2] = (char)('0' + group / 10 % 10);
	next[3] = (char)('0' + group % 10);
	return next + GROUP_DIGITS;
}

/* Writes what stands before the point, without zeros in front, or "0". */
static char *write_integer(char *next, const struct numeric *numeric)
{
	int power = numeric->weight;
	while (power > 0 && group_at(numeric, power) == 0)
		power--;
	char first[GROUP_DIGITS];
	write_group(first, power < 0 ? 0 : group_at(numeric, power));
	int zeros = 0;
	while (zeros < GROUP_DIGITS - 1 && first[zeros] == '0')
		zeros++;
	memcpy(next, first + zeros, GROUP_DIGITS - (size_t)zeros);
	next += GROUP_DIGITS - zeros;
	while (power-- > 0)
		next = write_group(next, group_at(numeric, power));
	return next;
}

/* Writes the point and what stands behind it, at least `digits_min` digits, or nothing. What the
 * last group has beyond the scale is no part of the value. */
static char *write_fraction(char *next, const struct numeric *numeric, int digits_min)
{
	char *digits = next + 1;
	char *end = digits;
	for (int power = -1; end < digits + numeric->scale; power--)
		end = write_group(end, group_at(numeric, power));
	int count = numeric->scale;
	while (count > digits_min && digits[count - 1] == '0')
		count--;
	while (count < digits_min)
		digits[count++] = '0';
	if (count == 0)
		return next;
	*next = '.';
	return digits + count;
}

static bool has_nonzero(const char *bytes, const char *end)
{
	while (bytes < end && (*bytes == '0' || *bytes == '.'))
		bytes++;
	return bytes < end;
}

bool decimal_append(struct text *text, const unsigned char *binary, size_t length, int digits_min)
{
	struct numeric numeric;
	if (digits_min < 0 || !read_numeric(binary, length, &numeric))
		return false;
	int integer_groups = numeric.weight < 0 ? 1 : numeric.weight + 1;
	int scale = numeric.scale > digits_min ? numeric.scale : digits_min;
	size_t size = sizeof "-." + (size_t)(integer_groups + 1) * GROUP_DIGITS + (size_t)scale;
	char *room = text_reserve(text, size);
	if (room == NULL)
		return true; /* the text is broken, which its writer sees at the end */
	char *digits = room + (numeric.is_negative ? 1 : 0);
	char *end = write_fraction(write_integer(digits, &numeric), &numeric, digits_min);
	if (numeric.is_negative && has_nonzero(digits, end))
		*room = '-';
	else if (numeric.is_negative)
		memmove(room, digits, (size_t)(end-- - digits));
	*end = '\0';
	text->length += (size_t)(end - room);
	return true;
}

/* ISO 4217, where the minor unit is not a hundredth. */
static const struct {
	char code[4];
	int digits;
} currencies[] = {
	{"BHD", 3},
	{"BIF", 0},
	{"CLF", 4},
	{"CLP", 0},
	{"DJF", 0},
	{"GNF", 0},
	{"IQD", 3},
	{"ISK", 0},
	{"JOD", 3},
	{"JPY", 0},
	{"KMF", 0},
	{"KRW", 0},
	{"KWD", 3},
	{"LYD", 3},
	{"OMR", 3},
	{"PYG", 0},
	{"RWF", 0},
	{"TND", 3},
	{"UGX", 0},
	{"UYI", 0},
	{"UYW", 4},
	{"VND", 0},
	{"VUV", 0},
	{"XAF", 0},
	{"XOF", 0},
	{"XPF", 0},
};

int currency_digits(struct slice code)
{
	enum { CODE_LENGTH = 3, DIGITS_COMMON = 2 };
	for (size_t i = 0; code.length == CODE_LENGTH && i < sizeof currencies / sizeof *currencies;
		i++) {
		if (memcmp(code.bytes, currencies[i].code, CODE_LENGTH) == 0)
			return currencies[i].digits;
	}
	return DIGITS_COMMON;
}
