#include "request/shared.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>
#include <uuid/uuid.h>

#include "config.h"
#include "request/answer.h"
#include "request/binding.h"
#include "request/result.h"

enum {
	MEMBERS_MAX = 64,
	BODIES_MAX = 256 * 1024, /* bytes of all members */
};

/* Who may share: the callers of one operation with one key, who see the same rows. */
struct shared_key {
	const struct operation *operation;
	unsigned char caller[DIGEST_SIZE];
};

/* Lives in the arena of its first member, who is answered together with the others. */
struct shared {
	struct shared_key key;
	struct segment segment;
	struct shared_table *table;
	const struct shared_ways *ways;
	struct request *members[MEMBERS_MAX];
	int count;
	size_t body_bytes;
	bool is_open;  /* to be joined */
	bool is_bound; /* to what all members ask for, not only the first */
	UT_hash_handle hh;
};

struct shared_table {
	struct shared *open;
};

struct shared_table *shared_table_new(void)
{
	return calloc(1, sizeof(struct shared_table));
}

void shared_table_free(struct shared_table *table)
{
	free(table);
}

static void close_shared(struct shared *shared)
{
	if (shared->is_open)
		HASH_DEL(shared->table->open, shared);
	shared->is_open = false;
}

static void join(struct shared *shared, struct request *r)
{
	shared->members[shared->count++] = r;
	shared->body_bytes += r->body.length;
	if (shared->count == MEMBERS_MAX || shared->body_bytes > BODIES_MAX)
		close_shared(shared);
}

/* Appends what one member brings to a list. */
typedef void append_function(struct text *list, struct request *member);

static void append_id(struct text *list, struct request *member)
{
	text_append_string(list, binding_id(member));
}

static void append_body(struct text *list, struct request *member)
{
	text_append(list, member->body.bytes, member->body.length);
}

static void append_request_id(struct text *list, struct request *member)
{
	text_append_printf(list, "\"%s\":\"%s\"", member->made.id, member->id);
}

/* Returns what the members bring, between brackets, in the arena of the first; NULL when memory is
 * exhausted. */
static const char *list_of(
	const struct shared *shared, const char *brackets, append_function *append)
{
	struct text list = {0};
	for (int i = 0; i < shared->count; i++) {
		text_append_char(&list, i == 0 ? brackets[0] : ',');
		append(&list, shared->members[i]);
	}
	text_append_char(&list, brackets[1]);
	const char *copy = list.is_broken ? NULL
					  : arena_copy(&shared->members[0]->arena, list.bytes,
						    list.length);
	text_done(&list);
	return copy;
}

/* Binds the calls to what r->run.shared says, or to what `r` asks for by itself. */
static bool bind_calls(struct request *r, struct segment *segment)
{
	struct call calls[SEGMENT_CALLS_MAX];
	const struct operation *operation = r->operation;
	int count = 2;
	if (!binding_identity(r, "", NULL, &calls[0]) ||
		!binding_make(r, operation->statement, &calls[1]))
		return false;
	if (operation->then != NULL && !binding_make(r, operation->then, &calls[count++]))
		return false;
	memcpy(segment->calls, calls, (size_t)count * sizeof *calls);
	segment->call_count = count;
	return true;
}

/* It is on its way: nobody joins any more. */
static void shared_sending(struct segment *segment)
{
	struct shared *shared = segment->ctx;
	struct request *first = shared->members[0];
	close_shared(shared);
	if (shared->count == 1 || shared->is_bound)
		return;
	first->run.shared.ids = list_of(shared, "{}", append_id);
	if (segment->is_write) {
		first->run.shared.bodies = list_of(shared, "[]", append_body);
		first->run.shared.request_ids = list_of(shared, "{}", append_request_id);
	}
	bool has_lists = first->run.shared.ids != NULL &&
			 (!segment->is_write || (first->run.shared.bodies != NULL &&
							first->run.shared.request_ids != NULL));
	shared->is_bound = has_lists && bind_calls(first, segment);
}

/* Returns the row whose id the request asked for; as many as there are rows: none. */
static int row_of(struct request *r, const PGresult *result)
{
	uuid_t id;
	int count = PQntuples(result);
	int column = PQfnumber(result, "id");
	int row = 0;
	if (column < 0 || uuid_parse(binding_id(r), id) != 0)
		return count;
	while (row < count && memcmp(PQgetvalue(result, row, column), id, sizeof id) != 0)
		row++;
	return row;
}

/* Ends with row `row` of the last result (not found when it has fewer), unless the statement has
 * something against it. */
static void answer_row(struct request *r, const struct segment *segment, int row)
{
	int last = segment->call_count - 1;
	const struct problem *p = result_refusal(r, segment->results[1]);
	if (p == NULL)
		p = result_rows(r, segment->calls[last].variant, segment->results[last], row);
	if (p != NULL)
		answer_problem(r, p);
	answer_send(r);
}

static void finish(const struct shared *shared, struct request *r, enum segment_outcome outcome)
{
	const struct segment *segment = &shared->segment;
	bool is_left_out = !shared->is_bound && r != shared->members[0];
	if (outcome == SEGMENT_DONE && is_left_out)
		answer_refuse(r, FAULT(r, "out of memory"));
	else if (outcome == SEGMENT_DONE)
		answer_row(r, segment, row_of(r, segment->results[segment->call_count - 1]));
	else if (outcome == SEGMENT_FAILED && segment->is_write && shared->count > 1)
		shared->ways->run_alone(r);
	else
		shared->ways->fail(r, outcome, segment->error);
}

static void shared_done(struct segment *segment, enum segment_outcome outcome)
{
	struct shared *shared = segment->ctx;
	close_shared(shared);
	shared->members[0]->run.shared = (struct shared_values){0};
	for (int i = 0; i < shared->count; i++)
		finish(shared, shared->members[i], outcome);
	segment_clear(segment);
}

static const struct problem *begin(
	struct request *r, const struct shared_key *key, const struct shared_ways *ways)
{
	struct shared *shared = arena_take(&r->arena, sizeof *shared);
	if (shared == NULL)
		return FAULT(r, "out of memory");
	*shared = (struct shared){.key = *key,
		.table = r->service->shared,
		.ways = ways,
		.segment = {.is_write = r->operation->is_write,
			.ctx = shared,
			.sending = shared_sending,
			.done = shared_done,
			.deadline_ms = r->service->loop->now_ms + r->service->config->queue_ms}};
	if (!bind_calls(r, &shared->segment))
		return FAULT(r, "%s cannot be bound", r->operation->statement->name);
	if (!lanes_submit(r->service->lanes, actor_lane_role(&r->actor),
		    r->operation->is_write ? LANE_WRITE : LANE_READ, &shared->segment))
		return request_fault(
			r, &problem_overloaded, "Too many requests wait for the database.");
	shared->is_open = true;
	HASH_ADD(hh, shared->table->open, key, sizeof shared->key, shared);
	join(shared, r);
	return NULL;
}

const struct problem *shared_submit(struct request *r, const struct shared_ways *ways)
{
	struct shared_key key;
	struct shared *shared;
	memset(&key, 0, sizeof key);
	key.operation = r->operation;
	memcpy(key.caller, r->who.digest, DIGEST_SIZE);
	HASH_FIND(hh, r->service->shared->open, &key, sizeof key, shared);
	if (shared == NULL)
		return begin(r, &key, ways);
	join(shared, r);
	return NULL;
}
