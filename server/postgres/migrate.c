#include "postgres/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token.h"
#include "woven.h"

/* Applied whenever anything has changed, first. So are the routines and what rooms say of access,
 * last and all of them: some look through the catalogue for tables that a migration has added. */
static const char roles_file[] = "roles.sql";

static const char state_table[] =
	"create table if not exists schema_migration ("
	"name text primary key, digest text not null, applied_at timestamptz not null default now());"
	"comment on table schema_migration is 'What the server has applied to this database';"
	"comment on column schema_migration.name is 'File, or \"state\" for all of them together';"
	"comment on column schema_migration.digest is 'SHA-256 of what was applied';"
	"comment on column schema_migration.applied_at is 'When';";

static bool fail(PGconn *owner, const char *file, struct text *ret_error)
{
	text_append_printf(ret_error, "migration %s: %s", file, PQerrorMessage(owner));
	return false;
}

static bool run(PGconn *owner, const char *sql)
{
	PGresult *result = PQexec(owner, sql);
	ExecStatusType status = PQresultStatus(result);
	PQclear(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static void digest_of(struct slice content, char ret_hex[static DIGEST_HEX_SIZE])
{
	unsigned char bytes[DIGEST_SIZE];
	digest(content, bytes);
	digest_hex(bytes, ret_hex);
}

/* The digest of everything that can be applied. */
static void state_digest(char ret_hex[static DIGEST_HEX_SIZE])
{
	struct text all = {0};
	const struct woven_file *lists[] = {woven_migrations, woven_routines};
	for (size_t list = 0; list < 2; list++)
		for (const struct woven_file *file = lists[list]; file->name != NULL; file++) {
			text_append_string(&all, file->name);
			text_append(&all, file->content.bytes, file->content.length);
		}
	digest_of((struct slice){all.bytes, all.length}, ret_hex);
	text_done(&all);
}

static bool is_applied(PGconn *owner, const char *name, const char *hex)
{
	const char *values[] = {name, hex};
	PGresult *result = PQexecParams(owner,
		"select from schema_migration where name = $1 and digest = $2", 2, NULL, values,
		NULL, NULL, 0);
	bool is_found = PQntuples(result) == 1;
	PQclear(result);
	return is_found;
}

static bool note_applied(PGconn *owner, const char *name, const char *hex)
{
	const char *values[] = {name, hex};
	PGresult *result = PQexecParams(owner,
		"insert into schema_migration (name, digest) values ($1, $2) "
		"on conflict (name) do update set digest = excluded.digest, applied_at = now()",
		2, NULL, values, NULL, NULL, 0);
	bool is_noted = PQresultStatus(result) == PGRES_COMMAND_OK;
	PQclear(result);
	return is_noted;
}

static bool apply(PGconn *owner, const struct woven_file *file, struct text *ret_error)
{
	char hex[DIGEST_HEX_SIZE];
	digest_of(file->content, hex);
	if (is_applied(owner, file->name, hex))
		return true;
	if (!run(owner, "begin") || !run(owner, file->content.bytes) ||
		!note_applied(owner, file->name, hex)) {
		fail(owner, file->name, ret_error);
		run(owner, "rollback");
		return false;
	}
	return run(owner, "commit") || fail(owner, file->name, ret_error);
}

/* A released migration is never edited: its digest must be the one that was applied. */
static bool check_released(PGconn *owner, const struct woven_file *file, struct text *ret_error)
{
	char hex[DIGEST_HEX_SIZE];
	const char *values[] = {file->name, hex};
	digest_of(file->content, hex);
	PGresult *result = PQexecParams(owner,
		"select from schema_migration where name = $1 and digest <> $2", 2, NULL, values,
		NULL, NULL, 0);
	bool is_edited = PQntuples(result) > 0;
	PQclear(result);
	if (is_edited)
		text_append_printf(
			ret_error, "migration %s was edited after it was applied", file->name);
	return !is_edited;
}

static bool is_numbered(const struct woven_file *file)
{
	return file->name[0] >= '0' && file->name[0] <= '9';
}

static bool apply_named(PGconn *owner, const char *name, struct text *ret_error)
{
	for (const struct woven_file *file = woven_migrations; file->name != NULL; file++)
		if (strcmp(file->name, name) == 0)
			return run(owner, file->content.bytes) || fail(owner, name, ret_error);
	return fail(owner, name, ret_error);
}

/* In one transaction: they close all tables and open them again, which nobody is to see. */
static bool apply_routines(PGconn *owner, struct text *ret_error)
{
	const struct woven_file *file = woven_routines;
	bool is_done = run(owner, "begin");
	while (is_done && file->name != NULL && (is_done = run(owner, file->content.bytes)))
		file++;
	if (!is_done)
		fail(owner, file->name, ret_error);
	return run(owner, is_done ? "commit" : "rollback") && is_done;
}

static bool apply_all(PGconn *owner, struct text *ret_error)
{
	if (!apply_named(owner, roles_file, ret_error))
		return false;
	for (const struct woven_file *file = woven_migrations; file->name != NULL; file++)
		if (is_numbered(file) &&
			(!check_released(owner, file, ret_error) || !apply(owner, file, ret_error)))
			return false;
	return apply_routines(owner, ret_error);
}

bool migrate(PGconn *owner, struct text *ret_error)
{
	char hex[DIGEST_HEX_SIZE];
	state_digest(hex);
	if (is_applied(owner, "state", hex))
		return true;
	enum { MIGRATION_LOCK = 7164511 };
	char lock[64];
	snprintf(lock, sizeof lock, "select pg_advisory_lock(%d)", MIGRATION_LOCK);
	if (!run(owner, "set client_min_messages = error") || !run(owner, lock) ||
		!run(owner, state_table))
		return fail(owner, "state", ret_error);
	bool is_done = is_applied(owner, "state", hex) || /* by who held the lock before us */
		       (apply_all(owner, ret_error) && note_applied(owner, "state", hex));
	snprintf(lock, sizeof lock, "select pg_advisory_unlock(%d)", MIGRATION_LOCK);
	run(owner, lock);
	return is_done;
}
