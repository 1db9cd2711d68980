#include "business_clock.h"

#include <endian.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Constant once it is published. Somebody may be looking at an old one, so that they stay to the
 * end; there are as many as tests have made. */
struct setting {
	int64_t ahead_us, changed_us;
	struct setting *previous;
};

struct business_clock {
	_Atomic(struct setting *) setting; /* NULL: the machine's time */
};

struct business_clock *business_clock_new(void)
{
	return calloc(1, sizeof(struct business_clock));
}

void business_clock_free(struct business_clock *clock)
{
	struct setting *setting = clock == NULL ? NULL : atomic_load(&clock->setting);
	while (setting != NULL) {
		struct setting *previous = setting->previous;
		free(setting);
		setting = previous;
	}
	free(clock);
}

int64_t machine_clock_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t business_clock_now_us(const struct business_clock *clock)
{
	const struct setting *setting = atomic_load_explicit(&clock->setting, memory_order_acquire);
	return machine_clock_us() + (setting == NULL ? 0 : setting->ahead_us);
}

/* Reads a bigint, in whichever format it came. */
static bool read_number(const PGresult *row, const char *name, int64_t *ret_number)
{
	int column = PQfnumber(row, name);
	uint64_t wire;
	if (column < 0 || PQntuples(row) != 1 || PQgetisnull(row, 0, column))
		return false;
	if (PQfformat(row, column) == 0) {
		*ret_number = strtoll(PQgetvalue(row, 0, column), NULL, 10);
		return true;
	}
	memcpy(&wire, PQgetvalue(row, 0, column), sizeof wire);
	*ret_number = (int64_t)be64toh(wire);
	return true;
}

bool business_clock_set(struct business_clock *clock, const PGresult *row)
{
	int64_t ahead_us, changed_us;
	if (!read_number(row, "ahead_us", &ahead_us) ||
		!read_number(row, "changed_us", &changed_us))
		return true;
	struct setting *known = atomic_load(&clock->setting);
	if (known != NULL && known->changed_us >= changed_us)
		return true;
	struct setting *setting = malloc(sizeof *setting);
	if (setting == NULL)
		return false;
	*setting = (struct setting){ahead_us, changed_us, known};
	while (!atomic_compare_exchange_weak(&clock->setting, &setting->previous, setting))
		if (setting->previous != NULL && setting->previous->changed_us >= changed_us) {
			free(setting);
			break;
		}
	return true;
}
