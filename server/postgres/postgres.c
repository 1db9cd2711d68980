/* The life of the embedded PostgreSQL. The postmaster is a process of its own session: it outlives
 * a server that is killed, and the next server finds it by its postmaster.pid.
 *
 *   <data>/lock           held by the one server of this directory
 *   <data>/postgres       the cluster: owned by the unprivileged user, closed to all others
 *   <data>/postgres.log   what initdb and the postmaster print
 *   <data>/socket         where it listens, unless place.c finds a better place */
#include "postgres/postgres.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "postgres/parts.h"

enum {
	POLL_MS = 5,
	START_TIMEOUT_MS = 120 * 1000, /* recovery reads the WAL of a crash: up to 2 GB and more */
	STOP_TIMEOUT_MS = 30 * 1000,
	QUIT_TIMEOUT_MS = 10 * 1000,
	START_ATTEMPTS = 2,
	RESTART_FIRST_MS = 500,
	RESTART_LAST_MS = 30 * 1000,
};

struct postmaster {
	pid_t pid;
	char socket[POSTGRES_SOCKET_MAX + 1]; /* the directory */
	bool is_ready;
};

static bool cluster_begin(struct postgres *postgres);
static bool postmaster_wait(struct postgres *postgres);
static bool postmaster_is_alive(const struct postgres *postgres, pid_t pid);
static bool postmaster_start(struct postgres *postgres, pid_t stale_pid);

struct postgres *postgres_start(const struct postgres_options *options, struct text *ret_error)
{
	struct postgres *postgres = calloc(1, sizeof *postgres);
	if (postgres == NULL) {
		text_append_string(ret_error, "out of memory");
		return NULL;
	}
	postgres->lock = -1;
	postgres->log = -1;
	if (postgres_find_account(postgres, options->user) &&
		postgres_open_data(postgres, options->data_directory) &&
		postgres_find_programs(postgres) &&
		postgres_choose_socket(postgres, options->data_directory) &&
		postgres_make_cluster(postgres) &&
		postgres_put_settings(postgres, postgres->cluster) && cluster_begin(postgres))
		return postgres;
	text_append(ret_error, postgres->error.bytes, postgres->error.length);
	postgres_free(postgres);
	return NULL;
}

/* The second attempt is for races: one that was found has been shutting down, or one that a killed
 * server had just started was not yet seen. */
bool postgres_wait(struct postgres *postgres, struct text *ret_error)
{
	bool is_up = postmaster_wait(postgres);
	for (int i = 1; i < START_ATTEMPTS && !is_up; i++)
		is_up = cluster_begin(postgres) && postmaster_wait(postgres);
	if (!is_up)
		text_append(ret_error, postgres->error.bytes, postgres->error.length);
	else if (postgres->is_adopted && postgres->is_changed)
		kill(postgres->pid, SIGHUP);
	return is_up;
}

const char *postgres_url(const struct postgres *postgres)
{
	return postgres->url;
}

void postgres_pause(void)
{
	nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
}

static bool signal_and_wait(struct postgres *postgres, int signal_number, int timeout_ms)
{
	int64_t deadline = clock_monotonic_ms() + timeout_ms;
	kill(postgres->pid, signal_number);
	while (postmaster_is_alive(postgres, postgres->pid)) {
		if (clock_monotonic_ms() > deadline)
			return false;
		postgres_pause();
	}
	return true;
}

bool postgres_tend(struct postgres *postgres, struct text *ret_error)
{
	if (postgres == NULL || postmaster_is_alive(postgres, postgres->pid))
		return true;
	if (clock_monotonic_ms() < postgres->restart_at_ms)
		return true;
	text_append_printf(ret_error, "PostgreSQL has ended: %s (see %s); it is started again",
		postgres_program_reason(postgres), postgres->log_path);
	bool was_quiet = clock_monotonic_ms() > postgres->restart_at_ms + RESTART_LAST_MS;
	postgres->restart_pause_ms = was_quiet ? RESTART_FIRST_MS : postgres->restart_pause_ms * 2;
	if (postgres->restart_pause_ms > RESTART_LAST_MS)
		postgres->restart_pause_ms = RESTART_LAST_MS;
	postgres->restart_at_ms = clock_monotonic_ms() + postgres->restart_pause_ms;
	postmaster_start(postgres, postgres->pid);
	return false;
}

void postgres_stop(struct postgres *postgres)
{
	if (postgres == NULL || !postmaster_is_alive(postgres, postgres->pid))
		return;
	if (!signal_and_wait(postgres, SIGINT, STOP_TIMEOUT_MS))
		signal_and_wait(postgres, SIGQUIT, QUIT_TIMEOUT_MS);
	postgres->pid = 0;
}

void postgres_free(struct postgres *postgres)
{
	if (postgres == NULL)
		return;
	if (postgres->log >= 0)
		close(postgres->log);
	if (postgres->lock >= 0)
		close(postgres->lock);
	text_done(&postgres->error);
	arena_done(&postgres->arena);
	free(postgres);
}

bool postgres_refuse(struct postgres *postgres, const char *format, ...)
{
	char reason[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reason, sizeof reason, format, arguments);
	va_end(arguments);
	text_clear(&postgres->error);
	text_append_string(&postgres->error, reason);
	return false;
}

bool postgres_refuse_memory(struct postgres *postgres)
{
	return postgres_refuse(postgres, "out of memory");
}

/* Reads what the postmaster says of itself. Its file grows while it starts: a pid of 0 means that
 * there is none, an empty socket that it does not listen yet. */
static struct postmaster postmaster_read(const struct postgres *postgres)
{
	enum { PID_LINE = 1, SOCKET_LINE = 5, STATUS_LINE = 8 };
	struct postmaster found = {0};
	char line[PATH_MAX];
	FILE *file = fopen(postgres->pid_path, "re");
	if (file == NULL)
		return found;
	for (int i = 1; i <= STATUS_LINE && fgets(line, sizeof line, file) != NULL; i++) {
		line[strcspn(line, " \n")] = '\0';
		if (i == PID_LINE)
			found.pid = (pid_t)strtol(line, NULL, 10);
		else if (i == SOCKET_LINE && postgres_takes_socket(line))
			memcpy(found.socket, line, strlen(line) + 1);
		else if (i == STATUS_LINE)
			found.is_ready = strcmp(line, "ready") == 0;
	}
	fclose(file);
	return found;
}

/* True while `pid` is a postmaster of our cluster. We know it by its command line, which anybody
 * may read; its working directory is closed even to root in a container. */
static bool postmaster_is_alive(const struct postgres *postgres, pid_t pid)
{
	if (pid <= 0 || waitpid(pid, NULL, WNOHANG) == pid)
		return false;
	char path[32];
	char arguments[2 * PATH_MAX + 1];
	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, arguments, sizeof arguments - 1);
	if (file >= 0)
		close(file);
	if (length <= 0)
		return false;
	arguments[length] = '\0';
	for (const char *next = arguments; next < arguments + length; next += strlen(next) + 1)
		if (strcmp(next, postgres->cluster) == 0)
			return true;
	return false;
}

static bool postmaster_start(struct postgres *postgres, pid_t stale_pid)
{
	const char *program = arena_printf(&postgres->arena, "%s/postgres", postgres->programs);
	const char *socket_lock = arena_printf(
		&postgres->arena, "%s/.s.PGSQL.5432.lock", postgres->socket);
	if (program == NULL || socket_lock == NULL)
		return postgres_refuse_memory(postgres);
	/* The directory is this cluster's alone, so the cluster's own lock is enough; a pid in here
	 * that has passed to somebody else would forbid the start. */
	unlink(socket_lock);
	const char *const arguments[] = {program, "-D", postgres->cluster, NULL};
	postgres->pid = postgres_program_start(
		postgres, &(struct postgres_command){.arguments = arguments,
				  .directory = postgres->cluster,
				  .input = -1,
				  .stale_pid = stale_pid});
	return postgres->pid > 0;
}

/* Goes by what the postmaster says of itself, as pg_ctl does: to be asked costs it a process. But
 * of one that recovers from the crash of a session the file still says that it is ready, so who is
 * adopted is asked. */
static bool postmaster_is_ready(struct postgres *postgres)
{
	struct postmaster found = postmaster_read(postgres);
	if (found.pid != postgres->pid || found.socket[0] == '\0' || !found.is_ready)
		return false;
	if (postgres->url == NULL)
		postgres->url = arena_printf(&postgres->arena,
			"host=%s port=5432 dbname=qudao user=%s", found.socket, postgres_owner);
	return postgres->url != NULL &&
	       (!postgres->is_adopted || PQping(postgres->url) == PQPING_OK);
}

static bool postmaster_wait(struct postgres *postgres)
{
	int64_t deadline = clock_monotonic_ms() + START_TIMEOUT_MS;
	while (!postmaster_is_ready(postgres)) {
		if (!postmaster_is_alive(postgres, postgres->pid))
			return postgres_refuse(postgres, "PostgreSQL has ended: %s (see %s)",
				postgres_program_reason(postgres), postgres->log_path);
		if (clock_monotonic_ms() > deadline)
			return postgres_refuse(postgres,
				"PostgreSQL was not ready within %d s; it runs on (see %s)",
				START_TIMEOUT_MS / 1000, postgres->log_path);
		postgres_pause();
	}
	return true;
}

/* Adopts the postmaster that runs, or starts one. */
static bool cluster_begin(struct postgres *postgres)
{
	struct postmaster found = postmaster_read(postgres);
	postgres->is_adopted = postmaster_is_alive(postgres, found.pid);
	postgres->url = NULL;
	postgres->pid = found.pid;
	postgres->log_start = lseek(postgres->log, 0, SEEK_END);
	return postgres->is_adopted || postmaster_start(postgres, found.pid);
}
