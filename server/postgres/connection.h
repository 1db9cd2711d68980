/* How a connection to PostgreSQL is opened: in a role, with limits, without waiting for it. */
#pragma once

#include <libpq-fe.h>

#include "postgres/hosts.h"

enum lane_role { LANE_STAFF, LANE_PARTNER, LANE_ROLE_COUNT };

/* Begins to connect to the host whose turn it is; `settings` are options of libpq and may be "".
 * NULL when memory is exhausted. */
PGconn *connection_open(
	const struct hosts *hosts, enum lane_role role, const char *settings, int statement_ms);
