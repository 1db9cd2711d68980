/* qudao: the channel sales management server and its tools. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "config.h"
#include "format.h"
#include "http/http.h"
#include "postgres/migrate.h"
#include "postgres/postgres.h"
#include "setup.h"
#include "watch/journal.h"
#include "watch/metrics.h"
#include "worker.h"
#include "woven.h"

enum { TEND_MS = 200 };

/* What the process has, from its start to its end. */
struct server {
	struct config config;
	struct postgres *postgres; /* NULL: the database is somebody else's */
	const char *database_url;
	struct contract *contract;
	struct statement_catalogue *statements;
	struct operation_table *operations;
	struct business_clock *clock;
	struct text error;
	bool is_serving; /* false: it only works */
};

static int fail(const struct server *server)
{
	fprintf(stderr, "qudao: %s\n",
		server->error.bytes == NULL ? "failed" : server->error.bytes);
	return 1;
}

/* Contract, statements and code are one thing: they are read together. */
static bool read_woven(struct server *server)
{
	server->contract = contract_new(woven_contract, &server->error);
	server->statements = statement_catalogue_new(&server->error);
	if (server->contract == NULL || server->statements == NULL)
		return false;
	server->operations = operation_table_new(
		server->contract, server->statements, &server->error);
	server->clock = business_clock_new();
	return server->operations != NULL && server->clock != NULL;
}

/* Starts PostgreSQL, unless the database is somebody else's. */
static bool begin_database(struct server *server)
{
	const struct postgres_options options = {
		.data_directory = server->config.data, .user = "postgres"};
	if (server->config.database_url != NULL)
		return true;
	server->postgres = postgres_start(&options, &server->error);
	return server->postgres != NULL;
}

static bool await_database(struct server *server)
{
	server->database_url = server->config.database_url;
	if (server->postgres == NULL)
		return true;
	if (!postgres_wait(server->postgres, &server->error)) {
		postgres_free(server->postgres);
		server->postgres = NULL;
		return false;
	}
	server->database_url = postgres_url(server->postgres);
	return true;
}

static void let_database_go(struct server *server)
{
	postgres_stop(server->postgres);
	postgres_free(server->postgres);
}

static void release(struct server *server)
{
	operation_table_free(server->operations);
	business_clock_free(server->clock);
	statement_catalogue_free(server->statements);
	contract_free(server->contract);
	text_done(&server->error);
}

/* What the server learns from its database before it serves. */
struct prepared_database {
	char secret[SETUP_TEXT_SIZE];
	char webhook_key[SETUP_TEXT_SIZE];
	char admin_key[SETUP_TEXT_SIZE];
};

static bool prepare_database(struct server *server, struct prepared_database *ret_prepared)
{
	char key_file[PATH_MAX];
	snprintf(key_file, sizeof key_file, "%s/admin.key", server->config.data);
	struct setup setup = {
		setup_connect(server->database_url, &server->error), server->statements};
	if (setup.owner == NULL)
		return false;
	bool is_prepared = migrate(setup.owner, &server->error) &&
			   setup_secret(&setup, "cursor", ret_prepared->secret, &server->error) &&
			   setup_secret(
				   &setup, "webhook", ret_prepared->webhook_key, &server->error) &&
			   setup_clock(&setup, &server->config, server->clock, &server->error) &&
			   setup_jobs(&setup, &server->error);
	if (is_prepared && server->is_serving)
		is_prepared = setup_admin_key(&setup, &server->config,
				      server->postgres == NULL ? NULL : key_file,
				      ret_prepared->admin_key, &server->error) &&
			      (!server->config.has_demo || setup_demo(&setup, &server->error));
	PQfinish(setup.owner);
	return is_prepared;
}

static void greet_server(const struct server *server, int port, const char *admin_key)
{
	printf("Qudao listens on http://localhost:%d (docs: http://localhost:%d/docs)\n", port,
		port);
	if (admin_key[0] == '\0') {
		printf("Administrators have keys already; `qudao key` makes another.\n\n");
	} else if (server->config.admin_key != NULL) {
		printf("Admin key: the one in QUDAO_ADMIN_KEY\n\n");
	} else {
		printf("Admin key: %s\n\n", admin_key);
		printf("Try: curl -H 'Authorization: Bearer %s' http://localhost:%d/v1/partners\n\n",
			admin_key, port);
	}
}

static void greet(const struct server *server, const struct worker *worker, const char *admin_key)
{
	if (server->is_serving)
		greet_server(server, worker_port(worker), admin_key);
	else
		printf("Qudao does the jobs of the database; GET /v1/jobs of a server shows them.\n");
	fflush(stdout);
}

/* Waits for the signal that ends the server, and looks after its PostgreSQL meanwhile. */
static void wait_for_end(struct server *server, const sigset_t *signals)
{
	const struct timespec pause = {.tv_nsec = TEND_MS * 1000000L};
	struct journal journal = {0};
	while (sigtimedwait(signals, NULL, &pause) < 0) {
		text_clear(&server->error);
		if (postgres_tend(server->postgres, &server->error))
			continue;
		journal_begin(&journal, JOURNAL_WARNING, server->error.bytes);
		journal_end(&journal);
		journal_write(&journal);
	}
	journal_done(&journal);
}

/* Starts as many as are configured; false when one of them cannot. All are made first: so what
 * requests need has its connections before jobs and tasks ask for theirs. */
static bool start_workers(
	struct server *server, const struct worker_common *common, struct worker **workers)
{
	int port = server->is_serving ? server->config.port : NO_PORT;
	for (int i = 0; i < server->config.workers; i++) {
		workers[i] = worker_new(common, i, port, &server->error);
		if (workers[i] == NULL)
			return false;
		if (server->is_serving)
			port = worker_port(workers[i]);
	}
	for (int i = 0; i < server->config.workers; i++)
		if (!worker_start(workers[i])) {
			text_append_string(&server->error, "the system has no more threads");
			return false;
		}
	return true;
}

static int run_workers(struct server *server, const struct worker_common *common,
	const struct prepared_database *prepared, const sigset_t *signals)
{
	int count = server->config.workers;
	struct worker **workers = calloc((size_t)count, sizeof *workers);
	bool may_start = workers != NULL &&
			 (!server->is_serving || http_port_is_free(&server->config));
	if (!may_start)
		text_append_printf(&server->error, "cannot listen on %s port %d; is it in use?",
			server->config.address, server->config.port);
	bool is_running = may_start && start_workers(server, common, workers);
	if (is_running) {
		greet(server, workers[0], prepared->admin_key);
		wait_for_end(server, signals);
	}
	for (int i = 0; i < count && workers != NULL; i++)
		if (workers[i] != NULL)
			worker_stop(workers[i]);
	for (int i = 0; i < count && workers != NULL; i++)
		worker_free(workers[i]);
	free(workers);
	return is_running ? 0 : fail(server);
}

static int serve_database(struct server *server, const sigset_t *signals)
{
	struct prepared_database prepared;
	if (!prepare_database(server, &prepared))
		return fail(server);
	int count = server->config.workers;
	struct metrics **metrics = calloc((size_t)count, sizeof *metrics);
	bool is_made = metrics != NULL;
	for (int i = 0; i < count && is_made; i++) {
		metrics[i] = metrics_new(server->operations->count);
		is_made = metrics[i] != NULL;
	}
	struct worker_common common = {
		.config = &server->config,
		.contract = server->contract,
		.operations = server->operations,
		.statements = server->statements,
		.database_url = server->database_url,
		.cursor_secret = slice_of(prepared.secret),
		.clock = server->clock,
		.webhook_key = slice_of(prepared.webhook_key),
		.metrics = metrics,
	};
	int code = is_made ? run_workers(server, &common, &prepared, signals) : fail(server);
	for (int i = 0; i < count && metrics != NULL; i++)
		metrics_free(metrics[i]);
	free(metrics);
	return code;
}

/* Signals are taken by sigwait, so that no thread is interrupted by one. */
static int run_until_signal(struct server *server)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	if (!await_database(server))
		return fail(server);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	int code = serve_database(server, &signals);
	let_database_go(server);
	return code;
}

static int serve(struct server *server)
{
	server->is_serving = true;
	return run_until_signal(server);
}

/* Does the jobs and nothing else. */
static int work(struct server *server)
{
	if (server->config.database_url == NULL) {
		text_append_string(&server->error,
			"work needs a database-url: whoever runs the embedded PostgreSQL works, too");
		return fail(server);
	}
	server->config.works = true;
	server->config.workers = 1;
	return run_until_signal(server);
}

typedef bool setup_function(struct server *server, const struct setup *setup);

/* Runs a command that needs the database and not the network. */
static int with_database(struct server *server, setup_function *command)
{
	if (!await_database(server))
		return fail(server);
	struct setup setup = {
		setup_connect(server->database_url, &server->error), server->statements};
	bool is_done = setup.owner != NULL && migrate(setup.owner, &server->error) &&
		       command(server, &setup);
	int code = is_done ? 0 : fail(server);
	PQfinish(setup.owner);
	let_database_go(server);
	return code;
}

static bool say_migrated(struct server *server, const struct setup *setup)
{
	(void)setup;
	(void)server;
	puts("The database is up to date.");
	return true;
}

static bool load_demo(struct server *server, const struct setup *setup)
{
	return setup_demo(setup, &server->error);
}

static bool make_key(struct server *server, const struct setup *setup)
{
	char key[SETUP_TEXT_SIZE];
	if (!setup_make_key(setup, key, &server->error))
		return false;
	puts(key);
	return true;
}

static struct check check_of(const struct server *server)
{
	return (struct check){.contract = server->contract,
		.statements = server->statements,
		.operations = server->operations};
}

static bool check_with_database(struct server *server, const struct setup *setup)
{
	struct check check = check_of(server);
	(void)setup;
	check_database(&check, server->database_url);
	if (check.fault_count > 0)
		text_append_printf(&server->error, "%d faults", check.fault_count);
	return check.fault_count == 0;
}

static int migrate_command(struct server *server)
{
	return with_database(server, say_migrated);
}

static int demo_command(struct server *server)
{
	return with_database(server, load_demo);
}

static int key_command(struct server *server)
{
	return with_database(server, make_key);
}

static int check_command(struct server *server)
{
	struct check check = check_of(server);
	check_statements(&check);
	printf("%d operations, %d faults\n", check.operations->count, check.fault_count);
	return check.fault_count == 0 ? 0 : 1;
}

static int check_database_command(struct server *server)
{
	return with_database(server, check_with_database);
}

static const struct command {
	const char *name;
	int (*run)(struct server *server);
	bool may_start_database;
	const char *meaning;
} commands[] = {
	{"serve", serve, true, "serve the API until SIGTERM"},
	{"work", work, false, "do the jobs of the database, apart from `serve`, until SIGTERM"},
	{"migrate", migrate_command, true, "bring the database up to date"},
	{"check", check_command, false, "check that contract, statements and code fit"},
	{"check --database", check_database_command, true,
		"check the statements against the database, too"},
	{"check --show", NULL, false, "OPERATION: print what an operation is made of"},
	{"demo", demo_command, true, "load the demo data into an empty database"},
	{"key", key_command, true, "make a key for an administrator and print it"},
};

static int usage(FILE *out)
{
	struct text settings = {0};
	config_describe(&settings);
	fprintf(out,
		"usage: qudao COMMAND [--setting=value …]\n       qudao --version\n\nCommands:\n");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(out, "  %-20s %s\n", commands[i].name, commands[i].meaning);
	fprintf(out, "\nSettings and limits:\n%s", settings.bytes);
	text_done(&settings);
	return out == stdout ? 0 : 2;
}

static int version(void)
{
	puts("qudao " QUDAO_VERSION);
	return 0;
}

static int show_command(struct server *server, const char *operation)
{
	struct check check = check_of(server);
	if (operation != NULL && check_show(&check, operation))
		return 0;
	fprintf(stderr, "qudao: there is no operation %s\n", operation == NULL ? "" : operation);
	return 1;
}

/* PostgreSQL starts while the contract is read. */
static int run_command(const struct command *command, struct server *server, char **flags)
{
	if (command->run != NULL && !config_read(&server->config, flags, &server->error))
		return fail(server);
	format_bound_business_days(
		server->config.dates_from_year, server->config.dates_years_ahead);
	if (command->may_start_database && !begin_database(server))
		return fail(server);
	if (!read_woven(server)) {
		let_database_go(server);
		return fail(server);
	}
	return command->run == NULL ? show_command(server, *flags) : command->run(server);
}

/* `check --show` is a command of two words. */
static const struct command *find_command(char **arguments, int *ret_words)
{
	char two[64];
	snprintf(two, sizeof two, "%s %s", arguments[0], arguments[1] == NULL ? "" : arguments[1]);
	for (int words = 2; words > 0; words--)
		for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
			if (strcmp(commands[i].name, words == 2 ? two : arguments[0]) == 0) {
				*ret_words = words;
				return &commands[i];
			}
	return NULL;
}

int main(int count, char **arguments)
{
	struct server server = {0};
	int words = 0;
	const struct command *command = count < 2 ? NULL : find_command(arguments + 1, &words);
	for (int i = 1; i < count; i++)
		if (strcmp(arguments[i], "--help") == 0)
			return usage(stdout);
	if (count == 2 && strcmp(arguments[1], "--version") == 0)
		return version();
	if (command == NULL)
		return usage(stderr);
	int code = run_command(command, &server, arguments + 1 + words);
	release(&server);
	return code;
}
