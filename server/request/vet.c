#include "request/vet.h"

#include <string.h>
#include <strings.h>

#include "config.h"
#include "json.h"
#include "request/answer.h"
#include "request/binding.h"
#include "request/parameters.h"

const struct problem *vet_route(struct request *r)
{
	struct slice path = {r->head.target, strcspn(r->head.target, "?")};
	enum router_verdict verdict = router_find(
		r->service->operations->router, slice_of(r->head.method), path, &r->route);
	r->allowed = r->route.allowed;
	if (verdict == ROUTER_NO_PATH)
		return request_fault(r, &problem_not_found, "There is nothing at %.*s.",
			(int)path.length, path.bytes);
	if (verdict == ROUTER_NO_METHOD)
		return request_fault(r, &problem_method_not_allowed, "%s is not for this resource.",
			r->head.method);
	const struct operation *operation = r->route.target;
	if (operation->code->is_for_tests && !r->service->config->has_test_clock)
		return request_fault(r, &problem_not_found,
			"The server has no clock for tests (QUDAO_TEST_CLOCK).");
	r->operation = operation;
	return NULL;
}

const struct problem *vet_permission(struct request *r)
{
	const char *lacking = actor_lacks(&r->actor, r->operation->contract);
	return lacking == NULL ? NULL
			       : request_fault(r, &problem_forbidden,
					 "The caller lacks the permission %s.", lacking);
}

/* A body is taken as it is: what a small one unfolds to would have to be bounded, too. */
static const struct problem *check_encoding(struct request *r)
{
	const char *encoding = r->head.headers[HEADER_CONTENT_ENCODING];
	if (encoding == NULL || strcasecmp(encoding, "identity") == 0)
		return NULL;
	answer_header(r, "Accept-Encoding", "identity");
	return request_fault(
		r, &problem_unsupported_media_type, "Send the body without a Content-Encoding.");
}

/* True for a parameter of a media type that names another charset than UTF-8; quoted or not. */
static bool is_foreign_charset(struct slice parameter)
{
	struct slice name = {0};
	slice_split(&parameter, '=', &name);
	struct slice value = slice_trim(parameter);
	if (value.length > 1 && value.bytes[0] == '"' && value.bytes[value.length - 1] == '"')
		value = (struct slice){value.bytes + 1, value.length - 2};
	return slice_equals_ignoring_case(slice_trim(name), "charset") &&
	       !slice_equals_ignoring_case(value, "utf-8") &&
	       !slice_equals_ignoring_case(value, "utf8");
}

/* What is read as UTF-8 and was meant otherwise would be wrong without a fault. */
static const struct problem *check_charset(struct request *r, struct slice parameters)
{
	struct slice parameter = {0};
	while (slice_split(&parameters, ';', &parameter))
		if (is_foreign_charset(parameter))
			return request_fault(
				r, &problem_unsupported_media_type, "Send the body in UTF-8.");
	return NULL;
}

static const struct problem *check_media_type(struct request *r)
{
	const struct contract_operation *contract = r->operation->contract;
	struct slice rest = slice_of(r->head.headers[HEADER_CONTENT_TYPE]);
	struct slice type = {0};
	slice_split(&rest, ';', &type);
	for (size_t i = 0; i < contract->body_type_count; i++)
		if (slice_equals_ignoring_case(slice_trim(type), contract->body_types[i]))
			return check_charset(r, rest);
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
	enum schema_mode mode = strcmp(r->head.method, "PATCH") == 0 ? SCHEMA_PATCH : SCHEMA_WHOLE;
	schema_check(r->operation->contract->body, value, mode, &r->faults);
	json_decref(value);
	return r->faults.count > 0 ? &problem_invalid_request : NULL;
}

const struct problem *vet_body(struct request *r)
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

const struct problem *vet_order(struct request *r)
{
	const struct problem *p = vet_route(r);
	if (p != NULL)
		return p;
	if (!r->operation->contract->is_list && r->operation->code->import == NULL)
		return request_fault(
			r, &problem_not_found, "%s is no list.", r->operation->contract->id);
	binding_stamp(r);
	request_move(r, REQUEST_RUNNING);
	p = vet_permission(r);
	return p == NULL ? parameters_check(r) : p;
}
