#include "identity/issuer.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "config.h"
#include "courier.h"
#include "identity/actor_cache.h"
#include "watch/journal.h"

enum {
	FETCH_MS = 5000,
	WAIT_MS = 2000,      /* a request does not wait longer than this for keys */
	PAUSE_MS = 3000,     /* between two fetches, however many tokens name keys that are new */
	SET_MAX = 256 << 10, /* bytes */
};

struct issuer {
	struct service *service;
	struct courier *courier;
	struct key_set *keys;
	unsigned char digest[DIGEST_SIZE]; /* of what they were read from */
	int64_t due_ms;                    /* when to fetch them next */
	int64_t begun_ms;                  /* when they were fetched last; 0: never */
	bool is_fetching;
	bool has_failed; /* the last fetch */
	struct request *waiting;
};

struct issuer *issuer_new(struct service *service)
{
	const struct courier_options options = {.timeout_ms = FETCH_MS,
		.ca_file = service->config->oidc_ca_file,
		.allows_private = true}; /* whoever runs us has named it */
	struct issuer *issuer = calloc(1, sizeof *issuer);
	if (issuer == NULL)
		return NULL;
	issuer->service = service;
	issuer->courier = courier_new(service->loop, &options);
	if (issuer->courier != NULL)
		return issuer;
	issuer_free(issuer);
	return NULL;
}

/* Lets all go on who have waited since `begun_ms` or longer. */
static void let_go_on(struct issuer *issuer, int64_t begun_ms)
{
	struct request *r, *next;
	DL_FOREACH_SAFE2(issuer->waiting, r, next, who.next)
	{
		if (r->who.waiting_ms > begun_ms)
			continue;
		DL_DELETE2(issuer->waiting, r, who.previous, who.next);
		r->who.keys_came(r);
	}
}

void issuer_close(struct issuer *issuer)
{
	if (issuer == NULL)
		return;
	courier_free(issuer->courier);
	issuer->courier = NULL;
	issuer->is_fetching = false;
	issuer->has_failed = true;
	let_go_on(issuer, INT64_MAX);
}

void issuer_free(struct issuer *issuer)
{
	if (issuer == NULL)
		return;
	issuer_close(issuer);
	key_set_free(issuer->keys);
	free(issuer);
}

/* Whoever came in by a key that is gone must not stay in by the cache. */
static void take_keys(struct issuer *issuer, struct key_set *keys, struct slice text)
{
	unsigned char now[DIGEST_SIZE];
	digest(text, now);
	if (memcmp(now, issuer->digest, DIGEST_SIZE) != 0)
		actor_cache_forget(issuer->service->actors, NULL);
	memcpy(issuer->digest, now, DIGEST_SIZE);
	key_set_free(issuer->keys);
	issuer->keys = keys;
}

static void note_failure(struct issuer *issuer, const struct courier_outcome *outcome)
{
	struct journal *journal = issuer->service->journal;
	journal_begin(journal, JOURNAL_WARNING, "the keys of the issuer cannot be fetched");
	journal_text(journal, "url", issuer->service->config->oidc_jwks_url);
	journal_text(journal, "why", outcome->reason == NULL ? "not_understood" : outcome->reason);
	journal_number(journal, "status", outcome->status);
	journal_end(journal);
}

static void fetched(void *ctx, const struct courier_outcome *outcome)
{
	struct issuer *issuer = ctx;
	const struct config *config = issuer->service->config;
	int64_t now_ms = issuer->service->loop->now_ms;
	struct key_set *keys = outcome->status == 200 ? key_set_read(outcome->answer) : NULL;
	issuer->is_fetching = false;
	issuer->has_failed = keys == NULL;
	issuer->due_ms = now_ms + PAUSE_MS;
	if (keys == NULL) {
		note_failure(issuer, outcome);
	} else {
		issuer->due_ms = now_ms + (int64_t)config->oidc_jwks_seconds * 1000;
		take_keys(issuer, keys, outcome->answer);
	}
	let_go_on(issuer, INT64_MAX);
}

static void fetch(struct issuer *issuer)
{
	static const char *const headers[] = {
		"Accept: application/jwk-set+json, application/json", "User-Agent: Qudao", NULL};
	const struct courier_message message = {.url = issuer->service->config->oidc_jwks_url,
		.headers = headers,
		.answer_max = SET_MAX,
		.done = fetched,
		.ctx = issuer};
	issuer->begun_ms = issuer->service->loop->now_ms;
	issuer->due_ms = issuer->begun_ms + PAUSE_MS;
	issuer->is_fetching = issuer->courier != NULL && courier_send(issuer->courier, &message);
	issuer->has_failed |= !issuer->is_fetching;
}

void issuer_tick(struct issuer *issuer)
{
	if (issuer == NULL)
		return;
	int64_t now_ms = issuer->service->loop->now_ms;
	if (!issuer->is_fetching && issuer->due_ms <= now_ms)
		fetch(issuer);
	let_go_on(issuer, now_ms - WAIT_MS);
}

const struct key_set *issuer_keys(const struct issuer *issuer)
{
	return issuer->keys;
}

bool issuer_await(struct request *r, void (*go_on)(struct request *r))
{
	struct issuer *issuer = r->service->issuer;
	int64_t now_ms = r->service->loop->now_ms;
	bool may_fetch = issuer->begun_ms == 0 || issuer->begun_ms + PAUSE_MS <= now_ms;
	if (!issuer->is_fetching && may_fetch)
		fetch(issuer);
	if (!issuer->is_fetching)
		return false;
	r->who.waiting_ms = now_ms;
	r->who.keys_came = go_on;
	DL_APPEND2(issuer->waiting, r, who.previous, who.next);
	return true;
}

bool issuer_is_silent(const struct issuer *issuer)
{
	return issuer->has_failed || issuer->is_fetching || issuer->keys == NULL;
}
