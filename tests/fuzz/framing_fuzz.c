/* A head that a parser has split and that passes the gate is, written anew from its parts, the same
 * bytes: nobody can have read anything else in them. (A NUL of the client's beside a LF cannot
 *always be told from the parser's; what may stand once does so all the same.) A whole head that
 *passes also passes when it was split.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -Ilib tests/fuzz/framing_fuzz.c lib/framing.c \
 *	lib/text.c -lutf8proc
 */
#include "framing.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool is_true)
{
	if (!is_true)
		abort();
}

/* What a lenient parser makes of a head: lines end in LF, with or without CR; the name of a header
 * ends at the first colon. */
struct parsed {
	char *bytes; /* with NULs where it was split */
	struct slice target;
	size_t header_count, hosts, lengths, encodings;
	bool is_refused;   /* by the parser itself */
	size_t length;     /* up to the blank line; 0: there is none */
	struct text again; /* the head as it is written from its parts */
};

static void append_line(struct parsed *parsed, struct slice line)
{
	text_append(&parsed->again, line.bytes, line.length);
	text_append_string(&parsed->again, "\r\n");
}

static bool split_at(char *bytes, char separator)
{
	char *found = strchr(bytes, separator);
	if (found != NULL)
		*found = '\0';
	return found != NULL;
}

static void note_header(struct parsed *parsed, const char *name)
{
	parsed->header_count++;
	parsed->hosts += strcasecmp(name, "Host") == 0;
	parsed->lengths += strcasecmp(name, "Content-Length") == 0;
	parsed->encodings += strcasecmp(name, "Transfer-Encoding") == 0;
}

static void parse_first_line(struct parsed *parsed, struct slice whole, char *line)
{
	parsed->is_refused = !split_at(line, ' ');
	char *target = line + strlen(line) + 1;
	if (target >= parsed->bytes + whole.length)
		return;
	split_at(target, ' ');
	size_t offset = (size_t)(target - parsed->bytes);
	parsed->target = (struct slice){whole.bytes + offset, strlen(target)};
}

static struct parsed parse(struct slice whole)
{
	struct parsed parsed = {.bytes = calloc(1, whole.length + 2), .target = {whole.bytes, 0}};
	struct slice rest = whole;
	struct slice line;
	demand(parsed.bytes != NULL);
	if (whole.length > 0)
		memcpy(parsed.bytes, whole.bytes, whole.length);
	for (size_t number = 0; slice_split(&rest, '\n', &line); number++) {
		if (rest.bytes == NULL) /* the line does not end */
			break;
		char *copy = parsed.bytes + (line.bytes - whole.bytes);
		copy[line.length] = '\0';
		if (line.length > 0 && copy[line.length - 1] == '\r')
			copy[--line.length] = '\0';
		append_line(&parsed, line);
		if (number == 0) {
			parse_first_line(&parsed, whole, copy);
			continue;
		}
		if (line.length == 0) {
			parsed.length = (size_t)(rest.bytes - whole.bytes);
			break;
		}
		parsed.is_refused |= !split_at(copy, ':');
		note_header(&parsed, copy);
	}
	return parsed;
}

static void demand_one_reading(const struct parsed *parsed, struct slice whole, bool closes)
{
	demand(parsed->hosts == 1 && parsed->lengths + parsed->encodings <= 1);
	demand(closes || parsed->encodings == 0);
	if (memchr(whole.bytes, '\0', whole.length) != NULL)
		return;
	demand(parsed->again.length == whole.length);
	demand(memcmp(parsed->again.bytes, whole.bytes, whole.length) == 0);
	demand(memmem(whole.bytes, whole.length, "\r\n ", 3) == NULL);
	demand(memmem(whole.bytes, whole.length, "\r\n\r\n", 4) == whole.bytes + whole.length - 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice whole = {size == 0 ? "" : (const char *)data, size};
	struct parsed parsed = parse(whole);
	struct framing_head head = {whole, parsed.target, parsed.header_count};
	bool closes = false;
	bool closes_split = false;

	const char *fault = framing_fault(&head, &closes);
	head.bytes = (struct slice){parsed.bytes, parsed.length};
	const char *fault_split = framing_fault(&head, &closes_split);
	demand(parsed.length > 0 || fault_split != NULL);
	if (fault_split == NULL && !parsed.is_refused)
		demand_one_reading(
			&parsed, (struct slice){whole.bytes, parsed.length}, closes_split);
	if (fault == NULL && memchr(whole.bytes, '\0', whole.length) == NULL)
		demand(fault_split == NULL && closes == closes_split);

	free(parsed.bytes);
	text_done(&parsed.again);
	return 0;
}
