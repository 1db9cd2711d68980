#include "request/caller.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"

/* Operations that are not there need no permission. */
static bool is_there(const struct request *r, const struct operation *operation)
{
	return !operation->code->is_for_tests || r->service->config->has_test_clock;
}

static void append_permissions(
	const struct request *r, const struct contract_operation *contract, struct text *words)
{
	for (size_t i = 0; i < contract->scope_count; i++) {
		const char *scope = contract->scopes[i];
		bool is_new = words->length == 0 || !words_have(words->bytes, slice_of(scope));
		if (is_new && actor_may(&r->actor, scope))
			text_append_printf(words, "%s%s", words->length == 0 ? "" : " ", scope);
	}
}

/* Every permission that some operation asks for and the caller has, separated by blanks. */
static const char *permissions_of(struct request *r)
{
	const struct operation_table *table = r->service->operations;
	struct text words = {0};
	for (int i = 0; i < table->count; i++)
		if (is_there(r, &table->operations[i]))
			append_permissions(r, table->operations[i].contract, &words);
	const char *permissions = words.is_broken
					  ? NULL
					  : arena_copy(&r->arena, words.bytes, words.length);
	text_done(&words);
	return permissions;
}

/* Who may read nothing at all has a word that is no kind of object. */
const char *caller_objects(struct request *r)
{
	struct text words = {0};
	if (r->made.objects != NULL || actor_reads_all(&r->actor))
		return r->made.objects;
	actor_append_objects(&r->actor, &words);
	r->made.objects = words.length == 0 || words.is_broken
				  ? "-"
				  : arena_copy(&r->arena, words.bytes, words.length);
	text_done(&words);
	return r->made.objects == NULL ? "-" : r->made.objects;
}

const char *caller_describe(struct request *r)
{
	const struct actor *actor = &r->actor;
	const char *permissions = permissions_of(r);
	json_t *caller = permissions == NULL
				 ? NULL
				 : json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kind",
					   actor_kind_name(actor->kind), "id", actor->id, "name",
					   actor->name, "role", actor_role_name(actor->role),
					   "scopes", actor->scopes, "permissions", permissions);
	if (caller != NULL && actor->expires_unix_us != 0)
		json_object_set_new(caller, "expires_us", json_integer(actor->expires_unix_us));
	char *text = caller == NULL ? NULL : json_dumps(caller, JSON_COMPACT);
	const char *description = text == NULL ? NULL : arena_copy(&r->arena, text, strlen(text));
	json_decref(caller);
	free(text);
	return description;
}
