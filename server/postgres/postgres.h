/* The embedded PostgreSQL: a private cluster for a first run and for small installations. */
#pragma once

#include "text.h"

struct postgres_options {
	const char *data_directory; /* the server's; the cluster lives in <it>/postgres */
	const char *user;           /* whom the cluster runs as when we are root */
};

struct postgres;

/* Starts or adopts the cluster, without waiting until it is ready; makes it on the first run. Holds
 * the data directory until postgres_free. To be called before the process has threads. Returns
 * NULL, with one line in `ret_error`, when the directory is in use or the cluster cannot be had. */
struct postgres *postgres_start(const struct postgres_options *options, struct text *ret_error);

/* Waits until the cluster is ready; false, with one line in `ret_error`, when it does not get so.
 */
bool postgres_wait(struct postgres *postgres, struct text *ret_error);

/* Returns the libpq connection string of the owner role on the database, once the cluster is
 * ready; lives as long as `postgres`. */
const char *postgres_url(const struct postgres *postgres);

/* Starts a cluster that has ended by itself again, without waiting for it; to be called every now
 * and then. False with one line in `ret_error` when there was need to. Accepts NULL. */
bool postgres_tend(struct postgres *postgres, struct text *ret_error);

/* Shuts the cluster down, which ends every session in it, and waits until it is gone. Accepts NULL.
 */
void postgres_stop(struct postgres *postgres);

/* Lets go of the data directory; a cluster that was not stopped lives on. Accepts NULL. */
void postgres_free(struct postgres *postgres);
