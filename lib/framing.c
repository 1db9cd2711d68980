#include "framing.h"

#include <string.h>
#include <strings.h>

enum { LENGTH_DIGITS_MAX = 18 };

/* What a byte may be part of. */
enum {
	IN_TOKEN = 1, /* methods and names */
	IN_VALUE = 2,
	IN_TARGET = 4,
	IN_HOST = 8,
};

#define T (IN_TOKEN | IN_VALUE | IN_TARGET)
#define H (IN_TOKEN | IN_VALUE | IN_TARGET | IN_HOST)
#define G (IN_VALUE | IN_TARGET)
#define A (IN_VALUE | IN_TARGET | IN_HOST)
#define V IN_VALUE

/* RFC 9110, 5.6.2 and 5.5; RFC 3986, 3.2.2. Bytes beyond ASCII are no part of a target in the RFC,
 * but curl sends them as they are typed, and they are read in one way. */
static const unsigned char bytes_of[256] = {
	['\t'] = V,
	[' '] = V,
	['!'] = H,
	['"'] = G,
	['#'] = T & ~IN_TARGET,
	['$'] = H,
	['%'] = H,
	['&'] = H,
	['\''] = H,
	['('] = A,
	[')'] = A,
	['*'] = H,
	['+'] = H,
	[','] = A,
	['-'] = H,
	['.'] = H,
	['/'] = G,
	['0' ... '9'] = H,
	[':'] = A,
	[';'] = A,
	['<'] = G,
	['='] = A,
	['>'] = G,
	['?'] = G,
	['@'] = G,
	['A' ... 'Z'] = H,
	['['] = A,
	['\\'] = G,
	[']'] = A,
	['^'] = T,
	['_'] = H,
	['`'] = T,
	['a' ... 'z'] = H,
	['{'] = G,
	['|'] = T,
	['}'] = G,
	['~'] = H,
	[0x80 ... 0xff] = G,
};

#undef T
#undef H
#undef G
#undef A
#undef V

static bool is_all(struct slice slice, unsigned char part)
{
	for (size_t i = 0; i < slice.length; i++)
		if ((bytes_of[(unsigned char)slice.bytes[i]] & part) == 0)
			return false;
	return true;
}

/* Where a head is read, and what was found. */
struct reader {
	struct slice rest;
	struct slice method, version;
	unsigned seen; /* a bit for each of the rules */
	size_t header_count;
	bool has_body, is_chunked, is_upgrade;
};

static const char *judge_length(struct reader *reader, struct slice value)
{
	bool is_number = value.length > 0 && value.length <= LENGTH_DIGITS_MAX;
	for (size_t i = 0; i < value.length; i++)
		is_number &= value.bytes[i] >= '0' && value.bytes[i] <= '9';
	if (!is_number || (value.length > 1 && value.bytes[0] == '0'))
		return "Content-Length is not a number.";
	reader->has_body |= value.bytes[0] != '0';
	return NULL;
}

static const char *judge_encoding(struct reader *reader, struct slice value)
{
	reader->has_body = reader->is_chunked = true;
	if (!slice_equals_ignoring_case(value, "chunked") ||
		!slice_equals(reader->version, "HTTP/1.1"))
		return "The only Transfer-Encoding is chunked, in HTTP/1.1.";
	return NULL;
}

static const char *judge_host(struct reader *reader, struct slice value)
{
	(void)reader;
	return value.length > 0 && is_all(value, IN_HOST) ? NULL : "Host names no host.";
}

static const char *note_upgrade(struct reader *reader, struct slice value)
{
	(void)value;
	reader->is_upgrade = true;
	return NULL;
}

/* The headers that decide what a request is, so that each of them stands once. */
enum { RULE_LENGTH, RULE_ENCODING, RULE_HOST };

static const struct {
	const char *name;
	const char *(*judge)(struct reader *reader, struct slice value);
} rules[] = {
	[RULE_LENGTH] = {"Content-Length", judge_length},
	[RULE_ENCODING] = {"Transfer-Encoding", judge_encoding},
	[RULE_HOST] = {"Host", judge_host},
	{"Authorization", NULL},
	{"Content-Type", NULL},
	{"Expect", NULL},
	{"Idempotency-Key", NULL},
	{"If-Match", NULL},
	{"Origin", NULL},
	{"Request-Id", NULL},
	{"Upgrade", note_upgrade},
};

enum { RULE_COUNT = sizeof rules / sizeof *rules };

static bool has(const struct reader *reader, int rule)
{
	return (reader->seen & 1U << rule) != 0;
}

static const char *judge_header(struct reader *reader, struct slice name, struct slice value)
{
	for (int i = 0; i < RULE_COUNT; i++) {
		if (!slice_equals_ignoring_case(name, rules[i].name))
			continue;
		if (has(reader, i))
			return "A header stands twice that may stand once.";
		reader->seen |= 1U << i;
		return rules[i].judge == NULL ? NULL : rules[i].judge(reader, value);
	}
	return NULL;
}

static struct slice take_bytes(struct reader *reader, unsigned char part)
{
	struct slice taken = {reader->rest.bytes, 0};
	while (taken.length < reader->rest.length &&
		(bytes_of[(unsigned char)taken.bytes[taken.length]] & part) != 0)
		taken.length++;
	reader->rest.bytes += taken.length;
	reader->rest.length -= taken.length;
	return taken;
}

/* Takes a separator, or the NULs that stand for it. */
static bool take_separator(struct reader *reader, struct slice separator)
{
	static const char nothing[2];
	size_t length = separator.length;
	struct slice *rest = &reader->rest;
	if (rest->length < length || (memcmp(rest->bytes, separator.bytes, length) != 0 &&
					     memcmp(rest->bytes, nothing, length) != 0))
		return false;
	rest->bytes += length;
	rest->length -= length;
	return true;
}

static const char *read_first_line(struct reader *reader, struct slice target)
{
	reader->method = take_bytes(reader, IN_TOKEN);
	if (reader->method.length == 0 || !take_separator(reader, SLICE(" ")) ||
		reader->rest.length < target.length)
		return "The method is none.";
	reader->rest.bytes += target.length;
	reader->rest.length -= target.length;
	if (!take_separator(reader, SLICE(" ")))
		return "The target ends elsewhere.";
	reader->version = take_bytes(reader, IN_TARGET);
	if (!slice_equals(reader->version, "HTTP/1.1") &&
		!slice_equals(reader->version, "HTTP/1.0"))
		return "The version is neither HTTP/1.1 nor HTTP/1.0.";
	return take_separator(reader, SLICE("\r\n")) ? NULL : "A line does not end in CR LF.";
}

static const char *read_header(struct reader *reader)
{
	struct slice name = take_bytes(reader, IN_TOKEN);
	if (name.length == 0 || !take_separator(reader, SLICE(":")))
		return "The name of a header has bytes that are not allowed.";
	struct slice value = take_bytes(reader, IN_VALUE);
	if (!take_separator(reader, SLICE("\r\n")))
		return "A header has bytes that are not allowed, or does not end in CR LF.";
	reader->header_count++;
	return judge_header(reader, name, slice_trim(value));
}

static bool is_hex(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
	       (byte >= 'A' && byte <= 'F');
}

/* The path is compared as it is written, so that nothing may be written in another way. */
static const char *judge_target(struct slice target, struct slice method)
{
	static const char *const hidden[] = {"00", "2f", "5c"};
	struct slice query = target;
	struct slice path = {0};
	if (slice_equals(target, "*") && slice_equals(method, "OPTIONS"))
		return NULL;
	slice_split(&query, '?', &path);
	if (path.length == 0 || path.bytes[0] != '/' || !is_all(target, IN_TARGET))
		return "The target is not a path with bytes that are allowed.";
	for (size_t i = 0; i < path.length; i++) {
		if (path.bytes[i] == '\\')
			return "The path has a backslash.";
		if (path.bytes[i] != '%')
			continue;
		if (path.length - i < 3 || !is_hex(path.bytes[i + 1]) || !is_hex(path.bytes[i + 2]))
			return "The path has a broken escape.";
		for (size_t j = 0; j < sizeof hidden / sizeof *hidden; j++)
			if (strncasecmp(path.bytes + i + 1, hidden[j], 2) == 0)
				return "The path has an escape that is not allowed.";
	}
	return NULL;
}

/* Methods whose body nobody expects: who stands in front of us may take it for a request. */
static bool is_bodiless(struct slice method)
{
	static const char *const methods[] = {"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"};
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (slice_equals(method, methods[i]))
			return true;
	return false;
}

static const char *judge_whole(const struct reader *reader)
{
	if (!has(reader, RULE_HOST))
		return "There is no Host.";
	if (has(reader, RULE_LENGTH) && has(reader, RULE_ENCODING))
		return "Content-Length and Transfer-Encoding exclude each other.";
	if (slice_equals(reader->method, "CONNECT"))
		return "This is no proxy.";
	if (reader->has_body && is_bodiless(reader->method))
		return "This method takes no body.";
	return NULL;
}

const char *framing_fault(const struct framing_head *head, bool *ret_closes)
{
	struct reader reader = {.rest = head->bytes};
	const char *fault = read_first_line(&reader, head->target);
	while (fault == NULL && !take_separator(&reader, SLICE("\r\n")))
		fault = read_header(&reader);
	if (fault == NULL && (reader.rest.length > 0 || reader.header_count != head->header_count))
		fault = "The head has a NUL.";
	if (fault == NULL)
		fault = judge_target(head->target, reader.method);
	if (fault == NULL)
		fault = judge_whole(&reader);
	if (fault == NULL)
		*ret_closes = reader.is_chunked || reader.is_upgrade;
	return fault;
}
