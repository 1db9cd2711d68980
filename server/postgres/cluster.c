/* The cluster of the embedded PostgreSQL and its settings. It is made in <data>/postgres.new and
 * renamed when it is whole, so <data>/postgres either is a cluster with our database in it or is
 * not there. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postgres/parts.h"

enum { SETTINGS_MAX = 4096 };

const char postgres_owner[] = "qudao";

/* The roles that the server logs in as. */
static const char *const roles[] = {postgres_owner, "qudao_staff", "qudao_partner"};
enum { ROLE_COUNT = sizeof roles / sizeof roles[0] };

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
		return postgres_refuse_memory(postgres);
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
		return postgres_refuse(postgres, "cannot write %s: %s", path, strerror(errno));
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

bool postgres_put_settings(struct postgres *postgres, const char *cluster)
{
	struct arena *arena = &postgres->arena;
	const char *databases = arena_printf(arena, "%s/base", cluster);
	if (databases == NULL)
		return postgres_refuse_memory(postgres);
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
			return postgres_refuse_memory(postgres);
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
		arena_printf(arena, "--username=%s", postgres_owner),
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
			return postgres_refuse_memory(postgres);
	return postgres_program_run(postgres, &(struct postgres_command){.arguments = arguments,
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
		return postgres_refuse_memory(postgres);
	const char *const arguments[] = {
		program, "--single", "-D", fresh, "-c", "exit_on_error=on", "template1", NULL};
	int input = memfd_create("statement", MFD_CLOEXEC);
	bool is_made = input >= 0 && write(input, statement, sizeof statement - 1) > 0 &&
		       lseek(input, 0, SEEK_SET) == 0;
	if (!is_made)
		postgres_refuse(postgres, "cannot hand over a statement: %s", strerror(errno));
	else
		is_made = postgres_program_run(
			postgres, &(struct postgres_command){.arguments = arguments,
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
		return postgres_refuse(postgres, "cannot rename %s: %s", fresh, strerror(errno));
	int directory = open(postgres->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_synced = directory >= 0 && fsync(directory) == 0;
	if (directory >= 0)
		close(directory);
	return is_synced ||
	       postgres_refuse(postgres, "cannot sync %s: %s", postgres->data, strerror(errno));
}

bool postgres_make_cluster(struct postgres *postgres)
{
	enum { DESCRIPTORS = 16 };
	if (postgres_version(postgres) != 0)
		return true;
	const char *fresh = arena_printf(&postgres->arena, "%s.new", postgres->cluster);
	const char *settings = arena_printf(&postgres->arena, "%s/postgresql.conf", fresh);
	if (fresh == NULL || settings == NULL)
		return postgres_refuse_memory(postgres);
	if (nftw(fresh, entry_remove, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		return postgres_refuse(postgres, "cannot remove %s: %s", fresh, strerror(errno));
	return postgres_make_directory(postgres, fresh) && cluster_initialise(postgres, fresh) &&
	       file_put(postgres, settings, main_settings) &&
	       postgres_put_settings(postgres, fresh) && database_make(postgres, fresh) &&
	       cluster_publish(postgres, fresh);
}
