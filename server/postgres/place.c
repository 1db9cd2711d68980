/* Where the embedded PostgreSQL lives, and as whom: user, data directory, programs, socket. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postgres/parts.h"

enum { LOCK_TIMEOUT_MS = 2 * 1000 };

static const char default_data_directory[] = "/var/lib/qudao";
static const char default_socket_directory[] = "/run/qudao";

bool postgres_find_account(struct postgres *postgres, const char *user)
{
	postgres->is_root = geteuid() == 0;
	const struct passwd *account = postgres->is_root ? getpwnam(user) : getpwuid(geteuid());
	if (account == NULL && postgres->is_root)
		return postgres_refuse(
			postgres, "there is no user %s for PostgreSQL to run as", user);
	if (account == NULL)
		return postgres_refuse(postgres, "user id %d has no name, and PostgreSQL needs one",
			(int)geteuid());
	postgres->uid = account->pw_uid;
	postgres->gid = account->pw_gid;
	postgres->group_count = POSTGRES_GROUPS_MAX;
	if (getgrouplist(account->pw_name, account->pw_gid, postgres->groups,
		    &postgres->group_count) < 0)
		return postgres_refuse(postgres, "user %s is in more than %d groups",
			account->pw_name, POSTGRES_GROUPS_MAX);
	postgres->user = arena_copy(&postgres->arena, account->pw_name, strlen(account->pw_name));
	return postgres->user != NULL || postgres_refuse_memory(postgres);
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
		return postgres_refuse_memory(postgres);
	postgres->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (postgres->lock < 0)
		return postgres_refuse(postgres, "cannot open %s: %s", path, strerror(errno));
	int64_t deadline = clock_monotonic_ms() + LOCK_TIMEOUT_MS;
	while (flock(postgres->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return postgres_refuse(
				postgres, "cannot lock %s: %s", path, strerror(errno));
		if (clock_monotonic_ms() > deadline)
			return postgres_refuse(postgres, "another server uses %s", postgres->data);
		postgres_pause();
	}
	return true;
}

static bool log_open(struct postgres *postgres)
{
	postgres->log = open(
		postgres->log_path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return postgres->log >= 0 ||
	       postgres_refuse(postgres, "cannot open %s: %s", postgres->log_path, strerror(errno));
}

bool postgres_open_data(struct postgres *postgres, const char *directory)
{
	struct arena *arena = &postgres->arena;
	char *path = arena_copy(arena, directory, strlen(directory));
	if (path == NULL)
		return postgres_refuse_memory(postgres);
	char resolved[PATH_MAX];
	if (!parents_make(path) || realpath(path, resolved) == NULL)
		return postgres_refuse(postgres, "cannot make %s: %s", directory, strerror(errno));
	postgres->data = arena_copy(arena, resolved, strlen(resolved));
	postgres->cluster = arena_printf(arena, "%s/postgres", resolved);
	postgres->pid_path = arena_printf(arena, "%s/postgres/postmaster.pid", resolved);
	postgres->log_path = arena_printf(arena, "%s/postgres.log", resolved);
	if (postgres->data == NULL || postgres->cluster == NULL || postgres->pid_path == NULL ||
		postgres->log_path == NULL)
		return postgres_refuse_memory(postgres);
	return lock_take(postgres) && log_open(postgres);
}

int postgres_version(struct postgres *postgres)
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

bool postgres_find_programs(struct postgres *postgres)
{
	const char *named = getenv("QUDAO_POSTGRES_BIN");
	int version = postgres_version(postgres);
	postgres->programs = named != NULL && *named != '\0'
				     ? arena_copy(&postgres->arena, named, strlen(named))
				     : programs_installed(&postgres->arena, version);
	if (postgres->programs != NULL)
		return true;
	if (version != 0)
		return postgres_refuse(postgres,
			"%s is a cluster of PostgreSQL %d, which is not installed here",
			postgres->cluster, version);
	return postgres_refuse(postgres,
		"PostgreSQL is not installed: install it, name its programs in "
		"QUDAO_POSTGRES_BIN, or name a running one in QUDAO_DATABASE_URL");
}

bool postgres_make_directory(struct postgres *postgres, const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return postgres_refuse(postgres, "cannot make %s: %s", path, strerror(errno));
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0)
		return postgres_refuse(postgres, "cannot open %s: %s", path, strerror(errno));
	struct stat status = {0};
	bool is_read = fstat(directory, &status) == 0;
	bool is_ours = status.st_uid == geteuid() || status.st_uid == postgres->uid;
	bool is_handed_over = is_read && is_ours &&
			      fchown(directory, postgres->uid, postgres->gid) == 0 &&
			      fchmod(directory, 0700) == 0;
	const char *reason = is_ours ? strerror(errno) : "it belongs to somebody else";
	close(directory);
	return is_handed_over || postgres_refuse(postgres, "cannot use %s: %s", path, reason);
}

bool postgres_takes_socket(const char *directory)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-";
	size_t length = strlen(directory);
	return directory[0] == '/' && strspn(directory, plain) == length &&
	       length + sizeof "/.s.PGSQL.5432" - 1 <= POSTGRES_SOCKET_MAX;
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
bool postgres_choose_socket(struct postgres *postgres, const char *data_directory)
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
			return postgres_refuse_memory(postgres);
		postgres->socket = candidates[i];
		bool is_possible = i != 1 || (runtime != NULL && access(runtime, W_OK) == 0);
		if (is_possible && postgres_takes_socket(candidates[i]))
			break;
	}
	return postgres_make_directory(postgres, postgres->socket);
}
