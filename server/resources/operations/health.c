/* Whether the server lives, can work, and what it does: for supervisors, balancers, Prometheus. */
#include "contract/operation.h"
#include "request/answer.h"
#include "watch/metrics.h"

static const struct problem *answer_health(struct request *r)
{
	const struct problem *p = answer_json(r, 200, json_pack("{s:s}", "status", "ok"));
	if (p == NULL)
		answer_send(r);
	return p;
}

/* Ready is who can work at once, whichever worker a connection comes to. */
static bool are_workers_ready(const struct service *service)
{
	for (int i = 0; i < service->worker_count; i++)
		if (!atomic_load_explicit(&service->all_metrics[i]->is_ready, memory_order_relaxed))
			return false;
	return lanes_are_ready(service->lanes);
}

static const struct problem *answer_readiness(struct request *r)
{
	if (r->service->is_stopping || !are_workers_ready(r->service))
		return request_fault(r, &problem_unavailable, "The database cannot be reached.");
	const struct problem *p = answer_json(r, 200, json_pack("{s:s}", "status", "ready"));
	if (p == NULL)
		answer_send(r);
	return p;
}

static const struct problem *answer_metrics(struct request *r)
{
	const struct service *service = r->service;
	answer_begin(r, 200, "text/plain; version=0.0.4; charset=utf-8");
	metrics_report(
		&r->answer.body, service->all_metrics, service->worker_count, service->operations);
	answer_send(r);
	return NULL;
}

OPERATION(getHealth) = {.handle = answer_health};
OPERATION(getReadiness) = {.handle = answer_readiness};
OPERATION(getMetrics) = {.handle = answer_metrics};
