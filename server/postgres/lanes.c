#include "postgres/lanes.h"

#include <stdlib.h>

enum { AWAY_MS = 100 /* without any connection: who waits is told so */ };

struct lanes {
	struct loop *loop;
	struct lanes_options options;
	struct lane_group groups[LANE_ROLE_COUNT][LANE_WORK_COUNT];
	struct lanes_figures figures;
	bool is_closed;
};

static bool group_init(struct lanes *lanes, enum lane_role role, enum lane_work work)
{
	struct lane_group *group = &lanes->groups[role][work];
	*group = (struct lane_group){.loop = lanes->loop,
		.role = role,
		.options = &lanes->options.works[work],
		.statement_ms = lanes->options.statement_ms,
		.batch_ms = lanes->options.batch_ms,
		.figures = &lanes->figures,
		.is_wanted = role == LANE_STAFF && work < LANE_BULK};
	group->members = calloc((size_t)group->options->lanes, sizeof *group->members);
	for (int i = 0; i < group->options->lanes && group->members != NULL; i++)
		lane_init(&group->members[i], group);
	return group->members != NULL;
}

struct lanes *lanes_new(struct loop *loop, const struct lanes_options *options)
{
	struct lanes *lanes = calloc(1, sizeof *lanes);
	if (lanes == NULL)
		return NULL;
	lanes->loop = loop;
	lanes->options = *options;
	for (int role = 0; role < LANE_ROLE_COUNT; role++)
		for (int work = 0; work < LANE_WORK_COUNT; work++)
			if (!group_init(lanes, (enum lane_role)role, (enum lane_work)work)) {
				lanes_free(lanes);
				return NULL;
			}
	lanes_tick(lanes);
	return lanes;
}

typedef void group_function(struct lane_group *group);

static void each_group(struct lanes *lanes, group_function *visit)
{
	for (int role = 0; role < LANE_ROLE_COUNT; role++)
		for (int work = 0; work < LANE_WORK_COUNT; work++)
			visit(&lanes->groups[role][work]);
}

static void group_close(struct lane_group *group)
{
	struct segment *segment;
	for (int i = 0; i < group->options->lanes && group->members != NULL; i++)
		if (group->members[i].connection != NULL)
			lane_lose(&group->members[i]);
	while ((segment = segment_list_take(&group->queue)) != NULL)
		segment_finish(segment, SEGMENT_LOST);
}

static void group_free(struct lane_group *group)
{
	for (int i = 0; i < group->options->lanes && group->members != NULL; i++)
		lane_done(&group->members[i]);
	free(group->members);
}

void lanes_close(struct lanes *lanes)
{
	if (lanes == NULL)
		return;
	lanes->is_closed = true;
	each_group(lanes, group_close);
}

void lanes_free(struct lanes *lanes)
{
	if (lanes == NULL)
		return;
	lanes_close(lanes);
	each_group(lanes, group_free);
	free(lanes);
}

/* Begins to connect what is wanted, not connected and due. */
static void group_open(struct lane_group *group)
{
	int64_t now_ms = group->loop->now_ms;
	for (int i = 0; i < group->options->lanes && group->is_wanted; i++)
		if (group->members[i].state == LANE_DOWN && group->members[i].due_ms <= now_ms)
			lane_open(&group->members[i]);
}

bool lanes_submit(
	struct lanes *lanes, enum lane_role role, enum lane_work work, struct segment *segment)
{
	struct lane_group *group = &lanes->groups[role][work];
	if (lanes->is_closed || group->queue.count >= lanes->options.queue_max)
		return false;
	if (!group->is_wanted) {
		group->is_wanted = true;
		group_open(group);
	}
	for (int i = 0; i < segment->call_count; i++)
		segment->calls[i].variant->in_flight++;
	segment_list_append(&group->queue, segment);
	return true;
}

static void group_send(struct lane_group *group)
{
	for (int i = 0; i < group->options->lanes && group->queue.first != NULL; i++)
		if (group->members[i].state == LANE_IDLE)
			lane_send(&group->members[i]);
}

void lanes_send(struct lanes *lanes)
{
	each_group(lanes, group_send);
}

static bool group_is_ready(const struct lane_group *group)
{
	for (int i = 0; i < group->options->lanes; i++)
		if (lane_is_connected(&group->members[i]))
			return true;
	return false;
}

/* A group that has just lost its connections may have one again in a moment; after that, waiting is
 * of no use. */
static bool group_is_away(const struct lane_group *group)
{
	return group->down_ms != 0 && group->loop->now_ms - group->down_ms > AWAY_MS &&
	       !group_is_ready(group);
}

/* Segments wait in the order in which they came, so the overdue ones are the first; replayed ones
 * stand before them, but only until the next batch. */
static void group_tick(struct lane_group *group)
{
	int64_t now_ms = group->loop->now_ms;
	while (group->queue.first != NULL &&
		(group->queue.first->deadline_ms <= now_ms || group_is_away(group)))
		segment_finish(segment_list_take(&group->queue), SEGMENT_LOST);
	group_open(group);
	for (int i = 0; i < group->options->lanes; i++)
		lane_tick(&group->members[i]);
}

void lanes_tick(struct lanes *lanes)
{
	each_group(lanes, group_tick);
}

bool lanes_are_ready(const struct lanes *lanes)
{
	for (int work = 0; work < LANE_BULK; work++)
		if (!group_is_ready(&lanes->groups[LANE_STAFF][work]) ||
			group_is_away(&lanes->groups[LANE_PARTNER][work]))
			return false;
	return true;
}

void lanes_count(const struct lanes *lanes, struct lanes_figures *ret_figures)
{
	struct lanes_figures figures = lanes->figures;
	for (int role = 0; role < LANE_ROLE_COUNT; role++)
		for (int work = 0; work < LANE_WORK_COUNT; work++) {
			const struct lane_group *group = &lanes->groups[role][work];
			figures.queued += group->queue.count;
			for (int i = 0; i < group->options->lanes; i++)
				figures.connected += lane_is_connected(&group->members[i]);
		}
	*ret_figures = figures;
}
