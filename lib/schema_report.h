/* Where a check stands in a value, and how it says what is wrong there. */
#pragma once

#include "fault.h"
#include "schema_rules.h"

/* A value, whether it came as JSON or as text. */
struct value {
	unsigned kind;
	struct slice string;       /* of a string */
	struct json_number number; /* of a number; of a boolean, 1 or 0 */
	const json_t *json;        /* NULL for a scalar that came as text */
};

/* A place in the value that is checked: a chain to the top, on the stack of the checker. */
struct place {
	const struct place *parent; /* NULL at the top */
	struct slice name;          /* of a member; without bytes for an item */
	size_t index;               /* of an item */
	bool is_name;               /* it is the name itself that is checked */
};

/* How much is wanted to be known. */
enum effort {
	EFFORT_ASK,   /* whether there is a fault */
	EFFORT_SCORE, /* how far off the value is */
	EFFORT_REPORT /* every fault */
};

/* Within a merge patch, what is absent may still be there, so a rule can be possibly or certainly
 * satisfied. SCHEMA_PATCH asks for the first; `not` and `if` ask for the second. */
enum { SCHEMA_CERTAIN = SCHEMA_ANSWER + 1 };

struct check {
	enum effort effort;
	int mode;            /* enum schema_mode or SCHEMA_CERTAIN */
	const char *pointer; /* of the top */
	struct fault_list *faults;
	const struct place *branch; /* what EFFORT_SCORE judges */
	unsigned long score;
};

/* Each adds a fault (or to the score) and returns false. The sentence begins with what stands at
 * `place`; `format` says the rest. */
bool report(struct check *check, const struct place *place, const char *code, const char *format,
	...) __attribute__((format(printf, 4, 5)));

/* Returns a message in the language of the faults. */
const char *in_language(const struct check *check, const char *english)
	__attribute__((format_arg(2)));

/* "… must be a string or null, not a number": `actual` is 0 when that says nothing. */
bool report_type(struct check *check, const struct place *place, unsigned kinds, unsigned actual);

/* "… must be one of a, b, c" */
bool report_enumeration(struct check *check, const struct place *place, const json_t *enumeration);

/* "… must be 5" */
bool report_constant(struct check *check, const struct place *place, const json_t *constant);

/* "… is not a member here; did you mean amount?" */
bool report_unknown(struct check *check, const struct place *place, const struct names *properties);

/* "partner_id or partner_code is required": none of the lists of required members is satisfied. */
bool report_none_given(
	struct check *check, const struct place *place, const struct schema_list *branches);

/* "only one of unit_price or amount may be given" */
bool report_several_given(
	struct check *check, const struct place *place, const struct schema_list *branches);

/* "a and b must not be given together" */
bool report_given(struct check *check, const struct place *place, const struct slices *names);

/* True when every schema of the list does nothing but require members. */
bool is_list_of_required(const struct schema_list *list);
