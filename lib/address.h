/* Addresses of the network: which of them are reachable from everywhere, and which only from here;
 * and those of IPv4 as IPv6 maps them. */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

enum { IPV4_SIZE = 4 };

/* Returns what kind of address it is that a stranger must not make us connect to ("loopback",
 * "private", …); NULL for a public one. What is neither IPv4 nor IPv6 is "not_internet". */
const char *address_reserved(const struct sockaddr *address);

/* Returns ::ffff:a.b.c.d for a.b.c.d. */
struct in6_addr address_of_ipv4(const struct in_addr *ipv4);

/* Returns the IPV4_SIZE bytes of a.b.c.d in ::ffff:a.b.c.d; NULL for any other address. */
const unsigned char *address_ipv4_in(const struct in6_addr *ip);
