/* enums: the values of the contract, and what people call them. Woven from contract and languages/.
 */
#include <string.h>

#include "contract/operation.h"
#include "request/answer.h"
#include "woven.h"

/* English comes first, and for whom nothing else is there. */
static const struct woven_enums *enums_in(const struct language *language)
{
	for (const struct woven_enums *enums = woven_enums; enums->tag != NULL; enums++)
		if (language != NULL && strcmp(enums->tag, language->tag) == 0)
			return enums;
	return woven_enums;
}

static const struct problem *answer_enums(struct request *r)
{
	const struct woven_enums *enums = enums_in(r->language);
	answer_language(r);
	answer_begin(r, 200, "application/json");
	answer_etag(r, enums->etag);
	if (r->answer.status == 200)
		r->answer.constant = enums->json;
	answer_send(r);
	return NULL;
}

OPERATION(listEnums) = {.handle = answer_enums};
