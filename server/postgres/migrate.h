/* Migrations: brings a database to the state that this server needs. */
#pragma once

#include <libpq-fe.h>

#include "text.h"

/* Applies what is missing: roles, migrations in their order, routines and who may what. Costs one
 * query when there is nothing to do. Any number of servers may call it at once. False with one line
 * in `ret_error`; nothing of the file at fault stays. */
bool migrate(PGconn *owner, struct text *ret_error);
