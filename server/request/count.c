#include "request/count.h"

#include <endian.h>
#include <string.h>

#include <jansson.h>

#include "request/binding.h"
#include "request/parameters.h"

/* As far as this, an estimate is counted. */
enum { COUNTED_MAX = 10000 };

static const struct sql_frame exact = {"select count(*) as total from (\n", "\n) as listed"};
static const struct sql_frame up_to_max = {"select count(*) as total from (select from (\n",
	"\n) as listed limit 10001) as counted"}; /* one more tells that there are more */
static const struct sql_frame plan = {"explain (format json)\n", ""};

/* PostgreSQL estimates by what all rows are like: a partner would learn of those that it may not
 * see, so its rows are counted. */
static bool is_estimated(const struct request *r)
{
	return strcmp(parameters_value(r, "count"), "estimated") == 0 &&
	       r->actor.role != ROLE_PARTNER;
}

bool count_bind(struct request *r, const struct statement *statement)
{
	struct segment *segment = &r->run.segment;
	if (parameters_value(r, "count") == NULL)
		return true;
	r->run.count_call = segment->call_count;
	if (!is_estimated(r))
		return binding_make_of_all(
			r, statement, &exact, &segment->calls[segment->call_count++]);
	return binding_make_of_all(
		       r, statement, &up_to_max, &segment->calls[segment->call_count++]) &&
	       binding_make_of_all(r, statement, &plan, &segment->calls[segment->call_count++]);
}

enum lane_work count_lane(const struct request *r, enum lane_work work)
{
	return r->run.count_call < 0 ? work : LANE_REPORT;
}

/* Reads the only value of a result; false when it has none. */
static bool read_total(const PGresult *result, json_int_t *ret_total)
{
	int64_t wire;
	if (PQntuples(result) != 1 || PQgetlength(result, 0, 0) != sizeof wire)
		return false;
	memcpy(&wire, PQgetvalue(result, 0, 0), sizeof wire);
	*ret_total = (json_int_t)be64toh((uint64_t)wire);
	return true;
}

/* Reads how many rows the planner expects; false when it does not say. */
static bool read_estimate(const PGresult *result, json_int_t *ret_total)
{
	if (PQntuples(result) != 1)
		return false;
	json_t *plans = json_loads(PQgetvalue(result, 0, 0), 0, NULL);
	const json_t *plan_of_rows = json_object_get(json_array_get(plans, 0), "Plan");
	const json_t *rows = json_object_get(plan_of_rows, "Plan Rows");
	bool is_known = json_is_integer(rows);
	if (is_known)
		*ret_total = json_integer_value(rows);
	json_decref(plans);
	return is_known;
}

bool count_append(struct text *body, const struct request *r)
{
	PGresult *const *results = &r->run.segment.results[r->run.count_call];
	json_int_t total, estimate;
	if (!read_total(results[0], &total))
		return false;
	bool is_beyond = is_estimated(r) && total > COUNTED_MAX;
	if (is_beyond && !read_estimate(results[1], &estimate))
		return false;
	if (is_beyond && estimate > total)
		total = estimate;
	text_append_printf(body, ",\"total\":%lld,\"total_is_estimated\":%s", (long long)total,
		is_beyond ? "true" : "false");
	return true;
}
