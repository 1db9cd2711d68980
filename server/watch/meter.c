#include "watch/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uthash.h>

#include "business_clock.h"

/* More callers between two batches than the cache of actors ever knows at once. */
enum { METERED_MAX = 20000, DAY_SECONDS = 86400 };

/* Compared as bytes: to be made from zeros. */
struct metered_key {
	char caller_id[UUID_TEXT_SIZE];
	char partner_id[UUID_TEXT_SIZE]; /* "" for staff */
	int64_t day;                     /* since 1970 */
};

/* What one caller asked for on one day, in the name of one partner. */
struct metered {
	struct metered_key key;
	enum actor_kind kind;
	uint64_t requests, refusals, failures, bytes_sent;
	time_t used_at; /* last */
	UT_hash_handle hh;
};

struct meter {
	struct metered *callers; /* since the last batch */
	char instance[UUID_TEXT_SIZE];
	uint64_t sequence; /* of the last batch */
	struct text batch; /* its usage; empty: settled */
};

struct meter *meter_new(void)
{
	struct meter *meter = calloc(1, sizeof *meter);
	if (meter != NULL)
		uuid_v7(machine_clock_us() / 1000, meter->instance);
	return meter;
}

static void forget_callers(struct meter *meter)
{
	struct metered *metered, *next;
	HASH_ITER (hh, meter->callers, metered, next) {
		HASH_DEL(meter->callers, metered);
		free(metered);
	}
}

void meter_free(struct meter *meter)
{
	if (meter == NULL)
		return;
	forget_callers(meter);
	text_done(&meter->batch);
	free(meter);
}

static struct metered *find_or_add(struct meter *meter, const struct actor *actor, time_t now)
{
	struct metered_key key;
	struct metered *metered;
	memset(&key, 0, sizeof key);
	snprintf(key.caller_id, sizeof key.caller_id, "%s", actor->id);
	snprintf(key.partner_id, sizeof key.partner_id, "%s", actor->partner_id);
	key.day = now / DAY_SECONDS;
	HASH_FIND(hh, meter->callers, &key, sizeof key, metered);
	if (metered != NULL || HASH_COUNT(meter->callers) >= METERED_MAX)
		return metered;
	metered = calloc(1, sizeof *metered);
	if (metered == NULL)
		return NULL;
	memcpy(&metered->key, &key, sizeof key);
	metered->kind = actor->kind;
	HASH_ADD(hh, meter->callers, key, sizeof metered->key, metered);
	return metered;
}

void meter_note(struct meter *meter, const struct actor *actor, int status, uint64_t bytes_sent)
{
	time_t now = time(NULL);
	struct metered *metered = find_or_add(meter, actor, now);
	if (metered == NULL)
		return;
	metered->requests++;
	metered->refusals += status / 100 == 4;
	metered->failures += status / 100 == 5;
	metered->bytes_sent += bytes_sent;
	metered->used_at = now;
}

static void append_metered(struct text *usage, const struct metered *metered)
{
	char day[16], used_at[32];
	struct tm utc;
	gmtime_r(&metered->used_at, &utc);
	strftime(day, sizeof day, "%Y-%m-%d", &utc);
	strftime(used_at, sizeof used_at, "%Y-%m-%dT%H:%M:%SZ", &utc);
	text_append_printf(usage,
		"%c{\"caller_id\":\"%s\",\"caller_kind\":\"%s\",\"day\":\"%s\",\"last_used_at\":\"%s\"",
		usage->length == 0 ? '[' : ',', metered->key.caller_id,
		actor_kind_name(metered->kind), day, used_at);
	if (metered->key.partner_id[0] != '\0')
		text_append_printf(usage, ",\"partner_id\":\"%s\"", metered->key.partner_id);
	text_append_printf(usage,
		",\"requests\":%llu,\"refusals\":%llu,\"failures\":%llu,\"bytes_sent\":%llu}",
		(unsigned long long)metered->requests, (unsigned long long)metered->refusals,
		(unsigned long long)metered->failures, (unsigned long long)metered->bytes_sent);
}

/* When memory is exhausted, the callers stay for the next time. */
static void make_batch(struct meter *meter)
{
	struct text usage = {0};
	for (const struct metered *metered = meter->callers; metered != NULL;
		metered = metered->hh.next)
		append_metered(&usage, metered);
	if (usage.length > 0)
		text_append_char(&usage, ']');
	if (usage.is_broken || usage.length == 0) {
		text_done(&usage);
		return;
	}
	forget_callers(meter);
	meter->sequence++;
	meter->batch = usage;
}

bool meter_batch(struct meter *meter, struct text ret_values[static METER_VALUES])
{
	if (meter->batch.length == 0)
		make_batch(meter);
	if (meter->batch.length == 0)
		return false;
	text_append_string(&ret_values[METER_INSTANCE], meter->instance);
	text_append_integer(&ret_values[METER_SEQUENCE], (long long)meter->sequence);
	text_append(&ret_values[METER_USAGE], meter->batch.bytes, meter->batch.length);
	return !ret_values[METER_INSTANCE].is_broken && !ret_values[METER_SEQUENCE].is_broken &&
	       !ret_values[METER_USAGE].is_broken;
}

void meter_settle(struct meter *meter)
{
	text_done(&meter->batch);
}

bool meter_is_settled(const struct meter *meter)
{
	return meter->callers == NULL && meter->batch.length == 0;
}
