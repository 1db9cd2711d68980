/* The statements that one connection has prepared, the least recently used first. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PREPARED_MAX = 256, PREPARED_NAME_SIZE = 24 };

struct prepared;

struct prepared_set {
	struct prepared *statements; /* hash */
	uint64_t names;              /* given so far on this connection */
};

/* Forgets them all, as a new connection has. */
void prepared_clear(struct prepared_set *set);

/* Returns PostgreSQL's name for the variant of that serial, or NULL when it is not prepared. */
const char *prepared_find(struct prepared_set *set, uint64_t serial);

/* Adds the variant; NULL when memory is exhausted. It counts as prepared from now on, unless
 * prepared_confirm says otherwise. */
const char *prepared_add(struct prepared_set *set, uint64_t serial);

/* When there are too many: forgets the least recently used one and writes its name. */
bool prepared_evict(struct prepared_set *set, char ret_name[static PREPARED_NAME_SIZE]);

/* Tells what became of a preparation: a statement that was prepared stays so, even when its
 * transaction is rolled back; one that was not is forgotten. */
void prepared_confirm(struct prepared_set *set, uint64_t serial, bool is_prepared);
