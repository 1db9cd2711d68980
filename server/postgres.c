/* The cluster is made in <data>/postgres.new and renamed when it is whole, so <data>/postgres
 * either is a cluster with our database in it or is not there. The postmaster is a process of its
 * own session: it outlives a server that is killed, and the next server finds it by its
 * postmaster.pid.
 *
 *   <data>/lock           held by the one server of this directory
 *   <data>/postgres       the cluster: owned by the unprivileged user, closed to all others
 *   <data>/postgres.log   what initdb and the postmaster print
 *   <data>/socket         where it listens, unless socket_choose finds a better place */
#define _GNU_SOURCE 1 /* close_range, memfd_create, nftw, pipe2, TEMP_FAILURE_RETRY */
#include "postgres.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <locale.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "arena.h"

enum {
	POLL_MS = 5,
	START_TIMEOUT_MS = 120 * 1000, /* recovery reads the WAL of a crash: up to 2 GB and more */
	LOCK_TIMEOUT_MS = 2 * 1000,
	STOP_TIMEOUT_MS = 30 * 1000,
	QUIT_TIMEOUT_MS = 10 * 1000,
	START_ATTEMPTS = 2,
	GROUPS_MAX = 64,
	RESTART_FIRST_MS = 500,
	RESTART_LAST_MS = 30 * 1000,
	LOG_READ_MAX = 16 * 1024,
	SETTINGS_MAX = 4096,
	SOCKET_PATH_MAX = sizeof((struct sockaddr_un *)NULL)->sun_path - 1,
};

static const char default_data_directory[] = "/var/lib/qudao";
static const char default_socket_directory[] = "/run/qudao";

/* The roles that the server logs in as; the first owns the database. */
static const char *const roles[] = {"qudao", "qudao_staff", "qudao_partner"};
enum { ROLE_COUNT = sizeof roles / sizeof roles[0] };

struct postgres {
	struct arena arena; /* of the strings below */
	struct text error;  /* why a step of the start has failed */
	int lock;           /* -1 until it is ours */
	int log;            /* -1 until it is open */
	bool is_root;       /* the cluster runs as somebody else */
	bool is_changed;    /* a settings file differed from what it is now */
	bool is_adopted;    /* it ran already */
	uid_t uid;          /* whom the cluster runs as */
	gid_t gid;
	gid_t groups[GROUPS_MAX]; /* looked up before there are threads: a child of them must not */
	int group_count;
	const char *user;
	const char *data; /* absolute paths */
	const char *cluster;
	const char *pid_path;
	const char *log_path;
	const char *programs;
	const char *socket;       /* the directory */
	const char *url;          /* NULL until the postmaster listens */
	pid_t pid;                /* of the postmaster; 0: none */
	off_t log_start;          /* where the log of the latest command begins */
	int64_t restart_at_ms;    /* not sooner, if it ends by itself again */
	int64_t restart_pause_ms; /* doubles each time */
};

struct command {
	const char *const *arguments; /* the program's path first, NULL last */
	const char *directory;
	int input;       /* becomes stdin; -1: nothing to read */
	pid_t stale_pid; /* names no postmaster, whatever postmaster.pid says; 0: none */
	bool is_making;  /* ends with us, and holds the lock until its last process is gone */
};

struct postmaster {
	pid_t pid;
	char socket[SOCKET_PATH_MAX + 1]; /* the directory */
	bool is_ready;
};

static bool account_find(struct postgres *postgres, const char *user);
static bool data_open(struct postgres *postgres, const char *directory);
static bool programs_find(struct postgres *postgres);
static bool socket_choose(struct postgres *postgres, const char *data_directory);
static bool cluster_make(struct postgres *postgres);
static bool settings_put(struct postgres *postgres, const char *cluster);
static bool cluster_begin(struct postgres *postgres);
static bool postmaster_wait(struct postgres *postgres);
static bool postmaster_is_alive(const struct postgres *postgres, pid_t pid);
static bool postmaster_start(struct postgres *postgres, pid_t stale_pid);
static const char *log_reason(struct postgres *postgres);

struct postgres *postgres_start(const struct postgres_options *options, struct text *ret_error)
{
	struct postgres *postgres = calloc(1, sizeof *postgres);
	if (postgres == NULL) {
		text_append_string(ret_error, "out of memory");
		return NULL;
	}
	postgres->lock = -1;
	postgres->log = -1;
	if (account_find(postgres, options->user) && data_open(postgres, options->data_directory) &&
		programs_find(postgres) && socket_choose(postgres, options->data_directory) &&
		cluster_make(postgres) && settings_put(postgres, postgres->cluster) &&
		cluster_begin(postgres))
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

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(long duration_ms)
{
	nanosleep(&(struct timespec){.tv_nsec = duration_ms * 1000000}, NULL);
}

static bool signal_and_wait(struct postgres *postgres, int signal_number, int timeout_ms)
{
	int64_t deadline = now_ms() + timeout_ms;
	kill(postgres->pid, signal_number);
	while (postmaster_is_alive(postgres, postgres->pid)) {
		if (now_ms() > deadline)
			return false;
		pause_ms(POLL_MS);
	}
	return true;
}

bool postgres_tend(struct postgres *postgres, struct text *ret_error)
{
	if (postgres == NULL || postmaster_is_alive(postgres, postgres->pid))
		return true;
	if (now_ms() < postgres->restart_at_ms)
		return true;
	text_append_printf(ret_error, "PostgreSQL has ended: %s (see %s); it is started again",
		log_reason(postgres), postgres->log_path);
	bool was_quiet = now_ms() > postgres->restart_at_ms + RESTART_LAST_MS;
	postgres->restart_pause_ms = was_quiet ? RESTART_FIRST_MS : postgres->restart_pause_ms * 2;
	if (postgres->restart_pause_ms > RESTART_LAST_MS)
		postgres->restart_pause_ms = RESTART_LAST_MS;
	postgres->restart_at_ms = now_ms() + postgres->restart_pause_ms;
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

/* Notes why the start fails; only the latest reason counts. Always false. */
__attribute__((format(printf, 2, 3))) static bool refuse(
	struct postgres *postgres, const char *format, ...)
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

static bool refuse_memory(struct postgres *postgres)
{
	return refuse(postgres, "out of memory");
}

/* Finds whom the cluster runs as. Peer authentication goes by name, so we need one too. */
static bool account_find(struct postgres *postgres, const char *user)
{
	postgres->is_root = geteuid() == 0;
	const struct passwd *account = postgres->is_root ? getpwnam(user) : getpwuid(geteuid());
	if (account == NULL && postgres->is_root)
		return refuse(postgres, "there is no user %s for PostgreSQL to run as", user);
	if (account == NULL)
		return refuse(postgres, "user id %d has no name, and PostgreSQL needs one",
			(int)geteuid());
	postgres->uid = account->pw_uid;
	postgres->gid = account->pw_gid;
	postgres->group_count = GROUPS_MAX;
	if (getgrouplist(account->pw_name, account->pw_gid, postgres->groups,
		    &postgres->group_count) < 0)
		return refuse(postgres, "user %s is in more than %d groups", account->pw_name,
			GROUPS_MAX);
	postgres->user = arena_copy(&postgres->arena, account->pw_name, strlen(account->pw_name));
	return postgres->user != NULL || refuse_memory(postgres);
}

static bool parents_make(char *path)
{
	for (char *slash = path; (slash = strchr(slash + 1, '/')) != NULL; *slash = '/') {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return false;
	}
	/* Others may pass: the cluster's user must reach what is his in here. */
	return mkdir(path, 0711) == 0 || errno == EEXIST;
}

/* Waits a moment for a server that is just ending, or for what a killed one was having made. */
static bool lock_take(struct postgres *postgres)
{
	const char *path = arena_printf(&postgres->arena, "%s/lock", postgres->data);
	if (path == NULL)
		return refuse_memory(postgres);
	postgres->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (postgres->lock < 0)
		return refuse(postgres, "cannot open %s: %s", path, strerror(errno));
	int64_t deadline = now_ms() + LOCK_TIMEOUT_MS;
	while (flock(postgres->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return refuse(postgres, "cannot lock %s: %s", path, strerror(errno));
		if (now_ms() > deadline)
			return refuse(postgres, "another server uses %s", postgres->data);
		pause_ms(POLL_MS);
	}
	return true;
}

static bool log_open(struct postgres *postgres)
{
	postgres->log = open(
		postgres->log_path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return postgres->log >= 0 ||
	       refuse(postgres, "cannot open %s: %s", postgres->log_path, strerror(errno));
}

/* Makes the data directory where it is missing, and makes it ours. */
static bool data_open(struct postgres *postgres, const char *directory)
{
	struct arena *arena = &postgres->arena;
	char *path = arena_copy(arena, directory, strlen(directory));
	if (path == NULL)
		return refuse_memory(postgres);
	char resolved[PATH_MAX];
	if (!parents_make(path) || realpath(path, resolved) == NULL)
		return refuse(postgres, "cannot make %s: %s", directory, strerror(errno));
	postgres->data = arena_copy(arena, resolved, strlen(resolved));
	postgres->cluster = arena_printf(arena, "%s/postgres", resolved);
	postgres->pid_path = arena_printf(arena, "%s/postgres/postmaster.pid", resolved);
	postgres->log_path = arena_printf(arena, "%s/postgres.log", resolved);
	if (postgres->data == NULL || postgres->cluster == NULL || postgres->pid_path == NULL ||
		postgres->log_path == NULL)
		return refuse_memory(postgres);
	return lock_take(postgres) && log_open(postgres);
}

/* Returns the major version of the cluster, or 0 when there is none yet. */
static int cluster_version(struct postgres *postgres)
{
	char digits[16] = "";
	const char *path = arena_printf(&postgres->arena, "%s/PG_VERSION", postgres->cluster);
	FILE *file = path == NULL ? NULL : fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fgets(digits, sizeof digits, file) == NULL)
		digits[0] = '\0';
	fclose(file);
	return (int)strtol(digits, NULL, 10);
}

/* Finds the programs of `version`, or the newest for 0. */
static const char *programs_installed(struct arena *arena, int version)
{
	static const char pattern[] = "/usr/lib/postgresql/*/bin";
	enum { VERSION_AT = sizeof "/usr/lib/postgresql/" - 1 };
	glob_t found = {0};
	long newest = 0;
	const char *programs = NULL;
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *path = found.gl_pathv[i];
			long candidate = strtol(path + VERSION_AT, NULL, 10);
			const char *initdb = arena_printf(arena, "%s/initdb", path);
			if (candidate <= newest || (version != 0 && candidate != version) ||
				initdb == NULL || access(initdb, X_OK) < 0)
				continue;
			newest = candidate;
			programs = arena_copy(arena, path, strlen(path));
		}
	}
	globfree(&found);
	return programs;
}

static bool programs_find(struct postgres *postgres)
{
	const char *named = getenv("QUDAO_POSTGRES_BIN");
	int version = cluster_version(postgres);
	postgres->programs = named != NULL && *named != '\0'
				     ? arena_copy(&postgres->arena, named, strlen(named))
				     : programs_installed(&postgres->arena, version);
	if (postgres->programs != NULL)
		return true;
	if (version != 0)
		return refuse(postgres,
			"%s is a cluster of PostgreSQL %d, which is not installed here",
			postgres->cluster, version);
	return refuse(postgres, "PostgreSQL is not installed: install it, name its programs in "
				"QUDAO_POSTGRES_BIN, or name a running one in QUDAO_DATABASE_URL");
}

/* Makes a directory that belongs to the cluster's user and is closed to all others but root. What
 * somebody else has left under that name is refused. */
static bool directory_make(struct postgres *postgres, const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return refuse(postgres, "cannot make %s: %s", path, strerror(errno));
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0)
		return refuse(postgres, "cannot open %s: %s", path, strerror(errno));
	struct stat status = {0};
	bool is_read = fstat(directory, &status) == 0;
	bool is_ours = status.st_uid == geteuid() || status.st_uid == postgres->uid;
	bool is_handed_over = is_read && is_ours &&
			      fchown(directory, postgres->uid, postgres->gid) == 0 &&
			      fchmod(directory, 0700) == 0;
	const char *reason = is_ours ? strerror(errno) : "it belongs to somebody else";
	close(directory);
	return is_handed_over || refuse(postgres, "cannot use %s: %s", path, reason);
}

/* True when a socket fits into this directory, and its name into settings without quotes. */
static bool socket_is_usable(const char *directory)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-";
	size_t length = strlen(directory);
	return directory[0] == '/' && strspn(directory, plain) == length &&
	       length + sizeof "/.s.PGSQL.5432" - 1 <= SOCKET_PATH_MAX;
}

/* FNV-1a: a short name for a long path. */
static uint64_t path_digest(const char *path)
{
	uint64_t digest = 0xcbf29ce484222325;
	for (; *path != '\0'; path++)
		digest = (digest ^ (unsigned char)*path) * 0x100000001b3;
	return digest;
}

/* Only the default data directory has /run/qudao, so that several servers never meet there. */
static bool socket_choose(struct postgres *postgres, const char *data_directory)
{
	struct arena *arena = &postgres->arena;
	bool is_default = postgres->is_root && strcmp(data_directory, default_data_directory) == 0;
	const char *runtime = postgres->is_root ? "/run" : getenv("XDG_RUNTIME_DIR");
	unsigned long long digest = path_digest(postgres->data);
	const char *const candidates[] = {
		is_default ? default_socket_directory
			   : arena_printf(arena, "%s/socket", postgres->data),
		arena_printf(arena, "%s/qudao-%016llx", runtime == NULL ? "" : runtime, digest),
		arena_printf(arena, "/tmp/qudao-%016llx", digest),
	};
	for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
		if (candidates[i] == NULL)
			return refuse_memory(postgres);
		postgres->socket = candidates[i];
		bool is_possible = i != 1 || (runtime != NULL && access(runtime, W_OK) == 0);
		if (is_possible && socket_is_usable(candidates[i]))
			break;
	}
	return directory_make(postgres, postgres->socket);
}

/* What a program of PostgreSQL sees of our environment: nothing. PG_GRANDPARENT_PID is how pg_ctl
 * says that a process is not the postmaster that postmaster.pid seems to name. A pid that has
 * passed to somebody else, as after a restart of a container, would forbid the start otherwise; and
 * without the file PostgreSQL could not see that sessions of a dead postmaster are still at work.
 * What a statement frees, its session keeps for the next one: by default malloc gives all above 128
 * KiB back to the kernel and fetches it again, by which one read of a partner took three times as
 * long.
 */
static int program_execute(const struct command *command)
{
	char stale_pid[sizeof "PG_GRANDPARENT_PID=" + 12];
	snprintf(stale_pid, sizeof stale_pid, "PG_GRANDPARENT_PID=%d", (int)command->stale_pid);
	const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C",
		"MALLOC_TOP_PAD_=1048576", "MALLOC_TRIM_THRESHOLD_=16777216", stale_pid, NULL};
	/* POSIX promises that execve changes neither, its prototype cannot. */
	execve(command->arguments[0], (char *const *)(const void *)command->arguments,
		(char *const *)(const void *)environment);
	return errno;
}

/* Drops what is ours: signals, session, privileges. False, with errno, when something stays. */
static bool child_detach(const struct postgres *postgres)
{
	sigset_t none;
	sigemptyset(&none);
	umask(077);
	return sigprocmask(SIG_SETMASK, &none, NULL) == 0 && signal(SIGPIPE, SIG_DFL) != SIG_ERR &&
	       setsid() >= 0 &&
	       (!postgres->is_root ||
		       (setgroups((size_t)postgres->group_count, postgres->groups) == 0 &&
			       setgid(postgres->gid) == 0 && setuid(postgres->uid) == 0));
}

/* Turns this child into the command; returns the errno of what did not work. */
static int child_become(const struct postgres *postgres, const struct command *command)
{
	int input = command->input >= 0 ? command->input : open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!child_detach(postgres) || input < 0 || dup2(input, STDIN_FILENO) < 0 ||
		dup2(postgres->log, STDOUT_FILENO) < 0 || dup2(postgres->log, STDERR_FILENO) < 0 ||
		close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ||
		chdir(command->directory) < 0)
		return errno;
	/* Not before the change of user, which clears it. */
	if (command->is_making &&
		(prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || fcntl(postgres->lock, F_SETFD, 0) < 0))
		return errno;
	return program_execute(command);
}

/* Starts a program as the cluster's user in a session of its own, so that Ctrl-C does not reach it.
 * Returns its pid, or -1 with the reason noted. */
static pid_t command_start(struct postgres *postgres, const struct command *command)
{
	int fault_pipe[2]; /* closed by a successful exec */
	if (pipe2(fault_pipe, O_CLOEXEC) < 0) {
		refuse(postgres, "cannot make a pipe: %s", strerror(errno));
		return -1;
	}
	postgres->log_start = lseek(postgres->log, 0, SEEK_END);
	pid_t pid = fork();
	int fault = pid < 0 ? errno : 0;
	if (pid == 0) {
		fault = child_become(postgres, command);
		_exit(write(fault_pipe[1], &fault, sizeof fault) < 0 ? 126 : 127);
	}
	close(fault_pipe[1]);
	if (pid > 0 && TEMP_FAILURE_RETRY(read(fault_pipe[0], &fault, sizeof fault)) < 0)
		fault = errno;
	close(fault_pipe[0]);
	if (fault == 0)
		return pid;
	if (pid > 0)
		TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0));
	refuse(postgres, "cannot run %s as %s in %s: %s", command->arguments[0], postgres->user,
		command->directory, strerror(fault));
	return -1;
}

/* Finds what the log says last about why the latest command has failed. */
static const char *log_reason(struct postgres *postgres)
{
	static const char *const marks[] = {"FATAL:  ", "PANIC:  ", "ERROR:  ", "error: "};
	static char log[LOG_READ_MAX + 1]; /* only the main thread comes here */
	memset(log, 0, sizeof log);
	if (pread(postgres->log, log, LOG_READ_MAX, postgres->log_start) <= 0)
		return "it left no reason";
	char *reason = NULL;
	for (char *next = log; *next != '\0'; next++)
		for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
			if (strncmp(next, marks[i], strlen(marks[i])) == 0)
				reason = next + strlen(marks[i]);
	if (reason == NULL)
		return "it left no reason";
	reason[strcspn(reason, "\n")] = '\0';
	return reason;
}

/* Runs a program to its end; it must succeed. */
static bool command_run(struct postgres *postgres, const struct command *command)
{
	pid_t pid = command_start(postgres, command);
	if (pid < 0)
		return false;
	int status = 0;
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		return refuse(
			postgres, "cannot wait for %s: %s", command->arguments[0], strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return refuse(postgres, "%s has failed: %s (see %s)", command->arguments[0],
		log_reason(postgres), postgres->log_path);
}

static bool file_holds(const char *path, const char *content)
{
	char bytes[SETTINGS_MAX];
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file < 0)
		return false;
	ssize_t length = read(file, bytes, sizeof bytes);
	close(file);
	return length >= 0 && (size_t)length == strlen(content) &&
	       memcmp(bytes, content, (size_t)length) == 0;
}

/* Gives a file this content, all or nothing, unless it has it already. The directory is not ours,
 * so a name in it may be a trap: we write only to what we have just made. */
static bool file_put(struct postgres *postgres, const char *path, const char *content)
{
	const char *fresh = arena_printf(&postgres->arena, "%s.new", path);
	if (fresh == NULL)
		return refuse_memory(postgres);
	if (file_holds(path, content))
		return true;
	unlink(fresh);
	size_t length = strlen(content);
	int file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool is_written = file >= 0 && fchown(file, postgres->uid, postgres->gid) == 0 &&
			  write(file, content, length) == (ssize_t)length && fsync(file) == 0;
	if (file >= 0)
		close(file);
	if (!is_written || rename(fresh, path) < 0)
		return refuse(postgres, "cannot write %s: %s", path, strerror(errno));
	postgres->is_changed = true;
	return true;
}

static const char main_settings[] = "# Own settings go below the include, where they win.\n"
				    "include 'qudao.conf'\n";

static const char qudao_settings[] =
	"# Written by the server at each start: fit for the machine, and durable.\n"
	"listen_addresses = ''\n"
	"port = 5432\n"
	"unix_socket_directories = '%s'\n"
	"unix_socket_permissions = 0700\n"
	"max_connections = 100\n"
	"shared_buffers = '%ldMB'\n"
	"fsync = on\n"
	"full_page_writes = on\n"
	"wal_compression = lz4\n"
	"max_wal_size = '2GB'\n"
	"checkpoint_timeout = '10min'\n"
	"random_page_cost = 1.1\n"
	"jit = off\n"
	"timezone = 'UTC'\n"
	"log_timezone = 'UTC'\n"
	"log_checkpoints = off\n";

static const char access_rules[] = "# Written by the server at each start.\n"
				   "local all all peer map=qudao\n"
				   "local replication all peer map=qudao\n";

/* Lets root, the cluster's user and `postgres` become each of our roles. */
static const char *identity_map(struct postgres *postgres)
{
	const char *const users[] = {"root", "postgres", postgres->user};
	size_t user_count = strcmp(postgres->user, "postgres") == 0 ? 2 : 3;
	const char *map = "# Written by the server at each start.\n";
	for (size_t i = 0; i < user_count && map != NULL; i++)
		for (size_t role = 0; role < ROLE_COUNT && map != NULL; role++)
			map = arena_printf(&postgres->arena, "%squdao \"%s\" %s\n", map, users[i],
				roles[role]);
	return map;
}

static long directory_megabytes(const char *directory)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s", directory);
	char *const roots[] = {path, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	off_t bytes = 0;
	for (FTSENT *entry; tree != NULL && (entry = fts_read(tree)) != NULL;)
		bytes += entry->fts_info == FTS_F ? entry->fts_statp->st_size : 0;
	if (tree != NULL)
		fts_close(tree);
	return (long)(bytes >> 20);
}

/* A quarter of the memory, as PostgreSQL advises, and no more than a few indexes of 10⁷ rows need,
 * nor than twice the data: pages are made up at each start, those of 4 GiB in 0.4 s.
 */
static long buffers_megabytes(const char *databases)
{
	const long smallest = 128, least_room = 1024, largest = 4096;
	long wanted = 2 * directory_megabytes(databases);
	long quarter = sysconf(_SC_PHYS_PAGES) / 4 * (sysconf(_SC_PAGESIZE) / 1024) / 1024;
	wanted = wanted < least_room ? least_room : wanted > largest ? largest : wanted;
	wanted = wanted > quarter ? quarter : wanted;
	return wanted < smallest ? smallest : wanted;
}

static bool settings_put(struct postgres *postgres, const char *cluster)
{
	struct arena *arena = &postgres->arena;
	const char *databases = arena_printf(arena, "%s/base", cluster);
	if (databases == NULL)
		return refuse_memory(postgres);
	const struct {
		const char *name;
		const char *content;
	} files[] = {
		{"qudao.conf", arena_printf(arena, qudao_settings, postgres->socket,
				       buffers_megabytes(databases))},
		{"pg_hba.conf", access_rules},
		{"pg_ident.conf", identity_map(postgres)},
	};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		const char *path = arena_printf(arena, "%s/%s", cluster, files[i].name);
		if (path == NULL || files[i].content == NULL)
			return refuse_memory(postgres);
		if (!file_put(postgres, path, files[i].content))
			return false;
	}
	return true;
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *position)
{
	(void)status;
	(void)type;
	(void)position;
	return remove(path);
}

static bool cluster_initialise(struct postgres *postgres, const char *fresh)
{
	struct arena *arena = &postgres->arena;
	locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", NULL);
	if (utf8 != NULL)
		freelocale(utf8);
	const char *const arguments[] = {
		arena_printf(arena, "%s/initdb", postgres->programs),
		arena_printf(arena, "--pgdata=%s", fresh),
		arena_printf(arena, "--username=%s", roles[0]),
		arena_printf(arena, "--locale=%s", utf8 != NULL ? "C.UTF-8" : "C"),
		"--encoding=UTF8",
		"--data-checksums",
		"--auth-local=peer",
		"--auth-host=reject",
		"--no-instructions",
		NULL,
	};
	for (size_t i = 0; i + 1 < sizeof arguments / sizeof arguments[0]; i++)
		if (arguments[i] == NULL)
			return refuse_memory(postgres);
	return command_run(postgres, &(struct command){.arguments = arguments,
					     .directory = fresh,
					     .input = -1,
					     .is_making = true});
}

/* Makes the database in single-user mode: before the cluster gets its name, and with nobody else in
 * it. */
static bool database_make(struct postgres *postgres, const char *fresh)
{
	static const char statement[] = "create database qudao\n";
	const char *program = arena_printf(&postgres->arena, "%s/postgres", postgres->programs);
	if (program == NULL)
		return refuse_memory(postgres);
	const char *const arguments[] = {
		program, "--single", "-D", fresh, "-c", "exit_on_error=on", "template1", NULL};
	int input = memfd_create("statement", MFD_CLOEXEC);
	bool is_made = input >= 0 && write(input, statement, sizeof statement - 1) > 0 &&
		       lseek(input, 0, SEEK_SET) == 0;
	if (!is_made)
		refuse(postgres, "cannot hand over a statement: %s", strerror(errno));
	else
		is_made = command_run(postgres, &(struct command){.arguments = arguments,
							.directory = fresh,
							.input = input,
							.is_making = true});
	if (input >= 0)
		close(input);
	return is_made;
}

/* Gives the whole cluster its name, for good. */
static bool cluster_publish(struct postgres *postgres, const char *fresh)
{
	if (rename(fresh, postgres->cluster) < 0)
		return refuse(postgres, "cannot rename %s: %s", fresh, strerror(errno));
	int directory = open(postgres->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_synced = directory >= 0 && fsync(directory) == 0;
	if (directory >= 0)
		close(directory);
	return is_synced || refuse(postgres, "cannot sync %s: %s", postgres->data, strerror(errno));
}

static bool cluster_make(struct postgres *postgres)
{
	enum { DESCRIPTORS = 16 };
	if (cluster_version(postgres) != 0)
		return true;
	const char *fresh = arena_printf(&postgres->arena, "%s.new", postgres->cluster);
	const char *settings = arena_printf(&postgres->arena, "%s/postgresql.conf", fresh);
	if (fresh == NULL || settings == NULL)
		return refuse_memory(postgres);
	if (nftw(fresh, entry_remove, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		return refuse(postgres, "cannot remove %s: %s", fresh, strerror(errno));
	return directory_make(postgres, fresh) && cluster_initialise(postgres, fresh) &&
	       file_put(postgres, settings, main_settings) && settings_put(postgres, fresh) &&
	       database_make(postgres, fresh) && cluster_publish(postgres, fresh);
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
		else if (i == SOCKET_LINE && socket_is_usable(line))
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
		return refuse_memory(postgres);
	/* The directory is this cluster's alone, so the cluster's own lock is enough; a pid in here
	 * that has passed to somebody else would forbid the start. */
	unlink(socket_lock);
	const char *const arguments[] = {program, "-D", postgres->cluster, NULL};
	postgres->pid = command_start(postgres, &(struct command){.arguments = arguments,
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
			"host=%s port=5432 dbname=qudao user=%s", found.socket, roles[0]);
	return postgres->url != NULL &&
	       (!postgres->is_adopted || PQping(postgres->url) == PQPING_OK);
}

static bool postmaster_wait(struct postgres *postgres)
{
	int64_t deadline = now_ms() + START_TIMEOUT_MS;
	while (!postmaster_is_ready(postgres)) {
		if (!postmaster_is_alive(postgres, postgres->pid))
			return refuse(postgres, "PostgreSQL has ended: %s (see %s)",
				log_reason(postgres), postgres->log_path);
		if (now_ms() > deadline)
			return refuse(postgres,
				"PostgreSQL was not ready within %d s; it runs on (see %s)",
				START_TIMEOUT_MS / 1000, postgres->log_path);
		pause_ms(POLL_MS);
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
