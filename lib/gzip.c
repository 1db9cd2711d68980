#include "gzip.h"

#include <stdlib.h>
#include <strings.h>

#include <zlib.h>

enum {
	LEVEL = 1, /* of a page of 50 a sixth of the bytes, in 40 us; 6: a seventh, in 87 */
	WINDOW_BITS = 15 + 16, /* 16: with the head and the sum of gzip */
	MEMORY_LEVEL = 8,
};

struct gzip {
	z_stream stream;
	bool is_done;
};

/* A weight in thousandths: q=0.5 is 500. Without one it is 1000; what is malformed is 0. */
static int weight_of(struct slice parameters)
{
	int weight = 0;
	int unit = 1000;
	parameters = slice_trim(parameters);
	if (parameters.length == 0)
		return unit;
	if (parameters.length < 3 || strncasecmp(parameters.bytes, "q=", 2) != 0)
		return 0;
	for (size_t i = 2; i < parameters.length; i++) {
		char digit = parameters.bytes[i];
		if (digit == '.' && i == 3)
			continue;
		if (digit < '0' || digit > '9')
			return 0;
		weight += (digit - '0') * unit;
		unit /= 10;
	}
	return weight;
}

bool gzip_is_accepted(const char *accept_encoding)
{
	enum { ABSENT = -1 };
	int gzip = ABSENT;
	int identity = ABSENT;
	int any = ABSENT;
	struct slice rest = slice_of(accept_encoding);
	struct slice part;
	struct slice coding;
	while (slice_split(&rest, ',', &part)) {
		if (!slice_split(&part, ';', &coding))
			continue;
		coding = slice_trim(coding);
		if (slice_equals_ignoring_case(coding, "gzip") ||
			slice_equals_ignoring_case(coding, "x-gzip"))
			gzip = weight_of(part);
		else if (slice_equals_ignoring_case(coding, "identity"))
			identity = weight_of(part);
		else if (slice_equals(coding, "*"))
			any = weight_of(part);
	}
	if (gzip == ABSENT)
		gzip = any;
	return gzip > 0 && gzip >= identity;
}

struct gzip *gzip_new(void)
{
	struct gzip *gzip = calloc(1, sizeof *gzip);
	if (gzip == NULL)
		return NULL;
	if (deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK) {
		free(gzip);
		return NULL;
	}
	return gzip;
}

void gzip_free(struct gzip *gzip)
{
	if (gzip == NULL)
		return;
	deflateEnd(&gzip->stream);
	free(gzip);
}

bool gzip_append(struct gzip *gzip, struct slice plain, struct text *text)
{
	deflateReset(&gzip->stream);
	gzip->is_done = false;
	size_t size = deflateBound(&gzip->stream, plain.length);
	char *room = text_reserve(text, size);
	if (room == NULL)
		return false;
	text->length += gzip_step(gzip, &plain, true, room, size);
	text->bytes[text->length] = '\0';
	return gzip->is_done;
}

size_t gzip_step(struct gzip *gzip, struct slice *plain, bool is_last, char *room, size_t size)
{
	z_stream *stream = &gzip->stream;
	stream->next_in = (unsigned char *)(size_t)plain->bytes;
	stream->avail_in = (unsigned)plain->length;
	stream->next_out = (unsigned char *)room;
	stream->avail_out = (unsigned)size;
	gzip->is_done = deflate(stream, is_last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
	size_t taken = plain->length - stream->avail_in;
	*plain = (struct slice){plain->bytes + taken, stream->avail_in};
	return size - stream->avail_out;
}

bool gzip_is_done(const struct gzip *gzip)
{
	return gzip->is_done;
}
