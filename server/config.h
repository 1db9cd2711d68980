/* Every setting and every limit of the server, in one place. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct config {
	/* settings */
	int port;
	const char *address;         /* to listen on */
	const char *data;            /* directory of the embedded PostgreSQL */
	const char *database_url;    /* another PostgreSQL; NULL: the embedded one */
	const char *read_url;        /* a replica of it for reads; NULL: none */
	const char *admin_key;       /* an admin key to install, or NULL */
	const char *public_url;      /* how clients reach us, or NULL: by their Host header */
	const char *allowed_hosts;   /* what Host may say for links; NULL: anything */
	const char *cors_origins;    /* separated by commas, or NULL */
	const char *trusted_proxies; /* addresses and networks, separated by commas, or NULL */
	int dates_from_year;         /* the first year of business, */
	int dates_years_ahead;       /* and how far ahead of today it plans */
	bool has_demo;
	bool has_test_clock; /* tests may set the time that business goes by */
	bool works;          /* does the jobs of the database, too */
	const char *
		webhook_ca_file; /* authorities that receivers are trusted by; NULL: the system's */
	bool webhook_private_addresses; /* receivers need neither a public address nor TLS */
	const char *oidc_issuer;        /* whose access tokens are taken; NULL: nobody's */
	const char *oidc_audience;      /* for whom they must be */
	const char *oidc_jwks_url;      /* where the issuer's keys are */
	const char *oidc_ca_file;       /* authorities that it is trusted by; NULL: the system's */
	bool oidc_plain_type;           /* a token's `typ` may be JWT */
	const char *oidc_role_claim;    /* what a token calls the role, */
	const char *oidc_scope_claim;   /* the scopes, */
	const char *oidc_partner_claim; /* the code of the partner, */
	const char *oidc_manager_claim; /* that of the manager, */
	const char *oidc_name_claim;    /* and what its subject is called */

	/* limits */
	int workers;
	int connections;     /* HTTP connections of all workers together */
	int body_bytes;      /* of a request that is not streamed */
	int answer_bytes;    /* of a page that is not streamed */
	int compress_bytes;  /* an answer of more is compressed; 0: none is */
	int caller_rate;     /* requests a second of one caller; 0: as many as it likes */
	int caller_burst;    /* how many of them at once */
	int caller_requests; /* of one caller under way; 0: as many as it likes */
	int address_rate;    /* the same of one address */
	int address_burst;
	int guess_rate; /* keys a second that are none, from one address */
	int guess_burst;
	int head_ms;           /* for the whole head of a request */
	int slow_ms;           /* how often a body or an answer under way is looked at, */
	int slow_bytes;        /* and how many bytes must have moved meanwhile */
	int idle_ms;           /* a connection that sends nothing is cut */
	int request_ms;        /* from the first byte of a request to its answer */
	int import_ms;         /* the same of a bulk import that is sent */
	int statement_ms;      /* PostgreSQL gives up on a statement */
	int bulk_statement_ms; /* the same for imports */
	int queue;             /* requests that wait for one kind of lane */
	int queue_ms;          /* how long they wait */
	int read_lanes;        /* connections per worker and role */
	int write_lanes;
	int report_lanes;
	int webhook_ms;           /* a receiver has answered by then */
	int oidc_jwks_seconds;    /* the issuer's keys are fetched anew after this */
	int event_streams;        /* of all workers together */
	int event_caller_streams; /* of one caller */
	int event_poll_ms;        /* how often news is asked for, per worker */
	int event_heartbeat_ms;   /* after as long, a stream says that it is there */
	int batch;                /* statements that go out together */
	int imports;              /* at the same time, per worker */
	int import_bytes;         /* of a file that is imported later */
	int caller_imports;       /* of one caller that wait */
	int import_errors;        /* that are kept of an import */
};

/* Fills `ret_config` from flags (--port=8080) and the environment (QUDAO_PORT); flags win. False
 * with one line in `ret_error` for an unknown flag or a value out of range. */
bool config_read(struct config *ret_config, char **flags, struct text *ret_error);

/* Returns what one worker has of a limit of all: never nothing, unless that is the limit. */
int config_share(const struct config *config, int whole);

/* Appends the list of all settings with their defaults, for --help. */
void config_describe(struct text *text);
