#include "arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ARENA_BLOCK_SIZE = 4096,
	ARENA_ALIGNMENT = 16,
};

struct arena_block {
	struct arena_block *older;
	_Alignas(ARENA_ALIGNMENT) char bytes[];
};

void arena_init(struct arena *arena)
{
	*arena = (struct arena){0};
}

void arena_done(struct arena *arena)
{
	if (arena == NULL)
		return;
	while (arena->blocks != NULL) {
		struct arena_block *older = arena->blocks->older;
		free(arena->blocks);
		arena->blocks = older;
	}
	arena_init(arena);
}

/* A request that is larger than a block gets a block of its own size. */
static bool add_block(struct arena *arena, size_t size)
{
	size_t capacity = size > ARENA_BLOCK_SIZE ? size : ARENA_BLOCK_SIZE;
	struct arena_block *block = malloc(sizeof *block + capacity);
	if (block == NULL)
		return false;
	block->older = arena->blocks;
	arena->blocks = block;
	arena->next = block->bytes;
	arena->end = block->bytes + capacity;
	return true;
}

void *arena_take(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
	if ((arena->blocks == NULL || size > (size_t)(arena->end - arena->next)) &&
		!add_block(arena, size))
		return NULL;
	void *piece = arena->next;
	arena->next += size;
	return memset(piece, 0, size);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t length)
{
	char *copy = arena_take(arena, length + 1);
	if (copy != NULL && length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	char *string = length < 0 ? NULL : arena_take(arena, (size_t)length + 1);
	if (string == NULL)
		return NULL;
	va_start(arguments, format);
	vsnprintf(string, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return string;
}
