#include "address.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

/* A block of addresses by its first bytes; the longest that matters comes first. */
struct block {
	unsigned char prefix[16];
	int bits;
	const char *kind;
};

/* The special-purpose registries of IANA (RFC 6890 and what followed), and multicast. */
static const struct block blocks_v4[] = {
	{{0}, 8, "unspecified"},
	{{10}, 8, "private"},
	{{100, 64}, 10, "shared"}, /* carrier-grade NAT; some clouds' metadata */
	{{127}, 8, "loopback"},
	{{168, 63, 129, 16}, 32, "metadata"},
	{{169, 254, 169, 254}, 32, "metadata"},
	{{169, 254}, 16, "link_local"},
	{{172, 16}, 12, "private"},
	{{192, 0, 0}, 24, "reserved"},
	{{192, 0, 2}, 24, "documentation"},
	{{192, 88, 99}, 24, "relay"}, /* 6to4: a way into networks of IPv6 */
	{{192, 168}, 16, "private"},
	{{198, 18}, 15, "benchmark"},
	{{198, 51, 100}, 24, "documentation"},
	{{203, 0, 113}, 24, "documentation"},
	{{224}, 4, "multicast"},
	{{255, 255, 255, 255}, 32, "broadcast"},
	{{240}, 4, "reserved"},
};

static const struct block blocks_v6[] = {
	{{[15] = 0}, 128, "unspecified"},
	{{[15] = 1}, 128, "loopback"},
	{{0, 0x64, 0xff, 0x9b, 0, 1}, 48, "private"}, /* translated as a network likes */
	{{0x01, 0}, 64, "reserved"},                  /* 100::, discard only */
	{{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
	{{0x20, 0x01, 0, 0}, 23, "reserved"}, /* protocols, Teredo among them */
	{{0x3f, 0xff}, 20, "documentation"},
	{{0x5f, 0}, 16, "reserved"},
	{{0xfd, 0, 0x0e, 0xc2, [15] = 0x54, [14] = 0x02}, 128, "metadata"},
	{{0xfc}, 7, "private"},
	{{0xfe, 0x80}, 10, "link_local"},
	{{0xfe, 0xc0}, 10, "private"},
	{{0xff}, 8, "multicast"},
};

/* Where an IPv4 address stands inside one of IPv6. */
static const struct {
	unsigned char prefix[16];
	int bits;
	int at;
} embeddings[] = {
	{{[10] = 0xff, [11] = 0xff}, 96, 12}, /* ::ffff:a.b.c.d */
	{{[8] = 0xff, [9] = 0xff}, 96, 12},   /* ::ffff:0:a.b.c.d */
	{{0, 0x64, 0xff, 0x9b}, 96, 12},      /* 64:ff9b::a.b.c.d */
	{{0x20, 0x02}, 16, 2},                /* 2002:aabb:ccdd:: */
	{{0}, 96, 12},                        /* ::a.b.c.d */
};

static bool begins_with(const unsigned char *bytes, const unsigned char *prefix, int bits)
{
	size_t whole = (size_t)bits / 8;
	unsigned int mask = 0xff00U >> (bits % 8) & 0xff;
	if (memcmp(bytes, prefix, whole) != 0)
		return false;
	return bits % 8 == 0 || ((unsigned int)(bytes[whole] ^ prefix[whole]) & mask) == 0;
}

static const char *kind_v4(const unsigned char bytes[static IPV4_SIZE])
{
	for (size_t i = 0; i < sizeof blocks_v4 / sizeof *blocks_v4; i++)
		if (begins_with(bytes, blocks_v4[i].prefix, blocks_v4[i].bits))
			return blocks_v4[i].kind;
	return NULL;
}

static const char *kind_v6(const unsigned char bytes[static 16])
{
	for (size_t i = 0; i < sizeof blocks_v6 / sizeof *blocks_v6; i++)
		if (begins_with(bytes, blocks_v6[i].prefix, blocks_v6[i].bits))
			return blocks_v6[i].kind;
	for (size_t i = 0; i < sizeof embeddings / sizeof *embeddings; i++)
		if (begins_with(bytes, embeddings[i].prefix, embeddings[i].bits))
			return kind_v4(bytes + embeddings[i].at);
	return NULL;
}

const char *address_reserved(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, address, sizeof v4);
		return kind_v4((const unsigned char *)&v4.sin_addr);
	}
	if (address->sa_family != AF_INET6)
		return "not_internet";
	struct sockaddr_in6 v6;
	memcpy(&v6, address, sizeof v6);
	return kind_v6(v6.sin6_addr.s6_addr);
}

enum { MAPPED_AT = 12 }; /* the first of `embeddings` */

struct in6_addr address_of_ipv4(const struct in_addr *ipv4)
{
	struct in6_addr ip = {0};
	ip.s6_addr[MAPPED_AT - 2] = ip.s6_addr[MAPPED_AT - 1] = 0xff;
	memcpy(ip.s6_addr + MAPPED_AT, ipv4, IPV4_SIZE);
	return ip;
}

const unsigned char *address_ipv4_in(const struct in6_addr *ip)
{
	return IN6_IS_ADDR_V4MAPPED(ip) ? ip->s6_addr + MAPPED_AT : NULL;
}
