#include "request/request.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "contract/languages.h"
#include "framing.h"
#include "http/http.h"
#include "identity/subject.h"
#include "identity/throttle.h"
#include "json.h"
#include "request/answer.h"
#include "request/binding.h"
#include "request/count.h"
#include "request/expand.h"
#include "request/keyed.h"
#include "request/parameters.h"
#include "request/shared.h"
#include "request/whole_list.h"

static const bool edges[REQUEST_STATE_COUNT][REQUEST_STATE_COUNT] = {
	[REQUEST_READING] = {[REQUEST_IDENTIFYING] = true,
		[REQUEST_RUNNING] = true,
		[REQUEST_ANSWERED] = true,
		[REQUEST_DONE] = true},
	[REQUEST_IDENTIFYING] =
		{[REQUEST_RUNNING] = true, [REQUEST_ANSWERED] = true, [REQUEST_DONE] = true},
	[REQUEST_RUNNING] = {[REQUEST_ANSWERED] = true, [REQUEST_DONE] = true},
	[REQUEST_ANSWERED] = {[REQUEST_DONE] = true},
};

void request_move(struct request *r, enum request_state state)
{
	assert(edges[r->state][state]);
	r->state = state;
}

struct request *request_new(
	struct service *service, struct http_connection *http, const char *target)
{
	struct request *r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	r->service = service;
	r->http = http;
	request_forget_faults(r);
	r->started_us = clock_monotonic_us();
	r->statement_call = r->then_call = r->count_call = -1;
	uuid_v7(machine_clock_us() / 1000, r->id);
	r->target = arena_copy(&r->arena, target, strlen(target));
	if (r->target == NULL) {
		request_abandon(r);
		return NULL;
	}
	return r;
}

static void note_origin(const struct request *r)
{
	struct journal *journal = r->service->journal;
	journal_address(journal, "address", &r->peer.ip);
	journal_text(journal, "trace_id", r->trace.id);
	journal_text(journal, "span_id", r->trace.span_id);
	journal_text(
		journal, "parent_id", r->trace.parent_id[0] == '\0' ? NULL : r->trace.parent_id);
}

static void note_answer(struct request *r)
{
	int64_t duration_us = clock_monotonic_us() - r->started_us;
	const char *operation = r->operation == NULL ? NULL : r->operation->contract->id;
	struct journal *journal = r->service->journal;
	metrics_answered(r->service->metrics, r->operation, r->answer.status, duration_us);
	journal_begin(journal, JOURNAL_INFO, "answered");
	journal_text(journal, "request_id", r->id);
	journal_text(journal, "operation", operation);
	journal_text(journal, "method", r->method);
	journal_number(journal, "status", r->answer.status);
	journal_number(journal, "duration_us", duration_us);
	if (r->http != NULL)
		note_origin(r);
	journal_text(journal, "actor_id", r->actor.id[0] == '\0' ? NULL : r->actor.id);
	journal_end(journal);
}

struct request *request_order(struct service *service, const struct request_order *order)
{
	struct request *r = request_new(service, NULL, order->target);
	if (r == NULL)
		return NULL;
	r->method = order->method == NULL ? "GET" : order->method;
	r->headers[HEADER_ACCEPT] = order->accept;
	r->headers[HEADER_CONTENT_TYPE] = order->content_type;
	r->language = r->faults.language = order->language;
	r->actor = *order->actor;
	return r;
}

void request_wake(struct request *r)
{
	if (r->woken != NULL)
		r->woken(r);
	else
		http_wake(r->http);
}

void request_abandon(struct request *r)
{
	r->woken = NULL;
	r->http = NULL;
	r->is_abandoned = true;
	if (r->is_busy)
		return;
	throttle_leave(r);
	if (r->feature_free != NULL)
		r->feature_free(r);
	segment_clear(&r->segment);
	text_done(&r->answer.body);
	text_done(&r->body);
	text_done(&r->scope);
	arena_done(&r->arena);
	free(r);
}

void request_break_off(struct request *r)
{
	if (r->state == REQUEST_READING || r->state == REQUEST_RUNNING) {
		if (r->feature_free != NULL)
			r->feature_free(r);
		r->feature_free = NULL;
		request_refuse(r, &problem_unavailable);
	}
	http_wake(r->http);
}

void request_forget_faults(struct request *r)
{
	r->faults = (struct fault_list){.arena = &r->arena, .language = r->language};
	r->detail = r->existing_id = NULL;
}

const struct problem *request_fault(
	struct request *r, const struct problem *problem, const char *format, ...)
{
	char detail[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(detail, sizeof detail, language_text(r->language, format), arguments);
	va_end(arguments);
	r->detail = arena_copy(&r->arena, detail, strlen(detail));
	return problem;
}

const struct problem *request_fault_of_ours(
	struct request *r, const char *file, int line, const char *format, ...)
{
	char message[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	struct journal *journal = r->service->journal;
	journal_begin(journal, JOURNAL_ERROR, message);
	journal_text(journal, "request_id", r->id);
	journal_text(journal, "file", file);
	journal_number(journal, "line", line);
	journal_end(journal);
	request_forget_faults(r);
	return &problem_internal_error;
}

void request_answer(struct request *r)
{
	if (r->answer.body.is_broken)
		answer_problem(r, FAULT(r, "out of memory"));
	request_move(r, REQUEST_ANSWERED);
	note_answer(r);
	request_wake(r);
}

void request_refuse(struct request *r, const struct problem *problem)
{
	r->refusal = problem;
	answer_problem(r, problem);
	metrics_refused(r->service->metrics, problem);
	request_answer(r);
}

static const struct problem *request_route(struct request *r)
{
	struct slice path = {r->target, strcspn(r->target, "?")};
	enum router_verdict verdict = router_find(
		r->service->operations->router, slice_of(r->method), path, &r->route);
	r->allowed = r->route.allowed;
	if (verdict == ROUTER_NO_PATH)
		return request_fault(r, &problem_not_found, "There is nothing at %.*s.",
			(int)path.length, path.bytes);
	if (verdict == ROUTER_NO_METHOD)
		return request_fault(
			r, &problem_method_not_allowed, "%s is not for this resource.", r->method);
	const struct operation *operation = r->route.target;
	if (operation->code->is_for_tests && !r->service->config->has_test_clock)
		return request_fault(r, &problem_not_found,
			"The server has no clock for tests (QUDAO_TEST_CLOCK).");
	r->operation = operation;
	return NULL;
}

/* What could be read in two ways costs the connection. */
static const struct problem *request_frame(struct request *r)
{
	struct slice path = {r->target, strcspn(r->target, "?")};
	const struct framing_head head = {
		.bytes = r->head, .target = slice_of(r->target), .header_count = r->header_count};
	const char *fault = framing_fault(&head, &r->closes);
	if (fault == NULL && memchr(path.bytes, '%', path.length) != NULL &&
		parameters_decode(&r->arena, path, false) == NULL)
		fault = MESSAGE("The path is not UTF-8.");
	if (fault == NULL)
		return NULL;
	r->closes = true;
	return request_fault(r, &problem_bad_request, "%s", language_text(r->language, fault));
}

/* Paths that ask only which methods there are. */
static void answer_options(struct request *r)
{
	answer_begin(r, 204, NULL);
	answer_header(r, "Allow", r->allowed);
	request_answer(r);
}

struct slice request_bearer(const struct request *r)
{
	static const char scheme[] = "Bearer ";
	enum { SCHEME = sizeof scheme - 1 };
	const char *authorization = r->headers[HEADER_AUTHORIZATION];
	if (authorization == NULL || strncasecmp(authorization, scheme, SCHEME) != 0)
		return (struct slice){0};
	return slice_trim(slice_of(authorization + SCHEME));
}

void request_open(struct request *r)
{
	const char *given = r->headers[HEADER_REQUEST_ID];
	r->trace = trace_begin(r->id, r->headers[HEADER_TRACEPARENT]);
	if (given != NULL && uuid_is_valid(slice_of(given)))
		memcpy(r->id, given, UUID_TEXT_SIZE);
	if (r->headers[HEADER_ACCEPT_LANGUAGE] != NULL)
		r->language = r->faults.language = languages_accepted(
			r->headers[HEADER_ACCEPT_LANGUAGE]);
	throttle_note_forwarded(r);
	const struct problem *p = request_frame(r);
	if (p == NULL)
		p = throttle_admit_address(r);
	if (p == NULL)
		p = request_route(r);
	if (p == NULL && !r->operation->contract->is_public && request_bearer(r).length == 0)
		p = request_fault(
			r, &problem_unauthorized, "Send the header Authorization: Bearer KEY.");
	if (p == &problem_method_not_allowed && strcmp(r->method, "OPTIONS") == 0) {
		answer_options(r);
		return;
	}
	if (p != NULL)
		request_refuse(r, p);
}

const char *request_lacks(const struct request *r, const struct contract_operation *contract)
{
	for (size_t i = 0; i < contract->scope_count; i++)
		if (!actor_may(&r->actor, contract->scopes[i]))
			return contract->scopes[i];
	return NULL;
}

static const struct problem *request_permit(struct request *r)
{
	const char *lacking = request_lacks(r, r->operation->contract);
	return lacking == NULL ? NULL
			       : request_fault(r, &problem_forbidden,
					 "The caller lacks the permission %s.", lacking);
}

/* A body is taken as it is: what a small one unfolds to would have to be bounded, too. */
static const struct problem *check_encoding(struct request *r)
{
	const char *encoding = r->headers[HEADER_CONTENT_ENCODING];
	if (encoding == NULL || strcasecmp(encoding, "identity") == 0)
		return NULL;
	answer_header(r, "Accept-Encoding", "identity");
	return request_fault(
		r, &problem_unsupported_media_type, "Send the body without a Content-Encoding.");
}

static const struct problem *check_media_type(struct request *r)
{
	const struct contract_operation *contract = r->operation->contract;
	struct slice rest = slice_of(r->headers[HEADER_CONTENT_TYPE]);
	struct slice type = {0};
	slice_split(&rest, ';', &type);
	for (size_t i = 0; i < contract->body_type_count; i++)
		if (slice_equals_ignoring_case(slice_trim(type), contract->body_types[i]))
			return NULL;
	return request_fault(
		r, &problem_unsupported_media_type, "Send %s.", contract->body_types[0]);
}

static const struct problem *check_json(struct request *r)
{
	struct json_fault fault = {.language = r->language};
	json_t *value = json_read(
		r->body.bytes == NULL ? "" : r->body.bytes, r->body.length, &fault);
	if (value == NULL) {
		fault_add(&r->faults, "", fault.code, "%s (byte %zu)", fault.detail, fault.offset);
		return request_fault(r, &problem_invalid_json, "%s", fault.detail);
	}
	enum schema_mode mode = strcmp(r->method, "PATCH") == 0 ? SCHEMA_PATCH : SCHEMA_WHOLE;
	schema_check(r->operation->contract->body, value, mode, &r->faults);
	json_decref(value);
	return r->faults.count > 0 ? &problem_invalid_request : NULL;
}

static const struct problem *check_body(struct request *r)
{
	const struct contract_operation *contract = r->operation->contract;
	if (contract->body_type_count == 0)
		return r->body.length == 0 ? NULL
					   : request_fault(r, &problem_invalid_request,
						     "This operation takes no body.");
	const struct problem *p = check_media_type(r);
	if (p == NULL)
		p = check_encoding(r);
	if (p != NULL || contract->body == NULL)
		return p;
	if (r->is_too_large)
		return request_fault(r, &problem_payload_too_large,
			"A body has at most %d bytes here.", r->service->config->body_bytes);
	return check_json(r);
}

const struct problem *request_vet(struct request *r)
{
	const struct problem *p = request_route(r);
	if (p != NULL)
		return p;
	if (!r->operation->contract->is_list && r->operation->code->import == NULL)
		return request_fault(
			r, &problem_not_found, "%s is no list.", r->operation->contract->id);
	binding_stamp(r);
	request_move(r, REQUEST_RUNNING);
	p = request_permit(r);
	return p == NULL ? parameters_check(r) : p;
}

/* An object, or a task that is accepted and can be polled. */
static bool makes_something(const struct request *r)
{
	int status = r->operation->contract->success_status;
	return status == 201 || (status == 202 && r->operation->code->is_polled);
}

static const struct problem *bind_statement(struct request *r)
{
	const struct operation *operation = r->operation;
	const struct statement *statement = operation->statement;
	struct segment *segment = &r->segment;
	int count = 1; /* the identity is the first */
	if (r->actor.role == ROLE_PARTNER && operation->statement_for_partner != NULL)
		statement = operation->statement_for_partner;
	if (r->idempotency_key != NULL && !keyed_begin(r, count++))
		return FAULT(r, "the key cannot be bound");
	r->statement_call = count;
	struct call *call = &segment->calls[count++];
	if (!binding_make(r, statement, call) ||
		!binding_identity(r, "", call->variant->plan, &segment->calls[0]))
		return FAULT(r, "%s cannot be bound", statement->name);
	segment->call_count = count;
	if (!count_bind(r, statement))
		return FAULT(r, "%s cannot be counted", statement->name);
	if (operation->then == NULL)
		return NULL;
	r->then_call = count;
	r->reads_new = makes_something(r);
	if (!binding_make(r, operation->then, &segment->calls[count++]))
		return FAULT(r, "%s cannot be bound", operation->then->name);
	segment->call_count = count;
	return NULL;
}

/* The problem behind an error of PostgreSQL. A value that it refuses passed the contract, so the
 * message tells the client what is wrong with it; other messages stay inside. */
const struct problem *request_problem_of(struct request *r, const PGresult *error)
{
	const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);
	const struct problem *problem = problem_of_error(state,
		PQresultErrorField(error, PG_DIAG_CONSTRAINT_NAME),
		PQresultErrorField(error, PG_DIAG_SOURCE_FUNCTION));
	if (problem == NULL)
		return FAULT(r, "%s: %s %s", r->operation->contract->id, state == NULL ? "" : state,
			message == NULL ? PQresultErrorMessage(error) : message);
	if (problem->pointer != NULL)
		fault_add(&r->faults, problem->pointer, problem->code, "%s",
			language_text(r->language, problem->title));
	if (problem == &problem_value_refused && message != NULL && strncmp(state, "22", 2) == 0)
		return request_fault(r, problem, "%s", message);
	return problem;
}

void request_fail(struct request *r, enum segment_outcome outcome, const PGresult *error)
{
	answer_reset(r);
	if (outcome != SEGMENT_FAILED) {
		request_refuse(r, outcome == SEGMENT_UNKNOWN ? &problem_outcome_unknown
							     : &problem_unavailable);
		return;
	}
	const struct problem *problem = request_problem_of(r, error);
	if (!keyed_replay(r, error) && !keyed_keep_refusal(r, problem))
		request_refuse(r, problem);
}

static void answer_results(struct request *r)
{
	if (r->segment.store == NULL)
		request_answer_rows(r);
	request_answer(r);
}

static void statement_done(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	if (outcome != SEGMENT_DONE) {
		request_fail(r, outcome, segment->error);
		return;
	}
	if (r->operation->code->committed != NULL)
		r->operation->code->committed(r);
	if (r->expand == NULL || !expand_begin(r, answer_results))
		answer_results(r);
}

void request_answer_rows(struct request *r)
{
	answer_reset(r);
	const PGresult *result = r->segment.results[r->statement_call];
	struct variant *variant = r->segment.calls[r->statement_call].variant;
	const struct problem *p = answer_refusal(r, result);
	if (p == NULL && r->operation->is_write && PQntuples(result) == 0)
		p = &problem_not_found;
	if (p == NULL && r->then_call >= 0) {
		result = r->segment.results[r->then_call];
		variant = r->segment.calls[r->then_call].variant;
	}
	if (p == NULL && !r->operation->contract->is_list && PQntuples(result) > 1)
		p = FAULT(r, "%s returned %d rows", variant->statement->name, PQntuples(result));
	if (p == NULL && r->operation->contract->success_status == 204)
		answer_begin(r, 204, NULL);
	else if (p == NULL)
		p = answer_rows(r, variant, result, 0);
	if (p != NULL)
		answer_problem(r, p);
}

void request_answer_shared(struct request *r, const struct segment *segment, int row)
{
	int last = segment->call_count - 1;
	const struct problem *p = answer_refusal(r, segment->results[1]);
	if (p == NULL)
		p = answer_rows(r, segment->calls[last].variant, segment->results[last], row);
	if (p != NULL)
		answer_problem(r, p);
	request_answer(r);
}

const struct problem *request_submit(struct request *r, enum lane_work work)
{
	r->segment.ctx = r;
	r->segment.deadline_ms = r->service->loop->now_ms + r->service->config->queue_ms;
	if (lanes_submit(r->service->lanes, actor_lane_role(&r->actor), work, &r->segment))
		return NULL;
	return request_fault(r, &problem_overloaded, "Too many requests wait for the database.");
}

static const struct problem *run_own_statement(struct request *r)
{
	const struct problem *p = bind_statement(r);
	if (p != NULL)
		return p;
	r->segment.is_write = r->operation->is_write;
	r->segment.done = statement_done;
	return request_submit(
		r, r->operation->is_write ? LANE_WRITE : count_lane(r, r->operation->code->work));
}

void request_run_alone(struct request *r)
{
	const struct problem *p = run_own_statement(r);
	if (p != NULL)
		request_refuse(r, p);
}

static const struct problem *run_statement(struct request *r)
{
	if (r->format != FORMAT_JSON)
		return export_begin(r);
	/* The answer of a keyed one is stored by a segment of its own, and who expands goes on. */
	if (!r->operation->is_shared || r->idempotency_key != NULL || r->expand != NULL)
		return run_own_statement(r);
	r->reads_new = makes_something(r);
	return shared_submit(r);
}

/* The body may have been waiting for the caller to be known. */
static const struct problem *begin_stream(struct request *r)
{
	const struct problem *p = r->operation->code->stream->begin(r);
	if (p == NULL && r->is_complete)
		r->operation->code->stream->end(r);
	else
		http_wake(r->http);
	return p;
}

/* The caller is known: checks what it asks for, and runs it. */
static void run(struct request *r)
{
	const struct operation_code *code = r->operation->code;
	const struct problem *p = NULL;
	binding_stamp(r);
	request_move(r, REQUEST_RUNNING);
	if ((p = throttle_admit_caller(r)) != NULL || (p = request_permit(r)) != NULL ||
		(p = check_body(r)) != NULL || (p = parameters_check(r)) != NULL ||
		(p = expand_prepare(r)) != NULL ||
		(code->check != NULL && (p = code->check(r)) != NULL)) {
		request_refuse(r, p);
		return;
	}
	if (code->stream != NULL)
		p = begin_stream(r);
	else if (code->handle != NULL)
		p = code->handle(r);
	else
		p = run_statement(r);
	if (p != NULL)
		request_refuse(r, p);
}

void request_identified(struct request *r, const struct problem *p)
{
	if (r->identified != NULL)
		r->identified(r, p);
	else if (p != NULL)
		request_refuse(r, p);
	else
		run(r);
}

static void actor_found(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	if (outcome != SEGMENT_DONE) {
		request_identified(r, &problem_unavailable);
		return;
	}
	bool is_known = actor_read(segment->results[0], &r->actor);
	segment_clear(segment);
	*segment = (struct segment){0};
	if (is_known && !actor_is_expired(&r->actor, r->service->clock)) {
		actor_cache_keep(
			r->service->actors, r->key_digest, &r->actor, r->actors_generation);
		request_identified(r, NULL);
	} else {
		throttle_note_guess(r);
		request_identified(
			r, request_fault(r, &problem_unauthorized,
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
		{"secret_hash", binding_bytea(&r->arena, r->key_digest, DIGEST_SIZE)},
		{NULL, NULL}};
	r->segment = (struct segment){.call_count = 1, .done = actor_found, .ctx = r};
	r->segment.deadline_ms = r->service->loop->now_ms + r->service->config->queue_ms;
	r->actors_generation = actor_cache_generation(r->service->actors);
	request_move(r, REQUEST_IDENTIFYING);
	if (!binding_of(r, SQL(findApiKey), bindings, &r->segment.calls[0]))
		request_identified(r, FAULT(r, "findApiKey cannot be bound"));
	else if (!lanes_submit(r->service->lanes, LANE_STAFF, lane_of_keys(r->service->config),
			 &r->segment))
		request_identified(r, &problem_overloaded);
}

void request_look_up(struct request *r)
{
	if (subject_is_named(r))
		subject_identify(r);
	else
		look_up_actor(r);
}

/* Who calls? Known keys and tokens are answered from the worker's memory. */
static void request_identify(struct request *r)
{
	if (r->operation->contract->is_public) {
		run(r);
		return;
	}
	const struct problem *p;
	digest(request_bearer(r), r->key_digest);
	bool is_known = actor_cache_find(r->service->actors, r->key_digest, &r->actor) &&
			!actor_is_expired(&r->actor, r->service->clock);
	if (is_known)
		run(r);
	else if ((p = throttle_admit_key(r)) != NULL)
		request_refuse(r, p);
	else
		request_look_up(r);
}

size_t request_take(struct request *r, const char *bytes, size_t length)
{
	if (r->state == REQUEST_ANSWERED)
		return length; /* refused already: the rest is read and dropped */
	if (r->operation->code->stream != NULL) {
		if (r->state == REQUEST_READING)
			request_identify(r);
		if (r->state == REQUEST_RUNNING)
			return r->operation->code->stream->take(r, bytes, length);
		return r->state == REQUEST_ANSWERED ? length : 0;
	}
	r->is_too_large |= r->body.length + length > (size_t)r->service->config->body_bytes;
	if (!r->is_too_large)
		text_append(&r->body, bytes, length);
	return length;
}

void request_end(struct request *r)
{
	r->is_complete = true;
	if (r->state == REQUEST_READING)
		request_identify(r);
	else if (r->state == REQUEST_RUNNING && r->operation->code->stream != NULL)
		r->operation->code->stream->end(r);
}
