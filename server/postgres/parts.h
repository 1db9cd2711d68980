/* What the parts of the embedded PostgreSQL share: the state that they set up one after the other.
 * Each step returns false when it fails, and has noted why. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "arena.h"
#include "loop.h"
#include "text.h"

enum {
	POSTGRES_GROUPS_MAX = 64,
	POSTGRES_SOCKET_MAX = sizeof((struct sockaddr_un *)NULL)->sun_path - 1,
};

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
	/* Looked up before there are threads: a child of them must not. */
	gid_t groups[POSTGRES_GROUPS_MAX];
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

struct postgres_command {
	const char *const *arguments; /* the program's path first, NULL last */
	const char *directory;
	int input;       /* becomes stdin; -1: nothing to read */
	pid_t stale_pid; /* names no postmaster, whatever postmaster.pid says; 0: none */
	bool is_making;  /* ends with us, and holds the lock until its last process is gone */
};

/* The role that owns the database. */
extern const char postgres_owner[];

/* Notes why a step fails; only the latest reason counts. Always false. */
__attribute__((format(printf, 2, 3))) bool postgres_refuse(
	struct postgres *postgres, const char *format, ...);
bool postgres_refuse_memory(struct postgres *postgres);

/* A moment before one looks again. */
void postgres_pause(void);

/* place.c: where it lives, and as whom. */

/* Finds whom the cluster runs as. Peer authentication goes by name, so there must be one. */
bool postgres_find_account(struct postgres *postgres, const char *user);

/* Makes the data directory where it is missing, and makes it ours. */
bool postgres_open_data(struct postgres *postgres, const char *directory);

/* Finds the programs of the cluster's version; of the newest, when there is no cluster yet. */
bool postgres_find_programs(struct postgres *postgres);

/* Chooses the directory of the socket, and makes it. */
bool postgres_choose_socket(struct postgres *postgres, const char *data_directory);

/* True when a socket fits into this directory, and its name into settings without quotes. */
bool postgres_takes_socket(const char *directory);

/* Makes a directory that belongs to the cluster's user and is closed to all others but root. What
 * somebody else has left under that name is refused. */
bool postgres_make_directory(struct postgres *postgres, const char *path);

/* Returns the major version of the cluster, or 0 when there is none yet. */
int postgres_version(struct postgres *postgres);

/* program.c: runs its programs. */

/* Starts a program as the cluster's user in a session of its own, so that Ctrl-C does not reach it.
 * Returns its pid, or -1 with the reason noted. */
pid_t postgres_program_start(struct postgres *postgres, const struct postgres_command *command);

/* Runs a program to its end; it must succeed. */
bool postgres_program_run(struct postgres *postgres, const struct postgres_command *command);

/* Finds what the log says last about why the latest program has failed. */
const char *postgres_program_reason(struct postgres *postgres);

/* cluster.c: the cluster and its settings. */

/* Makes the cluster and our database in it, unless they are there. */
bool postgres_make_cluster(struct postgres *postgres);

/* Writes the settings into `cluster`, and notes whether they differ from what was there. */
bool postgres_put_settings(struct postgres *postgres, const char *cluster);
