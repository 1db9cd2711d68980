#include "framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Counts the headers of a head that is well formed. */
static size_t count_headers(struct slice head)
{
	size_t lines = 0;
	for (size_t i = 0; i < head.length; i++)
		lines += head.bytes[i] == '\n';
	return lines < 2 ? 0 : lines - 2;
}

static struct slice target_of(struct slice head)
{
	struct slice method, target = {0};
	slice_split(&head, ' ', &method);
	slice_split(&head, ' ', &target);
	return target;
}

static const char *judge(struct slice bytes, bool *ret_closes)
{
	const struct framing_head head = {
		.bytes = bytes, .target = target_of(bytes), .header_count = count_headers(bytes)};
	return framing_fault(&head, ret_closes);
}

#define HOST "Host: x\r\n"
#define GET(headers) "GET / HTTP/1.1\r\n" HOST headers "\r\n"
#define POST(headers) "POST / HTTP/1.1\r\n" HOST headers "\r\n"

static void what_can_be_read_in_one_way_passes(void **state)
{
	static const struct {
		const char *head;
		bool closes;
	} cases[] = {
		{GET(""), false},
		{"GET / HTTP/1.0\r\nHost: [::1]:80\r\n\r\n", false},
		{"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", false},
		{"GET /v1/%E4%B8%AD?q=%2f%00\\ HTTP/1.1\r\n" HOST "\r\n", false},
		{GET("X:\r\n"), false},
		{GET("X:y \t\r\n"), false},
		{GET("X: \xe4\xb8\xad\r\n"), false},
		{GET("!#$%&'*+-.^_`|~: x\r\n"), false},
		{GET("Content-Length: 0\r\n"), false},
		{GET("Accept: a\r\nAccept: b\r\n"), false},
		{POST("content-length:   123456789012345678\t\r\n"), false},
		{POST("Transfer-Encoding: chunked\r\n"), true},
		{POST("TRANSFER-ENCODING:Chunked\r\n"), true},
		{GET("Upgrade: websocket\r\n"), true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool closes = true;
		assert_null(judge(slice_of(cases[i].head), &closes));
		assert_int_equal(closes, cases[i].closes);
	}
}

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
	static const char *const heads[] = {
		"",
		"GET",
		"GET / HTTP/1.1",
		"GET / HTTP/1.1\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n",
		"GET / HTTP/1.1\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n\r\n",
		"GET  / HTTP/1.1\r\n" HOST "\r\n",
		"GET / HTTP/1.1 \r\n" HOST "\r\n",
		"GET / HTTP/1.2\r\n" HOST "\r\n",
		"GET / http/1.1\r\n" HOST "\r\n",
		"GET\t/ HTTP/1.1\r\n" HOST "\r\n",
		"G(T / HTTP/1.1\r\n" HOST "\r\n",
		"CONNECT / HTTP/1.1\r\n" HOST "\r\n",
		"GET * HTTP/1.1\r\n" HOST "\r\n",
		"GET http://x/ HTTP/1.1\r\n" HOST "\r\n",
		"GET /\\ HTTP/1.1\r\n" HOST "\r\n",
		"GET /%0 HTTP/1.1\r\n" HOST "\r\n",
		"GET /% HTTP/1.1\r\n" HOST "\r\n",
		"GET /%0g HTTP/1.1\r\n" HOST "\r\n",
		"GET /%2F HTTP/1.1\r\n" HOST "\r\n",
		"GET /%5c HTTP/1.1\r\n" HOST "\r\n",
		"GET /%00 HTTP/1.1\r\n" HOST "\r\n",
		"GET /# HTTP/1.1\r\n" HOST "\r\n",
		"GET /\x7f HTTP/1.1\r\n" HOST "\r\n",
		"GET / HTTP/1.1\r\nHost:\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x/\r\n\r\n",
		GET("Host: y\r\n"),
		GET("hOST: x\r\n"),
		GET("Authorization: a\r\nAuthorization: b\r\n"),
		GET(" X: y\r\n"),
		GET("X: y\r\n z\r\n"),
		GET("X : y\r\n"),
		GET("X\r\n"),
		GET(": y\r\n"),
		GET("X: \x01\r\n"),
		GET("X: y\rz\r\n"),
		GET("X: y\r\r\n"),
		GET("Content-Length: 1\r\n"),
		GET("Transfer-Encoding: chunked\r\n"),
		POST("Content-Length:\r\n"),
		POST("Content-Length: +1\r\n"),
		POST("Content-Length: 01\r\n"),
		POST("Content-Length: 1,1\r\n"),
		POST("Content-Length: 1234567890123456789\r\n"),
		POST("Content-Length: 1\r\nContent-Length: 1\r\n"),
		POST("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
		POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
		POST("Transfer-Encoding: gzip, chunked\r\n"),
		POST("Transfer-Encoding: \x0b"
		     "chunked\r\n"),
		"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		bool closes = false;
		assert_non_null(judge(slice_of(heads[i]), &closes));
		assert_false(closes);
	}
}

/* As a parser leaves it: NUL over the first blanks, over a colon a line, and over line ends. */
static void a_head_that_was_split_is_judged_like_the_whole(void **state)
{
	static const char good[] = "GET\0/a?b\0HTTP/1.1\0\0Host\0 x\0\0X\0y:z\0\0\0";
	static const char *const target = "/a?b";
	struct framing_head head = {{good, sizeof good}, slice_of(target), 2};
	bool closes = true;
	(void)state;

	assert_null(framing_fault(&head, &closes));
	assert_false(closes);

	head.header_count = 3;
	assert_non_null(framing_fault(&head, &closes));
	head.header_count = 1; /* a NUL of the client's hides a header from the parser */
	assert_non_null(framing_fault(&head, &closes));
	head.header_count = 2;
	head.target.length--;
	assert_non_null(framing_fault(&head, &closes));
}

static void a_lone_nul_is_no_line_end(void **state)
{
	static const struct slice heads[] = {
		SLICE("GET\0/\0HTTP/1.1\0Host\0 x\0\0\0\0"),
		SLICE("GET\0/\0HTTP/1.1\0\0Host\0 x\0\0\0"),
		SLICE("GET\0/\0HTTP/1.1\0\0Host\0 x\0\0\0\0\0"),
		SLICE("GET\0/\0HTTP/1.1\0\0Host\0 x\0y\0\0\0\0"),
		SLICE("GET\0/\0HTTP/1.1\0\0Host\0 x\0\r\n\0\0"),
		SLICE("\0/\0HTTP/1.1\0\0Host\0 x\0\0\0\0"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		const struct framing_head head = {heads[i], SLICE("/"), 1};
		bool closes;
		assert_non_null(framing_fault(&head, &closes));
	}
}

static void no_byte_is_read_beyond_a_head(void **state)
{
	static const char whole[] = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n";
	(void)state;
	for (size_t length = 0; length < sizeof whole - 1; length++) {
		char *part = malloc(length == 0 ? 1 : length); /* so that a sanitizer sees it */
		assert_non_null(part);
		memcpy(part, whole, length);
		const struct framing_head head = {{part, length}, SLICE("/a"), 2};
		bool closes;
		assert_non_null(framing_fault(&head, &closes));
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_be_read_in_one_way_passes),
		cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
		cmocka_unit_test(a_head_that_was_split_is_judged_like_the_whole),
		cmocka_unit_test(a_lone_nul_is_no_line_end),
		cmocka_unit_test(no_byte_is_read_beyond_a_head),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
