/* Totals: how many objects a list has on all its pages, found out beside one of them when `count`
 * asks for it. */
#pragma once

#include "request/request.h"

/* Binds what counts the rows of `statement` behind the other calls of r->run.segment; nothing when
 * `r` does not ask for it. False when memory is exhausted. */
bool count_bind(struct request *r, const struct statement *statement);

/* Returns where `r` goes with its count: one that takes long holds up no page; without one, `work`.
 */
enum lane_work count_lane(const struct request *r, enum lane_work work);

/* Appends the members of the page that say what was counted; false when the results do not. */
bool count_append(struct text *body, const struct request *r);
