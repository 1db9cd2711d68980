#include "watch/journal.h"

#include <arpa/inet.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "address.h"

enum { JOURNAL_LINES_MAX = 1 << 16 };

static const char *const level_names[] = {
	[JOURNAL_INFO] = "info",
	[JOURNAL_WARNING] = "warning",
	[JOURNAL_ERROR] = "error",
};

void journal_begin(struct journal *journal, enum journal_level level, const char *message)
{
	struct timespec now;
	struct tm utc;
	char time[32];
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
	text_append_printf(&journal->lines, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\"", time,
		now.tv_nsec / 1000000, level_names[level]);
	journal_text(journal, "message", message);
}

void journal_text(struct journal *journal, const char *name, const char *value)
{
	if (value == NULL)
		return;
	text_append_string(&journal->lines, ",\"");
	text_append_string(&journal->lines, name);
	text_append_string(&journal->lines, "\":");
	text_append_json(&journal->lines, value, strlen(value));
}

void journal_number(struct journal *journal, const char *name, long long value)
{
	text_append_string(&journal->lines, ",\"");
	text_append_string(&journal->lines, name);
	text_append_string(&journal->lines, "\":");
	text_append_integer(&journal->lines, value);
}

void journal_address(struct journal *journal, const char *name, const struct in6_addr *ip)
{
	char text[INET6_ADDRSTRLEN];
	const unsigned char *ipv4 = address_ipv4_in(ip);
	inet_ntop(ipv4 == NULL ? AF_INET6 : AF_INET, ipv4 == NULL ? ip->s6_addr : ipv4, text,
		sizeof text);
	journal_text(journal, name, text);
}

void journal_end(struct journal *journal)
{
	text_append_string(&journal->lines, "}\n");
	if (journal->lines.length > JOURNAL_LINES_MAX)
		journal_write(journal);
}

/* As many whole lines as a pipe takes at once without mixing them with those of another worker. */
static size_t piece_length(const char *lines, size_t length)
{
	if (length <= PIPE_BUF)
		return length;
	const char *end = memrchr(lines, '\n', PIPE_BUF);
	return end == NULL ? length : (size_t)(end - lines) + 1;
}

/* A log that nobody takes (a full disk, a pipe that is closed or not read) must not stop the
 * server: it is dropped. */
void journal_write(struct journal *journal)
{
	size_t written = 0;
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
	while (written < journal->lines.length && poll(&out, 1, 0) == 1 &&
		(out.revents & POLLOUT) != 0) {
		const char *lines = journal->lines.bytes + written;
		ssize_t count = write(
			STDOUT_FILENO, lines, piece_length(lines, journal->lines.length - written));
		if (count <= 0)
			break;
		written += (size_t)count;
	}
	text_clear(&journal->lines);
}

void journal_done(struct journal *journal)
{
	journal_write(journal);
	text_done(&journal->lines);
}
