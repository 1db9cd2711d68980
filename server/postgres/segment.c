#include "postgres/segment.h"

void segment_clear(struct segment *segment)
{
	for (int i = 0; i < SEGMENT_CALLS_MAX; i++) {
		PQclear(segment->results[i]);
		segment->results[i] = NULL;
	}
	PQclear(segment->error);
	segment->error = NULL;
}

void segment_finish(struct segment *segment, enum segment_outcome outcome)
{
	for (int i = 0; i < segment->call_count; i++)
		segment->calls[i].variant->in_flight--;
	segment->done(segment, outcome);
}

void segment_list_append(struct segment_list *list, struct segment *segment)
{
	segment->next = NULL;
	if (list->last == NULL)
		list->first = segment;
	else
		list->last->next = segment;
	list->last = segment;
	list->count++;
}

struct segment *segment_list_take(struct segment_list *list)
{
	struct segment *segment = list->first;
	if (segment == NULL)
		return NULL;
	list->first = segment->next;
	if (list->first == NULL)
		list->last = NULL;
	list->count--;
	segment->next = NULL;
	return segment;
}

void segment_list_prepend(struct segment_list *list, struct segment_list *front)
{
	if (front->first == NULL)
		return;
	front->last->next = list->first;
	if (list->last == NULL)
		list->last = front->last;
	list->first = front->first;
	list->count += front->count;
	*front = (struct segment_list){0};
}
