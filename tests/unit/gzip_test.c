#include "gzip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

enum { PLAIN_SIZE = 100000 };

static void fill(char plain[static PLAIN_SIZE])
{
	for (size_t i = 0; i < PLAIN_SIZE; i++)
		plain[i] = (char)('a' + (i * i / 7) % 23);
}

static void assert_unpacks_to(const struct text *packed, const char *plain, size_t length)
{
	char *unpacked = malloc(length + 1);
	z_stream stream = {.next_in = (unsigned char *)packed->bytes,
		.avail_in = (unsigned)packed->length,
		.next_out = (unsigned char *)unpacked,
		.avail_out = (unsigned)length + 1};
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, length);
	assert_int_equal(stream.avail_in, 0);
	assert_memory_equal(unpacked, plain, length);
	inflateEnd(&stream);
	free(unpacked);
}

static void gzip_is_taken_where_it_is_accepted(void **state)
{
	(void)state;
	const char *const accepted[] = {"gzip", "GZIP", "x-gzip", "deflate, gzip;q=0.5", "*",
		"gzip ; q=1.000", "br, *;q=0.1", "identity;q=0, gzip", "identity;q=0.5, gzip;q=0.5",
		" ,gzip, "};

	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
		assert_true(gzip_is_accepted(accepted[i]));
}

static void gzip_is_left_where_it_is_not(void **state)
{
	(void)state;
	const char *const refused[] = {NULL, "", "identity", "br, deflate", "gzip;q=0",
		"gzip;q=0.000, *", "*;q=0", "gzip;q=0.5, identity", "gzip;q=x", "gzip;level=1",
		"gzipped", "identity;q=0"};

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_false(gzip_is_accepted(refused[i]));
}

static void one_state_packs_one_body_after_another(void **state)
{
	(void)state;
	static char plain[PLAIN_SIZE];
	fill(plain);
	struct gzip *gzip = gzip_new();

	for (size_t length = PLAIN_SIZE; length > 0; length /= 10) {
		struct text packed = {0};
		assert_true(gzip_append(gzip, (struct slice){plain, length}, &packed));
		assert_unpacks_to(&packed, plain, length);
		text_done(&packed);
	}
	gzip_free(gzip);
}

static void a_stream_is_packed_piece_by_piece_into_little_room(void **state)
{
	(void)state;
	static char plain[PLAIN_SIZE];
	fill(plain);
	struct gzip *gzip = gzip_new();
	struct slice rest = {plain, PLAIN_SIZE};
	struct text packed = {0};
	char room[7];

	while (!gzip_is_done(gzip)) {
		struct slice piece = {rest.bytes, rest.length < 1000 ? rest.length : 1000};
		size_t offered = piece.length;
		size_t written = gzip_step(
			gzip, &piece, piece.length == rest.length, room, sizeof room);
		text_append(&packed, room, written);
		rest.bytes += offered - piece.length;
		rest.length -= offered - piece.length;
	}

	assert_unpacks_to(&packed, plain, PLAIN_SIZE);
	text_done(&packed);
	gzip_free(gzip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_is_taken_where_it_is_accepted),
		cmocka_unit_test(gzip_is_left_where_it_is_not),
		cmocka_unit_test(one_state_packs_one_body_after_another),
		cmocka_unit_test(a_stream_is_packed_piece_by_piece_into_little_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
