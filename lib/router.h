/* Finds what a request is for: a tree of path segments, built at start and constant afterwards. */
#pragma once

#include "text.h"

enum { ROUTE_PARAMETERS_MAX = 8, ROUTE_ALLOWED_SIZE = 64 };

struct router;

enum router_verdict { ROUTER_FOUND, ROUTER_NO_PATH, ROUTER_NO_METHOD };

struct route_match {
	void *target;
	struct {
		const char *name;   /* the router owns it */
		struct slice value; /* a piece of the path as it came: not empty, not decoded */
	} parameters[ROUTE_PARAMETERS_MAX];
	size_t parameter_count;
	char allowed[ROUTE_ALLOWED_SIZE]; /* the path's methods: "GET, HEAD, POST, OPTIONS" */
};

/* Returns an empty router, or NULL when memory is exhausted. */
struct router *router_new(void);
void router_free(struct router *router);

/* Adds a route; "/v1/partners/{id}/status" has one parameter. Copies the template, keeps `target`
 * as it is. False for a duplicate (parameters' names make no difference), a template that begins
 * without a slash or has more than ROUTE_PARAMETERS_MAX parameters, a method that HTTP does not
 * have, and when memory is exhausted. */
bool router_add(struct router *router, const char *method, const char *path_template, void *target);

/* Finds the route of a request. A literal segment wins over a parameter, on the whole path: the
 * method is looked up afterwards. HEAD finds GET. With ROUTER_NO_METHOD, which is also the verdict
 * on OPTIONS, only `allowed` is filled in; with ROUTER_NO_PATH nothing is. */
enum router_verdict router_find(const struct router *router, struct slice method, struct slice path,
	struct route_match *ret_match);
