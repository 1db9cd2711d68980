#include "fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

static void a_fault_keeps_its_own_strings(void **state)
{
	(void)state;
	struct arena arena;
	struct fault_list list = {.arena = &arena};
	char pointer[] = "/a";
	arena_init(&arena);

	fault_add(&list, pointer, "type", "%s must be %d", "a", 1);
	pointer[1] = 'b';

	assert_int_equal(list.count, 1);
	assert_false(list.is_cut);
	assert_string_equal(list.items[0].pointer, "/a");
	assert_string_equal(list.items[0].code, "type");
	assert_string_equal(list.items[0].detail, "a must be 1");
	arena_done(&arena);
}

static void no_more_than_the_limit_are_kept(void **state)
{
	(void)state;
	struct arena arena;
	struct fault_list list = {.arena = &arena};
	arena_init(&arena);

	for (int i = 0; i < FAULTS_MAX; i++)
		fault_add(&list, "", "type", "%d", i);
	assert_false(list.is_cut);

	fault_add(&list, "", "type", "one more");
	assert_true(list.is_cut);
	assert_int_equal(list.count, FAULTS_MAX);
	assert_string_equal(list.items[FAULTS_MAX - 1].detail, "99");
	arena_done(&arena);
}

static void a_long_detail_is_cut_between_characters(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		struct arena arena;
		struct fault_list list = {.arena = &arena};
		struct text text = {0};
		arena_init(&arena);
		for (size_t i = 0; i < 400; i++)
			text_append_string(&text, i < shift ? "x" : "道");

		fault_add(&list, "", "type", "%s", text.bytes);

		size_t length = strlen(list.items[0].detail);
		assert_in_range(length, 509, 511);
		assert_true(text_is_utf8(list.items[0].detail, length));
		text_done(&text);
		arena_done(&arena);
	}
}

static void a_detail_that_just_fits_is_whole(void **state)
{
	(void)state;
	struct arena arena;
	struct fault_list list = {.arena = &arena};
	arena_init(&arena);

	fault_add(&list, "", "type", "%0511d", 1);
	fault_add(&list, "", "type", "%0512d", 1);

	assert_int_equal(strlen(list.items[0].detail), 511);
	assert_int_equal(list.items[0].detail[510], '1');
	assert_int_equal(strlen(list.items[1].detail), 511);
	assert_int_equal(list.items[1].detail[510], '0');
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_keeps_its_own_strings),
		cmocka_unit_test(no_more_than_the_limit_are_kept),
		cmocka_unit_test(a_long_detail_is_cut_between_characters),
		cmocka_unit_test(a_detail_that_just_fits_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
