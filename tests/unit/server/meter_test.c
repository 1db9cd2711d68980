/* What is counted, and what is sent again until it has arrived: server/watch/meter.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "watch/meter.h"

static const struct actor staff = {
	.id = "00000000-0000-7000-8000-00000000000a", .role = ROLE_ADMIN};
static const struct actor partner = {.id = "00000000-0000-7000-8000-00000000000b",
	.partner_id = "00000000-0000-7000-8000-00000000000c",
	.role = ROLE_PARTNER};

struct batch {
	char *instance;
	long long sequence;
	json_t *usage;
};

/* Takes what there is to send; its usage is NULL when there is nothing. */
static struct batch take(struct meter *meter)
{
	struct text values[METER_VALUES] = {0};
	struct batch batch = {0};
	if (meter_batch(meter, values)) {
		batch.instance = strdup(values[METER_INSTANCE].bytes);
		batch.sequence = strtoll(values[METER_SEQUENCE].bytes, NULL, 10);
		batch.usage = json_loads(values[METER_USAGE].bytes, 0, NULL);
		assert_non_null(batch.usage);
	}
	for (int i = 0; i < METER_VALUES; i++)
		text_done(&values[i]);
	return batch;
}

static void drop(struct batch *batch)
{
	free(batch->instance);
	json_decref(batch->usage);
}

static const json_t *usage_of(const struct batch *batch, const char *caller_id)
{
	size_t i;
	json_t *usage;
	json_array_foreach (batch->usage, i, usage)
		if (strcmp(json_string_value(json_object_get(usage, "caller_id")), caller_id) == 0)
			return usage;
	return NULL;
}

static long long number(const json_t *usage, const char *name)
{
	return json_integer_value(json_object_get(usage, name));
}

static void a_caller_is_counted_by_what_it_was_answered(void **state)
{
	static const int statuses[] = {200, 201, 304, 400, 404, 429, 500, 503, 0};
	struct meter *meter = meter_new();
	(void)state;
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		meter_note(meter, &staff, statuses[i], 10);
	meter_note(meter, &partner, 200, UINT64_C(1) << 40);

	struct batch batch = take(meter);

	assert_int_equal(json_array_size(batch.usage), 2);
	const json_t *usage = usage_of(&batch, staff.id);
	assert_int_equal(number(usage, "requests"), 9);
	assert_int_equal(number(usage, "refusals"), 3);
	assert_int_equal(number(usage, "failures"), 2);
	assert_int_equal(number(usage, "bytes_sent"), 90);
	assert_null(json_object_get(usage, "partner_id"));
	usage = usage_of(&batch, partner.id);
	assert_int_equal(number(usage, "requests"), 1);
	assert_true(number(usage, "bytes_sent") == 1LL << 40);
	assert_string_equal(
		json_string_value(json_object_get(usage, "partner_id")), partner.partner_id);
	assert_string_equal(json_string_value(json_object_get(usage, "caller_kind")), "api_key");
	drop(&batch);
	meter_free(meter);
}

static void a_caller_is_counted_for_each_partner_that_it_acts_for(void **state)
{
	struct actor subject = {.kind = ACTOR_ACCESS_TOKEN, .role = ROLE_PARTNER};
	static const char *const partners[] = {
		"00000000-0000-7000-8000-00000000000c", "00000000-0000-7000-8000-00000000000d", ""};
	struct meter *meter = meter_new();
	(void)state;
	memcpy(subject.id, staff.id, sizeof subject.id);
	for (int i = 0; i < 6; i++) {
		memset(subject.partner_id, 'x', sizeof subject.partner_id);
		snprintf(subject.partner_id, sizeof subject.partner_id, "%s", partners[i % 3]);
		meter_note(meter, &subject, 200, (uint64_t)i % 3);
	}

	struct batch batch = take(meter);

	assert_int_equal(json_array_size(batch.usage), 3);
	for (size_t i = 0; i < 3; i++) {
		const json_t *usage = json_array_get(batch.usage, i);
		const char *partner_id = json_string_value(json_object_get(usage, "partner_id"));
		assert_string_equal(partner_id == NULL ? "" : partner_id, partners[i]);
		assert_int_equal(number(usage, "requests"), 2);
		assert_int_equal(number(usage, "bytes_sent"), 2 * i);
	}
	drop(&batch);
	meter_free(meter);
}

static void a_batch_stays_the_same_until_it_is_settled(void **state)
{
	struct meter *meter = meter_new();
	(void)state;
	meter_note(meter, &staff, 200, 1);
	struct batch first = take(meter);
	meter_note(meter, &staff, 200, 2);
	meter_note(meter, &partner, 200, 3);

	struct batch again = take(meter);
	meter_settle(meter);
	struct batch next = take(meter);

	assert_int_equal(again.sequence, first.sequence);
	assert_string_equal(again.instance, first.instance);
	assert_true(json_equal(again.usage, first.usage));
	assert_true(next.sequence > first.sequence);
	assert_string_equal(next.instance, first.instance);
	assert_int_equal(number(usage_of(&next, staff.id), "bytes_sent"), 2);
	assert_int_equal(number(usage_of(&next, partner.id), "bytes_sent"), 3);
	drop(&first);
	drop(&again);
	drop(&next);
	meter_free(meter);
}

static void what_is_settled_is_not_sent_again(void **state)
{
	struct meter *meter = meter_new();
	(void)state;
	struct batch nothing = take(meter);
	assert_null(nothing.usage);
	assert_true(meter_is_settled(meter));

	meter_note(meter, &staff, 200, 1);
	assert_false(meter_is_settled(meter));
	struct batch batch = take(meter);
	assert_false(meter_is_settled(meter));
	meter_settle(meter);

	nothing = take(meter);
	assert_null(nothing.usage);
	assert_true(meter_is_settled(meter));
	drop(&batch);
	meter_free(meter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_caller_is_counted_by_what_it_was_answered),
		cmocka_unit_test(a_caller_is_counted_for_each_partner_that_it_acts_for),
		cmocka_unit_test(a_batch_stays_the_same_until_it_is_settled),
		cmocka_unit_test(what_is_settled_is_not_sent_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
