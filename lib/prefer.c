#include "prefer.h"

#include "text.h"

/* Takes the next preference off the front of `rest`: up to a comma that is not within quotes. */
static struct slice take_preference(struct slice *rest)
{
	bool is_quoted = false;
	size_t length = 0;
	for (; length < rest->length; length++) {
		char byte = rest->bytes[length];
		if (byte == '"')
			is_quoted = !is_quoted;
		else if (byte == '\\' && is_quoted && length + 1 < rest->length)
			length++;
		else if (byte == ',' && !is_quoted)
			break;
	}
	struct slice preference = {rest->bytes, length};
	size_t taken = length < rest->length ? length + 1 : length;
	*rest = (struct slice){rest->bytes + taken, rest->length - taken};
	return preference;
}

/* Without its parameters, and with an empty value, it is the same preference. */
static bool is_it(struct slice preference, const char *name)
{
	struct slice word = {0};
	slice_split(&preference, ';', &word);
	struct slice key = {0};
	slice_split(&word, '=', &key);
	struct slice value = slice_trim(word);
	return slice_equals_ignoring_case(slice_trim(key), name) &&
	       (value.length == 0 || slice_equals(value, "\"\""));
}

bool prefer_has(const char *header, const char *name)
{
	struct slice rest = slice_of(header);
	while (rest.length > 0)
		if (is_it(take_preference(&rest), name))
			return true;
	return false;
}
