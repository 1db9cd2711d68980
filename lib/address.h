/* Addresses of the network: which of them are reachable from everywhere, and which only from here.
 */
#pragma once

#include <sys/socket.h>

/* Returns what kind of address it is that a stranger must not make us connect to ("loopback",
 * "private", …); NULL for a public one. What is neither IPv4 nor IPv6 is "not_internet". */
const char *address_reserved(const struct sockaddr *address);
