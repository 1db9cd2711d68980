/* Runs the programs of PostgreSQL as its user, with nothing of ours but a log. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "postgres/parts.h"

enum { LOG_READ_MAX = 16 * 1024 };

/* What a program of PostgreSQL sees of our environment: nothing. PG_GRANDPARENT_PID is how pg_ctl
 * says that a process is not the postmaster that postmaster.pid seems to name. A pid that has
 * passed to somebody else, as after a restart of a container, would forbid the start otherwise; and
 * without the file PostgreSQL could not see that sessions of a dead postmaster are still at work.
 * What a statement frees, its session keeps for the next one: by default malloc gives all above 128
 * KiB back to the kernel and fetches it again, by which one read of a partner took three times as
 * long.
 */
static int program_execute(const struct postgres_command *command)
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
static int child_become(const struct postgres *postgres, const struct postgres_command *command)
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

pid_t postgres_program_start(struct postgres *postgres, const struct postgres_command *command)
{
	int fault_pipe[2]; /* closed by a successful exec */
	if (pipe2(fault_pipe, O_CLOEXEC) < 0) {
		postgres_refuse(postgres, "cannot make a pipe: %s", strerror(errno));
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
	postgres_refuse(postgres, "cannot run %s as %s in %s: %s", command->arguments[0],
		postgres->user, command->directory, strerror(fault));
	return -1;
}

const char *postgres_program_reason(struct postgres *postgres)
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

bool postgres_program_run(struct postgres *postgres, const struct postgres_command *command)
{
	pid_t pid = postgres_program_start(postgres, command);
	if (pid < 0)
		return false;
	int status = 0;
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		return postgres_refuse(
			postgres, "cannot wait for %s: %s", command->arguments[0], strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return postgres_refuse(postgres, "%s has failed: %s (see %s)", command->arguments[0],
		postgres_program_reason(postgres), postgres->log_path);
}
