#include "decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GROUPS_MAX = 8, POSITIVE = 0, NEGATIVE = 0x4000, NAN_SIGN = 0xc000, INFINITE = 0xd000 };

struct numeric {
	int group_count;
	int weight;
	int sign;
	int scale;
	int groups[GROUPS_MAX];
};

static size_t write_numeric(const struct numeric *numeric, unsigned char *ret_binary)
{
	const int header[] = {numeric->group_count, numeric->weight, numeric->sign, numeric->scale};
	for (size_t i = 0; i < 4 + GROUPS_MAX; i++) {
		int value = i < 4 ? header[i] : numeric->groups[i - 4];
		ret_binary[2 * i] = (unsigned char)(value >> 8);
		ret_binary[2 * i + 1] = (unsigned char)value;
	}
	return 8 + 2 * (size_t)numeric->group_count;
}

static void assert_decimal(struct numeric numeric, int digits_min, const char *expected)
{
	unsigned char binary[8 + 2 * GROUPS_MAX];
	size_t length = write_numeric(&numeric, binary);
	unsigned char *exact = malloc(length); /* so that AddressSanitizer sees a byte too far */
	memcpy(exact, binary, length);
	struct text text = {0};
	text_append_string(&text, ">");

	assert_true(decimal_append(&text, exact, length, digits_min));

	assert_string_equal(text.bytes + 1, expected);
	assert_int_equal(text.length, strlen(expected) + 1);
	text_done(&text);
	free(exact);
}

static void assert_refused(struct numeric numeric)
{
	unsigned char binary[8 + 2 * GROUPS_MAX];
	size_t length = write_numeric(&numeric, binary);
	struct text text = {0};

	assert_false(decimal_append(&text, binary, length, 2));

	assert_int_equal(text.length, 0);
	text_done(&text);
}

static void zeros_beyond_the_least_digits_are_dropped(void **state)
{
	(void)state;
	const struct numeric amount = {2, 0, POSITIVE, 4, {1234, 5000}};
	assert_decimal(amount, 0, "1234.5");
	assert_decimal(amount, 1, "1234.5");
	assert_decimal(amount, 2, "1234.50");
	assert_decimal(amount, 4, "1234.5000");
	assert_decimal(amount, 6, "1234.500000");
	assert_decimal((struct numeric){1, 0, POSITIVE, 4, {1}}, 0, "1");
	assert_decimal((struct numeric){1, 0, POSITIVE, 4, {10}}, 2, "10.00");
}

static void digits_that_are_not_zero_stay(void **state)
{
	(void)state;
	assert_decimal((struct numeric){1, -1, POSITIVE, 4, {1}}, 2, "0.0001");
	assert_decimal((struct numeric){2, 0, POSITIVE, 6, {12, 3456}}, 2, "12.3456");
	assert_decimal((struct numeric){3, 0, POSITIVE, 6, {12, 3456, 7800}}, 2, "12.345678");
	assert_decimal((struct numeric){1, -2, POSITIVE, 6, {100}}, 0, "0.000001");
	assert_decimal((struct numeric){1, -3, POSITIVE, 12, {1}}, 2, "0.000000000001");
}

static void groups_that_are_not_sent_are_zero(void **state)
{
	(void)state;
	assert_decimal((struct numeric){1, 2, POSITIVE, 0, {7}}, 0, "700000000");
	assert_decimal((struct numeric){1, 1, POSITIVE, 4, {120}}, 2, "1200000.00");
	assert_decimal((struct numeric){3, 1, POSITIVE, 4, {1, 0, 5}}, 2, "10000.0005");
}

static void only_the_first_group_loses_its_zeros(void **state)
{
	(void)state;
	assert_decimal((struct numeric){2, 1, POSITIVE, 0, {9, 80}}, 0, "90080");
	assert_decimal(
		(struct numeric){4, 3, POSITIVE, 0, {99, 9999, 9, 9999}}, 0, "99999900099999");
	assert_decimal((struct numeric){5, 3, POSITIVE, 4, {99, 9999, 9999, 9999, 9999}}, 2,
		"99999999999999.9999");
}

static void zero_has_its_digits_and_no_sign(void **state)
{
	(void)state;
	assert_decimal((struct numeric){0, 0, POSITIVE, 0, {0}}, 0, "0");
	assert_decimal((struct numeric){0, 0, POSITIVE, 4, {0}}, 2, "0.00");
	assert_decimal((struct numeric){0, 0, NEGATIVE, 4, {0}}, 2, "0.00");
	assert_decimal((struct numeric){1, 0, NEGATIVE, 0, {0}}, 0, "0");
	assert_decimal((struct numeric){1, -1, NEGATIVE, 2, {1}}, 0, "0");
}

static void a_negative_number_has_its_sign(void **state)
{
	(void)state;
	assert_decimal((struct numeric){1, 0, NEGATIVE, 0, {5}}, 2, "-5.00");
	assert_decimal((struct numeric){1, -1, NEGATIVE, 4, {1}}, 0, "-0.0001");
	assert_decimal((struct numeric){2, 0, NEGATIVE, 4, {1234, 5000}}, 2, "-1234.50");
}

static void zeros_in_front_that_no_server_sends_are_dropped(void **state)
{
	(void)state;
	assert_decimal((struct numeric){3, 2, POSITIVE, 0, {0, 0, 12}}, 0, "12");
	assert_decimal((struct numeric){3, 2, POSITIVE, 0, {0, 12, 3}}, 0, "120003");
}

static void the_scale_cuts_what_a_group_has_beyond_it(void **state)
{
	(void)state;
	assert_decimal((struct numeric){1, -1, POSITIVE, 2, {1299}}, 0, "0.12");
	assert_decimal((struct numeric){1, -1, POSITIVE, 2, {1299}}, 3, "0.120");
}

static void a_huge_number_has_all_its_digits(void **state)
{
	(void)state;
	unsigned char binary[] = {0, 1, 0x7f, 0xff, 0, 0, 0x3f, 0xff, 0, 7};
	struct text text = {0};

	assert_true(decimal_append(&text, binary, sizeof binary, 2));

	assert_int_equal(text.length, 1 + 4 * 0x7fff + 3);
	assert_int_equal(text.bytes[0], '7');
	assert_string_equal(text.bytes + text.length - 4, "0.00");
	text_done(&text);
}

static void what_is_no_decimal_is_refused(void **state)
{
	(void)state;
	assert_refused((struct numeric){0, 0, NAN_SIGN, 0, {0}});
	assert_refused((struct numeric){0, 0, INFINITE, 0x20, {0}});
	assert_refused((struct numeric){0, 0, 0xf000, 0x20, {0}});
	assert_refused((struct numeric){1, 0, 1, 0, {0}});
	assert_refused((struct numeric){1, 0, POSITIVE, 0x4000, {1}});
	assert_refused((struct numeric){1, 0, POSITIVE, 0, {10000}});
	assert_refused((struct numeric){1, 0, POSITIVE, 0, {-1}});
}

static void bytes_too_few_or_too_many_are_refused(void **state)
{
	(void)state;
	const unsigned char binary[] = {0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0};
	struct text text = {0};
	for (size_t length = 0; length <= sizeof binary; length++)
		assert_int_equal(decimal_append(&text, binary, length, 0), length == 10);
	assert_string_equal(text.bytes, "7");
	text_done(&text);
}

static void most_currencies_have_two_digits(void **state)
{
	(void)state;
	assert_int_equal(currency_digits(SLICE("USD")), 2);
	assert_int_equal(currency_digits(SLICE("CNY")), 2);
	assert_int_equal(currency_digits(SLICE("JPY")), 0);
	assert_int_equal(currency_digits(SLICE("KWD")), 3);
	assert_int_equal(currency_digits(SLICE("CLF")), 4);
	assert_int_equal(currency_digits(SLICE("XPF")), 0);
	assert_int_equal(currency_digits(SLICE("jpy")), 2);
	assert_int_equal(currency_digits(SLICE("JPYX")), 2);
	assert_int_equal(currency_digits((struct slice){0}), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeros_beyond_the_least_digits_are_dropped),
		cmocka_unit_test(digits_that_are_not_zero_stay),
		cmocka_unit_test(groups_that_are_not_sent_are_zero),
		cmocka_unit_test(only_the_first_group_loses_its_zeros),
		cmocka_unit_test(zero_has_its_digits_and_no_sign),
		cmocka_unit_test(a_negative_number_has_its_sign),
		cmocka_unit_test(zeros_in_front_that_no_server_sends_are_dropped),
		cmocka_unit_test(the_scale_cuts_what_a_group_has_beyond_it),
		cmocka_unit_test(a_huge_number_has_all_its_digits),
		cmocka_unit_test(what_is_no_decimal_is_refused),
		cmocka_unit_test(bytes_too_few_or_too_many_are_refused),
		cmocka_unit_test(most_currencies_have_two_digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
