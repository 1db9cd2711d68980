/* What a worker offers to its requests. Each worker has its own; the const members are shared. */
#pragma once

#include "text.h"

struct actor_cache;
struct business_clock;
struct config;
struct contract;
struct followers;
struct gzip;
struct hosts;
struct issuer;
struct journal;
struct lanes;
struct loop;
struct meter;
struct metrics;
struct operation_table;
struct packed;
struct shared_table;
struct statement_catalogue;
struct throttle;
struct variant_cache;

struct service {
	const struct config *config;
	const struct contract *contract;
	const struct operation_table *operations;
	const struct statement_catalogue *statements;
	struct slice cursor_secret;
	struct business_clock *clock; /* shared; a test may set it */
	struct slice webhook_key;     /* what the secrets of webhooks are computed from */

	struct loop *loop;
	struct hosts *hosts;      /* of the database that is written to */
	struct hosts *read_hosts; /* of that, or of its replicas */
	struct lanes *lanes;
	struct shared_table *shared;
	struct variant_cache *variants;
	struct actor_cache *actors;
	struct throttle *throttle;
	struct meter *meter;
	struct issuer *issuer;       /* of access tokens; NULL: none are taken */
	struct followers *followers; /* of events */
	struct gzip *gzip;           /* for one body at a time */
	struct packed *packed;       /* constants, once asked for */
	struct metrics *metrics;
	struct journal *journal;
	struct metrics *const *all_metrics; /* of every worker, for the report */
	int worker_count;
	int imports; /* under way on this worker */
	bool is_stopping;
};
