/* The faults that a client made, collected so that it learns of all of them at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "language.h"

enum { FAULTS_MAX = 100 }; /* more are counted, not kept */

struct fault {
	const char *pointer; /* JSON pointer into the body, or "?name" for a query parameter */
	const char *code;    /* a slug: "required", "type", "pattern", … */
	const char *detail;  /* one sentence for a person */
};

struct fault_list {
	struct arena *arena;             /* owns the strings */
	const struct language *language; /* of the details; NULL: English */
	struct fault *items;
	size_t count;
	bool is_cut; /* there were more than FAULTS_MAX, or no memory for another */
};

/* Adds a fault, in the language of the list; copies `pointer` and the formatted detail into the
 * arena, keeps `code` as it is. */
void fault_add(struct fault_list *list, const char *pointer, const char *code, const char *format,
	...) __attribute__((format(printf, 4, 5)));
