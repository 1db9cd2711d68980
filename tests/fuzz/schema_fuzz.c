/* schema_fuzz.c: a schema and, after a newline, a value: no pair of them makes the checker crash,
 * run on, or answer with what is no UTF-8. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void assert_printable(const struct fault_list *faults)
{
	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->items[i];
		assert(text_is_utf8(fault->pointer, strlen(fault->pointer)));
		assert(text_is_utf8(fault->detail, strlen(fault->detail)));
	}
}

static void check(const struct schema *schema, struct slice value)
{
	struct arena arena;
	struct json_fault fault = {0};
	arena_init(&arena);
	struct fault_list text_faults = {.arena = &arena};
	schema_check_text(schema, value, "?value", &text_faults);
	assert_printable(&text_faults);
	json_t *json = json_read(value.bytes, value.length, &fault);
	for (int mode = SCHEMA_WHOLE; json != NULL && mode <= SCHEMA_ANSWER; mode++) {
		struct fault_list faults = {.arena = &arena};
		schema_check(schema, json, (enum schema_mode)mode, &faults);
		assert_printable(&faults);
	}
	json_decref(json);
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice rest = {(const char *)bytes, length};
	struct slice source = {0};
	struct json_fault fault = {0};
	if (!slice_split(&rest, '\n', &source))
		return 0;
	json_t *document = json_read(source.bytes, source.length, &fault);
	if (document == NULL)
		return 0;
	struct text error;
	text_init(&error);
	struct schema_set *set = schema_set_new(document);
	const struct schema *schema = schema_compile(set, document, "#", &error);
	assert((schema == NULL) == (error.length > 0));
	if (schema != NULL)
		check(schema, rest);
	text_done(&error);
	schema_set_free(set);
	json_decref(document);
	return 0;
}
