/* schema_in_place.c: schemas that apply to the same value: $ref, allOf, anyOf, oneOf, not, if. */
#include <limits.h>

#include "schema_check.h"

/* Asks without a word whether a schema in the same place is satisfied. */
static bool is_satisfied(const struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	struct check quiet = *check;
	quiet.effort = EFFORT_ASK;
	return check_value(&quiet, schema, value, place);
}

static bool check_all_of(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	bool is_valid = true;
	if (schema->reference != NULL)
		is_valid = check_value(check, schema->reference, value, place);
	for (size_t i = 0; i < schema->all_of.count && !is_enough(check, is_valid); i++)
		is_valid &= check_value(check, schema->all_of.items[i], value, place);
	return is_valid;
}

/* How far off the value is from one branch. */
static unsigned long score(const struct check *check, const struct schema *branch,
	const struct value *value, const struct place *place)
{
	struct check scoring = *check;
	scoring.effort = EFFORT_SCORE;
	scoring.branch = place;
	scoring.score = 0;
	if ((branch->accepted & value->kind) == 0)
		report_type(&scoring, place, KIND_ANY, 0);
	check_value(&scoring, branch, value, place);
	return scoring.score;
}

/* Returns the branch that came closest, or NULL when there are several. */
static const struct schema *closest_branch(const struct check *check,
	const struct schema_list *branches, const struct value *value, const struct place *place)
{
	const struct schema *closest = NULL;
	unsigned long lowest = ULONG_MAX;
	for (size_t i = 0; i < branches->count; i++) {
		unsigned long branch_score = score(check, branches->items[i], value, place);
		if (branch_score < lowest)
			closest = branches->items[i];
		else if (branch_score == lowest)
			closest = NULL;
		lowest = branch_score < lowest ? branch_score : lowest;
	}
	return closest;
}

/* The alternatives of anyOf or oneOf, and what to say where no sentence fits better. */
struct alternatives {
	const struct schema_list *branches;
	const char *code;
};

/* None of the alternatives is satisfied: says so in the way that helps most. */
static bool report_alternatives(struct check *check, const struct alternatives *alternatives,
	const struct value *value, const struct place *place)
{
	const struct schema_list *branches = alternatives->branches;
	unsigned accepted = 0;
	for (size_t i = 0; i < branches->count; i++)
		accepted |= branches->items[i]->accepted;
	if (check->effort == EFFORT_ASK)
		return false;
	if (is_list_of_required(branches))
		return report_none_given(check, place, branches);
	if ((accepted & value->kind) == 0)
		return report_type(check, place, accepted, value->json ? value->kind : 0);
	const struct schema *closest = closest_branch(check, branches, value, place);
	if (closest != NULL)
		return check_value(check, closest, value, place);
	return report(check, place, alternatives->code, "fits none of its %zu alternatives",
		branches->count);
}

static bool check_any_of(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	const struct schema_list *branches = &schema->any_of;
	for (size_t i = 0; i < branches->count; i++) {
		if (is_satisfied(check, branches->items[i], value, place))
			return true;
	}
	const struct alternatives alternatives = {branches, "any_of"};
	return branches->count == 0 || report_alternatives(check, &alternatives, value, place);
}

/* What a patch may satisfy is asked of `not` and `if` the other way round: a patch must not
 * certainly satisfy the one, and decides the other only if it does so for certain. */
static struct check opposite(const struct check *check)
{
	struct check other = *check;
	if (check->mode == SCHEMA_PATCH)
		other.mode = SCHEMA_CERTAIN;
	else if (check->mode == SCHEMA_CERTAIN)
		other.mode = SCHEMA_PATCH;
	return other;
}

static bool check_one_of(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	const struct schema_list *branches = &schema->one_of;
	const struct check other = opposite(check);
	size_t own_count = 0;
	size_t other_count = 0;
	for (size_t i = 0; i < branches->count; i++) {
		bool is_own = is_satisfied(check, branches->items[i], value, place);
		own_count += is_own;
		other_count += is_patch(check)
				       ? is_satisfied(&other, branches->items[i], value, place)
				       : is_own;
	}
	if (branches->count == 0 || (own_count > 0 && other_count <= 1))
		return true;
	const struct alternatives alternatives = {branches, "one_of"};
	if (own_count == 0)
		return report_alternatives(check, &alternatives, value, place);
	if (is_list_of_required(branches))
		return report_several_given(check, place, branches);
	return report(check, place, "one_of", "must fit only one of its %zu alternatives, not %zu",
		branches->count, other_count);
}

static bool check_negated(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	const struct check other = opposite(check);
	if (schema->negated == NULL || !is_satisfied(&other, schema->negated, value, place))
		return true;
	struct schema_list negated = {.items = (struct schema *[]){schema->negated}, .count = 1};
	if (is_list_of_required(&negated))
		return report_given(check, place, &schema->negated->required);
	return report(check, place, "not_allowed", "has a form that is not allowed");
}

/* A patch that leaves the condition open is not held against either consequence. */
static bool check_condition(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	if (schema->condition == NULL)
		return true;
	const struct check other = opposite(check);
	bool is_met = is_satisfied(check, schema->condition, value, place);
	if (is_patch(check) && is_met != is_satisfied(&other, schema->condition, value, place))
		return true;
	const struct schema *due = is_met ? schema->consequence : schema->alternative;
	return due == NULL || check_value(check, due, value, place);
}

bool check_in_place(struct check *check, const struct schema *schema, const struct value *value,
	const struct place *place)
{
	static check_function *const checks[] = {
		check_all_of, check_any_of, check_one_of, check_negated, check_condition};
	bool is_valid = true;
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		is_valid &= checks[i](check, schema, value, place);
		if (is_enough(check, is_valid))
			break;
	}
	return is_valid;
}
