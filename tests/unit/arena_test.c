#include "arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool is_zero(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

static void a_piece_is_zeroed_and_fits_any_type(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena);

	for (size_t size = 0; size < 300; size++) {
		char *piece = arena_take(&arena, size);
		assert_non_null(piece);
		assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
		assert_true(is_zero(piece, size));
		memset(piece, 0xff, size);
	}

	arena_done(&arena);
}

static void pieces_do_not_overlap(void **state)
{
	(void)state;
	struct arena arena;
	char *pieces[200];
	arena_init(&arena);

	for (int i = 0; i < 200; i++) {
		pieces[i] = arena_take(&arena, 100);
		memset(pieces[i], i, 100);
	}

	for (int i = 0; i < 200; i++) {
		for (int k = 0; k < 100; k++)
			assert_int_equal((unsigned char)pieces[i][k], i);
	}
	arena_done(&arena);
}

static void a_large_piece_gets_a_block_of_its_own(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena);

	char *small = arena_take(&arena, 1);
	char *large = arena_take(&arena, 1 << 20);
	char *after = arena_take(&arena, 1);

	assert_non_null(small);
	assert_true(is_zero(large, 1 << 20));
	assert_non_null(after);
	arena_done(&arena);
}

static void too_much_is_refused_and_harms_nothing(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena);

	assert_null(arena_take(&arena, SIZE_MAX));
	assert_null(arena_take(&arena, SIZE_MAX / 2 + 1));

	assert_non_null(arena_take(&arena, 8));
	arena_done(&arena);
}

static void a_copy_ends_in_nul_and_may_hold_nul(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena);

	assert_memory_equal(arena_copy(&arena, "a\0bc", 3), "a\0b", 4);
	assert_string_equal(arena_copy(&arena, NULL, 0), "");

	arena_done(&arena);
}

static void a_string_is_formatted_whatever_its_length(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena);

	char *string = arena_printf(&arena, "%s-%05000d", "x", 7);

	assert_int_equal(strlen(string), 5002);
	assert_memory_equal(string, "x-0000", 6);
	assert_string_equal(arena_printf(&arena, "%s", ""), "");
	arena_done(&arena);
}

static void a_released_arena_may_be_used_again(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena);

	arena_take(&arena, 100);
	arena_done(&arena);
	assert_non_null(arena_take(&arena, 100));

	arena_done(&arena);
	arena_done(&arena);
	arena_done(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_piece_is_zeroed_and_fits_any_type),
		cmocka_unit_test(pieces_do_not_overlap),
		cmocka_unit_test(a_large_piece_gets_a_block_of_its_own),
		cmocka_unit_test(too_much_is_refused_and_harms_nothing),
		cmocka_unit_test(a_copy_ends_in_nul_and_may_hold_nul),
		cmocka_unit_test(a_string_is_formatted_whatever_its_length),
		cmocka_unit_test(a_released_arena_may_be_used_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
