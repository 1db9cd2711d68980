/* The hosts of a database. A connection string may name several; libpq would begin with the first
 * each time, and wait for ever for one that takes connections and says nothing. So one is asked at
 * a time, for no longer than a limit, and who comes next goes on where the last one failed. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

/* Those of one worker and one connection string. */
struct hosts;

/* Reads a connection string, which must live as long; NULL when memory is exhausted. */
struct hosts *hosts_new(const char *url);
void hosts_free(struct hosts *hosts);

/* Begins to connect to the host whose turn it is; `keywords` and `values` (both end in NULL) come
 * before those of the connection string. NULL when memory is exhausted. */
PGconn *hosts_open(
	const struct hosts *hosts, const char *const keywords[], const char *const values[]);

/* Whose turn it is: to be kept with a connection that was begun. */
int hosts_turn(const struct hosts *hosts);

/* Says that whoever had that turn could not be connected to, or was lost: it is the next one's, if
 * nobody has said so before. */
void hosts_failed(struct hosts *hosts, int turn);

/* How many there are to be asked until all were. */
int hosts_count(const struct hosts *hosts);

/* How long connecting to one may take: what the connection string says, or a few seconds. */
int hosts_limit_ms(const struct hosts *hosts);
