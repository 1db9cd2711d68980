#include "postgres/prepared.h"

#include <stdio.h>
#include <stdlib.h>

#include <uthash.h>

struct prepared {
	uint64_t serial; /* of the variant */
	char name[PREPARED_NAME_SIZE];
	bool is_confirmed; /* its ParseComplete has come */
	UT_hash_handle hh;
};

static void forget(struct prepared_set *set, struct prepared *prepared)
{
	HASH_DEL(set->statements, prepared);
	free(prepared);
}

void prepared_clear(struct prepared_set *set)
{
	struct prepared *prepared, *next;
	HASH_ITER (hh, set->statements, prepared, next)
		forget(set, prepared);
}

/* A statement moves to the end of the hash's order when it is used. */
const char *prepared_find(struct prepared_set *set, uint64_t serial)
{
	struct prepared *prepared;
	HASH_FIND(hh, set->statements, &serial, sizeof serial, prepared);
	if (prepared == NULL)
		return NULL;
	if (prepared->hh.next != NULL) {
		HASH_DEL(set->statements, prepared);
		HASH_ADD(hh, set->statements, serial, sizeof prepared->serial, prepared);
	}
	return prepared->name;
}

const char *prepared_add(struct prepared_set *set, uint64_t serial)
{
	struct prepared *prepared = calloc(1, sizeof *prepared);
	if (prepared == NULL)
		return NULL;
	prepared->serial = serial;
	snprintf(prepared->name, sizeof prepared->name, "s%llu", (unsigned long long)++set->names);
	HASH_ADD(hh, set->statements, serial, sizeof prepared->serial, prepared);
	return prepared->name;
}

bool prepared_evict(struct prepared_set *set, char ret_name[static PREPARED_NAME_SIZE])
{
	if (HASH_COUNT(set->statements) < PREPARED_MAX)
		return false;
	snprintf(ret_name, PREPARED_NAME_SIZE, "%s", set->statements->name);
	forget(set, set->statements);
	return true;
}

void prepared_confirm(struct prepared_set *set, uint64_t serial, bool is_prepared)
{
	struct prepared *prepared;
	HASH_FIND(hh, set->statements, &serial, sizeof serial, prepared);
	if (prepared == NULL || prepared->is_confirmed)
		return;
	prepared->is_confirmed = is_prepared;
	if (!is_prepared)
		forget(set, prepared);
}
