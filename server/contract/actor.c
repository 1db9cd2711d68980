#include "contract/actor.h"

#include <string.h>

#include "woven.h"

static const char *const role_names[ROLE_COUNT] = {
	[ROLE_NONE] = "none",
	[ROLE_ADMIN] = "admin",
	[ROLE_MANAGER] = "manager",
	[ROLE_ANALYST] = "analyst",
	[ROLE_PARTNER] = "partner",
};

const char *actor_kind_name(enum actor_kind kind)
{
	static const char *const kind_names[] = {
		[ACTOR_API_KEY] = "api_key", [ACTOR_ACCESS_TOKEN] = "access_token"};
	return kind_names[kind];
}

const char *actor_role_name(enum actor_role role)
{
	return role_names[role];
}

enum actor_role actor_role_find(const char *name)
{
	for (int i = ROLE_ADMIN; i < ROLE_COUNT; i++)
		if (strcmp(role_names[i], name) == 0)
			return (enum actor_role)i;
	return ROLE_NONE;
}

bool actor_is_expired(const struct actor *actor, const struct business_clock *clock)
{
	int64_t now_us = actor->kind == ACTOR_ACCESS_TOKEN ? machine_clock_us()
							   : business_clock_now_us(clock);
	return actor->expires_unix_us != 0 && actor->expires_unix_us <= now_us;
}

enum lane_role actor_lane_role(const struct actor *actor)
{
	return actor->role == ROLE_PARTNER ? LANE_PARTNER : LANE_STAFF;
}

/* What a role may at most; a key's own scopes only narrow it. */
static bool role_may(enum actor_role role, const char *scope, bool is_named)
{
	const struct woven_grant *grant = woven_grants;
	if (role == ROLE_ADMIN)
		return true;
	while (grant->role != NULL && strcmp(grant->role, role_names[role]) != 0)
		grant++;
	return words_have(grant->scopes, slice_of(scope)) ||
	       (is_named && words_have(grant->if_named, slice_of(scope)));
}

bool actor_may(const struct actor *actor, const char *scope)
{
	bool is_named = words_have(actor->scopes, slice_of(scope));
	return role_may(actor->role, scope, is_named) && (is_named || actor->scopes[0] == '\0');
}

bool actor_reads_all(const struct actor *actor)
{
	return actor->role == ROLE_ADMIN && actor->scopes[0] == '\0';
}

void actor_append_objects(const struct actor *actor, struct text *text)
{
	for (const struct woven_room *room = woven_rooms; room->permission != NULL; room++)
		if (actor_may(actor, room->permission))
			text_append_printf(
				text, "%s%s", text->length == 0 ? "" : " ", room->objects);
}

const char *actor_lacks(const struct actor *actor, const struct contract_operation *contract)
{
	for (size_t i = 0; i < contract->scope_count; i++)
		if (!actor_may(actor, contract->scopes[i]))
			return contract->scopes[i];
	return NULL;
}
