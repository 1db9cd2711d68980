/* Steps that a request passes, or is refused by: what it asks for, whether it may, and its body.
 * The parameters are in parameters.c. */
#pragma once

#include "request/request.h"

/* Finds the operation behind method and path. */
const struct problem *vet_route(struct request *r);

/* The caller must have the permission that the operation needs. */
const struct problem *vet_permission(struct request *r);

/* The body must be there, of a type that the operation takes, and as its schema says. */
const struct problem *vet_body(struct request *r);

/* All steps of a request of the server's own, which is running afterwards; refuses what is neither
 * a list nor a bulk import. */
const struct problem *vet_order(struct request *r);
