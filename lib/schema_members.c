/* schema_members.c: objects, whole or as a merge patch, which says only what changes: what is
 * absent stays, what is null goes. */
#include "schema_check.h"

/* A required member that the server sets is required of the server only. */
static bool is_due(const struct check *check, const struct schema *schema, struct slice name)
{
	const struct name *property = names_find(&schema->properties, name);
	return check->mode == SCHEMA_ANSWER || property == NULL || !property->schema->is_read_only;
}

/* What is said about a required member depends on the mode. */
static bool check_required_member(struct check *check, const struct value *object,
	struct slice name, const struct place *place)
{
	const json_t *member = json_object_getn(object->json, name.bytes, name.length);
	struct place member_place = {.parent = place, .name = name};
	if (check->mode == SCHEMA_PATCH && json_is_null(member))
		return report(
			check, &member_place, "required", "is required and cannot be removed");
	bool is_given = member != NULL && !(is_patch(check) && json_is_null(member));
	return is_given || check->mode == SCHEMA_PATCH ||
	       report(check, &member_place, "required", "is required");
}

static bool check_required(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	bool is_valid = true;
	for (size_t i = 0; i < schema->required.count && !is_enough(check, is_valid); i++) {
		struct slice name = schema->required.items[i];
		if (is_due(check, schema, name))
			is_valid &= check_required_member(check, value, name, place);
	}
	return is_valid;
}

static bool check_dependency(struct check *check, const struct dependency *dependency,
	const struct value *value, const struct place *place)
{
	if (json_object_getn(value->json, dependency->name.bytes, dependency->name.length) == NULL)
		return true;
	bool is_valid = true;
	for (size_t i = 0; i < dependency->required.count; i++) {
		struct slice name = dependency->required.items[i];
		struct place member_place = {.parent = place, .name = name};
		if (json_object_getn(value->json, name.bytes, name.length) != NULL)
			continue;
		is_valid = report(check, &member_place, "required", "is required with %.*s",
			(int)dependency->name.length, dependency->name.bytes);
	}
	return is_valid;
}

/* Rules that no single member can break. A patch may leave unsaid what is there already. */
static bool check_members_together(struct check *check, const struct schema *schema,
	const struct value *value, const struct place *place)
{
	if (check->mode == SCHEMA_PATCH)
		return true;
	bool is_valid = true;
	size_t count = json_object_size(value->json);
	if (count < schema->members_min)
		is_valid = report(check, place, "too_few", "must have at least %zu member%s",
			schema->members_min, plural(schema->members_min));
	if (count > schema->members_max)
		is_valid = report(check, place, "too_many", "must have at most %zu member%s",
			schema->members_max, plural(schema->members_max));
	for (size_t i = 0; i < schema->dependency_count && !is_enough(check, is_valid); i++)
		is_valid &= check_dependency(check, &schema->dependencies[i], value, place);
	return is_valid;
}

/* One member of an object, and what is known about it so far. */
struct member {
	struct value value;
	struct place place;
	bool is_removed; /* a patch says null */
	bool is_known;   /* by name or by pattern */
};

static bool check_named_member(
	struct check *check, const struct name *property, struct member *member)
{
	member->is_known = true;
	if (property->schema->is_read_only && check->mode != SCHEMA_ANSWER)
		return report(check, &member->place, "read_only", "is set by the server");
	return member->is_removed ||
	       check_value(check, property->schema, &member->value, &member->place);
}

static bool check_pattern_members(
	struct check *check, const struct schema *schema, struct member *member)
{
	bool is_valid = true;
	for (size_t i = 0; i < schema->pattern_property_count; i++) {
		const struct pattern_property *property = &schema->pattern_properties[i];
		enum pattern_result result = pattern_match(property->pattern, member->place.name);
		if (result == PATTERN_DIFFERS)
			continue;
		member->is_known = true;
		if (result == PATTERN_GAVE_UP)
			is_valid = report(check, &member->place, "pattern",
				"has a name that is too costly to match");
		else if (!member->is_removed)
			is_valid &= check_value(
				check, property->schema, &member->value, &member->place);
	}
	return is_valid;
}

static bool check_additional_member(
	struct check *check, const struct schema *schema, const struct member *member)
{
	if (schema->additional == NULL || member->is_known)
		return true;
	if (schema->additional->is_false)
		return report_unknown(check, &member->place, &schema->properties);
	return member->is_removed ||
	       check_value(check, schema->additional, &member->value, &member->place);
}

static bool check_member_name(
	struct check *check, const struct schema *schema, const struct member *member)
{
	if (schema->member_names == NULL)
		return true;
	struct value name = {.kind = KIND_STRING, .string = member->place.name};
	struct place place = member->place;
	place.is_name = true;
	return check_value(check, schema->member_names, &name, &place);
}

static bool check_member(struct check *check, const struct schema *schema,
	const struct name *property, struct member *member)
{
	bool is_valid = property == NULL || check_named_member(check, property, member);
	is_valid &= check_pattern_members(check, schema, member);
	is_valid &= check_additional_member(check, schema, member);
	return check_member_name(check, schema, member) && is_valid;
}

bool check_object(struct check *check, const struct schema *schema, const struct value *value,
	const struct place *place)
{
	bool is_valid = check_members_together(check, schema, value, place);
	size_t required_seen = 0;
	json_t *object = json_walkable(value->json);
	for (void *i = json_object_iter(object); i != NULL && !is_enough(check, is_valid);
		i = json_object_iter_next(object, i)) {
		struct slice name = {json_object_iter_key(i), json_object_iter_key_len(i)};
		const json_t *json = json_object_iter_value(i);
		struct member member = {
			.value = value_of(json),
			.place = {.parent = place, .name = name},
			.is_removed = is_patch(check) && json_is_null(json),
		};
		const struct name *property = names_find(&schema->properties, name);
		required_seen += property != NULL && property->is_required;
		is_valid &= check_member(check, schema, property, &member);
	}
	if (is_enough(check, is_valid) ||
		(required_seen == schema->required.count && !is_patch(check)))
		return is_valid;
	return check_required(check, schema, value, place) && is_valid;
}
