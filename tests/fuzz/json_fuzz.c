/* json_fuzz.c: whatever is read is valid, is bounded, and survives being written and read again. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct json_fault fault = {0};
	json_t *json = json_read((const char *)bytes, length, &fault);
	if (json == NULL) {
		assert(fault.code != NULL && fault.offset <= length);
		assert(text_is_utf8(fault.detail, strlen(fault.detail)));
		return 0;
	}
	assert(text_is_utf8((const char *)bytes, length));
	char *written = json_dumps(json, JSON_ENCODE_ANY | JSON_SORT_KEYS);
	assert(written != NULL);
	json_t *again = json_read(written, strlen(written), &fault);
	assert(again != NULL && json_order(json, again) == 0 && json_order(again, json) == 0);
	json_decref(again);
	json_decref(json);
	free(written);
	return 0;
}
