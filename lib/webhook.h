/* Standard Webhooks: the secret of a receiver, and the signature of what is sent to it. */
#pragma once

#include "token.h"

/* The secret that the server's `key` gives to `id`. It is computed whenever it is needed and stored
 * nowhere. */
void webhook_secret(struct slice key, const char *id, unsigned char ret_secret[static DIGEST_SIZE]);

/* Appends a secret as its receiver is shown it: "whsec_" and base64. */
void text_append_webhook_secret(struct text *text, const unsigned char secret[static DIGEST_SIZE]);

/* What is sent, as far as it is signed. */
struct webhook_message {
	const char *id;
	long long unix_seconds; /* of this attempt */
	struct slice body;
};

/* Appends the signature of `message` by one secret ("v1," and base64). A text that is broken
 * afterwards has none. */
void text_append_webhook_signature(
	struct text *text, const struct webhook_message *message, struct slice secret);
