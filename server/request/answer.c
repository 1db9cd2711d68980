#include "request/answer.h"

#include <stdlib.h>
#include <string.h>

#include "watch/journal.h"
#include "watch/metrics.h"

void answer_reset(struct request *r)
{
	struct text body = r->answer.body;
	text_clear(&body);
	r->answer = (struct answer){.body = body};
	request_forget_faults(r);
}

void answer_header(struct request *r, const char *name, const char *value)
{
	struct answer *answer = &r->answer;
	if (value != NULL && answer->header_count < ANSWER_HEADERS_MAX)
		answer->headers[answer->header_count++] = (struct answer_header){name, value};
}

void answer_vary(struct request *r, const char *header)
{
	struct answer *answer = &r->answer;
	for (size_t i = 0; i < answer->header_count; i++)
		if (strcmp(answer->headers[i].name, "Vary") == 0) {
			answer->headers[i].value = arena_printf(
				&r->arena, "%s, %s", answer->headers[i].value, header);
			return;
		}
	answer_header(r, "Vary", header);
}

void answer_deprecation(struct request *r)
{
	const struct contract_operation *contract = r->operation == NULL ? NULL
									 : r->operation->contract;
	if (contract == NULL || contract->deprecation[0] == '\0')
		return;
	answer_header(r, "Deprecation", contract->deprecation);
	answer_header(r, "Link", "</docs>; rel=\"deprecation\"; type=\"text/html\"");
	if (contract->sunset[0] != '\0')
		answer_header(r, "Sunset", contract->sunset);
}

void answer_begin(struct request *r, int status, const char *content_type)
{
	r->answer.status = status;
	r->answer.content_type = content_type;
}

void answer_language(struct request *r)
{
	answer_header(r, "Content-Language", language_tag(r->language));
	answer_vary(r, "Accept-Language");
}

const struct problem *answer_json(struct request *r, int status, json_t *value)
{
	char *dumped = value == NULL ? NULL : json_dumps(value, JSON_COMPACT);
	json_decref(value);
	if (dumped == NULL)
		return FAULT(r, "out of memory");
	answer_begin(r, status, "application/json");
	text_append_string(&r->answer.body, dumped);
	free(dumped);
	return NULL;
}

static void append_member(struct text *body, const char *name, const char *value)
{
	if (value == NULL)
		return;
	text_append_printf(body, ",\"%s\":", name);
	text_append_json(body, value, strlen(value));
}

static void append_faults(struct text *body, const struct fault_list *faults)
{
	if (faults->count == 0)
		return;
	text_append_string(body, ",\"errors\":");
	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->items[i];
		text_append_string(body, i == 0 ? "[{\"pointer\":" : ",{\"pointer\":");
		const char *pointer = fault->pointer == NULL ? "" : fault->pointer;
		text_append_json(body, pointer, strlen(pointer));
		append_member(body, "code", fault->code);
		append_member(body, "detail", fault->detail);
		text_append_char(body, '}');
	}
	text_append_char(body, ']');
}

/* The media types that an operation takes, for Accept-Post and Accept-Patch. */
static const char *accepted_types(struct request *r)
{
	const struct contract_operation *contract = r->operation->contract;
	const char *types = contract->body_types[0];
	for (size_t i = 1; i < contract->body_type_count; i++)
		types = arena_printf(&r->arena, "%s, %s", types, contract->body_types[i]);
	return types;
}

/* Headers that belong to a status, whatever refused the request. */
static void add_problem_headers(struct request *r, const struct problem *problem)
{
	if (problem->status == 401)
		answer_header(r, "WWW-Authenticate",
			problem == &problem_invalid_token
				? "Bearer realm=\"qudao\", error=\"invalid_token\""
				: "Bearer realm=\"qudao\"");
	if (problem->status == 405)
		answer_header(r, "Allow", r->allowed);
	if (problem->status == 503 || problem == &problem_idempotency_in_progress)
		answer_header(r, "Retry-After", "1");
	if (problem->status == 415 && r->operation != NULL &&
		r->operation->contract->body_type_count > 0) {
		const char *header = strcmp(r->head.method, "PATCH") == 0 ? "Accept-Patch"
				     : strcmp(r->head.method, "PUT") == 0 ? "Accept"
									  : "Accept-Post";
		answer_header(r, header, accepted_types(r));
	}
}

/* The query stays out of it: filters may hold what nobody should log. */
static const char *path_of(struct request *r)
{
	return arena_copy(&r->arena, r->head.target, strcspn(r->head.target, "?"));
}

/* Something is said in any case: what the caller set, else the first fault, else the title. */
static const char *detail_of(const struct request *r, const struct problem *problem)
{
	if (r->detail != NULL)
		return r->detail;
	return r->faults.count > 0 ? r->faults.items[0].detail
				   : language_text(r->language, problem->title);
}

void answer_problem(struct request *r, const struct problem *problem)
{
	struct text *body = &r->answer.body;
	text_clear(body);
	r->answer.constant = (struct slice){0};
	r->answer.produce = NULL;
	answer_begin(r, problem->status, "application/problem+json");
	answer_language(r);
	add_problem_headers(r, problem);
	text_append_printf(body, "{\"type\":\"/problems/%s\"", problem->code);
	append_member(body, "title", language_text(r->language, problem->title));
	text_append_printf(body, ",\"status\":%d", problem->status);
	append_member(body, "detail", detail_of(r, problem));
	append_member(body, "instance", path_of(r));
	append_member(body, "request_id", r->id);
	append_member(body, "code", problem->code);
	append_member(body, "existing_id", r->existing_id);
	append_faults(body, &r->faults);
	text_append_char(body, '}');
}

static bool etag_matches(const char *if_none_match, const char *etag)
{
	struct slice rest = slice_of(if_none_match);
	struct slice tag;
	while (slice_split(&rest, ',', &tag)) {
		tag = slice_trim(tag);
		if (tag.length > 2 && memcmp(tag.bytes, "W/", 2) == 0)
			tag = (struct slice){tag.bytes + 2, tag.length - 2};
		if (slice_equals(tag, "*") || slice_equals(tag, etag))
			return true;
	}
	return false;
}

const char *answer_packed_etag(struct request *r, const char *etag)
{
	return arena_printf(&r->arena, "%.*s-gzip\"", (int)strlen(etag) - 1, etag);
}

void answer_etag(struct request *r, const char *etag)
{
	const char *if_none_match = r->head.headers[HEADER_IF_NONE_MATCH];
	bool is_plain_read = !r->operation->is_write && r->asked.field_count == 0;
	const char *matched = NULL;
	if (etag != NULL && if_none_match != NULL && is_plain_read) {
		const char *packed = answer_packed_etag(r, etag);
		if (etag_matches(if_none_match, etag))
			matched = etag;
		else if (packed != NULL && etag_matches(if_none_match, packed))
			matched = packed;
	}
	answer_header(r, "ETag", matched == NULL ? etag : matched);
	if (matched != NULL)
		answer_begin(r, 304, NULL);
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
	journal_text(journal, "method", r->head.method);
	journal_number(journal, "status", r->answer.status);
	journal_number(journal, "duration_us", duration_us);
	if (!r->is_ours)
		note_origin(r);
	journal_text(journal, "actor_id", r->actor.id[0] == '\0' ? NULL : r->actor.id);
	journal_end(journal);
}

void answer_send(struct request *r)
{
	if (r->answer.body.is_broken)
		answer_problem(r, FAULT(r, "out of memory"));
	request_move(r, REQUEST_ANSWERED);
	note_answer(r);
	request_wake(r);
}

void answer_refuse(struct request *r, const struct problem *problem)
{
	r->refusal = problem;
	answer_problem(r, problem);
	metrics_refused(r->service->metrics, problem);
	answer_send(r);
}
