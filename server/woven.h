/* What weave compiled in: the contract, the statements, the migrations, the documentation page. */
#pragma once

#include <stdint.h>

#include "language.h"
#include "text.h"

struct woven_file {
	const char *name; /* NULL ends a list */
	struct slice content;
};

extern const struct slice woven_contract;               /* as JSON */
extern const struct woven_file woven_statement_files[]; /* all that stand below server/ */
extern const struct woven_file woven_migrations[];      /* in the order of their names */
extern const struct woven_file woven_routines[];

/* What the rooms of the contract let a role do. */
struct woven_grant {
	const char
		*role; /* NULL ends the list; an administrator, who may everything, is not there */
	const char *scopes;   /* separated by blanks */
	const char *if_named; /* only by a key whose own scopes name it */
};
extern const struct woven_grant woven_grants[];

/* What objects a room has, by the names of their tables, as the logs call them. */
struct woven_room {
	const char *permission; /* whoever has it reads them; NULL ends the list */
	const char *objects;    /* separated by blanks */
};
extern const struct woven_room woven_rooms[];

/* The enums of the contract with the labels of a language, as they are answered. */
struct woven_enums {
	const char *tag; /* NULL ends the list; English comes first */
	struct slice json;
	const char *etag;
};
extern const struct woven_enums woven_enums[];
extern const struct language woven_languages[]; /* all but English; ends with one without tag */

/* The files of the documentation page, from npm's swagger-ui-dist (swagger_ui.S). */
extern const char docs_style[], docs_script[];
extern const uint64_t docs_style_length, docs_script_length;
