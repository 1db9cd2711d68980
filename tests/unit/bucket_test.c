#include "bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SECOND_US = 1000000 };

static struct bucket *bucket_of(struct buckets *buckets, const char *name, int64_t now_us)
{
	return buckets_find(buckets, buckets_owner(buckets, name, strlen(name)), now_us);
}

static int take_all(struct buckets *buckets, struct bucket *bucket, int64_t now_us)
{
	int count = 0;
	while (bucket_take(buckets, bucket, now_us))
		count++;
	return count;
}

static void a_burst_is_taken_at_once_and_grows_again_at_the_rate(void **state)
{
	(void)state;
	struct buckets *buckets = buckets_new((struct bucket_rate){.per_second = 10, .burst = 30});
	struct bucket *bucket = bucket_of(buckets, "caller", SECOND_US);

	assert_int_equal(bucket_left(buckets, bucket, SECOND_US), 30);
	assert_int_equal(take_all(buckets, bucket, SECOND_US), 30);
	assert_int_equal(bucket_left(buckets, bucket, SECOND_US), 0);
	assert_int_equal(take_all(buckets, bucket, 2 * SECOND_US), 10);
	assert_int_equal(take_all(buckets, bucket, 2 * SECOND_US + 99999), 0);
	assert_int_equal(take_all(buckets, bucket, 2 * SECOND_US + 100000), 1);
	assert_int_equal(take_all(buckets, bucket, 1000LL * SECOND_US), 30);

	buckets_free(buckets);
}

static void who_waits_as_long_as_it_is_told_gets_a_token(void **state)
{
	(void)state;
	const struct bucket_rate rates[] = {{1, 1}, {1, 5}, {3, 3}, {7, 2}, {1000, 4}};

	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		struct buckets *buckets = buckets_new(rates[i]);
		struct bucket *bucket = bucket_of(buckets, "caller", 0);
		take_all(buckets, bucket, 0);
		int wait_s = bucket_wait_s(buckets, bucket, 0);
		assert_true(wait_s >= 1);
		assert_true(bucket_take(buckets, bucket, (int64_t)wait_s * SECOND_US));
		buckets_free(buckets);
	}
}

static void no_rate_is_no_limit(void **state)
{
	(void)state;
	struct buckets *buckets = buckets_new((struct bucket_rate){.per_second = 0, .burst = 1});
	struct bucket *bucket = bucket_of(buckets, "caller", 0);

	for (int i = 0; i < 1000; i++)
		assert_true(bucket_take(buckets, bucket, 0));

	buckets_free(buckets);
}

static void owners_do_not_share(void **state)
{
	(void)state;
	struct buckets *buckets = buckets_new((struct bucket_rate){.per_second = 1, .burst = 2});

	assert_int_equal(take_all(buckets, bucket_of(buckets, "one", 0), 0), 2);
	assert_int_equal(take_all(buckets, bucket_of(buckets, "other", 0), 0), 2);
	assert_int_equal(take_all(buckets, bucket_of(buckets, "one", 0), 0), 0);

	buckets_free(buckets);
}

/* Strangers come by the million; who is under way, and who has just spent all, is not forgotten
 * for the first of them. */
static void strangers_push_out_neither_who_holds_something(void **state)
{
	(void)state;
	struct buckets *buckets = buckets_new((struct bucket_rate){.per_second = 1, .burst = 2});
	struct bucket *held = bucket_of(buckets, "held", 0);
	held->held = 1;
	take_all(buckets, held, 0);

	for (int i = 0; i < 1000000; i++)
		buckets_find(buckets, buckets_owner(buckets, &i, sizeof i), 1);

	assert_ptr_equal(bucket_of(buckets, "held", 1), held);
	assert_int_equal(take_all(buckets, held, 1), 0);
	buckets_free(buckets);
}

static void a_spent_bucket_outlives_full_ones(void **state)
{
	(void)state;
	struct buckets *buckets = buckets_new((struct bucket_rate){.per_second = 1, .burst = 2});
	struct bucket *spent = bucket_of(buckets, "spent", 0);
	take_all(buckets, spent, 0);

	for (int i = 0; i < 100000; i++)
		buckets_find(buckets, buckets_owner(buckets, &i, sizeof i), 0);

	assert_ptr_equal(bucket_of(buckets, "spent", 0), spent);
	assert_int_equal(take_all(buckets, spent, 0), 0);
	buckets_free(buckets);
}

static void a_set_that_is_held_has_no_room(void **state)
{
	(void)state;
	struct buckets *buckets = buckets_new((struct bucket_rate){.per_second = 1, .burst = 2});
	enum { SETS = 1024, WAYS = 8 };

	for (uint64_t i = 1; i <= WAYS; i++)
		buckets_find(buckets, i * SETS, 0)->held = 1;

	assert_null(buckets_find(buckets, (WAYS + 1) * SETS, 0));
	assert_non_null(buckets_find(buckets, WAYS * SETS, 0));
	buckets_free(buckets);
}

static void an_owner_is_another_number_in_another_process(void **state)
{
	(void)state;
	struct buckets *one = buckets_new((struct bucket_rate){1, 1});
	struct buckets *other = buckets_new((struct bucket_rate){1, 1});

	assert_true(buckets_owner(one, "x", 1) == buckets_owner(one, "x", 1));
	assert_true(buckets_owner(one, "x", 1) != buckets_owner(one, "y", 1));
	assert_true(buckets_owner(one, "x", 1) != buckets_owner(other, "x", 1));

	buckets_free(one);
	buckets_free(other);
	buckets_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_is_taken_at_once_and_grows_again_at_the_rate),
		cmocka_unit_test(who_waits_as_long_as_it_is_told_gets_a_token),
		cmocka_unit_test(no_rate_is_no_limit),
		cmocka_unit_test(owners_do_not_share),
		cmocka_unit_test(strangers_push_out_neither_who_holds_something),
		cmocka_unit_test(a_spent_bucket_outlives_full_ones),
		cmocka_unit_test(a_set_that_is_held_has_no_room),
		cmocka_unit_test(an_owner_is_another_number_in_another_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
