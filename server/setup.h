/* What a database needs before it is served: migrations, a secret, a key, perhaps demo data. */
#pragma once

#include <libpq-fe.h>

#include "business_clock.h"
#include "config.h"
#include "postgres/statement.h"

/* The longest secret or key that setup hands out, with its NUL. */
enum { SETUP_TEXT_SIZE = 512 };

struct setup {
	PGconn *owner;
	const struct statement_catalogue *statements;
};

/* Connects as the owner, waiting a while for a database that is still starting. NULL with one line
 * in `ret_error`. */
PGconn *setup_connect(const char *url, struct text *ret_error);

/* Reads the secret of that name ("cursor": seals cursors; "webhook": what the secrets of webhooks
 * are computed from), made on first use and shared by all servers of a database. */
bool setup_secret(const struct setup *setup, const char *name,
	char ret_secret[static SETUP_TEXT_SIZE], struct text *ret_error);

/* Makes sure that there is an administrator's key: the configured one, else the one in `key_file`
 * (when given), else a new one, which is kept there. `ret_key` is "" when there are keys but none
 * that we know. */
bool setup_admin_key(const struct setup *setup, const struct config *config, const char *key_file,
	char ret_key[static SETUP_TEXT_SIZE], struct text *ret_error);

/* Reads what a test has set the clock to; or sets it right, unless the server is for tests. */
bool setup_clock(const struct setup *setup, const struct config *config,
	struct business_clock *clock, struct text *ret_error);

/* Registers the jobs of this version, so that they are listed even before anybody does them. */
bool setup_jobs(const struct setup *setup, struct text *ret_error);

/* Loads the demo data into a database without partners. */
bool setup_demo(const struct setup *setup, struct text *ret_error);

/* Makes a key of a role from `name`, for the command line. */
bool setup_make_key(
	const struct setup *setup, char ret_key[static SETUP_TEXT_SIZE], struct text *ret_error);
