#include "router.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

/* In the order in which Allow names them. */
enum method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_COUNT
};

static const char *const method_names[METHOD_COUNT] = {
	[METHOD_GET] = "GET",
	[METHOD_HEAD] = "HEAD",
	[METHOD_POST] = "POST",
	[METHOD_PUT] = "PUT",
	[METHOD_PATCH] = "PATCH",
	[METHOD_DELETE] = "DELETE",
	[METHOD_OPTIONS] = "OPTIONS",
};
_Static_assert(sizeof "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" <= ROUTE_ALLOWED_SIZE,
	"allowed holds all methods");

struct route {
	void *target;
	const char *names[ROUTE_PARAMETERS_MAX]; /* routes of one path may name them differently */
	size_t name_count;
};

/* A place in the tree: the path from the root to here. */
struct node {
	struct slice segment; /* the last one of that path, if it is a literal */
	struct node *next;    /* another literal below the same parent */
	struct node *literals;
	struct node *parameter; /* what any segment leads to */
	const struct route *routes[METHOD_COUNT];
	char allowed[ROUTE_ALLOWED_SIZE]; /* empty when no route ends here */
};

struct router {
	struct arena arena; /* owns the nodes, the routes and their strings */
	struct node *root;
};

struct router *router_new(void)
{
	struct router *router = calloc(1, sizeof *router);
	if (router == NULL)
		return NULL;
	arena_init(&router->arena);
	router->root = arena_take(&router->arena, sizeof *router->root);
	if (router->root != NULL)
		return router;
	router_free(router);
	return NULL;
}

void router_free(struct router *router)
{
	if (router == NULL)
		return;
	arena_done(&router->arena);
	free(router);
}

static enum method method_of(struct slice name)
{
	enum method method = 0;
	while (method < METHOD_COUNT && !slice_equals(name, method_names[method]))
		method++;
	return method;
}

static struct node *find_literal(const struct node *parent, struct slice segment)
{
	struct node *node = parent->literals;
	while (node != NULL &&
		(node->segment.length != segment.length ||
			memcmp(node->segment.bytes, segment.bytes, segment.length) != 0))
		node = node->next;
	return node;
}

/* Returns the node below `parent` for a literal segment, which is made when there is none. */
static struct node *literal_below(struct router *router, struct node *parent, struct slice segment)
{
	struct node *node = find_literal(parent, segment);
	if (node != NULL)
		return node;
	node = arena_take(&router->arena, sizeof *node);
	char *copy = arena_copy(&router->arena, segment.bytes, segment.length);
	if (node == NULL || copy == NULL)
		return NULL;
	*node = (struct node){
		.segment = {copy, segment.length},
		.next = parent->literals,
	};
	parent->literals = node;
	return node;
}

static bool is_parameter(struct slice segment)
{
	return segment.length >= strlen("{}") && segment.bytes[0] == '{' &&
	       segment.bytes[segment.length - 1] == '}';
}

/* Returns the node below `parent` for the parameter "{name}", which `route` takes. */
static struct node *parameter_below(
	struct router *router, struct node *parent, struct slice segment, struct route *route)
{
	size_t length = segment.length - strlen("{}");
	if (length == 0 || route->name_count == ROUTE_PARAMETERS_MAX)
		return NULL;
	char *name = arena_copy(&router->arena, segment.bytes + 1, length);
	if (name == NULL)
		return NULL;
	route->names[route->name_count++] = name;
	if (parent->parameter == NULL)
		parent->parameter = arena_take(&router->arena, sizeof *parent->parameter);
	return parent->parameter;
}

/* Returns the node of a template, with the parameters' names in `route`; or NULL. */
static struct node *plant(struct router *router, struct slice path, struct route *route)
{
	struct slice segment;
	slice_split(&path, '/', &segment); /* nothing stands before the first slash */
	struct node *node = router->root;
	while (node != NULL && slice_split(&path, '/', &segment))
		node = is_parameter(segment) ? parameter_below(router, node, segment, route)
					     : literal_below(router, node, segment);
	return node;
}

static bool is_allowed(const struct node *node, enum method method)
{
	return node->routes[method] != NULL || method == METHOD_OPTIONS ||
	       (method == METHOD_HEAD && node->routes[METHOD_GET] != NULL);
}

static char *write_string(char *next, const char *string)
{
	size_t length = strlen(string);
	memcpy(next, string, length + 1);
	return next + length;
}

static void write_allowed(struct node *node)
{
	char *next = node->allowed;
	for (enum method method = 0; method < METHOD_COUNT; method++) {
		if (!is_allowed(node, method))
			continue;
		next = write_string(next, next == node->allowed ? "" : ", ");
		next = write_string(next, method_names[method]);
	}
}

bool router_add(struct router *router, const char *method, const char *path_template, void *target)
{
	enum method index = method_of(slice_of(method));
	struct route *route = arena_take(&router->arena, sizeof *route);
	if (index == METHOD_COUNT || path_template[0] != '/' || route == NULL)
		return false;
	route->target = target;
	struct node *node = plant(router, slice_of(path_template), route);
	if (node == NULL || node->routes[index] != NULL)
		return false;
	node->routes[index] = route;
	write_allowed(node);
	return true;
}

/* The segments that stood for parameters on the way from the root. */
struct trail {
	struct slice values[ROUTE_PARAMETERS_MAX];
	size_t count;
};

/* Returns the node of `rest`, the path below `node`, or NULL. A literal that leads nowhere is left
 * for the parameter beside it. Each node is visited at most once, so a path cannot make it slow. */
static const struct node *descend(const struct node *node, struct slice rest, struct trail *trail)
{
	struct slice segment;
	if (!slice_split(&rest, '/', &segment))
		return node->allowed[0] != '\0' ? node : NULL;
	const struct node *literal = find_literal(node, segment);
	const struct node *found = literal != NULL ? descend(literal, rest, trail) : NULL;
	if (found != NULL || node->parameter == NULL || segment.length == 0)
		return found;
	assert(trail->count < ROUTE_PARAMETERS_MAX);
	trail->values[trail->count++] = segment;
	found = descend(node->parameter, rest, trail);
	if (found == NULL)
		trail->count--;
	return found;
}

static const struct route *route_of(const struct node *node, enum method method)
{
	if (method == METHOD_COUNT)
		return NULL;
	if (method == METHOD_HEAD && node->routes[METHOD_HEAD] == NULL)
		method = METHOD_GET;
	return node->routes[method];
}

enum router_verdict router_find(const struct router *router, struct slice method, struct slice path,
	struct route_match *ret_match)
{
	struct slice segment;
	struct trail trail = {.count = 0};
	if (path.length == 0 || path.bytes[0] != '/')
		return ROUTER_NO_PATH;
	slice_split(&path, '/', &segment);
	const struct node *node = descend(router->root, path, &trail);
	if (node == NULL)
		return ROUTER_NO_PATH;
	memcpy(ret_match->allowed, node->allowed, sizeof node->allowed);
	const struct route *route = route_of(node, method_of(method));
	if (route == NULL)
		return ROUTER_NO_METHOD;

	ret_match->target = route->target;
	ret_match->parameter_count = route->name_count;
	for (size_t i = 0; i < route->name_count; i++) {
		ret_match->parameters[i].name = route->names[i];
		ret_match->parameters[i].value = trail.values[i];
	}
	return ROUTER_FOUND;
}
