#include "schema_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	POINTER_MAX = 1000, /* a longer one would let a long name grow an answer without bound */
	PHRASE_MAX = 480,
	REST_MAX = PHRASE_MAX + 64, /* enough to see that it does not fit */
	NAME_SHOWN_MAX = 64,
	SUGGESTION_NAME_MAX = 40,
	SCORE_OTHER_TYPE = 10000, /* the branch is about something else altogether */
	SCORE_OTHER_VALUE = 100,  /* a const or an enum often tells which branch is meant */
};

/* A sentence that grows on the stack and stops, between characters, where it is full. */
struct phrase {
	char bytes[PHRASE_MAX + sizeof "…"];
	size_t length;
	bool is_full;
};

static void phrase_append(struct phrase *phrase, const char *bytes, size_t length)
{
	static const char mark[] = "…";
	if (phrase->is_full)
		return;
	size_t kept = text_cut(bytes, length, PHRASE_MAX - phrase->length);
	if (kept > 0)
		memcpy(phrase->bytes + phrase->length, bytes, kept);
	phrase->length += kept;
	phrase->is_full = kept < length;
	if (phrase->is_full)
		memcpy(phrase->bytes + phrase->length, mark, sizeof mark);
	else
		phrase->bytes[phrase->length] = '\0';
}

static void phrase_add(struct phrase *phrase, const char *string)
{
	phrase_append(phrase, string, strlen(string));
}

/* Names are the client's; a long one is cut. */
static void phrase_add_name(struct phrase *phrase, struct slice name)
{
	size_t kept = text_cut(name.bytes, name.length, NAME_SHOWN_MAX);
	phrase_append(phrase, name.bytes, kept);
	if (kept < name.length)
		phrase_add(phrase, "…");
}

const char *in_language(const struct check *check, const char *english)
{
	return language_text(check->faults->language, english);
}

/* Puts what stands between the items of "a, b or c". */
static void phrase_join(struct phrase *phrase, const struct check *check, size_t i, size_t count)
{
	if (i > 0)
		phrase_add(phrase,
			in_language(check, i + 1 == count ? MESSAGE(" or ") : MESSAGE(", ")));
}

/* What the top is called: the last token of its pointer, or the name of a query parameter. */
static struct slice name_of_top(const char *pointer)
{
	const char *slash = strrchr(pointer, '/');
	if (slash != NULL)
		return slice_of(slash + 1);
	return slice_of(pointer[0] == '?' ? pointer + 1 : pointer);
}

/* Calls a place by the name of the nearest member: "lines[2]", "amount". */
static void phrase_add_place(
	struct phrase *phrase, const struct check *check, const struct place *place)
{
	char index[32];
	if (place->parent == NULL) {
		struct slice name = name_of_top(check->pointer);
		phrase_add_name(phrase,
			name.length > 0 ? name
					: slice_of(in_language(check, MESSAGE("the value"))));
	} else if (place->name.bytes != NULL) {
		phrase_add(phrase, place->is_name ? in_language(check, MESSAGE("the name ")) : "");
		phrase_add_name(phrase, place->name);
	} else {
		phrase_add_place(phrase, check, place->parent);
		snprintf(index, sizeof index, "[%zu]", place->index);
		phrase_add(phrase, index);
	}
}

/* A JSON pointer that is being written; `length` stays where the last whole token ends. */
struct pointer {
	char bytes[POINTER_MAX + 1];
	size_t length;
	bool is_full;
};

static void pointer_add(struct pointer *pointer, struct slice token)
{
	size_t end = pointer->length;
	if (pointer->is_full || token.length + 1 > POINTER_MAX - end) {
		pointer->is_full = true;
		return;
	}
	pointer->bytes[end++] = '/';
	for (size_t i = 0; i < token.length; i++) {
		char byte = token.bytes[i];
		bool is_special = byte == '~' || byte == '/';
		if (end + 2 > POINTER_MAX) {
			pointer->is_full = true;
			break;
		}
		pointer->bytes[end++] = is_special ? '~' : byte;
		if (is_special)
			pointer->bytes[end++] = byte == '~' ? '0' : '1';
	}
	pointer->length = pointer->is_full ? pointer->length : end;
	pointer->bytes[pointer->length] = '\0';
}

/* Where the pointer would be too long, it ends at the last place above that fits. */
static void pointer_add_place(
	struct pointer *pointer, const struct check *check, const struct place *place)
{
	if (place->parent == NULL) {
		size_t length = strlen(check->pointer);
		pointer->is_full = length > POINTER_MAX;
		pointer->length = pointer->is_full ? 0 : length;
		memcpy(pointer->bytes, check->pointer, pointer->length);
		pointer->bytes[pointer->length] = '\0';
		return;
	}
	pointer_add_place(pointer, check, place->parent);
	char index[32];
	snprintf(index, sizeof index, "%zu", place->index);
	pointer_add(pointer, place->name.bytes != NULL ? place->name : slice_of(index));
}

static void add_score(struct check *check, const struct place *place, const char *code)
{
	if (place == check->branch && strcmp(code, "type") == 0)
		check->score += SCORE_OTHER_TYPE;
	else if (strcmp(code, "const") == 0 || strcmp(code, "enum") == 0)
		check->score += SCORE_OTHER_VALUE;
	else
		check->score++;
}

/* True when no sentence is wanted: the score, if anything, takes note. */
static bool is_silent(struct check *check, const struct place *place, const char *code)
{
	if (check->effort == EFFORT_SCORE)
		add_score(check, place, code);
	return check->effort != EFFORT_REPORT;
}

/* Adds a fault whose whole sentence is there. */
static bool report_sentence(struct check *check, const struct place *place, const char *code,
	const struct phrase *sentence)
{
	struct pointer pointer = {.length = 0};
	pointer_add_place(&pointer, check, place);
	fault_add(check->faults, pointer.bytes, code, "%s", sentence->bytes);
	return false;
}

bool report(
	struct check *check, const struct place *place, const char *code, const char *format, ...)
{
	if (is_silent(check, place, code))
		return false;
	struct phrase sentence = {.length = 0};
	char rest[REST_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(rest, sizeof rest, in_language(check, format), arguments);
	va_end(arguments);
	phrase_add_place(&sentence, check, place);
	phrase_add(&sentence, " ");
	phrase_add(&sentence, rest);
	return report_sentence(check, place, code, &sentence);
}

/* The same with a sentence that says by itself what it is about. */
__attribute__((format(printf, 4, 5))) static bool report_whole(
	struct check *check, const struct place *place, const char *code, const char *format, ...)
{
	struct phrase sentence = {.length = 0};
	char rest[REST_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(rest, sizeof rest, in_language(check, format), arguments);
	va_end(arguments);
	phrase_add(&sentence, rest);
	return report_sentence(check, place, code, &sentence);
}

static const struct {
	unsigned kinds;
	const char *article;
} kind_names[] = {
	{KIND_STRING, MESSAGE("a string")},
	{KIND_NUMBER, MESSAGE("a number")},
	{KIND_INTEGER, MESSAGE("an integer")},
	{KIND_FRACTION, MESSAGE("a number with a fraction")},
	{KIND_BOOLEAN, MESSAGE("true or false")},
	{KIND_ARRAY, MESSAGE("an array")},
	{KIND_OBJECT, MESSAGE("an object")},
	{KIND_NULL, MESSAGE("null")},
};

/* Takes the first named kinds out of the set; NULL when it is empty. */
static const char *take_kind(unsigned *kinds)
{
	for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
		if ((*kinds & kind_names[i].kinds) != kind_names[i].kinds)
			continue;
		*kinds &= ~kind_names[i].kinds;
		return kind_names[i].article;
	}
	return NULL;
}

bool report_type(struct check *check, const struct place *place, unsigned kinds, unsigned actual)
{
	if (kinds == 0)
		return report(check, place, "not_allowed", "is not allowed");
	if (is_silent(check, place, "type"))
		return false;
	const char *names[sizeof kind_names / sizeof *kind_names];
	size_t count = 0;
	while (kinds != 0)
		names[count++] = take_kind(&kinds);
	struct phrase list = {.length = 0};
	for (size_t i = 0; i < count; i++) {
		phrase_join(&list, check, i, count);
		phrase_add(&list, in_language(check, names[i]));
	}
	const char *actual_name = take_kind(&actual);
	if (actual_name == NULL)
		return report(check, place, "type", "must be %s", list.bytes);
	return report(check, place, "type", "must be %s, not %s", list.bytes,
		in_language(check, actual_name));
}

static void phrase_add_json(struct phrase *phrase, const json_t *json)
{
	if (json_is_string(json)) {
		phrase_append(phrase, json_string_value(json), json_string_length(json));
		return;
	}
	char dump[128];
	size_t length = json_dumpb(json, dump, sizeof dump, JSON_COMPACT | JSON_ENCODE_ANY);
	bool fits = length <= sizeof dump;
	phrase_append(phrase, fits ? dump : "…", fits ? length : strlen("…"));
}

bool report_enumeration(struct check *check, const struct place *place, const json_t *enumeration)
{
	struct phrase list = {.length = 0};
	for (size_t i = 0; i < json_array_size(enumeration) && check->effort == EFFORT_REPORT;
		i++) {
		phrase_add(&list, i > 0 ? in_language(check, MESSAGE(", ")) : "");
		phrase_add_json(&list, json_array_get(enumeration, i));
	}
	return report(check, place, "enum", "must be one of %s", list.bytes);
}

bool report_constant(struct check *check, const struct place *place, const json_t *constant)
{
	struct phrase value = {.length = 0};
	if (check->effort == EFFORT_REPORT)
		phrase_add_json(&value, constant);
	return report(check, place, "const", "must be %s", value.bytes);
}

static size_t least(size_t left, size_t right)
{
	return left < right ? left : right;
}

/* How many bytes to insert, remove or change until one name is the other (Levenshtein): `row` holds
 * the distances of the prefixes of `right` to the prefix of `left` that ends at `i`. */
static size_t distance(struct slice left, struct slice right)
{
	size_t row[SUGGESTION_NAME_MAX + 1];
	for (size_t k = 0; k <= right.length; k++)
		row[k] = k;
	for (size_t i = 1; i <= left.length; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t k = 1; k <= right.length; k++) {
			size_t change = diagonal + (left.bytes[i - 1] != right.bytes[k - 1]);
			diagonal = row[k];
			row[k] = least(change, least(row[k], row[k - 1]) + 1);
		}
	}
	return row[right.length];
}

/* Returns the name of the set that `name` is probably meant to be, or NULL. */
static const struct name *nearest(const struct names *names, struct slice name)
{
	const struct name *found = NULL;
	size_t closest = name.length / 3 + 1;
	if (name.length > SUGGESTION_NAME_MAX)
		return NULL;
	for (size_t i = 0; i < names->count; i++) {
		if (names->items[i].text.length > SUGGESTION_NAME_MAX)
			continue;
		size_t away = distance(name, names->items[i].text);
		if (away < closest) {
			closest = away;
			found = &names->items[i];
		}
	}
	return found;
}

bool report_unknown(struct check *check, const struct place *place, const struct names *properties)
{
	const struct name *meant = check->effort == EFFORT_REPORT ? nearest(properties, place->name)
								  : NULL;
	if (meant == NULL)
		return report(check, place, "unknown_member", "is not a member here");
	return report(check, place, "unknown_member", "is not a member here; did you mean %.*s?",
		(int)meant->text.length, meant->text.bytes);
}

bool is_list_of_required(const struct schema_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct schema *schema = list->items[i];
		if (schema->rule_count != 1 || schema->required.count == 0)
			return false;
	}
	return list->count > 0;
}

static void phrase_add_required(
	struct phrase *phrase, const struct check *check, const struct slices *names)
{
	for (size_t i = 0; i < names->count; i++) {
		phrase_add(phrase, i > 0 ? in_language(check, MESSAGE(" and ")) : "");
		phrase_add_name(phrase, names->items[i]);
	}
}

static void phrase_add_branches(
	struct phrase *phrase, const struct check *check, const struct schema_list *branches)
{
	for (size_t i = 0; i < branches->count; i++) {
		phrase_join(phrase, check, i, branches->count);
		phrase_add_required(phrase, check, &branches->items[i]->required);
	}
}

/* Both faults stand at the first alternative, which is not there, or not alone. */
static struct place first_alternative(const struct place *place, const struct schema_list *branches)
{
	return (struct place){.parent = place, .name = branches->items[0]->required.items[0]};
}

bool report_none_given(
	struct check *check, const struct place *place, const struct schema_list *branches)
{
	if (is_silent(check, place, "required"))
		return false;
	struct phrase list = {.length = 0};
	struct place first = first_alternative(place, branches);
	phrase_add_branches(&list, check, branches);
	return report_whole(check, &first, "required", "%s is required", list.bytes);
}

bool report_several_given(
	struct check *check, const struct place *place, const struct schema_list *branches)
{
	if (is_silent(check, place, "one_of"))
		return false;
	struct phrase list = {.length = 0};
	struct place first = first_alternative(place, branches);
	phrase_add_branches(&list, check, branches);
	return report_whole(check, &first, "one_of", "only one of %s may be given", list.bytes);
}

bool report_given(struct check *check, const struct place *place, const struct slices *names)
{
	if (is_silent(check, place, "not_allowed"))
		return false;
	struct phrase list = {.length = 0};
	struct place first = {.parent = place, .name = names->items[0]};
	phrase_add_required(&list, check, names);
	return names->count > 1 ? report_whole(check, &first, "not_allowed",
					  "%s must not be given together", list.bytes)
				: report_whole(check, &first, "not_allowed", "%s is not allowed",
					  list.bytes);
}
