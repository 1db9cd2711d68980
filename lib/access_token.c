#include "access_token.h"

#include <string.h>

#include "json.h"
#include "token.h"

enum { PARTS = 3, LEEWAY_S = 10 }; /* the issuer's clock may be ahead of ours */

/* The parts of the compact form; nothing of it is believed before the signature has proved good. */
struct parts {
	struct slice header, claims, signature;
};

static bool split(struct slice token, struct parts *ret_parts)
{
	const char *dots[PARTS - 1];
	int count = 0;
	for (size_t i = 0; i < token.length; i++) {
		if (token.bytes[i] != '.')
			continue;
		if (count == PARTS - 1)
			return false;
		dots[count++] = token.bytes + i;
	}
	if (count < PARTS - 1)
		return false;
	const char *end = token.bytes + token.length;
	ret_parts->header = (struct slice){token.bytes, (size_t)(dots[0] - token.bytes)};
	ret_parts->claims = (struct slice){dots[0] + 1, (size_t)(dots[1] - dots[0] - 1)};
	ret_parts->signature = (struct slice){dots[1] + 1, (size_t)(end - dots[1] - 1)};
	return true;
}

/* The object in a part; NULL unless it is one, in the one form that base64url has for it. */
static json_t *read_object(struct slice part)
{
	struct json_fault fault = {0};
	struct text decoded = {0};
	json_t *json = NULL;
	if (text_append_decoded_base64url(&decoded, part) && decoded.length > 0)
		json = json_read(decoded.bytes, decoded.length, &fault);
	text_done(&decoded);
	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

static bool is_base64url(struct slice part)
{
	struct text decoded = {0};
	bool is_good = text_append_decoded_base64url(&decoded, part) && decoded.length > 0;
	text_done(&decoded);
	return is_good;
}

/* Members that would have us take a key from the token or from elsewhere, understand what we do
 * not, or unpack something. */
static const char *const forbidden[] = {
	"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "cty", "enc"};

static bool type_is(const char *type, const struct access_token_rules *rules)
{
	struct slice slice = slice_of(type);
	return slice_equals_ignoring_case(slice, "at+jwt") ||
	       slice_equals_ignoring_case(slice, "application/at+jwt") ||
	       (rules->accepts_plain_type && slice_equals_ignoring_case(slice, "JWT"));
}

static const char *fault_of_header(const json_t *header, const struct access_token_rules *rules)
{
	const char *algorithm = json_string_value(json_object_get(header, "alg"));
	const json_t *id = json_object_get(header, "kid");
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
		if (json_object_get(header, forbidden[i]) != NULL)
			return MESSAGE(
				"The header of the token has members that are not accepted.");
	if (!type_is(json_string_value(json_object_get(header, "typ")), rules))
		return MESSAGE("The token is not of the type at+jwt.");
	if (algorithm == NULL || !key_algorithm_is_known(algorithm))
		return MESSAGE("The algorithm of the token is not accepted.");
	if (id != NULL && !json_is_string(id))
		return MESSAGE("The token is not in the compact form of a signed JWT.");
	return NULL;
}

static const char *fault_of_signature(struct slice text, const json_t *header,
	const struct key_set *keys, struct access_token *token)
{
	const char *id = json_string_value(json_object_get(header, "kid"));
	const char *algorithm = json_string_value(json_object_get(header, "alg"));
	const struct key *key = keys == NULL ? NULL : key_set_find(keys, id);
	if (key == NULL && id == NULL && keys != NULL && key_set_count(keys) > 1)
		return MESSAGE("The token does not say which key it is signed with.");
	if (key == NULL) {
		token->is_key_unknown = true;
		return MESSAGE("The key of the token is not one of the issuer's.");
	}
	if (strcmp(algorithm, key_algorithm(key)) != 0)
		return MESSAGE("The algorithm of the token is not that of its key.");
	return key_verifies(key, text) ? NULL : MESSAGE("The signature of the token is wrong.");
}

static bool is_for(const json_t *audience, const char *us)
{
	const char *name = json_string_value(audience);
	bool is_ours = name != NULL && strcmp(name, us) == 0;
	for (size_t i = 0; i < json_array_size(audience); i++) {
		name = json_string_value(json_array_get(audience, i));
		is_ours |= name != NULL && strcmp(name, us) == 0;
	}
	return is_ours;
}

static const char *fault_of_names(
	const struct access_token *token, const struct access_token_rules *rules)
{
	const char *issuer = json_string_value(json_object_get(token->claims, "iss"));
	const json_t *subject = json_object_get(token->claims, "sub");
	if (issuer == NULL || strcmp(issuer, rules->issuer) != 0)
		return MESSAGE("The token is of another issuer.");
	if (!is_for(json_object_get(token->claims, "aud"), rules->audience))
		return MESSAGE("The token is for another audience.");
	if (json_string_length(subject) == 0 || json_string_length(subject) > SUBJECT_MAX)
		return MESSAGE("The token names no subject.");
	return NULL;
}

/* An instant in seconds, as JSON has it: any number. */
static bool read_instant(const json_t *claim, int64_t *ret_seconds)
{
	enum { YEAR_9999_S = 253402300799 };
	if (!json_is_number(claim))
		return false;
	struct json_number number = json_number_of(claim);
	double real = number.is_exact ? (double)number.integer : number.real;
	if (!(real >= 0 && real <= (double)YEAR_9999_S))
		return false;
	*ret_seconds = (int64_t)real;
	return true;
}

/* True when an instant that need not be there is one, and has come. */
static bool has_come(const json_t *claims, const char *name, int64_t now_s)
{
	const json_t *claim = json_object_get(claims, name);
	int64_t instant_s = 0;
	return claim == NULL || (read_instant(claim, &instant_s) && instant_s <= now_s + LEEWAY_S);
}

static const char *fault_of_times(
	struct access_token *token, const struct access_token_rules *rules)
{
	if (!read_instant(json_object_get(token->claims, "exp"), &token->expires_s))
		return MESSAGE("The token does not say when it ends.");
	if (token->expires_s <= rules->now_s)
		return MESSAGE("The token has expired.");
	if (!has_come(token->claims, "nbf", rules->now_s) ||
		!has_come(token->claims, "iat", rules->now_s))
		return MESSAGE("The token is of the future.");
	return NULL;
}

/* Header, key and signature first: what a stranger claims is read only when he is none. */
static const char *fault_of(struct slice text, const struct key_set *keys,
	const struct access_token_rules *rules, struct access_token *token)
{
	struct parts parts;
	if (text.length > ACCESS_TOKEN_MAX)
		return MESSAGE("The token is too long.");
	json_t *header = split(text, &parts) && is_base64url(parts.signature)
				 ? read_object(parts.header)
				 : NULL;
	if (header == NULL)
		return MESSAGE("The token is not in the compact form of a signed JWT.");
	const char *fault = fault_of_header(header, rules);
	if (fault == NULL)
		fault = fault_of_signature(text, header, keys, token);
	json_decref(header);
	if (fault != NULL)
		return fault;
	token->is_signed = true;
	token->claims = read_object(parts.claims);
	if (token->claims == NULL)
		return MESSAGE("The token is not in the compact form of a signed JWT.");
	fault = fault_of_names(token, rules);
	return fault == NULL ? fault_of_times(token, rules) : fault;
}

bool access_token_read(struct slice text, const struct key_set *keys,
	const struct access_token_rules *rules, struct access_token *ret_token)
{
	struct access_token token = {0};
	token.fault = fault_of(text, keys, rules, &token);
	if (token.fault != NULL)
		access_token_done(&token);
	else
		token.subject = json_string_value(json_object_get(token.claims, "sub"));
	*ret_token = token;
	return token.fault == NULL;
}

void access_token_done(struct access_token *token)
{
	if (token == NULL)
		return;
	json_decref(token->claims);
	token->claims = NULL;
}

const json_t *access_token_claim(const struct access_token *token, const char *path)
{
	const json_t *claim = json_object_get(token->claims, path);
	const json_t *place = claim == NULL ? token->claims : NULL;
	struct slice rest = slice_of(path);
	struct slice step;
	while (place != NULL && slice_split(&rest, '.', &step)) {
		place = json_object_getn(place, step.bytes, step.length);
		claim = place;
	}
	return claim;
}
