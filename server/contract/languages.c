#include "contract/languages.h"

#include <strings.h>

#include "weight.h"
#include "woven.h"

/* What is left of a range or a tag when it has been cut as far as it goes. */
static struct slice primary(struct slice range)
{
	struct slice first = {0};
	slice_split(&range, '-', &first);
	return slice_trim(first);
}

/* False for a language that we do not speak; English is NULL. */
static bool find_language(struct slice range, const struct language **ret_language)
{
	if (slice_equals_ignoring_case(primary(range), "en")) {
		*ret_language = NULL;
		return true;
	}
	for (const struct language *known = woven_languages; known->tag != NULL; known++) {
		struct slice tag = primary(slice_of(known->tag));
		struct slice wanted = primary(range);
		if (wanted.length != tag.length ||
			strncasecmp(wanted.bytes, tag.bytes, tag.length) != 0)
			continue;
		*ret_language = known;
		return true;
	}
	return false;
}

const struct language *languages_accepted(const char *accept_language)
{
	const struct language *best = NULL;
	int best_weight = 0;
	struct slice rest = slice_of(accept_language);
	struct slice range;
	while (slice_split(&rest, ',', &range)) {
		const struct language *found;
		struct slice name;
		slice_split(&range, ';', &name);
		int weight = weight_read(range);
		if (weight <= best_weight || !find_language(name, &found))
			continue;
		best = found;
		best_weight = weight;
	}
	return best;
}
