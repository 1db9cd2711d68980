#include "http/cors.h"

#include <string.h>

#include "config.h"
#include "request/answer.h"

void cors_add(struct request *r)
{
	const char *origins = r->service->config->cors_origins;
	const char *origin = r->head.headers[HEADER_ORIGIN];
	if (origins == NULL)
		return;
	answer_vary(r, "Origin");
	if (origin == NULL || !list_has(origins, origin))
		return;
	answer_header(r, "Access-Control-Allow-Origin", origin);
	answer_header(r, "Access-Control-Expose-Headers",
		"Content-Language, ETag, Link, Location, Request-Id, Retry-After, Idempotency-Replayed, "
		"Deprecation, Preference-Applied, RateLimit, RateLimit-Policy, Sunset, WWW-Authenticate");
	if (strcmp(r->head.method, "OPTIONS") != 0)
		return;
	answer_header(r, "Access-Control-Allow-Methods", r->allowed);
	answer_header(r, "Access-Control-Allow-Headers",
		"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, "
		"Prefer, Request-Id, Traceparent");
	answer_header(r, "Access-Control-Max-Age", "600");
}
