/* gzip (RFC 1952): whole bodies and streams; and whether a client takes it (RFC 9110, 12.5.3). */
#pragma once

#include "text.h"

struct gzip;

/* Reads Accept-Encoding; NULL is an absent header. True when gzip is accepted, and liked no less
 * than the plain answer. */
bool gzip_is_accepted(const char *accept_encoding);

/* Makes the state of a stream, some 260 KB; NULL when memory is exhausted. */
struct gzip *gzip_new(void);

/* Accepts NULL. */
void gzip_free(struct gzip *gzip);

/* Appends all of `plain`, compressed, to `text`; false when memory is exhausted. Begins anew, so
 * that one state serves one body after another. */
bool gzip_append(struct gzip *gzip, struct slice plain, struct text *text);

/* Takes the front off `plain` and writes at most `size` bytes to `room`; returns how many. With
 * `is_last` nothing comes after `plain`, and `gzip_is_done` says when everything has been written.
 */
size_t gzip_step(struct gzip *gzip, struct slice *plain, bool is_last, char *room, size_t size);
bool gzip_is_done(const struct gzip *gzip);
