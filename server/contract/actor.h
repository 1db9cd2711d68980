/* Who is calling: the key or the token behind a request, its role, and what it may do. */
#pragma once

#include "business_clock.h"
#include "contract.h"
#include "postgres/connection.h"
#include "text.h"
#include "token.h"

enum actor_role { ROLE_NONE, ROLE_ADMIN, ROLE_MANAGER, ROLE_ANALYST, ROLE_PARTNER, ROLE_COUNT };

/* By what a caller identifies itself. */
enum actor_kind { ACTOR_API_KEY, ACTOR_ACCESS_TOKEN };

enum { ACTOR_NAME_MAX = 4 * 200 + 1, ACTOR_SCOPES_MAX = 1024 };

struct actor {
	enum actor_kind kind;
	char id[UUID_TEXT_SIZE];
	char name[ACTOR_NAME_MAX];
	enum actor_role role;
	char partner_id[UUID_TEXT_SIZE]; /* "" for staff */
	char manager_id[UUID_TEXT_SIZE]; /* the member whose partners a manager writes, or "" */
	char subject_id[UUID_TEXT_SIZE]; /* of a key: the subject that made it, or "" */
	char scopes[ACTOR_SCOPES_MAX];   /* separated by blanks; "" = all that the role allows */
	int64_t expires_unix_us;         /* 0: never; of a token, by the machine's clock */
};

/* The names of a kind and of a role as SQL and the API know it. */
const char *actor_kind_name(enum actor_kind kind);
const char *actor_role_name(enum actor_role role);

/* Returns the role of that name, or ROLE_NONE. */
enum actor_role actor_role_find(const char *name);

/* True when the key, or the token, has come to its end. What others have issued ends by the
 * machine's clock, whatever a test says. */
bool actor_is_expired(const struct actor *actor, const struct business_clock *clock);

/* Partners have connections of their own, with the policies of their own. */
enum lane_role actor_lane_role(const struct actor *actor);

/* True when role and key both allow `scope` ("partners:read"). */
bool actor_may(const struct actor *actor, const char *scope);

/* True when the caller reads objects of every kind, also of those that no room has. */
bool actor_reads_all(const struct actor *actor);

/* Appends the kinds of objects that the caller may read, as the logs call them, separated by
 * blanks. */
void actor_append_objects(const struct actor *actor, struct text *text);

/* Returns a permission that `contract` needs and the actor lacks, or NULL. */
const char *actor_lacks(const struct actor *actor, const struct contract_operation *contract);
