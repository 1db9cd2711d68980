/* Lines up to a blank one are templates of routes; what follows is a path. What is found is one of
 * the templates with the path's own pieces in it.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -Ilib tests/fuzz/router_fuzz.c lib/router.c \
 *	lib/arena.c lib/text.c -lutf8proc
 */
#include "router.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool is_true)
{
	if (!is_true)
		abort();
}

static bool is_parameter(struct slice segment)
{
	return segment.length > 2 && segment.bytes[0] == '{' &&
	       segment.bytes[segment.length - 1] == '}';
}

static bool is_same(struct slice one, struct slice other)
{
	return one.length == other.length && memcmp(one.bytes, other.bytes, one.length) == 0;
}

/* Fills the match into its template, segment by segment, and compares that with the path. */
static void demand_match(const struct route_match *match, struct slice path)
{
	struct slice template = slice_of(match->target);
	struct slice expected;
	struct slice segment;
	size_t count = 0;
	while (slice_split(&template, '/', &expected)) {
		demand(slice_split(&path, '/', &segment));
		if (!is_parameter(expected)) {
			demand(is_same(expected, segment));
			continue;
		}
		demand(count < match->parameter_count && segment.length > 0);
		demand(match->parameters[count].value.bytes == segment.bytes);
		demand(match->parameters[count].value.length == segment.length);
		demand(strlen(match->parameters[count].name) == expected.length - 2);
		count++;
	}
	demand(!slice_split(&path, '/', &segment) && count == match->parameter_count);
}

/* Adds the templates that `rest` begins with; returns how many strings in `templates` are owned. */
static size_t add_routes(struct router *router, struct slice *rest, char *templates[static 16])
{
	size_t count = 0;
	struct slice line;
	while (count < 16 && slice_split(rest, '\n', &line) && line.length > 0) {
		templates[count] = strndup(line.bytes, line.length);
		if (router_add(router, "GET", templates[count], templates[count])) {
			struct route_match match;
			struct slice self = slice_of(templates[count]);
			demand(router_find(router, SLICE("HEAD"), self, &match) == ROUTER_FOUND);
			demand(!router_add(router, "GET", templates[count], NULL));
		}
		count++;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size};
	struct router *router = router_new();
	char *templates[16];
	size_t count = add_routes(router, &rest, templates);
	struct slice path = {rest.bytes == NULL ? "" : rest.bytes, rest.length};
	struct route_match match;

	if (router_find(router, SLICE("GET"), path, &match) == ROUTER_FOUND) {
		demand_match(&match, path);
		demand(router_find(router, SLICE("PUT"), path, &match) == ROUTER_NO_METHOD);
		demand(strcmp(match.allowed, "GET, HEAD, OPTIONS") == 0);
	}

	router_free(router);
	while (count > 0)
		free(templates[--count]);
	return 0;
}
