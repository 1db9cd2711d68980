#include "http/compression.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "config.h"
#include "gzip.h"
#include "request/answer.h"

enum { PIECE_SIZE = 32 << 10 };

struct compression {
	struct gzip *gzip;
	struct slice plain; /* what of `piece` is still to be compressed */
	bool is_last;
	char piece[PIECE_SIZE];
};

/* A constant in its compressed form: there are a few, all of them text, and each is compressed once
 * a worker. */
struct packed {
	const char *plain;
	struct text bytes;
	struct packed *next;
};

static void note_compressed(struct request *r)
{
	for (size_t i = 0; i < r->answer.header_count; i++) {
		struct answer_header *header = &r->answer.headers[i];
		if (strcmp(header->name, "ETag") == 0)
			header->value = answer_packed_etag(r, header->value);
	}
	answer_header(r, "Content-Encoding", "gzip");
}

static void compress_body(struct request *r)
{
	struct text packed = {0};
	struct text *body = &r->answer.body;
	if (gzip_append(r->service->gzip, (struct slice){body->bytes, body->length}, &packed) &&
		packed.length < body->length) {
		text_done(body);
		*body = packed;
		note_compressed(r);
	} else {
		text_done(&packed);
	}
}

static struct packed *pack(struct service *service, struct slice plain)
{
	struct packed *packed = calloc(1, sizeof *packed);
	if (packed == NULL || !gzip_append(service->gzip, plain, &packed->bytes)) {
		compression_forget(packed);
		return NULL;
	}
	packed->plain = plain.bytes;
	LL_PREPEND(service->packed, packed);
	return packed;
}

static void compress_constant(struct request *r)
{
	struct slice *constant = &r->answer.constant;
	struct packed *packed = NULL;
	LL_SEARCH_SCALAR(r->service->packed, packed, plain, constant->bytes);
	if (packed == NULL)
		packed = pack(r->service, *constant);
	if (packed == NULL)
		return;
	*constant = (struct slice){packed->bytes.bytes, packed->bytes.length};
	note_compressed(r);
}

static struct compression *stream_new(void)
{
	struct compression *compression = malloc(sizeof *compression);
	if (compression == NULL)
		return NULL;
	compression->gzip = gzip_new();
	compression->plain = (struct slice){compression->piece, 0};
	compression->is_last = false;
	if (compression->gzip == NULL) {
		free(compression);
		return NULL;
	}
	return compression;
}

/* An event must not wait for the next one to be compressed with it. */
static bool is_compressible(const struct answer *answer)
{
	return answer->content_type != NULL &&
	       strcmp(answer->content_type, "text/event-stream") != 0;
}

void compression_apply(struct request *r, struct compression **ret_stream)
{
	struct answer *answer = &r->answer;
	size_t smallest = (size_t)r->service->config->compress_bytes;
	*ret_stream = NULL;
	if (smallest == 0)
		return;
	if (answer->status == 304)
		answer_vary(r, "Accept-Encoding");
	if (!is_compressible(answer))
		return;
	bool is_stream = answer->produce != NULL;
	answer_vary(r, "Accept-Encoding");
	if (!gzip_is_accepted(r->head.headers[HEADER_ACCEPT_ENCODING]))
		return;
	if (!is_stream && answer->body.length > smallest)
		compress_body(r);
	if (answer->constant.length > smallest)
		compress_constant(r);
	if (is_stream && (*ret_stream = stream_new()) != NULL)
		note_compressed(r);
}

/* Nothing is flushed while the next page is waited for: it comes soon, and compresses better. */
long compression_produce(
	struct compression *compression, struct request *r, char *room, size_t size)
{
	size_t written = 0;
	if (gzip_is_done(compression->gzip))
		return ANSWER_END;
	while (written < size && !gzip_is_done(compression->gzip)) {
		if (compression->plain.length == 0 && !compression->is_last) {
			long count = r->answer.produce(r, compression->piece, PIECE_SIZE);
			if (count == ANSWER_BROKEN)
				return ANSWER_BROKEN;
			if (count == 0)
				break;
			compression->is_last = count == ANSWER_END;
			compression->plain.bytes = compression->piece;
			compression->plain.length = compression->is_last ? 0 : (size_t)count;
		}
		written += gzip_step(compression->gzip, &compression->plain, compression->is_last,
			room + written, size - written);
	}
	return (long)written;
}

void compression_free(struct compression *compression)
{
	if (compression == NULL)
		return;
	gzip_free(compression->gzip);
	free(compression);
}

void compression_forget(struct packed *packed)
{
	while (packed != NULL) {
		struct packed *next = packed->next;
		text_done(&packed->bytes);
		free(packed);
		packed = next;
	}
}
