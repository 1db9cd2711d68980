#include "request/expand.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "request/answer.h"
#include "request/binding.h"
#include "request/parameters.h"

enum {
	/* The request's own objects, and two for each name that it may ask for. */
	KINDS_MAX = 1 + 2 * CONTRACT_EXPANSIONS_MAX,
	SEGMENTS_MAX = 8,
};

/* An object that others refer to. */
struct referred {
	uuid_t id; /* first, so that an id alone is compared like one */
	int row;   /* of the result; -1: it did not come */
};

/* Objects of one kind: the request's own, or what those of another kind refer to by one member. */
struct kind {
	struct expand *expand;
	const struct expandable *expandable; /* NULL: the request's own */
	const struct kind *above;
	int column;                /* of those above: the id */
	struct referred *referred; /* each once, in the order of their ids */
	size_t referred_count;
	int call; /* of the segment that reads it; 0: none does */
	bool is_read;
	const PGresult *result; /* NULL: nothing is referred to */
	struct variant *variant;
};

/* Lives in the arena of its request, whose segment it keeps while others are under way. */
struct expand {
	struct kind kinds[KINDS_MAX]; /* those above before those below */
	size_t count;
	size_t next;                       /* the first that nothing was done for */
	struct segment kept[SEGMENTS_MAX]; /* the request's own, then those that are done */
	size_t kept_count;
	expand_done_function *done;
};

static struct kind *find_kind(struct expand *expand, const struct kind *above, struct slice name)
{
	for (size_t i = 1; i < expand->count; i++)
		if (expand->kinds[i].above == above &&
			slice_equals(name, expand->kinds[i].expandable->name))
			return &expand->kinds[i];
	return NULL;
}

/* What is embedded is read, and needs the permission to. */
static const struct problem *permit(struct request *r, const struct expandable *expandable)
{
	const char *lacking = actor_lacks(&r->actor, expandable->with->contract);
	if (lacking == NULL)
		return NULL;
	fault_add(&r->faults, "?expand", "forbidden", "%s needs the permission %s",
		expandable->name, lacking);
	return request_fault(r, &problem_forbidden, "The caller lacks the permission %s.", lacking);
}

static const struct problem *add_kind(struct request *r, struct kind *above, struct slice name)
{
	struct expand *expand = r->run.expand;
	const struct operation *operation = above->expandable == NULL ? r->operation
								      : above->expandable->with;
	const struct expandable *expandable = operation_expandable(operation, name);
	if (find_kind(expand, above, name) != NULL)
		return NULL;
	if (expandable == NULL || expand->count == KINDS_MAX)
		return FAULT(r, "%s cannot expand %.*s", operation->contract->id, (int)name.length,
			name.bytes);
	expand->kinds[expand->count++] = (struct kind){
		.expand = expand, .expandable = expandable, .above = above};
	return permit(r, expandable);
}

/* Adds what the paths name at one depth: partner and product, then the parent of partner.parent. */
static const struct problem *add_depth(struct request *r, const char *paths, int depth)
{
	struct slice rest = slice_of(paths);
	struct slice path, name;
	const struct problem *p = NULL;
	while (p == NULL && slice_split(&rest, ',', &path)) {
		struct kind *above = &r->run.expand->kinds[0];
		bool is_there = slice_split(&path, '.', &name);
		for (int i = 0; i < depth && is_there; i++) {
			above = find_kind(r->run.expand, above, name);
			is_there = slice_split(&path, '.', &name);
		}
		if (is_there)
			p = add_kind(r, above, name);
	}
	return p;
}

static void release(struct request *r)
{
	struct expand *expand = r->run.expand;
	for (size_t i = 0; i < expand->kept_count; i++) {
		struct segment *kept = &expand->kept[i];
		for (int call = 0; call < kept->call_count; call++)
			kept->calls[call].variant->in_flight--;
		segment_clear(kept);
	}
	expand->kept_count = 0;
}

const struct problem *expand_prepare(struct request *r)
{
	const char *paths = parameters_value(r, "expand");
	if (paths == NULL)
		return NULL;
	r->run.expand = arena_take(&r->arena, sizeof *r->run.expand);
	if (r->run.expand == NULL)
		return FAULT(r, "out of memory");
	r->feature_free = release;
	r->run.expand->kinds[0] = (struct kind){.expand = r->run.expand, .is_read = true};
	r->run.expand->count = r->run.expand->next = 1;
	const struct problem *p = add_depth(r, paths, 0);
	return p == NULL ? add_depth(r, paths, 1) : p;
}

/* The results of r->run.segment stay, and so do their variants, which say how columns are written.
 */
static void keep_segment(struct request *r)
{
	struct expand *expand = r->run.expand;
	assert(expand->kept_count < SEGMENTS_MAX);
	for (int call = 0; call < r->run.segment.call_count; call++)
		r->run.segment.calls[call].variant->in_flight++;
	expand->kept[expand->kept_count++] = r->run.segment;
	r->run.segment = (struct segment){0};
}

static void restore_segment(struct request *r)
{
	struct segment *own = &r->run.expand->kept[0];
	for (int call = 0; call < own->call_count; call++)
		own->calls[call].variant->in_flight--;
	r->run.segment = *own;
	*own = (struct segment){0};
}

static int compare_ids(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(uuid_t));
}

static struct referred *find_referred(const struct kind *kind, const char *id)
{
	return id == NULL ? NULL
			  : bsearch(id, kind->referred, kind->referred_count,
				    sizeof *kind->referred, compare_ids);
}

/* Returns the id in a column of a row, or NULL. */
static const char *id_in(const PGresult *result, int row, int column)
{
	bool is_id = column >= 0 && PQgetlength(result, row, column) == sizeof(uuid_t);
	return is_id ? PQgetvalue(result, row, column) : NULL;
}

/* The row behind a page is there only to say that there is more. */
static int rows_of(const struct request *r, const struct kind *kind)
{
	int count = kind->result == NULL ? 0 : PQntuples(kind->result);
	bool is_page = kind->expandable == NULL && r->operation->contract->is_list;
	return is_page && count > r->asked.limit ? r->asked.limit : count;
}

/* Collects what the objects above refer to, each once; false when memory is exhausted. */
static bool collect(struct request *r, struct kind *kind)
{
	const PGresult *above = kind->above->result;
	int count = rows_of(r, kind->above);
	size_t found = 0, distinct = 0;
	kind->column = above == NULL ? -1 : PQfnumber(above, kind->expandable->by);
	kind->referred = arena_take(&r->arena, ((size_t)count + 1) * sizeof *kind->referred);
	if (kind->referred == NULL)
		return false;
	for (int row = 0; row < count; row++) {
		const char *id = id_in(above, row, kind->column);
		if (id == NULL)
			continue;
		memcpy(kind->referred[found].id, id, sizeof(uuid_t));
		kind->referred[found++].row = -1;
	}
	qsort(kind->referred, found, sizeof *kind->referred, compare_ids);
	for (size_t i = 0; i < found; i++)
		if (distinct == 0 ||
			compare_ids(&kind->referred[i], &kind->referred[distinct - 1]) != 0)
			kind->referred[distinct++] = kind->referred[i];
	kind->referred_count = distinct;
	return true;
}

/* Returns the ids as an array of PostgreSQL's, in the arena; NULL when memory is exhausted. */
static const char *ids_of(struct request *r, const struct kind *kind)
{
	char *ids = arena_take(&r->arena, kind->referred_count * UUID_TEXT_SIZE + 2);
	char *end = ids;
	for (size_t i = 0; ids != NULL && i < kind->referred_count; i++) {
		*end++ = i == 0 ? '{' : ',';
		uuid_unparse_lower(kind->referred[i].id, end);
		end += UUID_TEXT_SIZE - 1;
	}
	if (ids != NULL)
		memcpy(end, "}", sizeof "}");
	return ids;
}

static bool bind_kind(struct request *r, struct kind *kind)
{
	if (!collect(r, kind))
		return false;
	kind->is_read = kind->referred_count == 0;
	if (kind->is_read)
		return true;
	const struct binding bindings[] = {
		{"ids", ids_of(r, kind)}, {"now", r->made.now}, {NULL, NULL}};
	kind->call = r->run.segment.call_count++;
	return bindings[0].value != NULL && binding_of(r, kind->expandable->with->statement->name,
						    bindings, &r->run.segment.calls[kind->call]);
}

static void round_done(struct segment *segment, enum segment_outcome outcome);

/* Binds as many kinds as a segment has room for, up to one whose objects above are still to come.
 */
static bool bind_round(struct request *r)
{
	struct expand *expand = r->run.expand;
	r->run.segment = (struct segment){.call_count = 1, .done = round_done};
	for (; expand->next < expand->count && r->run.segment.call_count < SEGMENT_CALLS_MAX;
		expand->next++) {
		struct kind *kind = &expand->kinds[expand->next];
		if (!kind->above->is_read)
			break;
		if (!bind_kind(r, kind))
			return false;
	}
	return r->run.segment.call_count == 1 ||
	       binding_identity(r, "", NULL, &r->run.segment.calls[0]);
}

/* Goes on reading; false when there is nothing left to read. */
static bool begin_round(struct request *r)
{
	const struct problem *p = NULL;
	bool is_bound = bind_round(r);
	if (is_bound && r->run.segment.call_count == 1) {
		restore_segment(r);
		return false;
	}
	p = is_bound ? request_submit(r, LANE_READ) : FAULT(r, "an expansion cannot be bound");
	if (p != NULL)
		answer_refuse(r, p);
	return true;
}

/* Takes what came, and finds out which row is whose. */
static bool take_kind(struct kind *kind, const struct segment *segment)
{
	kind->result = segment->results[kind->call];
	kind->variant = segment->calls[kind->call].variant;
	kind->is_read = true;
	int column = PQfnumber(kind->result, "id");
	for (int row = 0; row < PQntuples(kind->result); row++) {
		struct referred *referred = find_referred(kind, id_in(kind->result, row, column));
		if (referred != NULL)
			referred->row = row;
	}
	return rows_describe(kind->variant, kind->result, kind->expandable->with->contract);
}

static void round_done(struct segment *segment, enum segment_outcome outcome)
{
	struct request *r = segment->ctx;
	struct expand *expand = r->run.expand;
	bool is_taken = true;
	if (outcome != SEGMENT_DONE) {
		expand->done(r, outcome, segment->error);
		return;
	}
	for (size_t i = 1; i < expand->next; i++)
		if (!expand->kinds[i].is_read)
			is_taken = take_kind(&expand->kinds[i], segment) && is_taken;
	keep_segment(r);
	if (!is_taken)
		answer_refuse(r, FAULT(r, "out of memory"));
	else if (!begin_round(r))
		expand->done(r, SEGMENT_DONE, NULL);
}

bool expand_begin(struct request *r, expand_done_function *done)
{
	struct expand *expand = r->run.expand;
	expand->done = done;
	expand->kinds[0].result = r->run.segment.results[r->run.statement_call];
	keep_segment(r);
	return begin_round(r);
}

/* Returns the row of `kind` that a row above refers to; -1: none that the caller may read. */
static int row_below(const struct kind *kind, const PGresult *above, int row)
{
	const struct referred *referred = find_referred(kind, id_in(above, row, kind->column));
	return referred == NULL ? -1 : referred->row;
}

/* Appends to an object of one kind those that it refers to. */
static bool append_below(struct text *text, const struct rows *rows, int row)
{
	const struct kind *self = rows->append_ctx;
	const struct expand *expand = self->expand;
	for (size_t i = 1; i < expand->count; i++) {
		const struct kind *kind = &expand->kinds[i];
		if (kind->above != self)
			continue;
		text_append_printf(text, ",\"%s\":", kind->expandable->name);
		int below = row_below(kind, rows->result, row);
		const struct rows its = {.result = kind->result,
			.variant = kind->variant,
			.append = append_below,
			.append_ctx = kind};
		if (below < 0)
			text_append_string(text, "null");
		else if (!rows_append_object(text, &its, below))
			return false;
	}
	return true;
}

void expand_complete(const struct request *r, struct rows *rows)
{
	rows->append = append_below;
	rows->append_ctx = &r->run.expand->kinds[0];
}
