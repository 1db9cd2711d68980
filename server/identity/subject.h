/* Subjects: callers who say who they are by an access token of the issuer. */
#pragma once

#include "request/request.h"

/* True when what a request brings looks like a token, and tokens are taken. */
bool subject_is_named(struct request *r);

/* Identifies the caller by the token: refuses the request, or goes on with it, now or later. */
void subject_identify(struct request *r);
