#include "postgres/rows.h"

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "csv.h"
#include "decimal.h"

/* The types that an answer may have; the catalogue's numbers never change. */
enum type {
	TYPE_BOOL = 16,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25,
	TYPE_JSON = 114,
	TYPE_VARCHAR = 1043,
	TYPE_TEXT_ARRAY = 1009,
	TYPE_DATE = 1082,
	TYPE_TIMESTAMPTZ = 1184,
	TYPE_NUMERIC = 1700,
	TYPE_UUID = 2950,
	TYPE_UUID_ARRAY = 2951,
	TYPE_JSONB = 3802,
};

enum { NULL_LENGTH = sizeof "null" - 1 };

static const char *const special_columns[] = {"problem", "pointer", "detail", "existing_id",
	"new_id", "current_version", "position", "retry_after"};

bool rows_is_special(const char *name)
{
	for (size_t i = 0; i < sizeof special_columns / sizeof *special_columns; i++)
		if (strcmp(special_columns[i], name) == 0)
			return true;
	return false;
}

/* `detail` is a member where the contract says so. */
static struct column describe(
	const PGresult *result, int i, const struct contract_operation *operation)
{
	struct column column = {.type = PQftype(result, i), .currency_column = -1};
	struct text label = {0};
	text_append_printf(&label, ",\"%s\":null", PQfname(result, i));
	column.name = strdup(PQfname(result, i));
	column.label = label.bytes;
	column.label_length = label.length - NULL_LENGTH;
	if (column.name == NULL || operation->answer == NULL)
		return column;
	const struct schema *member = schema_member(operation->answer, column.name);
	column.is_special = member == NULL && rows_is_special(column.name);
	const char *currency = member == NULL ? NULL
					      : json_string_value(json_object_get(
							schema_source(member), "x-currency"));
	if (currency != NULL)
		column.currency_column = PQfnumber(result, currency);
	return column;
}

bool rows_describe(
	struct variant *variant, const PGresult *result, const struct contract_operation *operation)
{
	if (variant->columns != NULL)
		return true;
	int count = PQnfields(result);
	variant->columns = calloc((size_t)count + 1, sizeof *variant->columns);
	if (variant->columns == NULL)
		return false;
	variant->column_count = count;
	for (int i = 0; i < count; i++) {
		variant->columns[i] = describe(result, i, operation);
		if (variant->columns[i].name == NULL || variant->columns[i].label == NULL)
			return false;
	}
	return true;
}

static uint16_t read_16(const char *wire)
{
	uint16_t value;
	memcpy(&value, wire, sizeof value);
	return be16toh(value);
}

static uint32_t read_32(const char *wire)
{
	uint32_t value;
	memcpy(&value, wire, sizeof value);
	return be32toh(value);
}

static uint64_t read_64(const char *wire)
{
	uint64_t value;
	memcpy(&value, wire, sizeof value);
	return be64toh(value);
}

static char *write_digits(char *end, unsigned value, int count)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		end[i] = (char)('0' + value % 10);
	return end + count;
}

/* Days since 2000-01-01 into year, month, day (Hinnant's days_from_civil, turned round). */
static void append_day(struct text *text, int64_t days)
{
	int64_t shifted = days + 730425; /* since 0000-03-01 */
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	unsigned day_of_era = (unsigned)(shifted - era * 146097);
	unsigned year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year = day_of_era -
			       (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned month = (5 * day_of_year + 2) / 153;
	int64_t year = year_of_era + era * 400 + (month >= 10);
	char digits[16];
	char *end = write_digits(digits, (unsigned)year, 4);
	*end++ = '-';
	end = write_digits(end, month < 10 ? month + 3 : month - 9, 2);
	*end++ = '-';
	end = write_digits(end, day_of_year - (153 * month + 2) / 5 + 1, 2);
	text_append(text, digits, (size_t)(end - digits));
}

static void append_instant(struct text *text, int64_t microseconds)
{
	enum { DAY_SECONDS = 86400 };
	int64_t seconds = microseconds / 1000000;
	int64_t fraction = microseconds % 1000000;
	if (fraction < 0) {
		fraction += 1000000;
		seconds--;
	}
	int64_t days = (seconds >= 0 ? seconds : seconds - (DAY_SECONDS - 1)) / DAY_SECONDS;
	unsigned second = (unsigned)(seconds - days * DAY_SECONDS);
	append_day(text, days);
	char digits[24] = "T";
	char *end = write_digits(digits + 1, second / 3600, 2);
	*end++ = ':';
	end = write_digits(end, second / 60 % 60, 2);
	*end++ = ':';
	end = write_digits(end, second % 60, 2);
	if (fraction != 0) {
		*end++ = '.';
		end = write_digits(end, (unsigned)fraction, 6);
	}
	*end++ = 'Z';
	text_append(text, digits, (size_t)(end - digits));
}

void rows_append_nested(struct text *text, struct slice json)
{
	const char *next = json.bytes;
	const char *end = json.bytes + json.length;
	while (next < end) {
		const char *start = next;
		if (*next == '"') {
			for (next++; next < end && *next != '"'; next++)
				next += *next == '\\';
			next++;
		} else if (*next == '-' || (*next >= '0' && *next <= '9')) {
			while (next < end && strchr("+-.0123456789Ee", *next) != NULL)
				next++;
			struct slice number = {start, (size_t)(next - start)};
			bool is_decimal = memchr(start, '.', number.length) != NULL ||
					  memchr(start, 'e', number.length) != NULL ||
					  memchr(start, 'E', number.length) != NULL;
			if (is_decimal)
				text_append_json(text, number.bytes, number.length);
			else
				text_append(text, number.bytes, number.length);
			continue;
		} else if (*next == ' ' || *next == '\n') {
			next++;
			continue;
		} else {
			next++;
		}
		text_append(text, start, (size_t)(next - start));
	}
}

/* One value on its way out. */
struct value {
	const struct rows *rows;
	const struct column *column;
	int row;
	const char *wire;
	size_t length;
};

/* Money is shown with the digits of its currency, other decimals with those that matter. */
static bool append_decimal(struct text *text, const struct value *value)
{
	int digits = 0;
	int currency = value->column->currency_column;
	if (currency >= 0)
		digits = currency_digits(
			(struct slice){PQgetvalue(value->rows->result, value->row, currency),
				(size_t)PQgetlength(value->rows->result, value->row, currency)});
	return decimal_append(text, (const unsigned char *)value->wire, value->length, digits);
}

static void append_uuid(struct text *text, const char *wire)
{
	static const char digits[] = "0123456789abcdef";
	char uuid[UUID_STR_LEN - 1];
	char *next = uuid;
	for (size_t i = 0; i < sizeof(uuid_t); i++) {
		unsigned byte = (unsigned char)wire[i];
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*next++ = '-';
		*next++ = digits[byte >> 4];
		*next++ = digits[byte & 15];
	}
	text_append(text, uuid, sizeof uuid);
}

/* Wire form: dimensions, flags, element type, (size, lower bound), then length and bytes of each.
 */
static bool append_array(struct text *text, const struct value *value)
{
	enum { HEADER = 12, DIMENSION = 8 };
	if (value->length < HEADER)
		return false;
	text_append_char(text, '[');
	uint32_t count = read_32(value->wire) == 0 ? 0 : read_32(value->wire + HEADER);
	const char *next = value->wire + HEADER + DIMENSION;
	for (uint32_t i = 0; i < count; i++) {
		int32_t length = (int32_t)read_32(next);
		next += 4;
		if (i > 0)
			text_append_char(text, ',');
		if (length < 0) {
			text_append_string(text, "null");
			continue;
		}
		if (value->column->type == TYPE_UUID_ARRAY) {
			text_append_char(text, '"');
			append_uuid(text, next);
			text_append_char(text, '"');
		} else {
			text_append_json(text, next, (size_t)length);
		}
		next += length;
	}
	text_append_char(text, ']');
	return true;
}

/* Appends the value without quotes; text comes as it is. */
static bool append_bare(struct text *text, const struct value *value)
{
	switch ((enum type)value->column->type) {
	case TYPE_BOOL:
		text_append_string(text, value->wire[0] != 0 ? "true" : "false");
		return true;
	case TYPE_INT2:
		text_append_integer(text, (int16_t)read_16(value->wire));
		return true;
	case TYPE_INT4:
		text_append_integer(text, (int32_t)read_32(value->wire));
		return true;
	case TYPE_INT8:
		text_append_integer(text, (int64_t)read_64(value->wire));
		return true;
	case TYPE_TEXT:
	case TYPE_VARCHAR:
		text_append(text, value->wire, value->length);
		return true;
	case TYPE_DATE:
		append_day(text, (int32_t)read_32(value->wire));
		return true;
	case TYPE_TIMESTAMPTZ:
		append_instant(text, (int64_t)read_64(value->wire));
		return true;
	case TYPE_NUMERIC:
		return append_decimal(text, value);
	case TYPE_UUID:
		append_uuid(text, value->wire);
		return true;
	case TYPE_TEXT_ARRAY:
	case TYPE_UUID_ARRAY:
		return append_array(text, value);
	case TYPE_JSON:
		rows_append_nested(text, (struct slice){value->wire, value->length});
		return true;
	case TYPE_JSONB: /* one byte of version first */
		rows_append_nested(text, (struct slice){value->wire + 1, value->length - 1});
		return true;
	}
	return false;
}

static bool is_text_type(Oid type)
{
	return type == TYPE_TEXT || type == TYPE_VARCHAR;
}

static bool is_quoted_type(Oid type)
{
	return type == TYPE_DATE || type == TYPE_TIMESTAMPTZ || type == TYPE_NUMERIC ||
	       type == TYPE_UUID;
}

static struct value value_at(const struct rows *rows, int row, int column)
{
	return (struct value){
		.rows = rows,
		.column = &rows->variant->columns[column],
		.row = row,
		.wire = PQgetvalue(rows->result, row, column),
		.length = (size_t)PQgetlength(rows->result, row, column),
	};
}

static bool is_asked_for(const struct rows *rows, const struct column *column)
{
	if (strcmp(column->name, "id") == 0 || strcmp(column->name, "version") == 0)
		return true;
	for (size_t i = 0; i < rows->field_count; i++)
		if (slice_equals(rows->fields[i], column->name))
			return true;
	return false;
}

static bool is_wanted(const struct rows *rows, const struct column *column)
{
	return !column->is_special && (rows->field_count == 0 || is_asked_for(rows, column));
}

static bool append_json(struct text *text, const struct rows *rows, int row, int column)
{
	struct value value = value_at(rows, row, column);
	if (is_text_type(value.column->type)) {
		text_append_json(text, value.wire, value.length);
		return true;
	}
	bool is_quoted = is_quoted_type(value.column->type);
	if (is_quoted)
		text_append_char(text, '"');
	bool is_good = append_bare(text, &value);
	if (is_quoted)
		text_append_char(text, '"');
	return is_good;
}

bool rows_append_object(struct text *text, const struct rows *rows, int row)
{
	size_t comma = 1; /* the first label goes without */
	text_append_char(text, '{');
	for (int i = 0; i < rows->variant->column_count; i++) {
		const struct column *column = &rows->variant->columns[i];
		if (!is_wanted(rows, column))
			continue;
		bool is_null = PQgetisnull(rows->result, row, i);
		text_append(text, column->label + comma,
			column->label_length + (is_null ? NULL_LENGTH : 0) - comma);
		if (!is_null && !append_json(text, rows, row, i))
			return false;
		comma = 0;
	}
	if (rows->append != NULL && !rows->append(text, rows, row))
		return false;
	text_append_char(text, '}');
	return true;
}

void rows_append_csv_header(struct text *text, const struct rows *rows)
{
	bool is_first = true;
	for (int column = 0; column < rows->variant->column_count; column++) {
		if (!is_wanted(rows, &rows->variant->columns[column]))
			continue;
		if (!is_first)
			text_append_char(text, ',');
		text_append_string(text, rows->variant->columns[column].name);
		is_first = false;
	}
	text_append(text, "\r\n", 2);
}

static bool append_cell(struct text *text, const struct rows *rows, int row, int column)
{
	if (PQgetisnull(rows->result, row, column))
		return true;
	struct value value = value_at(rows, row, column);
	Oid type = value.column->type;
	bool is_plain = type == TYPE_BOOL || type == TYPE_INT2 || type == TYPE_INT4 ||
			type == TYPE_INT8 || is_quoted_type(type);
	if (is_plain)
		return append_bare(text, &value);
	if (is_text_type(type)) {
		csv_append_cell(text, (struct slice){value.wire, value.length}, true);
		return true;
	}
	struct text nested = {0};
	bool is_good = append_bare(&nested, &value) && !nested.is_broken;
	if (is_good)
		csv_append_cell(text, (struct slice){nested.bytes, nested.length}, false);
	text_done(&nested);
	return is_good;
}

bool rows_append_csv(struct text *text, const struct rows *rows, int row)
{
	bool is_first = true;
	for (int column = 0; column < rows->variant->column_count; column++) {
		if (!is_wanted(rows, &rows->variant->columns[column]))
			continue;
		if (!is_first)
			text_append_char(text, ',');
		if (!append_cell(text, rows, row, column))
			return false;
		is_first = false;
	}
	text_append(text, "\r\n", 2);
	return true;
}

bool rows_append_plain(struct text *text, const struct rows *rows, int row, int column)
{
	struct value value = value_at(rows, row, column);
	return append_bare(text, &value);
}

struct slice rows_text(const PGresult *result, int row, const char *column)
{
	int i = PQfnumber(result, column);
	if (i < 0 || row >= PQntuples(result) || PQgetisnull(result, row, i))
		return (struct slice){0};
	return (struct slice){PQgetvalue(result, row, i), (size_t)PQgetlength(result, row, i)};
}
