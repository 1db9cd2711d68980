/* Exports that are asked for now and fetched later. */
#pragma once

struct problem;
struct request;

/* Refuses an export of what the caller may not read, or of what is not a list. */
const struct problem *exports_check(struct request *r);
