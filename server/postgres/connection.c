#include "postgres/connection.h"

#include <stdio.h>

enum {
	/* Between two statements of a transaction: a server that stands still must not hold locks,
	 * and everybody's events. */
	IDLE_MS = 30 * 1000,
};

static const char *const role_options[LANE_ROLE_COUNT] = {
	[LANE_STAFF] = "-c role=qudao_staff",
	[LANE_PARTNER] = "-c role=qudao_partner",
};

/* What libpq would print on standard error is known to us anyway: the connection is lost. */
static void ignore_notice(void *ctx, const char *message)
{
	(void)ctx;
	(void)message;
}

PGconn *connection_open(
	const struct hosts *hosts, enum lane_role role, const char *settings, int statement_ms)
{
	char options[400];
	snprintf(options, sizeof options,
		"%s -c statement_timeout=%d -c timezone=UTC -c datestyle=ISO -c client_min_messages=error "
		"-c idle_in_transaction_session_timeout=%d -c client_connection_check_interval=1000 -c jit=off %s",
		role_options[role], statement_ms, IDLE_MS, settings);
	const char *keywords[] = {"options", "application_name", "client_encoding",
		"tcp_user_timeout", "keepalives_idle", "keepalives_interval", NULL};
	const char *values[] = {options, "qudao", "UTF8", "5000", "3", "1", NULL};
	PGconn *connection = hosts_open(hosts, keywords, values);
	PQsetNoticeProcessor(connection, ignore_notice, NULL);
	return connection;
}
