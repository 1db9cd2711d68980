#include "access_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "token.h"

enum { NOW_S = 1800000000, COORDINATE_SIZE = 32 };

/* Keys of an issuer. What signs here is OpenSSL, what verifies is not. */
enum signer_name { RSA_KEY, OTHER_RSA_KEY, P256_KEY, ED25519_KEY, SHORT_RSA_KEY, SIGNERS };

static EVP_PKEY *signers[SIGNERS];

static int make_signers(void **state)
{
	(void)state;
	signers[RSA_KEY] = EVP_RSA_gen(2048);
	signers[OTHER_RSA_KEY] = EVP_RSA_gen(2048);
	signers[P256_KEY] = EVP_EC_gen("P-256");
	signers[ED25519_KEY] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	signers[SHORT_RSA_KEY] = EVP_RSA_gen(1024);
	return 0;
}

static int free_signers(void **state)
{
	(void)state;
	for (int i = 0; i < SIGNERS; i++)
		EVP_PKEY_free(signers[i]);
	return 0;
}

static void append_number(
	struct text *text, const char *member, enum signer_name name, const char *parameter)
{
	unsigned char bytes[512];
	BIGNUM *number = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(signers[name], parameter, &number), 1);
	int size = BN_num_bytes(number);
	if (name == P256_KEY)
		size = COORDINATE_SIZE;
	BN_bn2binpad(number, bytes, size);
	BN_free(number);
	text_append_printf(text, ",\"%s\":\"", member);
	text_append_base64url(text, bytes, (size_t)size);
	text_append_string(text, "\"");
}

/* Appends a JWK; `more` are further members ("\"kid\":\"1\"") or "". */
static void append_key(struct text *text, enum signer_name name, const char *more)
{
	unsigned char raw[COORDINATE_SIZE];
	size_t raw_size = sizeof raw;
	if (name == P256_KEY) {
		text_append_string(text, "{\"kty\":\"EC\",\"crv\":\"P-256\"");
		append_number(text, "x", name, OSSL_PKEY_PARAM_EC_PUB_X);
		append_number(text, "y", name, OSSL_PKEY_PARAM_EC_PUB_Y);
	} else if (name == ED25519_KEY) {
		EVP_PKEY_get_raw_public_key(signers[name], raw, &raw_size);
		text_append_string(text, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
		text_append_base64url(text, raw, raw_size);
		text_append_string(text, "\"");
	} else {
		text_append_string(text, "{\"kty\":\"RSA\"");
		append_number(text, "n", name, OSSL_PKEY_PARAM_RSA_N);
		append_number(text, "e", name, OSSL_PKEY_PARAM_RSA_E);
	}
	text_append_printf(text, "%s%s}", more[0] == '\0' ? "" : ",", more);
}

static struct key_set *set_of(enum signer_name name, const char *more)
{
	struct text json = {0};
	text_append_string(&json, "{\"keys\":[");
	append_key(&json, name, more);
	text_append_string(&json, "]}");
	struct key_set *set = key_set_read((struct slice){json.bytes, json.length});
	text_done(&json);
	assert_non_null(set);
	return set;
}

static struct key_set *set_of_two(void)
{
	struct text json = {0};
	text_append_string(&json, "{\"keys\":[");
	append_key(&json, RSA_KEY, "\"kid\":\"1\",\"use\":\"sig\"");
	text_append_string(&json, ",");
	append_key(&json, P256_KEY, "\"kid\":\"2\",\"key_ops\":[\"verify\"]");
	text_append_string(&json, "]}");
	struct key_set *set = key_set_read((struct slice){json.bytes, json.length});
	text_done(&json);
	assert_non_null(set);
	return set;
}

/* RFC 7518, 3.4: r and s side by side, not as OpenSSL has them. */
static size_t flatten_signature(unsigned char *signature, size_t size)
{
	const unsigned char *next = signature;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &next, (long)size);
	assert_non_null(pair);
	BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, COORDINATE_SIZE);
	BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + COORDINATE_SIZE, COORDINATE_SIZE);
	ECDSA_SIG_free(pair);
	return 2 * COORDINATE_SIZE;
}

static void append_signature(struct text *text, enum signer_name name, bool is_pss)
{
	unsigned char signature[512];
	size_t size = sizeof signature;
	EVP_PKEY_CTX *padding = NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const EVP_MD *hash = name == ED25519_KEY ? NULL : EVP_sha256();
	assert_int_equal(EVP_DigestSignInit(context, &padding, hash, NULL, signers[name]), 1);
	if (is_pss) {
		EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST);
	}
	assert_int_equal(EVP_DigestSign(context, signature, &size,
				 (const unsigned char *)text->bytes, text->length),
		1);
	EVP_MD_CTX_free(context);
	if (name == P256_KEY)
		size = flatten_signature(signature, size);
	text_append_char(text, '.');
	text_append_base64url(text, signature, size);
}

static void append_part(struct text *text, const char *json)
{
	text_append_base64url(text, (const unsigned char *)json, strlen(json));
}

/* A token whose header and claims are these texts, whatever they are. */
static struct text sign(enum signer_name name, const char *header, const char *claims)
{
	struct text text = {0};
	append_part(&text, header);
	text_append_char(&text, '.');
	append_part(&text, claims);
	append_signature(&text, name, strstr(header, "PS256") != NULL);
	return text;
}

static const char claims[] = "{\"iss\":\"https://id.example\",\"aud\":\"qudao\",\"sub\":\"ann\","
			     "\"exp\":1800000300,\"iat\":1800000000,\"nbf\":1799999999,"
			     "\"role\":\"admin\",\"realm_access\":{\"roles\":[\"analyst\"]},"
			     "\"https://id.example/role\":\"manager\"}";

static const struct access_token_rules rules = {
	.issuer = "https://id.example", .audience = "qudao", .now_s = NOW_S};

/* What is said of a token, or NULL when it is good. */
static const char *fault_of_text(struct slice text, const struct key_set *keys)
{
	struct access_token token;
	bool is_good = access_token_read(text, keys, &rules, &token);
	const char *fault = token.fault;
	assert_int_equal(is_good, token.claims != NULL);
	assert_int_equal(is_good, fault == NULL);
	access_token_done(&token);
	return fault;
}

static const char *fault_of(
	const struct key_set *keys, enum signer_name name, const char *header, const char *body)
{
	struct text text = sign(name, header, body);
	const char *fault = fault_of_text((struct slice){text.bytes, text.length}, keys);
	text_done(&text);
	return fault;
}

static const char rs256[] = "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}";

static void assert_fault(const char *fault, const char *expected)
{
	assert_non_null(fault);
	assert_string_equal(fault, expected);
}

static void a_token_is_good_by_the_algorithm_of_its_key(void **state)
{
	(void)state;
	static const struct {
		enum signer_name name;
		const char *more;
		const char *header;
	} cases[] = {
		{RSA_KEY, "", "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}"},
		{RSA_KEY, "\"alg\":\"RS256\"", "{\"alg\":\"RS256\",\"typ\":\"AT+JWT\"}"},
		{RSA_KEY, "\"alg\":\"PS256\"",
			"{\"alg\":\"PS256\",\"typ\":\"application/at+jwt\"}"},
		{P256_KEY, "", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"x5t\":\"ignored\"}"},
		{ED25519_KEY, "", "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"}"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct key_set *keys = set_of(cases[i].name, cases[i].more);

		assert_null(fault_of(keys, cases[i].name, cases[i].header, claims));

		key_set_free(keys);
	}
}

static void a_token_says_who_it_is_of_and_when_it_ends(void **state)
{
	(void)state;
	struct key_set *keys = set_of(RSA_KEY, "");
	struct text text = sign(RSA_KEY, rs256, claims);
	struct access_token token;

	assert_true(
		access_token_read((struct slice){text.bytes, text.length}, keys, &rules, &token));

	assert_string_equal(token.subject, "ann");
	assert_int_equal(token.expires_s, 1800000300);
	access_token_done(&token);
	text_done(&text);
	key_set_free(keys);
}

static void a_claim_is_named_whole_or_by_a_path(void **state)
{
	(void)state;
	struct key_set *keys = set_of(RSA_KEY, "");
	struct text text = sign(RSA_KEY, rs256, claims);
	struct access_token token;
	access_token_read((struct slice){text.bytes, text.length}, keys, &rules, &token);

	assert_string_equal(json_string_value(access_token_claim(&token, "role")), "admin");
	assert_string_equal(
		json_string_value(access_token_claim(&token, "https://id.example/role")),
		"manager");
	assert_true(json_is_array(access_token_claim(&token, "realm_access.roles")));
	assert_null(access_token_claim(&token, "realm_access.scopes"));
	assert_null(access_token_claim(&token, "role.admin"));
	assert_null(access_token_claim(&token, "nothing.at.all"));

	access_token_done(&token);
	text_done(&text);
	key_set_free(keys);
}

static void a_header_that_asks_for_more_is_refused(void **state)
{
	(void)state;
	static const char *const members[] = {"\"jku\":\"https://evil.example\"",
		"\"x5u\":\"https://evil.example\"", "\"jwk\":{}", "\"x5c\":[]",
		"\"crit\":[\"exp\"]", "\"b64\":false", "\"zip\":\"DEF\"", "\"cty\":\"JWT\"",
		"\"enc\":\"A128GCM\"", "\"jku\":null"};
	struct key_set *keys = set_of(RSA_KEY, "");
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		char header[256];
		snprintf(header, sizeof header, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",%s}",
			members[i]);

		assert_fault(fault_of(keys, RSA_KEY, header, claims),
			"The header of the token has members that are not accepted.");
	}
	key_set_free(keys);
}

static void only_the_type_of_access_tokens_is_taken(void **state)
{
	(void)state;
	static const char *const headers[] = {"{\"alg\":\"RS256\"}",
		"{\"alg\":\"RS256\",\"typ\":\"JWT\"}", "{\"alg\":\"RS256\",\"typ\":\"id+jwt\"}",
		"{\"alg\":\"RS256\",\"typ\":7}", "{\"alg\":\"RS256\",\"typ\":\"\"}"};
	struct key_set *keys = set_of(RSA_KEY, "");
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		assert_fault(fault_of(keys, RSA_KEY, headers[i], claims),
			"The token is not of the type at+jwt.");
	key_set_free(keys);
}

static void a_plain_type_is_taken_where_that_is_set(void **state)
{
	(void)state;
	struct access_token_rules lenient = rules;
	lenient.accepts_plain_type = true;
	struct key_set *keys = set_of(RSA_KEY, "");
	struct text text = sign(RSA_KEY, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}", claims);
	struct access_token token;

	assert_true(
		access_token_read((struct slice){text.bytes, text.length}, keys, &lenient, &token));

	access_token_done(&token);
	text_done(&text);
	key_set_free(keys);
}

static void an_algorithm_that_no_key_has_is_refused(void **state)
{
	(void)state;
	static const char *const algorithms[] = {
		"none", "NONE", "HS256", "HS512", "RS1", "ES256K", "", "rs256"};
	struct key_set *keys = set_of(RSA_KEY, "");
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
		char header[256];
		snprintf(header, sizeof header, "{\"alg\":\"%s\",\"typ\":\"at+jwt\"}",
			algorithms[i]);
		assert_fault(fault_of(keys, RSA_KEY, header, claims),
			"The algorithm of the token is not accepted.");
	}
	assert_fault(fault_of(keys, RSA_KEY, "{\"typ\":\"at+jwt\"}", claims),
		"The algorithm of the token is not accepted.");
	key_set_free(keys);
}

static void the_algorithm_is_the_keys_not_the_tokens(void **state)
{
	(void)state;
	struct key_set *rsa = set_of(RSA_KEY, "\"alg\":\"RS256\"");
	struct key_set *ec = set_of(P256_KEY, "");
	const char expected[] = "The algorithm of the token is not that of its key.";

	assert_fault(
		fault_of(rsa, RSA_KEY, "{\"alg\":\"PS256\",\"typ\":\"at+jwt\"}", claims), expected);
	assert_fault(fault_of(rsa, P256_KEY, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", claims),
		expected);
	assert_fault(fault_of(ec, RSA_KEY, rs256, claims), expected);

	key_set_free(rsa);
	key_set_free(ec);
}

static void the_key_is_named_when_there_are_several(void **state)
{
	(void)state;
	struct key_set *keys = set_of_two();

	assert_null(fault_of(
		keys, RSA_KEY, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"1\"}", claims));
	assert_null(fault_of(
		keys, P256_KEY, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"2\"}", claims));
	assert_fault(fault_of(keys, RSA_KEY, rs256, claims),
		"The token does not say which key it is signed with.");
	assert_fault(
		fault_of(keys, RSA_KEY, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":1}", claims),
		"The token is not in the compact form of a signed JWT.");

	key_set_free(keys);
}

static void a_key_that_is_not_in_the_set_is_said_to_be_unknown(void **state)
{
	(void)state;
	struct key_set *keys = set_of_two();
	struct text text = sign(
		RSA_KEY, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"3\"}", claims);
	struct slice slice = {text.bytes, text.length};
	struct access_token token;

	assert_false(access_token_read(slice, keys, &rules, &token));
	assert_true(token.is_key_unknown);
	assert_false(access_token_read(slice, NULL, &rules, &token));
	assert_true(token.is_key_unknown);
	assert_false(access_token_read(SLICE("a.b.c"), NULL, &rules, &token));
	assert_false(token.is_key_unknown);

	text_done(&text);
	key_set_free(keys);
}

static void a_signature_of_anything_else_is_refused(void **state)
{
	(void)state;
	struct key_set *keys = set_of(RSA_KEY, "");
	struct text good = sign(RSA_KEY, rs256, claims);
	struct text other = sign(
		RSA_KEY, rs256, "{\"iss\":\"https://id.example\",\"sub\":\"eve\"}");
	struct text mixed = {0};
	const char *signature = strrchr(good.bytes, '.');
	text_append(&mixed, other.bytes, (size_t)(strrchr(other.bytes, '.') - other.bytes));
	text_append_string(&mixed, signature);

	assert_fault(fault_of(keys, OTHER_RSA_KEY, rs256, claims),
		"The signature of the token is wrong.");
	assert_fault(fault_of_text((struct slice){mixed.bytes, mixed.length}, keys),
		"The signature of the token is wrong.");

	text_done(&good);
	text_done(&other);
	text_done(&mixed);
	key_set_free(keys);
}

static void a_token_with_any_character_changed_is_refused(void **state)
{
	(void)state;
	struct key_set *keys = set_of(P256_KEY, "");
	struct text text = sign(P256_KEY, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", claims);
	for (size_t i = 0; i < text.length; i++) {
		char kept = text.bytes[i];
		text.bytes[i] = kept == 'A' ? 'B' : 'A';

		assert_non_null(fault_of_text((struct slice){text.bytes, text.length}, keys));

		text.bytes[i] = kept;
	}
	assert_null(fault_of_text((struct slice){text.bytes, text.length}, keys));
	text_done(&text);
	key_set_free(keys);
}

static void what_is_no_compact_signed_token_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", ".", "..", "...", "a", "a.b", "eyJ9.e30.",
		".e30.AA", "e30..AA", "e30.e30", "e30.e30.AA.AA", "e30.e30.AA.AA.AA", "W10.e30.AA",
		"e30=.e30.AA", "e31.e30.AA", "e30.e30.A", "e30.e30.AB", "e30.e30.A A",
		"e30\n.e30.AA"};
	struct key_set *keys = set_of(RSA_KEY, "");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_non_null(fault_of_text(slice_of(texts[i]), keys));
	key_set_free(keys);
}

static void a_signature_is_written_in_one_way(void **state)
{
	(void)state;
	struct key_set *keys = set_of(P256_KEY, "");
	struct text text = sign(P256_KEY, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", claims);
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char *last = &text.bytes[text.length - 1];
	assert_null(fault_of_text((struct slice){text.bytes, text.length}, keys));

	*last = alphabet[(strchr(alphabet, *last) - alphabet) | 1];
	assert_fault(fault_of_text((struct slice){text.bytes, text.length}, keys),
		"The token is not in the compact form of a signed JWT.");
	*last = '=';
	assert_non_null(fault_of_text((struct slice){text.bytes, text.length}, keys));

	text_done(&text);
	key_set_free(keys);
}

static void a_member_that_comes_twice_is_refused(void **state)
{
	(void)state;
	struct key_set *keys = set_of(RSA_KEY, "");
	const char expected[] = "The token is not in the compact form of a signed JWT.";

	assert_fault(fault_of(keys, RSA_KEY,
			     "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"alg\":\"RS256\"}", claims),
		expected);
	assert_fault(fault_of(keys, RSA_KEY, rs256, "{\"sub\":\"a\",\"sub\":\"b\"}"), expected);
	assert_fault(fault_of(keys, RSA_KEY, rs256, "[]"), expected);
	assert_fault(fault_of(keys, RSA_KEY, rs256, "not JSON"), expected);

	key_set_free(keys);
}

static void a_token_that_is_too_long_is_refused(void **state)
{
	(void)state;
	static char body[ACCESS_TOKEN_MAX];
	struct key_set *keys = set_of(RSA_KEY, "");
	memset(body, ' ', sizeof body - 1);
	memcpy(body, claims, sizeof claims - 1);
	assert_fault(fault_of(keys, RSA_KEY, rs256, body), "The token is too long.");

	body[ACCESS_TOKEN_MAX / 2] = '\0';
	assert_null(fault_of(keys, RSA_KEY, rs256, body));

	key_set_free(keys);
}

#define BY "\"iss\":\"https://id.example\","
#define FOR "\"aud\":\"qudao\","
#define OF "\"sub\":\"ann\","
#define UNTIL "\"exp\":1800000300"

static void claims_are_held_to_the_rules(void **state)
{
	(void)state;
	static const char issuer[] = "The token is of another issuer.";
	static const char audience[] = "The token is for another audience.";
	static const char subject[] = "The token names no subject.";
	static const char end[] = "The token does not say when it ends.";
	static const char expired[] = "The token has expired.";
	static const char future[] = "The token is of the future.";
	static const struct {
		const char *body;
		const char *expected; /* NULL: it is good */
	} cases[] = {
		{"{" BY FOR OF UNTIL "}", NULL},
		{"{" FOR OF UNTIL "}", issuer},
		{"{\"iss\":\"https://id.example/\"," FOR OF UNTIL "}", issuer},
		{"{\"iss\":[\"https://id.example\"]," FOR OF UNTIL "}", issuer},
		{"{" BY OF UNTIL "}", audience},
		{"{" BY "\"aud\":\"qudao2\"," OF UNTIL "}", audience},
		{"{" BY "\"aud\":[]," OF UNTIL "}", audience},
		{"{" BY "\"aud\":[\"a\",7,null]," OF UNTIL "}", audience},
		{"{" BY "\"aud\":{\"qudao\":1}," OF UNTIL "}", audience},
		{"{" BY "\"aud\":[\"a\",\"qudao\"]," OF UNTIL "}", NULL},
		{"{" BY FOR UNTIL "}", subject},
		{"{" BY FOR "\"sub\":\"\"," UNTIL "}", subject},
		{"{" BY FOR "\"sub\":7," UNTIL "}", subject},
		{"{" BY FOR "\"sub\":\"ann\"}", end},
		{"{" BY FOR OF "\"exp\":\"1800000300\"}", end},
		{"{" BY FOR OF "\"exp\":-1}", end},
		{"{" BY FOR OF "\"exp\":1e300}", end},
		{"{" BY FOR OF "\"exp\":null}", end},
		{"{" BY FOR OF "\"exp\":1800000300.5}", NULL},
		{"{" BY FOR OF "\"exp\":1800000001}", NULL},
		{"{" BY FOR OF "\"exp\":1800000000}", expired},
		{"{" BY FOR OF "\"exp\":1799999999.9}", expired},
		{"{" BY FOR OF UNTIL ",\"nbf\":1800000010}", NULL},
		{"{" BY FOR OF UNTIL ",\"nbf\":1800000011}", future},
		{"{" BY FOR OF UNTIL ",\"iat\":1800000010}", NULL},
		{"{" BY FOR OF UNTIL ",\"iat\":1800000011}", future},
		{"{" BY FOR OF UNTIL ",\"nbf\":\"now\"}", future},
	};
	struct key_set *keys = set_of(P256_KEY, "");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *fault = fault_of(
			keys, P256_KEY, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", cases[i].body);
		if (cases[i].expected == NULL)
			assert_null(fault);
		else
			assert_fault(fault, cases[i].expected);
	}
	key_set_free(keys);
}

static void a_long_subject_is_refused(void **state)
{
	(void)state;
	struct key_set *keys = set_of(P256_KEY, "");
	char body[1024];
	char subject[SUBJECT_MAX + 2];
	memset(subject, 's', sizeof subject);
	for (size_t length = SUBJECT_MAX; length <= SUBJECT_MAX + 1; length++) {
		snprintf(body, sizeof body, "{" BY FOR UNTIL ",\"sub\":\"%.*s\"}", (int)length,
			subject);
		const char *fault = fault_of(
			keys, P256_KEY, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", body);
		assert_int_equal(fault == NULL, length == SUBJECT_MAX);
	}
	key_set_free(keys);
}

static void keys_of_no_use_are_left_out(void **state)
{
	(void)state;
	static const struct {
		enum signer_name name;
		const char *more;
	} useless[] = {
		{RSA_KEY, "\"use\":\"enc\""},
		{RSA_KEY, "\"key_ops\":[\"encrypt\"]"},
		{RSA_KEY, "\"key_ops\":7"},
		{RSA_KEY, "\"alg\":\"RSA-OAEP\""},
		{RSA_KEY, "\"alg\":\"HS256\""},
		{RSA_KEY, "\"kid\":7"},
		{P256_KEY, "\"alg\":\"RS256\""},
		{SHORT_RSA_KEY, ""},
	};
	for (size_t i = 0; i < sizeof useless / sizeof *useless; i++) {
		struct key_set *set = set_of(useless[i].name, useless[i].more);
		assert_int_equal(key_set_count(set), 0);
		assert_null(key_set_find(set, NULL));
		key_set_free(set);
	}
	struct key_set *set = key_set_read(
		SLICE("{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\",\"alg\":\"HS256\"},"
		      "{\"kty\":\"RSA\"},{\"kty\":\"RSA\",\"n\":\"!\",\"e\":\"AQAB\"},"
		      "{\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"},"
		      "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"},"
		      "{\"kty\":\"RSA\",\"x5u\":\"http://127.0.0.1:1/\"},7,null,[]]}"));
	assert_int_equal(key_set_count(set), 0);
	key_set_free(set);
}

static void a_point_that_is_not_on_the_curve_verifies_nothing(void **state)
{
	(void)state;
	struct key_set *keys = key_set_read(
		SLICE("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}"));

	assert_non_null(fault_of(keys, P256_KEY, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", claims));

	key_set_free(keys);
}

static void what_is_no_set_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "null", "[]", "{}", "<html></html>",
		"{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":[],\"keys\":[]}", "{\"keys\":[]} x"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_null(key_set_read(slice_of(texts[i])));
	struct text many = {0};
	text_append_string(&many, "{\"keys\":[0");
	for (int i = 0; i < KEYS_MAX; i++)
		text_append_string(&many, ",0");
	text_append_string(&many, "]}");
	assert_null(key_set_read((struct slice){many.bytes, many.length}));
	text_done(&many);
	key_set_free(NULL);
	access_token_done(NULL);
}

static void of_two_keys_with_one_id_the_first_counts(void **state)
{
	(void)state;
	struct text json = {0};
	text_append_string(&json, "{\"keys\":[");
	append_key(&json, RSA_KEY, "\"kid\":\"1\"");
	text_append_string(&json, ",");
	append_key(&json, P256_KEY, "\"kid\":\"1\"");
	text_append_string(&json, "]}");
	struct key_set *keys = key_set_read((struct slice){json.bytes, json.length});

	assert_string_equal(key_algorithm(key_set_find(keys, "1")), "RS256");

	text_done(&json);
	key_set_free(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_good_by_the_algorithm_of_its_key),
		cmocka_unit_test(a_token_says_who_it_is_of_and_when_it_ends),
		cmocka_unit_test(a_claim_is_named_whole_or_by_a_path),
		cmocka_unit_test(a_header_that_asks_for_more_is_refused),
		cmocka_unit_test(only_the_type_of_access_tokens_is_taken),
		cmocka_unit_test(a_plain_type_is_taken_where_that_is_set),
		cmocka_unit_test(an_algorithm_that_no_key_has_is_refused),
		cmocka_unit_test(the_algorithm_is_the_keys_not_the_tokens),
		cmocka_unit_test(the_key_is_named_when_there_are_several),
		cmocka_unit_test(a_key_that_is_not_in_the_set_is_said_to_be_unknown),
		cmocka_unit_test(a_signature_of_anything_else_is_refused),
		cmocka_unit_test(a_token_with_any_character_changed_is_refused),
		cmocka_unit_test(what_is_no_compact_signed_token_is_refused),
		cmocka_unit_test(a_signature_is_written_in_one_way),
		cmocka_unit_test(a_member_that_comes_twice_is_refused),
		cmocka_unit_test(a_token_that_is_too_long_is_refused),
		cmocka_unit_test(claims_are_held_to_the_rules),
		cmocka_unit_test(a_long_subject_is_refused),
		cmocka_unit_test(keys_of_no_use_are_left_out),
		cmocka_unit_test(a_point_that_is_not_on_the_curve_verifies_nothing),
		cmocka_unit_test(what_is_no_set_is_refused),
		cmocka_unit_test(of_two_keys_with_one_id_the_first_counts),
	};
	return cmocka_run_group_tests(tests, make_signers, free_signers);
}
