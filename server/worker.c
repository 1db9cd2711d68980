#include "worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "config.h"
#include "events/follower.h"
#include "exports/export_task.h"
#include "gzip.h"
#include "http/compression.h"
#include "http/http.h"
#include "identity/actor_cache.h"
#include "identity/issuer.h"
#include "identity/throttle.h"
#include "imports/import_task.h"
#include "request/shared.h"
#include "tasks/housekeeping.h"
#include "tasks/jobs.h"
#include "watch/journal.h"
#include "watch/meter.h"
#include "watch/metrics.h"
#include "webhooks/deliveries.h"

enum {
	TICK_MS = 50,
	STOP_GRACE_MS = 200,      /* for connections that were accepted but have not spoken yet */
	DELIVERY_GRACE_MS = 3000, /* for receivers; what they do not answer is sent again */
	METER_GRACE_MS = 3000,    /* for a database that is away */
};

struct worker {
	struct service service;
	struct loop loop;
	struct journal journal;
	const char *database_url;
	struct http *http;       /* NULL: it only works */
	struct watch stop_watch; /* an eventfd */
	int64_t stop_ms;         /* when it began to stop; 0: it runs */
	int64_t tick_ms;
	struct housekeeping *housekeeping;
	struct jobs *jobs;             /* NULL: others do them */
	struct deliveries *deliveries; /* NULL: others send them */
	struct tasks *exports;         /* NULL: others write them */
	struct tasks *imports;         /* that were put off; NULL: others do them */
	pthread_t thread;
	bool has_thread;
};

static void begin_to_stop(struct watch *watch, uint32_t events)
{
	struct worker *worker = watch->ctx;
	(void)events;
	loop_forget(&worker->loop, watch);
	worker->service.is_stopping = true;
	worker->stop_ms = worker->loop.now_ms;
	followers_stop(worker->service.followers);
	if (worker->http != NULL)
		http_quiesce(worker->http);
}

/* A page joins few rows to names by their keys. How few is not known when its plan is made once for
 * all, and PostgreSQL then prefers to read whole tables for a hash or a merge. */
static const char of_pages[] = "-c enable_hashjoin=off -c enable_mergejoin=off "
			       "-c max_parallel_workers_per_gather=0";

static struct lanes *make_lanes(struct worker *worker)
{
	struct service *service = &worker->service;
	const struct config *config = service->config;
	const char *read_url = config->read_url;
	service->hosts = hosts_new(worker->database_url);
	service->read_hosts = hosts_new(read_url != NULL ? read_url : worker->database_url);
	if (service->hosts == NULL || service->read_hosts == NULL)
		return NULL;
	struct hosts *reads = service->read_hosts;
	const struct lanes_options options = {
		.works = {[LANE_READ] = {reads, of_pages, config->read_lanes, config->batch},
			[LANE_WRITE] = {service->hosts, "", config->write_lanes, config->batch},
			[LANE_BULK] = {reads, "", 1, config->batch},
			[LANE_REPORT] = {reads, "", config->report_lanes, 1}},
		.queue_max = config->queue,
		.statement_ms = config->statement_ms,
		.batch_ms = config->request_ms,
	};
	return lanes_new(&worker->loop, &options);
}

static bool make_parts(struct worker *worker, struct text *ret_error)
{
	struct service *service = &worker->service;
	const struct config *config = service->config;
	worker->stop_watch = (struct watch){.fd = -1, .ready = begin_to_stop, .ctx = worker};
	int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!loop_init(&worker->loop) || stop_fd < 0 ||
		!loop_watch(&worker->loop, &worker->stop_watch, stop_fd, EPOLLIN)) {
		text_append_string(ret_error, "the system has no more descriptors");
		return false;
	}
	service->loop = &worker->loop;
	service->journal = &worker->journal;
	service->variants = variant_cache_new();
	service->actors = actor_cache_new();
	service->shared = shared_table_new();
	service->throttle = throttle_new(config, ret_error);
	service->meter = meter_new();
	service->gzip = gzip_new();
	service->followers = followers_new(service);
	service->lanes = make_lanes(worker);
	worker->housekeeping = housekeeping_new(service);
	if (service->shared == NULL || service->variants == NULL || service->actors == NULL ||
		service->lanes == NULL || worker->housekeeping == NULL ||
		service->throttle == NULL || service->meter == NULL || service->gzip == NULL ||
		service->followers == NULL) {
		if (ret_error->length == 0)
			text_append_string(ret_error, "out of memory");
		return false;
	}
	return true;
}

/* One worker of a process does the jobs, sends to webhooks and carries out what was put off:
 * several would only wait for each other. */
static bool make_doors(struct worker *worker, int number, int port, struct text *ret_error)
{
	if (number == 0 && worker->service.config->works) {
		worker->jobs = jobs_new(&worker->service);
		worker->deliveries = deliveries_new(&worker->service);
		worker->exports = tasks_new(&worker->service, &export_task);
		worker->imports = tasks_new(&worker->service, &import_task);
		if (worker->jobs == NULL || worker->exports == NULL || worker->imports == NULL ||
			worker->deliveries == NULL) {
			text_append_string(ret_error, "out of memory");
			return false;
		}
	}
	if (port == NO_PORT)
		return true;
	if (worker->service.config->oidc_issuer != NULL) {
		worker->service.issuer = issuer_new(&worker->service);
		if (worker->service.issuer == NULL) {
			text_append_string(ret_error, "out of memory");
			return false;
		}
	}
	worker->http = http_new(&worker->service, port, ret_error);
	return worker->http != NULL;
}

struct worker *worker_new(
	const struct worker_common *common, int number, int port, struct text *ret_error)
{
	struct worker *worker = calloc(1, sizeof *worker);
	if (worker == NULL)
		return NULL;
	worker->database_url = common->database_url;
	worker->service = (struct service){
		.config = common->config,
		.contract = common->contract,
		.operations = common->operations,
		.statements = common->statements,
		.cursor_secret = common->cursor_secret,
		.clock = common->clock,
		.webhook_key = common->webhook_key,
		.metrics = common->metrics[number],
		.all_metrics = common->metrics,
		.worker_count = common->config->workers,
	};
	if (!make_parts(worker, ret_error) || !make_doors(worker, number, port, ret_error)) {
		worker_free(worker);
		return NULL;
	}
	return worker;
}

int worker_port(const struct worker *worker)
{
	return http_port(worker->http);
}

static int requests_of(const struct worker *worker)
{
	return worker->http == NULL ? 0 : http_requests(worker->http);
}

/* Figures that are states, not counts, are copied where the report finds them. */
static void publish_figures(struct worker *worker)
{
	struct metrics *metrics = worker->service.metrics;
	struct lanes_figures figures;
	lanes_count(worker->service.lanes, &figures);
	atomic_store_explicit(
		&metrics->is_ready, lanes_are_ready(worker->service.lanes), memory_order_relaxed);
	atomic_store_explicit(&metrics->requests, requests_of(worker), memory_order_relaxed);
	atomic_store_explicit(&metrics->queued, figures.queued, memory_order_relaxed);
	atomic_store_explicit(&metrics->lanes, figures.connected, memory_order_relaxed);
	atomic_store_explicit(&metrics->batches, figures.batches, memory_order_relaxed);
	atomic_store_explicit(&metrics->segments, figures.segments, memory_order_relaxed);
	atomic_store_explicit(&metrics->retried, figures.retried, memory_order_relaxed);
	atomic_store_explicit(&metrics->reconnected, figures.reconnected, memory_order_relaxed);
}

static void tick(struct worker *worker)
{
	if (worker->tick_ms > worker->loop.now_ms)
		return;
	worker->tick_ms = worker->loop.now_ms + TICK_MS;
	loop_tick(&worker->loop);
	if (worker->http != NULL)
		http_tick(worker->http);
	followers_tick(worker->service.followers);
	lanes_tick(worker->service.lanes);
	housekeeping_tick(worker->housekeeping);
	issuer_tick(worker->service.issuer);
	if (worker->jobs != NULL)
		jobs_tick(worker->jobs);
	tasks_tick(worker->exports);
	tasks_tick(worker->imports);
	deliveries_tick(worker->deliveries);
	publish_figures(worker);
}

static bool is_finished(const struct worker *worker)
{
	if (worker->stop_ms == 0)
		return false;
	int64_t stopping_ms = worker->loop.now_ms - worker->stop_ms;
	bool is_working = (worker->jobs != NULL && jobs_are_busy(worker->jobs)) ||
			  tasks_are_busy(worker->exports) || tasks_are_busy(worker->imports);
	bool is_sending = !deliveries_are_idle(worker->deliveries) &&
			  stopping_ms < DELIVERY_GRACE_MS;
	bool is_counting = !meter_is_settled(worker->service.meter) && stopping_ms < METER_GRACE_MS;
	bool is_quiet = requests_of(worker) == 0 && !is_working && !is_sending && !is_counting &&
			stopping_ms >= STOP_GRACE_MS;
	return is_quiet || stopping_ms >= worker->service.config->request_ms;
}

/* One turn: what PostgreSQL and the network brought, then the batches that it led to. */
static void turn(struct worker *worker)
{
	int timeout_ms = worker->http == NULL ? TICK_MS : http_timeout_ms(worker->http);
	if (timeout_ms < 0 || timeout_ms > TICK_MS)
		timeout_ms = TICK_MS;
	bool has_due = timeout_ms == 0;
	loop_turn(&worker->loop, timeout_ms);
	if (worker->http != NULL &&
		(has_due || http_is_due(worker->http) || http_timeout_ms(worker->http) == 0))
		http_run(worker->http);
	tick(worker);
	lanes_send(worker->service.lanes);
	journal_write(&worker->journal);
}

/* Whoever still has a connection is refused, and nobody waits for other workers to end. */
static void close_doors(struct worker *worker)
{
	lanes_close(worker->service.lanes);
	issuer_close(worker->service.issuer);
	http_free(worker->http);
	worker->http = NULL;
	journal_write(&worker->journal);
}

static void *run(void *ctx)
{
	struct worker *worker = ctx;
	while (!is_finished(worker))
		turn(worker);
	close_doors(worker);
	return NULL;
}

bool worker_start(struct worker *worker)
{
	worker->has_thread = pthread_create(&worker->thread, NULL, run, worker) == 0;
	return worker->has_thread;
}

void worker_stop(struct worker *worker)
{
	const uint64_t one = 1;
	ssize_t written = write(worker->stop_watch.fd, &one, sizeof one);
	(void)written;
}

void worker_free(struct worker *worker)
{
	if (worker == NULL)
		return;
	if (worker->has_thread)
		pthread_join(worker->thread, NULL);
	close_doors(worker);
	issuer_free(worker->service.issuer);
	followers_free(worker->service.followers);
	jobs_free(worker->jobs);
	tasks_free(worker->exports);
	tasks_free(worker->imports);
	lanes_free(worker->service.lanes);
	deliveries_free(worker->deliveries);
	housekeeping_free(worker->housekeeping);
	shared_table_free(worker->service.shared);
	variant_cache_free(worker->service.variants);
	actor_cache_free(worker->service.actors);
	throttle_free(worker->service.throttle);
	meter_free(worker->service.meter);
	gzip_free(worker->service.gzip);
	hosts_free(worker->service.hosts);
	hosts_free(worker->service.read_hosts);
	compression_forget(worker->service.packed);
	journal_done(&worker->journal);
	loop_done(&worker->loop);
	free(worker);
}
