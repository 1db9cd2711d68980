#include "identity/throttle.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "config.h"
#include "request/answer.h"

enum { PROXIES_MAX = 64, ADDRESS_KEY_SIZE = 8, POLICY_SIZE = 64 };

static const char *const names[LIMIT_COUNT] = {
	[LIMIT_ADDRESS] = "address",
	[LIMIT_KEYS] = "keys",
	[LIMIT_CALLER] = "caller",
};

struct network {
	uint32_t address, mask; /* in the host's order */
};

struct throttle {
	struct buckets *buckets[LIMIT_COUNT];
	char policies[LIMIT_COUNT][POLICY_SIZE]; /* RateLimit-Policy */
	int held_max;                            /* of one caller */
	struct network proxies[PROXIES_MAX];
	size_t proxy_count;
};

static bool read_network(struct slice text, struct network *ret_network)
{
	char address[INET_ADDRSTRLEN];
	struct slice part;
	struct in_addr bytes;
	char *end = NULL;
	if (!slice_split(&text, '/', &part) || part.length >= sizeof address)
		return false;
	memcpy(address, part.bytes, part.length);
	address[part.length] = '\0';
	long bits = text.length == 0 ? 32 : strtol(text.bytes, &end, 10);
	if (inet_pton(AF_INET, address, &bytes) != 1 || bits < 0 || bits > 32 ||
		(end != NULL && end != text.bytes + text.length))
		return false;
	ret_network->mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
	ret_network->address = ntohl(bytes.s_addr) & ret_network->mask;
	return true;
}

static bool read_proxies(struct throttle *throttle, const char *list, struct text *ret_error)
{
	struct slice rest = slice_of(list);
	struct slice network;
	while (slice_split(&rest, ',', &network)) {
		network = slice_trim(network);
		if (throttle->proxy_count < PROXIES_MAX &&
			read_network(network, &throttle->proxies[throttle->proxy_count++]))
			continue;
		text_append_printf(ret_error,
			"trusted-proxies takes IPv4 addresses and networks (10.0.0.0/8), not \"%.*s\"",
			(int)network.length, network.bytes);
		return false;
	}
	return true;
}

struct throttle *throttle_new(const struct config *config, struct text *ret_error)
{
	const struct bucket_rate rates[LIMIT_COUNT] = {
		[LIMIT_ADDRESS] = {config->address_rate, config->address_burst},
		[LIMIT_KEYS] = {config->guess_rate, config->guess_burst},
		[LIMIT_CALLER] = {config->caller_rate, config->caller_burst},
	};
	struct throttle *throttle = calloc(1, sizeof *throttle);
	bool is_good = throttle != NULL &&
		       read_proxies(throttle, config->trusted_proxies, ret_error);
	for (int i = 0; is_good && i < LIMIT_COUNT; i++) {
		struct bucket_rate rate = {config_share(config, rates[i].per_second),
			config_share(config, rates[i].burst)};
		int window_s = rate.per_second == 0 ? 1 : rate.burst / rate.per_second;
		snprintf(throttle->policies[i], POLICY_SIZE, "\"%s\";q=%d;w=%d", names[i],
			rate.burst, window_s == 0 ? 1 : window_s);
		throttle->buckets[i] = buckets_new(rate);
		is_good = throttle->buckets[i] != NULL;
	}
	if (!is_good) {
		throttle_free(throttle);
		return NULL;
	}
	throttle->held_max = config_share(config, config->caller_requests);
	return throttle;
}

void throttle_free(struct throttle *throttle)
{
	if (throttle == NULL)
		return;
	for (int i = 0; i < LIMIT_COUNT; i++)
		buckets_free(throttle->buckets[i]);
	free(throttle);
}

/* A household or a company has a /64 of IPv6, so that is one owner. */
static struct peer_address peer_of_ipv6(const struct throttle *throttle, const struct in6_addr *ip)
{
	unsigned char key[ADDRESS_KEY_SIZE] = {0};
	const unsigned char *ipv4 = address_ipv4_in(ip);
	if (ipv4 != NULL)
		memcpy(key + IPV4_SIZE, ipv4, IPV4_SIZE);
	else
		memcpy(key, ip->s6_addr, sizeof key);
	return (struct peer_address){.ip = *ip,
		.owner = buckets_owner(throttle->buckets[LIMIT_ADDRESS], key, sizeof key)};
}

static struct peer_address peer_of_ipv4(const struct throttle *throttle, const struct in_addr *ipv4)
{
	struct in6_addr ip = address_of_ipv4(ipv4);
	return peer_of_ipv6(throttle, &ip);
}

static bool is_proxy(const struct throttle *throttle, uint32_t address)
{
	for (size_t i = 0; i < throttle->proxy_count; i++)
		if ((address & throttle->proxies[i].mask) == throttle->proxies[i].address)
			return true;
	return false;
}

struct peer_address throttle_address(
	const struct throttle *throttle, const struct sockaddr *address)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
	if (address->sa_family == AF_INET6) {
		memcpy(&ipv6, address, sizeof ipv6);
		return peer_of_ipv6(throttle, &ipv6.sin6_addr);
	}
	memcpy(&ipv4, address, sizeof ipv4);
	struct peer_address peer = peer_of_ipv4(throttle, &ipv4.sin_addr);
	peer.is_proxy = is_proxy(throttle, ntohl(ipv4.sin_addr.s_addr));
	return peer;
}

/* The last address in the list is the one that our proxy has seen; those before it are hearsay. */
void throttle_note_forwarded(struct request *r)
{
	const struct throttle *throttle = r->service->throttle;
	const char *list = r->head.headers[HEADER_FORWARDED_FOR];
	char text[INET6_ADDRSTRLEN];
	struct in_addr ipv4;
	struct in6_addr ipv6;
	if (!r->peer.is_proxy || list == NULL)
		return;
	const char *comma = strrchr(list, ',');
	struct slice last = slice_trim(slice_of(comma == NULL ? list : comma + 1));
	if (last.length >= sizeof text)
		return;
	memcpy(text, last.bytes, last.length);
	text[last.length] = '\0';
	if (inet_pton(AF_INET, text, &ipv4) == 1)
		r->peer = peer_of_ipv4(throttle, &ipv4);
	else if (inet_pton(AF_INET6, text, &ipv6) == 1)
		r->peer = peer_of_ipv6(throttle, &ipv6);
}

/* Notes how it stands with a limit, for the headers, and refuses when nothing is left. */
static const struct problem *judge(
	struct request *r, enum limit limit, struct bucket *bucket, bool is_taken)
{
	const struct buckets *buckets = r->service->throttle->buckets[limit];
	int left = bucket_left(buckets, bucket, r->started_us);
	r->throttled.nearest = (struct limit_state){.limit = limit,
		.is_known = true,
		.left = left,
		.wait_s = bucket_wait_s(buckets, bucket, r->started_us)};
	return is_taken ? NULL
			: request_fault(r, &problem_too_many_requests,
				  "The limit \"%s\" is reached: %d requests a second.",
				  names[limit], buckets_rate(buckets).per_second);
}

const struct problem *throttle_admit_address(struct request *r)
{
	struct buckets *buckets = r->service->throttle->buckets[LIMIT_ADDRESS];
	if (buckets_rate(buckets).per_second == 0)
		return NULL;
	struct bucket *bucket = buckets_find(buckets, r->peer.owner, r->started_us);
	if (bucket == NULL || bucket_take(buckets, bucket, r->started_us))
		return NULL;
	return judge(r, LIMIT_ADDRESS, bucket, false);
}

const struct problem *throttle_admit_key(struct request *r)
{
	struct buckets *buckets = r->service->throttle->buckets[LIMIT_KEYS];
	if (buckets_rate(buckets).per_second == 0)
		return NULL;
	struct bucket *bucket = buckets_find(buckets, r->peer.owner, r->started_us);
	if (bucket == NULL || bucket_left(buckets, bucket, r->started_us) > 0)
		return NULL;
	return judge(r, LIMIT_KEYS, bucket, false);
}

void throttle_note_guess(struct request *r)
{
	if (r->who.was_let_in)
		return;
	struct buckets *buckets = r->service->throttle->buckets[LIMIT_KEYS];
	struct bucket *bucket = buckets_find(buckets, r->peer.owner, r->started_us);
	if (bucket != NULL)
		bucket_take(buckets, bucket, r->started_us);
}

const struct problem *throttle_admit_caller(struct request *r)
{
	struct throttle *throttle = r->service->throttle;
	struct buckets *buckets = throttle->buckets[LIMIT_CALLER];
	if (r->actor.id[0] == '\0') /* whoever asks what is public */
		return NULL;
	uint64_t owner = buckets_owner(buckets, r->actor.id, sizeof r->actor.id);
	struct bucket *bucket = buckets_find(buckets, owner, r->started_us);
	if (bucket == NULL)
		return NULL;
	if (throttle->held_max > 0 && bucket->held >= throttle->held_max)
		return request_fault(r, &problem_too_many_at_once,
			"%d requests of this caller are under way.", bucket->held);
	if (buckets_rate(buckets).per_second > 0) {
		bool is_taken = bucket_take(buckets, bucket, r->started_us);
		const struct problem *p = judge(r, LIMIT_CALLER, bucket, is_taken);
		if (p != NULL)
			return p;
	}
	bucket->held++;
	r->throttled.place = bucket;
	return NULL;
}

void throttle_add_headers(struct request *r)
{
	const struct throttle *throttle = r->service->throttle;
	const struct limit_state *state = &r->throttled.nearest;
	if (r->answer.status == 429)
		answer_header(r, "Retry-After",
			arena_printf(&r->arena, "%d", state->wait_s > 0 ? state->wait_s : 1));
	if (!state->is_known)
		return;
	struct bucket_rate rate = buckets_rate(throttle->buckets[state->limit]);
	int full_s = (rate.burst - state->left + rate.per_second - 1) / rate.per_second;
	answer_header(r, "RateLimit-Policy", throttle->policies[state->limit]);
	answer_header(r, "RateLimit",
		arena_printf(
			&r->arena, "\"%s\";r=%d;t=%d", names[state->limit], state->left, full_s));
}
