/* Memory that lives as long as one request: taken piece by piece, released at once. */
#pragma once

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *next;                 /* the first free byte of the newest block */
	char *end;
};

/* Makes an empty arena; it allocates nothing yet. */
void arena_init(struct arena *arena);

/* Releases everything that was taken; the arena may be used again. Accepts NULL. */
void arena_done(struct arena *arena);

/* Returns `size` bytes, aligned for any type and zeroed, or NULL when memory is exhausted. */
void *arena_take(struct arena *arena, size_t size);

/* Returns a NUL-terminated copy of `length` bytes, or NULL when memory is exhausted. */
char *arena_copy(struct arena *arena, const char *bytes, size_t length);

/* Returns a formatted string, or NULL when memory is exhausted. */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
