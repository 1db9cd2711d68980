/* What weave compiled in: the contract, the statements, the migrations, the documentation page. */
#pragma once

#include <stdint.h>

#include "language.h"
#include "text.h"

struct woven_file {
	const char *name; /* NULL ends a list */
	struct slice content;
};

extern const struct slice woven_contract;               /* openapi.yaml as JSON */
extern const struct woven_file woven_statement_files[]; /* server resources and features */
extern const struct woven_file woven_migrations[];      /* in the order of their names */
extern const struct woven_file woven_routines[];
/* The enums of the contract with the labels of a language, as they are answered. */
struct woven_enums {
	const char *tag; /* NULL ends the list; English comes first */
	struct slice json;
	const char *etag;
};
extern const struct woven_enums woven_enums[];
extern const struct language woven_languages[]; /* all but English; ends with one without tag */

/* The files of the documentation page, from npm's swagger-ui-dist (docs_assets.S). */
extern const char docs_style[], docs_script[];
extern const uint64_t docs_style_length, docs_script_length;
