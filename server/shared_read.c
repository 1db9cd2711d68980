#include "shared_read.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>
#include <uuid/uuid.h>

#include "binding.h"

enum { MEMBERS_MAX = 64 };

/* Who may share: the callers of one operation with one key, who see the same rows. */
struct read_key {
	const struct operation *operation;
	unsigned char caller[DIGEST_SIZE];
};

/* Lives in the arena of its first member, who is answered together with the others. */
struct shared_read {
	struct read_key key;
	struct segment segment;
	struct shared_reads *reads;
	struct request *members[MEMBERS_MAX];
	int count;
	bool is_open; /* to be joined */
	char ids[MEMBERS_MAX * UUID_TEXT_SIZE +
		 2]; /* an array literal: each id has its comma or brace */
	const char *values[1];
	UT_hash_handle hh;
};

struct shared_reads {
	struct shared_read *open;
};

struct shared_reads *shared_reads_new(void)
{
	return calloc(1, sizeof(struct shared_reads));
}

void shared_reads_free(struct shared_reads *reads)
{
	free(reads);
}

static void close_read(struct shared_read *read)
{
	if (read->is_open)
		HASH_DEL(read->reads->open, read);
	read->is_open = false;
}

static void read_sending(struct segment *segment)
{
	close_read(segment->ctx);
}

/* Adds a member, and its id to the array that the statement takes. */
static void join_read(struct shared_read *read, struct request *r)
{
	char *end = read->ids + (size_t)read->count * UUID_TEXT_SIZE; /* on the closing brace */
	*end = read->count == 0 ? '{' : ',';
	memcpy(end + 1, binding_id(r), UUID_TEXT_SIZE - 1);
	end[UUID_TEXT_SIZE] = '}';
	read->members[read->count++] = r;
	if (read->count == MEMBERS_MAX)
		close_read(read);
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

static void read_done(struct segment *segment, enum segment_outcome outcome)
{
	struct shared_read *read = segment->ctx;
	const PGresult *result = outcome == SEGMENT_DONE ? segment->results[1] : segment->error;
	close_read(read);
	for (int i = 0; i < read->count; i++) {
		struct request *r = read->members[i];
		if (outcome == SEGMENT_DONE)
			request_answer_row(r, segment->calls[1].variant, result, row_of(r, result));
		else if (outcome == SEGMENT_FAILED)
			request_refuse(r, request_problem_of(r, result));
		else
			request_refuse(r, &problem_unavailable);
	}
	segment_clear(segment);
}

static const struct problem *begin_read(struct request *r, const struct read_key *key)
{
	struct shared_read *read = arena_take(&r->arena, sizeof *read);
	if (read == NULL)
		return FAULT(r, "out of memory");
	*read = (struct shared_read){.key = *key,
		.reads = r->service->shared_reads,
		.segment = {.call_count = 2,
			.ctx = read,
			.sending = read_sending,
			.done = read_done,
			.deadline_ms = r->service->loop->now_ms + r->service->config->queue_ms}};
	if (!binding_identity(r, "", NULL, &read->segment.calls[0]) ||
		!binding_make(r, r->operation->statement, &read->segment.calls[1]))
		return FAULT(r, "%s cannot be bound", r->operation->statement->name);
	join_read(read, r);
	read->values[0] = read->ids;
	read->segment.calls[1].values = read->values;
	if (!lanes_submit(r->service->lanes, actor_lane_role(&r->actor), LANE_READ, &read->segment))
		return request_fault(
			r, &problem_overloaded, "Too many requests wait for the database.");
	read->is_open = true;
	HASH_ADD(hh, read->reads->open, key, sizeof read->key, read);
	return NULL;
}

const struct problem *shared_read_submit(struct request *r)
{
	struct read_key key;
	struct shared_read *read;
	memset(&key, 0, sizeof key);
	key.operation = r->operation;
	memcpy(key.caller, r->key_digest, DIGEST_SIZE);
	HASH_FIND(hh, r->service->shared_reads->open, &key, sizeof key, read);
	if (read == NULL)
		return begin_read(r, &key);
	join_read(read, r);
	return NULL;
}
