#include "address.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *kind_of(const char *address)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(443)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		return address_reserved((const struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
	return address_reserved((const struct sockaddr *)&v6);
}

static const struct {
	const char *address;
	const char *kind;
} cases[] = {
	/* the edges of each block, from outside and from inside */
	{"0.0.0.0", "unspecified"},
	{"0.255.255.255", "unspecified"},
	{"1.0.0.0", NULL},
	{"9.255.255.255", NULL},
	{"10.0.0.0", "private"},
	{"10.255.255.255", "private"},
	{"11.0.0.0", NULL},
	{"100.63.255.255", NULL},
	{"100.64.0.0", "shared"},
	{"100.100.100.200", "shared"},
	{"100.127.255.255", "shared"},
	{"100.128.0.0", NULL},
	{"126.255.255.255", NULL},
	{"127.0.0.1", "loopback"},
	{"127.255.255.254", "loopback"},
	{"128.0.0.0", NULL},
	{"168.63.129.15", NULL},
	{"168.63.129.16", "metadata"},
	{"169.253.255.255", NULL},
	{"169.254.0.1", "link_local"},
	{"169.254.169.254", "metadata"},
	{"169.254.170.2", "link_local"},
	{"169.255.0.0", NULL},
	{"172.15.255.255", NULL},
	{"172.16.0.0", "private"},
	{"172.31.255.255", "private"},
	{"172.32.0.0", NULL},
	{"192.0.0.170", "reserved"},
	{"192.0.1.0", NULL},
	{"192.0.2.1", "documentation"},
	{"192.88.99.1", "relay"},
	{"192.167.255.255", NULL},
	{"192.168.0.0", "private"},
	{"192.168.255.255", "private"},
	{"192.169.0.0", NULL},
	{"198.17.255.255", NULL},
	{"198.18.0.0", "benchmark"},
	{"198.19.255.255", "benchmark"},
	{"198.20.0.0", NULL},
	{"198.51.100.7", "documentation"},
	{"203.0.113.7", "documentation"},
	{"223.255.255.255", NULL},
	{"224.0.0.1", "multicast"},
	{"239.255.255.255", "multicast"},
	{"240.0.0.1", "reserved"},
	{"255.255.255.255", "broadcast"},
	{"8.8.8.8", NULL},
	{"93.184.216.34", NULL},

	{"::", "unspecified"},
	{"::1", "loopback"},
	{"100::1", "reserved"},
	{"100:1::1", NULL},
	{"2001::1", "reserved"},
	{"2001:1ff::1", "reserved"},
	{"2001:200::1", NULL},
	{"2001:db8::1", "documentation"},
	{"2001:db9::1", NULL},
	{"3fff::1", "documentation"},
	{"3fff:1000::1", NULL},
	{"5f00::1", "reserved"},
	{"fbff::1", NULL},
	{"fc00::1", "private"},
	{"fdff::1", "private"},
	{"fd00:ec2::254", "metadata"},
	{"fe7f::1", NULL},
	{"fe80::1", "link_local"},
	{"febf::1", "link_local"},
	{"fec0::1", "private"},
	{"ff02::1", "multicast"},
	{"2606:4700::1111", NULL},

	/* an address of IPv4 in one of IPv6 */
	{"::ffff:127.0.0.1", "loopback"},
	{"::ffff:169.254.169.254", "metadata"},
	{"::ffff:10.1.2.3", "private"},
	{"::ffff:8.8.8.8", NULL},
	{"::ffff:0:10.0.0.1", "private"},
	{"::127.0.0.1", "loopback"},
	{"::8.8.8.8", NULL},
	{"64:ff9b::7f00:1", "loopback"},
	{"64:ff9b::808:808", NULL},
	{"64:ff9b:1::808:808", "private"},
	{"2002:7f00:1::1", "loopback"},
	{"2002:c0a8:1::1", "private"},
	{"2002:808:808::1", NULL},
};

static void an_address_that_is_not_public_is_told_from_one_that_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *kind = kind_of(cases[i].address);
		char said[64], expected[64];
		snprintf(said, sizeof said, "%s %s", cases[i].address,
			kind == NULL ? "public" : kind);
		snprintf(expected, sizeof expected, "%s %s", cases[i].address,
			cases[i].kind == NULL ? "public" : cases[i].kind);
		assert_string_equal(said, expected);
	}
}

static void what_is_no_address_of_the_internet_is_refused(void **state)
{
	(void)state;
	const struct sockaddr local = {.sa_family = AF_UNIX};

	assert_string_equal(address_reserved(&local), "not_internet");
}

static void an_ipv4_address_comes_back_from_the_one_that_it_is_mapped_to(void **state)
{
	(void)state;
	struct in_addr ipv4;
	char text[INET6_ADDRSTRLEN];
	assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &ipv4), 1);

	struct in6_addr mapped = address_of_ipv4(&ipv4);

	assert_string_equal(inet_ntop(AF_INET6, &mapped, text, sizeof text), "::ffff:192.0.2.7");
	assert_memory_equal(address_ipv4_in(&mapped), &ipv4, IPV4_SIZE);
}

static void no_other_address_has_one_in_it(void **state)
{
	static const char *const others[] = {
		"::", "::1", "::192.0.2.7", "64:ff9b::192.0.2.7", "2001:db8::1"};
	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct in6_addr ip;
		assert_int_equal(inet_pton(AF_INET6, others[i], &ip), 1);
		assert_null(address_ipv4_in(&ip));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_that_is_not_public_is_told_from_one_that_is),
		cmocka_unit_test(what_is_no_address_of_the_internet_is_refused),
		cmocka_unit_test(an_ipv4_address_comes_back_from_the_one_that_it_is_mapped_to),
		cmocka_unit_test(no_other_address_has_one_in_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
