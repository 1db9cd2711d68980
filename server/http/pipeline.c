#include "http/pipeline.h"

#include <string.h>

#include "config.h"
#include "contract/languages.h"
#include "framing.h"
#include "identity/identification.h"
#include "identity/throttle.h"
#include "request/answer.h"
#include "request/binding.h"
#include "request/execution.h"
#include "request/expand.h"
#include "request/parameters.h"
#include "request/vet.h"

/* What could be read in two ways costs the connection. */
static const struct problem *check_framing(struct request *r)
{
	struct slice path = {r->head.target, strcspn(r->head.target, "?")};
	const struct framing_head head = {.bytes = r->head.bytes,
		.target = slice_of(r->head.target),
		.header_count = r->head.header_count};
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
	answer_send(r);
}

void pipeline_open(struct request *r)
{
	const char *given = r->head.headers[HEADER_REQUEST_ID];
	r->trace = trace_begin(r->id, r->head.headers[HEADER_TRACEPARENT]);
	if (given != NULL && uuid_is_valid(slice_of(given)))
		memcpy(r->id, given, UUID_TEXT_SIZE);
	if (r->head.headers[HEADER_ACCEPT_LANGUAGE] != NULL)
		r->language = r->faults.language = languages_accepted(
			r->head.headers[HEADER_ACCEPT_LANGUAGE]);
	throttle_note_forwarded(r);
	const struct problem *p = check_framing(r);
	if (p == NULL)
		p = throttle_admit_address(r);
	if (p == NULL)
		p = vet_route(r);
	if (p == NULL && !r->operation->contract->is_public && request_bearer(r).length == 0)
		p = request_fault(
			r, &problem_unauthorized, "Send the header Authorization: Bearer KEY.");
	if (p == &problem_method_not_allowed && strcmp(r->head.method, "OPTIONS") == 0) {
		answer_options(r);
		return;
	}
	if (p != NULL)
		answer_refuse(r, p);
}

/* The body may have been waiting for the caller to be known. */
static const struct problem *begin_stream(struct request *r)
{
	const struct problem *p = r->operation->code->stream->begin(r);
	if (p == NULL && r->is_complete)
		r->operation->code->stream->end(r);
	else
		request_wake(r);
	return p;
}

/* The caller is known: checks what it asks for, and runs it. */
static void run(struct request *r)
{
	const struct operation_code *code = r->operation->code;
	const struct problem *p = NULL;
	binding_stamp(r);
	request_move(r, REQUEST_RUNNING);
	if ((p = throttle_admit_caller(r)) != NULL || (p = vet_permission(r)) != NULL ||
		(p = vet_body(r)) != NULL || (p = parameters_check(r)) != NULL ||
		(p = expand_prepare(r)) != NULL ||
		(code->check != NULL && (p = code->check(r)) != NULL)) {
		answer_refuse(r, p);
		return;
	}
	if (code->stream != NULL)
		p = begin_stream(r);
	else if (code->handle != NULL)
		p = code->handle(r);
	else
		p = execution_begin(r);
	if (p != NULL)
		answer_refuse(r, p);
}

static void identified(struct request *r, const struct problem *p)
{
	if (p != NULL)
		answer_refuse(r, p);
	else
		run(r);
}

static void identify(struct request *r)
{
	r->who.done = identified;
	if (r->operation->contract->is_public)
		run(r);
	else
		identification_begin(r);
}

size_t pipeline_take(struct request *r, const char *bytes, size_t length)
{
	if (r->state == REQUEST_ANSWERED)
		return length; /* refused already: the rest is read and dropped */
	if (r->operation->code->stream != NULL) {
		if (r->state == REQUEST_READING)
			identify(r);
		if (r->state == REQUEST_RUNNING)
			return r->operation->code->stream->take(r, bytes, length);
		return r->state == REQUEST_ANSWERED ? length : 0;
	}
	r->is_too_large |= r->body.length + length > (size_t)r->service->config->body_bytes;
	if (!r->is_too_large)
		text_append(&r->body, bytes, length);
	return length;
}

void pipeline_end(struct request *r)
{
	r->is_complete = true;
	if (r->state == REQUEST_READING)
		identify(r);
	else if (r->state == REQUEST_RUNNING && r->operation->code->stream != NULL)
		r->operation->code->stream->end(r);
}

void pipeline_break_off(struct request *r)
{
	if (r->state == REQUEST_READING || r->state == REQUEST_RUNNING) {
		if (r->feature_free != NULL)
			r->feature_free(r);
		r->feature_free = NULL;
		answer_refuse(r, &problem_unavailable);
	}
	request_wake(r);
}
