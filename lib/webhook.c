#include "webhook.h"

#include <string.h>

/* One key of the server may serve other ends, so a label goes first. */
void webhook_secret(struct slice key, const char *id, unsigned char ret_secret[static DIGEST_SIZE])
{
	char message[sizeof "webhook " + UUID_TEXT_SIZE] = "webhook ";
	size_t label = strlen(message);
	size_t length = strnlen(id, UUID_TEXT_SIZE - 1);
	memcpy(message + label, id, length);
	digest_keyed(key, (struct slice){message, label + length}, ret_secret);
}

void text_append_webhook_secret(struct text *text, const unsigned char secret[static DIGEST_SIZE])
{
	text_append_string(text, "whsec_");
	text_append_base64(text, secret, DIGEST_SIZE);
}

void text_append_webhook_signature(
	struct text *text, const struct webhook_message *message, struct slice secret)
{
	unsigned char signature[DIGEST_SIZE];
	struct text signed_bytes = {0};
	text_append_printf(&signed_bytes, "%s.%lld.", message->id, message->unix_seconds);
	text_append(&signed_bytes, message->body.bytes, message->body.length);
	if (signed_bytes.is_broken) {
		text->is_broken = true;
	} else {
		digest_keyed(
			secret, (struct slice){signed_bytes.bytes, signed_bytes.length}, signature);
		text_append_string(text, "v1,");
		text_append_base64(text, signature, sizeof signature);
	}
	text_done(&signed_bytes);
}
