#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

enum { DETAIL_MAX = 511 };

/* Returns the detail, cut where it would be too long: between characters, for it may quote what a
 * client sent and ends up in an answer. */
__attribute__((format(printf, 2, 0))) static const char *format_detail(
	const struct fault_list *list, const char *format, va_list arguments)
{
	char detail[DETAIL_MAX +
		    2]; /* one byte more, so that the cut sees where a character begins */
	int length = vsnprintf(
		detail, sizeof detail, language_text(list->language, format), arguments);
	if (length < 0)
		return NULL;
	size_t kept = (size_t)length < sizeof detail ? (size_t)length : sizeof detail - 1;
	return arena_copy(list->arena, detail, text_cut(detail, kept, DETAIL_MAX));
}

/* Without memory a list must not look as if all were well. */
static void refuse_unread(struct fault_list *list)
{
	static struct fault unread = {
		.pointer = "", .code = "too_large", .detail = "there was no memory to check this"};
	list->is_cut = true;
	if (list->count > 0)
		return;
	list->items = &unread; /* nothing is written to it: the list is cut */
	list->count = 1;
}

void fault_add(
	struct fault_list *list, const char *pointer, const char *code, const char *format, ...)
{
	list->is_cut |= list->count == FAULTS_MAX;
	if (list->is_cut)
		return;
	if (list->items == NULL)
		list->items = arena_take(list->arena, FAULTS_MAX * sizeof *list->items);
	va_list arguments;
	va_start(arguments, format);
	struct fault fault = {
		.pointer = arena_copy(list->arena, pointer, strlen(pointer)),
		.code = code,
		.detail = format_detail(list, format, arguments),
	};
	va_end(arguments);
	if (list->items == NULL || fault.pointer == NULL || fault.detail == NULL)
		refuse_unread(list);
	else
		list->items[list->count++] = fault;
}
