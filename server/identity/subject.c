#include "identity/subject.h"

#include <stdio.h>
#include <string.h>

#include "access_token.h"
#include "config.h"
#include "identity/actor_cache.h"
#include "identity/issuer.h"
#include "identity/throttle.h"
#include "postgres/rows.h"
#include "request/binding.h"

enum { NAME_MAX = 200 }; /* bytes */

/* What a token names, and the database knows. */
struct named {
	const char *subject;
	const char *partner_code, *manager_code; /* NULL: none */
};

bool subject_is_named(struct request *r)
{
	struct slice bearer = request_bearer(r);
	return r->service->issuer != NULL && bearer.length > 2 &&
	       memcmp(bearer.bytes, "ey", 2) == 0 && /* {" in base64url */
	       memchr(bearer.bytes, '.', bearer.length) != NULL;
}

/* The roles of the API among those that a token names; there must be one. */
static const struct problem *read_role(struct request *r, const json_t *claim)
{
	const char *name = json_string_value(claim);
	enum actor_role role = name == NULL ? ROLE_NONE : actor_role_find(name);
	for (size_t i = 0; i < json_array_size(claim); i++) {
		name = json_string_value(json_array_get(claim, i));
		enum actor_role other = name == NULL ? ROLE_NONE : actor_role_find(name);
		if (role != ROLE_NONE && other != ROLE_NONE && other != role)
			return request_fault(r, &problem_forbidden,
				"The token names more than one role of this API.");
		role = other == ROLE_NONE ? role : other;
	}
	r->actor.role = role;
	return role != ROLE_NONE ? NULL
				 : request_fault(r, &problem_forbidden,
					   "The token names no role of this API.");
}

/* Scopes of ours look like this; others (openid, profile) are for somebody else. */
static bool is_scope(struct slice word)
{
	struct slice action = word;
	struct slice resource;
	return slice_split(&action, ':', &resource) && resource.length > 0 &&
	       (slice_equals(action, "read") || slice_equals(action, "write"));
}

static void add_scopes(struct text *scopes, struct slice words)
{
	struct slice word;
	while (slice_split(&words, ' ', &word))
		if (is_scope(word))
			text_append_printf(scopes, "%s%.*s", scopes->length == 0 ? "" : " ",
				(int)word.length, word.bytes);
}

/* A token without the claim may what its role may; one that has it, only what stands there. */
static const struct problem *read_scopes(struct request *r, const json_t *claim)
{
	struct text scopes = {0};
	const struct problem *p = NULL;
	if (claim == NULL)
		return NULL;
	add_scopes(&scopes, slice_of(json_string_value(claim)));
	for (size_t i = 0; i < json_array_size(claim); i++)
		add_scopes(&scopes, slice_of(json_string_value(json_array_get(claim, i))));
	if (scopes.is_broken || scopes.length >= sizeof r->actor.scopes)
		p = request_fault(r, &problem_forbidden, "The token names too many scopes.");
	else if (scopes.length == 0)
		p = request_fault(r, &problem_forbidden, "The token names no scope of this API.");
	else
		memcpy(r->actor.scopes, scopes.bytes, scopes.length + 1);
	text_done(&scopes);
	return p;
}

/* What to call somebody: one line, like the name of a key. */
static bool take_name(struct request *r, const char *name)
{
	struct slice line = slice_trim(slice_of(name));
	for (size_t i = 0; i < line.length; i++)
		if ((unsigned char)line.bytes[i] < ' ' || line.bytes[i] == 0x7f)
			return false;
	line.length = text_cut(line.bytes, line.length, NAME_MAX);
	line = slice_trim(line);
	snprintf(r->actor.name, sizeof r->actor.name, "%.*s", (int)line.length, line.bytes);
	return line.length > 0;
}

static const struct problem *read_claims(
	struct request *r, const struct access_token *token, struct named *ret_named)
{
	const struct config *config = r->service->config;
	r->actor = (struct actor){
		.kind = ACTOR_ACCESS_TOKEN, .expires_unix_us = token->expires_s * 1000000};
	const struct problem *p = read_role(r, access_token_claim(token, config->oidc_role_claim));
	if (p == NULL)
		p = read_scopes(r, access_token_claim(token, config->oidc_scope_claim));
	if (p != NULL)
		return p;
	const char *name = json_string_value(access_token_claim(token, config->oidc_name_claim));
	if (!take_name(r, name) && !take_name(r, token->subject))
		take_name(r, "?");
	ret_named->subject = token->subject;
	if (r->actor.role == ROLE_PARTNER)
		ret_named->partner_code = json_string_value(
			access_token_claim(token, config->oidc_partner_claim));
	if (r->actor.role == ROLE_MANAGER)
		ret_named->manager_code = json_string_value(
			access_token_claim(token, config->oidc_manager_claim));
	return NULL;
}

/* Why the database does not let somebody in, as admitTokenSubject says it. */
static const struct {
	const char *reason;
	const struct problem *problem;
	const char *detail;
} refusals[] = {
	{"blocked", &problem_invalid_token, MESSAGE("The subject of the token is locked out.")},
	{"partner", &problem_forbidden,
		MESSAGE("The token names no partner that is known and goes on.")},
	{"manager", &problem_forbidden, MESSAGE("The token names no member that is known.")},
};

static const struct problem *refusal_of(struct request *r, const PGresult *row)
{
	struct slice reason = rows_text(row, 0, "refusal");
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (slice_equals(reason, refusals[i].reason))
			return request_fault(r, refusals[i].problem, "%s",
				language_text(r->language, refusals[i].detail));
	return NULL;
}

static void admitted(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	if (outcome != SEGMENT_DONE || PQntuples(segment->results[1]) != 1) {
		r->who.done(r, &problem_unavailable);
		return;
	}
	actor_read_ids(segment->results[1], &r->actor);
	const struct problem *p = refusal_of(r, segment->results[1]);
	segment_clear(segment);
	*segment = (struct segment){0};
	if (p != NULL) {
		r->who.done(r, p);
		return;
	}
	actor_cache_keep(r->service->actors, r->who.digest, &r->actor, r->who.generation);
	r->who.done(r, NULL);
}

/* Looks the subject up, or writes down that it has come. */
static const struct problem *admit(struct request *r, const struct named *named)
{
	const struct binding bindings[] = {
		{"issuer", r->service->config->oidc_issuer},
		{"subject", arena_printf(&r->arena, "%s", named->subject)},
		{"name", r->actor.name},
		{"role", actor_role_name(r->actor.role)},
		{"partner_code", named->partner_code == NULL
					 ? NULL
					 : arena_printf(&r->arena, "%s", named->partner_code)},
		{"manager_code", named->manager_code == NULL
					 ? NULL
					 : arena_printf(&r->arena, "%s", named->manager_code)},
		{NULL, NULL},
	};
	r->run.segment = (struct segment){
		.call_count = 2, .is_write = true, .done = admitted, .ctx = r};
	r->run.segment.deadline_ms = r->service->loop->now_ms + r->service->config->queue_ms;
	r->who.generation = actor_cache_generation(r->service->actors);
	if (!binding_identity(r, "", NULL, &r->run.segment.calls[0]) ||
		!binding_of(r, SQL(admitTokenSubject), bindings, &r->run.segment.calls[1]))
		return FAULT(r, "admitTokenSubject cannot be bound");
	bool is_sent = lanes_submit(r->service->lanes, LANE_STAFF, LANE_WRITE, &r->run.segment);
	return is_sent ? NULL : &problem_overloaded;
}

static void refuse_token(struct request *r, const struct access_token *token)
{
	/* Who was let in before came by a key that was there. */
	bool may_wait = r->who.keys_came == NULL && !r->who.was_let_in;
	if (token->is_key_unknown && may_wait && issuer_await(r, subject_identify))
		return;
	if (token->is_key_unknown && issuer_is_silent(r->service->issuer)) {
		r->who.done(r, &problem_issuer_unavailable);
		return;
	}
	if (!token->is_signed)
		throttle_note_guess(r);
	r->who.done(r, request_fault(r, &problem_invalid_token, "%s",
			       language_text(r->language, token->fault)));
}

void subject_identify(struct request *r)
{
	const struct config *config = r->service->config;
	const struct access_token_rules rules = {.issuer = config->oidc_issuer,
		.audience = config->oidc_audience,
		.accepts_plain_type = config->oidc_plain_type,
		.now_s = machine_clock_us() / 1000000};
	struct access_token token;
	if (r->state == REQUEST_READING)
		request_move(r, REQUEST_IDENTIFYING);
	if (!access_token_read(
		    request_bearer(r), issuer_keys(r->service->issuer), &rules, &token)) {
		refuse_token(r, &token);
		return;
	}
	struct named named = {0};
	const struct problem *p = read_claims(r, &token, &named);
	if (p == NULL)
		p = admit(r, &named);
	access_token_done(&token);
	if (p != NULL)
		r->who.done(r, p);
}
