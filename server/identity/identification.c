#include "identity/identification.h"

#include "config.h"
#include "identity/actor_cache.h"
#include "identity/subject.h"
#include "identity/throttle.h"
#include "loop.h"
#include "request/binding.h"

static void actor_found(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	if (outcome != SEGMENT_DONE) {
		r->who.done(r, &problem_unavailable);
		return;
	}
	bool is_known = actor_read(segment->results[0], &r->actor);
	segment_clear(segment);
	*segment = (struct segment){0};
	if (is_known && !actor_is_expired(&r->actor, r->service->clock)) {
		actor_cache_keep(r->service->actors, r->who.digest, &r->actor, r->who.generation);
		r->who.done(r, NULL);
	} else {
		throttle_note_guess(r);
		r->who.done(r, request_fault(r, &problem_unauthorized,
				       "The key is unknown, revoked, expired or locked out."));
	}
}

/* A replica learns of a new key, and of one that is revoked, too late. */
static enum lane_work lane_of_keys(const struct config *config)
{
	return config->read_url == NULL ? LANE_READ : LANE_WRITE;
}

static void look_up_actor(struct request *r)
{
	const struct binding bindings[] = {
		{"secret_hash", binding_bytea(&r->arena, r->who.digest, DIGEST_SIZE)},
		{NULL, NULL}};
	r->run.segment = (struct segment){.call_count = 1, .done = actor_found, .ctx = r};
	r->run.segment.deadline_ms = r->service->loop->now_ms + r->service->config->queue_ms;
	r->who.generation = actor_cache_generation(r->service->actors);
	request_move(r, REQUEST_IDENTIFYING);
	if (!binding_of(r, SQL(findApiKey), bindings, &r->run.segment.calls[0]))
		r->who.done(r, FAULT(r, "findApiKey cannot be bound"));
	else if (!lanes_submit(r->service->lanes, LANE_STAFF, lane_of_keys(r->service->config),
			 &r->run.segment))
		r->who.done(r, &problem_overloaded);
}

void identification_look_up(struct request *r)
{
	if (subject_is_named(r))
		subject_identify(r);
	else
		look_up_actor(r);
}

/* Known keys and tokens are answered from the worker's memory. */
void identification_begin(struct request *r)
{
	const struct problem *p = NULL;
	digest(request_bearer(r), r->who.digest);
	bool is_known = actor_cache_find(r->service->actors, r->who.digest, &r->actor) &&
			!actor_is_expired(&r->actor, r->service->clock);
	if (is_known || (p = throttle_admit_key(r)) != NULL)
		r->who.done(r, p);
	else
		identification_look_up(r);
}
