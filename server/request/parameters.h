/* What a client sends beside the body: path, query and headers, checked against the contract. */
#pragma once

#include "request/request.h"

/* Decodes path and query into r->asked.values and checks them; faults go to r->faults. Reads
 * `fields`, `sort`, `limit`, `cursor`, If-Match and Idempotency-Key. */
const struct problem *parameters_check(struct request *r);

/* Returns the value of a contract parameter, or NULL when it is absent. */
const char *parameters_value(const struct request *r, const char *name);

/* Decodes %XX into the arena; NULL for a broken escape, NUL, or bytes that are no UTF-8. */
char *parameters_decode(struct arena *arena, struct slice encoded, bool is_query);

/* Chooses the form of a list's answer from the Accept header. */
enum answer_format parameters_format(const char *accept, bool is_log);
