#include "setup.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "postgres/hosts.h"
#include "request/binding.h"
#include "tasks/jobs.h"
#include "token.h"

enum {
	CONNECT_TRIES = 50, /* of all hosts together */
	CONNECT_PAUSE_MS = 100,
	CONNECT_MS = 30 * 1000, /* for hosts that say nothing */
	SECRET_BYTES = 32
};

static void pause_ms(long ms)
{
	struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	nanosleep(&pause, NULL);
}

/* Waits until the connection has something to say, or its host has had its time. */
static bool await_socket(PGconn *connection, PostgresPollingStatusType status, int64_t due_ms)
{
	struct pollfd socket = {.fd = PQsocket(connection),
		.events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT};
	int64_t left_ms = due_ms - clock_monotonic_ms();
	return left_ms > 0 && poll(&socket, 1, (int)left_ms) > 0;
}

/* Asks the host whose turn it is. */
static PGconn *connect_to_one(struct hosts *hosts, struct text *ret_error)
{
	static const char *const none[] = {NULL};
	int64_t due_ms = clock_monotonic_ms() + hosts_limit_ms(hosts);
	PGconn *connection = hosts_open(hosts, none, none);
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	if (PQstatus(connection) == CONNECTION_BAD)
		status = PGRES_POLLING_FAILED;
	while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED &&
		await_socket(connection, status, due_ms))
		status = PQconnectPoll(connection);
	if (status == PGRES_POLLING_OK)
		return connection;
	text_append_printf(ret_error, "cannot connect to the database: %s",
		status == PGRES_POLLING_FAILED ? PQerrorMessage(connection) : "it says nothing");
	hosts_failed(hosts, hosts_turn(hosts));
	PQfinish(connection);
	return NULL;
}

PGconn *setup_connect(const char *url, struct text *ret_error)
{
	struct hosts *hosts = hosts_new(url);
	PGconn *owner = NULL;
	int64_t due_ms = clock_monotonic_ms() + CONNECT_MS;
	for (int i = 0; i < CONNECT_TRIES && hosts != NULL && owner == NULL; i++) {
		if (clock_monotonic_ms() > due_ms)
			break;
		text_clear(ret_error);
		owner = connect_to_one(hosts, ret_error);
		if (owner == NULL)
			pause_ms(CONNECT_PAUSE_MS);
	}
	hosts_free(hosts);
	return owner;
}

/* Runs a statement of the catalogue and waits; NULL with one line in `ret_error`. */
static PGresult *run(const struct setup *setup, const char *name, const struct binding *bindings,
	struct text *ret_error)
{
	const struct statement *statement = statement_find(setup->statements, name);
	const struct sql_choice choice = {0};
	struct sql_text sql = {0};
	const char *values[SQL_PARAMETERS_MAX];
	if (statement == NULL || !sql_statement_render(statement->sql, &choice, &sql)) {
		text_append_printf(ret_error, "there is no statement %s", name);
		return NULL;
	}
	for (size_t i = 0; i < sql.parameter_count; i++)
		values[i] = binding_value(bindings, sql.parameters[i]);
	PGresult *result = PQexecParams(setup->owner, sql.text.bytes, (int)sql.parameter_count,
		NULL, values, NULL, NULL, 0);
	text_done(&sql.text);
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return result;
	text_append_printf(ret_error, "%s: %s", name, PQresultErrorMessage(result));
	PQclear(result);
	return NULL;
}

static bool make_secret(const char *prefix, char ret_secret[static SETUP_TEXT_SIZE])
{
	unsigned char bytes[SECRET_BYTES];
	struct text text = {0};
	if (!random_bytes(bytes, sizeof bytes))
		return false;
	text_append_string(&text, prefix);
	text_append_base64url(&text, bytes, sizeof bytes);
	bool is_made = !text.is_broken && text.length < SETUP_TEXT_SIZE;
	if (is_made)
		memcpy(ret_secret, text.bytes, text.length + 1);
	text_done(&text);
	return is_made;
}

bool setup_secret(const struct setup *setup, const char *name,
	char ret_secret[static SETUP_TEXT_SIZE], struct text *ret_error)
{
	char offered[SETUP_TEXT_SIZE];
	if (!make_secret("", offered))
		return false;
	const struct binding bindings[] = {{"name", name}, {"value", offered}, {NULL, NULL}};
	PGresult *result = run(setup, SQL(serverSecret), bindings, ret_error);
	if (result != NULL && PQntuples(result) == 0) { /* another server was quicker */
		PQclear(result);
		result = run(setup, SQL(serverSecret), bindings, ret_error);
	}
	if (result == NULL)
		return false;
	bool is_read = PQntuples(result) > 0 && PQgetlength(result, 0, 0) < SETUP_TEXT_SIZE;
	if (is_read)
		snprintf(ret_secret, SETUP_TEXT_SIZE, "%s", PQgetvalue(result, 0, 0));
	PQclear(result);
	return is_read;
}

static bool install_key(const struct setup *setup, const char *key, struct text *ret_error)
{
	char id[UUID_TEXT_SIZE];
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uuid_v7((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, id);
	const struct binding bindings[] = {{"new_id", id}, {"new_key", key}, {NULL, NULL}};
	PGresult *result = run(setup, SQL(installAdminKey), bindings, ret_error);
	PQclear(result);
	return result != NULL;
}

bool setup_make_key(
	const struct setup *setup, char ret_key[static SETUP_TEXT_SIZE], struct text *ret_error)
{
	return make_secret("qd_", ret_key) && install_key(setup, ret_key, ret_error);
}

static bool read_key_file(const char *path, char ret_key[static SETUP_TEXT_SIZE])
{
	FILE *file = path == NULL ? NULL : fopen(path, "re");
	if (file == NULL)
		return false;
	bool is_read = fgets(ret_key, SETUP_TEXT_SIZE, file) != NULL;
	fclose(file);
	ret_key[strcspn(ret_key, "\n")] = '\0';
	return is_read && strlen(ret_key) >= 32;
}

/* Only its owner may read it. */
static bool write_key_file(const char *path, const char *key)
{
	int fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return path == NULL;
	bool is_written = dprintf(fd, "%s\n", key) > 0;
	return close(fd) == 0 && is_written;
}

bool setup_admin_key(const struct setup *setup, const struct config *config, const char *key_file,
	char ret_key[static SETUP_TEXT_SIZE], struct text *ret_error)
{
	const struct binding none[] = {{NULL, NULL}};
	if (config->admin_key != NULL) {
		snprintf(ret_key, SETUP_TEXT_SIZE, "%s", config->admin_key);
		return install_key(setup, ret_key, ret_error);
	}
	if (read_key_file(key_file, ret_key))
		return install_key(setup, ret_key, ret_error);
	PGresult *result = run(setup, SQL(hasAdminKey), none, ret_error);
	if (result == NULL)
		return false;
	bool has_key = PQntuples(result) > 0;
	PQclear(result);
	ret_key[0] = '\0';
	if (has_key)
		return true;
	return setup_make_key(setup, ret_key, ret_error) && write_key_file(key_file, ret_key);
}

bool setup_clock(const struct setup *setup, const struct config *config,
	struct business_clock *clock, struct text *ret_error)
{
	const struct binding none[] = {{NULL, NULL}};
	const char *statement = config->has_test_clock ? SQL(readClock) : SQL(resetClock);
	PGresult *result = run(setup, statement, none, ret_error);
	bool is_set = result != NULL && business_clock_set(clock, result);
	PQclear(result);
	return is_set;
}

bool setup_jobs(const struct setup *setup, struct text *ret_error)
{
	struct text json = {0};
	jobs_describe(&json);
	const struct binding bindings[] = {{"jobs", json.bytes}, {NULL, NULL}};
	PGresult *result = run(setup, SQL(registerJobs), bindings, ret_error);
	PQclear(result);
	text_done(&json);
	return result != NULL;
}

bool setup_demo(const struct setup *setup, struct text *ret_error)
{
	char today[16];
	struct tm utc;
	time_t now = time(NULL);
	gmtime_r(&now, &utc);
	strftime(today, sizeof today, "%Y-%m-%d", &utc);
	const struct binding bindings[] = {{"today", today}, {NULL, NULL}};
	PGresult *result = run(setup, SQL(loadDemo), bindings, ret_error);
	PQclear(result);
	return result != NULL;
}
