#include "request/binding.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "request/caller.h"
#include "request/parameters.h"
#include "webhook.h"

typedef const char *value_function(struct request *r);

static const char *value_of_body(struct request *r)
{
	return r->body.bytes;
}

static const char *value_of_new_id(struct request *r)
{
	return r->made.id;
}

const char *binding_id(struct request *r)
{
	return r->run.reads_new ? r->made.id : parameters_value(r, "id");
}

/* Arrays, so that one statement can do for several; of one request, with one member. */
static const char *value_of_ids(struct request *r)
{
	return r->run.shared.ids != NULL ? r->run.shared.ids
					 : arena_printf(&r->arena, "{%s}", binding_id(r));
}

static const char *value_of_new_ids(struct request *r)
{
	return r->run.shared.ids != NULL ? r->run.shared.ids
					 : arena_printf(&r->arena, "{%s}", r->made.id);
}

static const char *value_of_bodies(struct request *r)
{
	return r->run.shared.bodies != NULL ? r->run.shared.bodies
					    : arena_printf(&r->arena, "[%s]", r->body.bytes);
}

static const char *value_of_actor_id(struct request *r)
{
	return r->actor.id[0] == '\0' ? NULL : r->actor.id;
}

static const char *value_of_now(struct request *r)
{
	return r->made.now;
}

static const char *value_of_limit(struct request *r)
{
	return arena_printf(&r->arena, "%d", r->asked.limit + 1);
}

static const char *value_of_cursor_key(struct request *r)
{
	return r->asked.cursor.key;
}

static const char *value_of_cursor_id(struct request *r)
{
	return r->asked.cursor.key == NULL ? NULL : r->asked.cursor.id;
}

static const char *value_of_if_match(struct request *r)
{
	return r->asked.if_match;
}

static const char *value_of_request_id(struct request *r)
{
	return r->id;
}

/* Made when a statement first asks for it. */
static const char *value_of_new_key(struct request *r)
{
	unsigned char secret[24];
	struct text key = {0};
	if (r->made.secret[0] != '\0')
		return r->made.secret;
	if (!random_bytes(secret, sizeof secret))
		return NULL;
	text_append_string(&key, "qd_");
	text_append_base64url(&key, secret, sizeof secret);
	if (!key.is_broken && key.length < sizeof r->made.secret)
		memcpy(r->made.secret, key.bytes, key.length + 1);
	text_done(&key);
	return r->made.secret;
}

/* What a webhook signs with; like a key, it is not kept with the answer. */
static const char *value_of_new_secret(struct request *r)
{
	unsigned char secret[DIGEST_SIZE];
	struct text text = {0};
	webhook_secret(r->service->webhook_key, r->made.id, secret);
	text_append_webhook_secret(&text, secret);
	if (!text.is_broken && text.length < sizeof r->made.secret)
		memcpy(r->made.secret, text.bytes, text.length + 1);
	text_done(&text);
	return r->made.secret;
}

static const char *value_of_allows_plain_http(struct request *r)
{
	return r->service->config->webhook_private_addresses ? "true" : "false";
}

static const struct {
	const char *name;
	value_function *value;
	bool is_optional; /* absent values drop their lines */
	bool yields;      /* a parameter of the contract with that name comes first */
} own_parameters[] = {
	{.name = "body", .value = value_of_body},
	{.name = "bodies", .value = value_of_bodies},
	{.name = "new_id", .value = value_of_new_id},
	{.name = "new_ids", .value = value_of_new_ids},
	{.name = "id", .value = binding_id},
	{.name = "ids", .value = value_of_ids},
	{.name = "actor_id", .value = value_of_actor_id, .yields = true},
	{.name = "actor", .value = caller_describe},
	{.name = "objects", .value = caller_objects, .is_optional = true},
	{.name = "now", .value = value_of_now},
	{.name = "limit", .value = value_of_limit},
	{.name = "cursor_key", .value = value_of_cursor_key, .is_optional = true},
	{.name = "cursor_id", .value = value_of_cursor_id, .is_optional = true},
	{.name = "if_match", .value = value_of_if_match},
	{.name = "request_id", .value = value_of_request_id},
	{.name = "new_key", .value = value_of_new_key},
	{.name = "new_secret", .value = value_of_new_secret},
	{.name = "allows_plain_http", .value = value_of_allows_plain_http},
};

enum { OWN_COUNT = sizeof own_parameters / sizeof *own_parameters };

static size_t own_index(const char *name)
{
	size_t i = 0;
	while (i < OWN_COUNT && strcmp(own_parameters[i].name, name) != 0)
		i++;
	return i;
}

bool binding_is_own(const char *name)
{
	return own_index(name) < OWN_COUNT;
}

/* Returns the place of `name` among our own parameters as far as `r` is concerned. */
static size_t own_index_for(const struct request *r, const char *name)
{
	size_t i = own_index(name);
	bool yields = i < OWN_COUNT && own_parameters[i].yields &&
		      contract_parameter(r->operation->contract, name) != NULL;
	return yields ? OWN_COUNT : i;
}

static const char *value_of(struct request *r, const char *name)
{
	size_t i = own_index_for(r, name);
	return i < OWN_COUNT ? own_parameters[i].value(r) : parameters_value(r, name);
}

static bool is_absent(void *ctx, const char *name)
{
	struct request *r = ctx;
	size_t i = own_index_for(r, name);
	if (i < OWN_COUNT)
		return own_parameters[i].is_optional && own_parameters[i].value(r) == NULL;
	const struct contract_parameter *parameter = contract_parameter(
		r->operation->contract, name);
	return parameter != NULL && !parameter->is_required && parameters_value(r, name) == NULL;
}

void binding_stamp(struct request *r)
{
	struct tm utc;
	int64_t now_us = business_clock_now_us(r->service->clock);
	time_t now_s = (time_t)(now_us / 1000000);
	gmtime_r(&now_s, &utc);
	size_t length = strftime(r->made.now, sizeof r->made.now, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(r->made.now + length, sizeof r->made.now - length, ".%06dZ",
		(int)(now_us % 1000000));
	uuid_v7(machine_clock_us() / 1000, r->made.id);
}

/* PostgreSQL plans a list anew each time, since it thinks that a page of unknown size is a tenth of
 * all rows; where an index serves the filter whatever its value, that costs more than the page. */
static const char *plan_of(const struct request *r, const struct variant *variant)
{
	bool has_filter = false;
	for (size_t i = 0; i < variant->sql.parameter_count; i++) {
		const char *name = variant->sql.parameters[i];
		if (own_index_for(r, name) < OWN_COUNT)
			continue;
		if (!words_have(r->operation->code->narrow_filters, slice_of(name)))
			return "auto";
		has_filter = true;
	}
	return has_filter ? "force_generic_plan" : "auto";
}

static bool bind_choice(struct request *r, const struct statement *statement,
	const struct sql_choice *choice, struct call *ret_call)
{
	struct variant *variant = variant_find(r->service->variants, statement, choice);
	if (variant == NULL)
		return false;
	const char **values = arena_take(
		&r->arena, (variant->sql.parameter_count + 1) * sizeof *values);
	if (values == NULL)
		return false;
	for (size_t i = 0; i < variant->sql.parameter_count; i++)
		values[i] = value_of(r, variant->sql.parameters[i]);
	if (variant->plan == NULL)
		variant->plan = plan_of(r, variant);
	*ret_call = (struct call){.variant = variant, .values = values};
	return true;
}

bool binding_make(struct request *r, const struct statement *statement, struct call *ret_call)
{
	const struct sql_choice choice = {.is_absent = is_absent, .ctx = r, .sort = r->asked.sort};
	return bind_choice(r, statement, &choice, ret_call);
}

static bool is_absent_from_all(void *ctx, const char *name)
{
	static const char of_pages[] = "limit cursor_key cursor_id";
	return words_have(of_pages, slice_of(name)) || is_absent(ctx, name);
}

bool binding_make_of_all(struct request *r, const struct statement *statement,
	const struct sql_frame *frame, struct call *ret_call)
{
	const struct sql_choice choice = {
		.is_absent = is_absent_from_all, .ctx = r, .frame = frame};
	return bind_choice(r, statement, &choice, ret_call);
}

const char *binding_value(const struct binding *bindings, const char *name)
{
	while (bindings->name != NULL && strcmp(bindings->name, name) != 0)
		bindings++;
	return bindings->value;
}

bool binding_of(struct request *r, const char *statement, const struct binding *bindings,
	struct call *ret_call)
{
	const struct sql_choice choice = {0};
	const struct statement *found = statement_find(r->service->statements, statement);
	struct variant *variant = found == NULL
					  ? NULL
					  : variant_find(r->service->variants, found, &choice);
	const char **values = variant == NULL
				      ? NULL
				      : arena_take(&r->arena, (variant->sql.parameter_count + 1) *
								      sizeof *values);
	if (values == NULL)
		return false;
	for (size_t i = 0; i < variant->sql.parameter_count; i++)
		values[i] = binding_value(bindings, variant->sql.parameters[i]);
	*ret_call = (struct call){.variant = variant, .values = values};
	return true;
}

bool binding_send(struct stream *stream, const struct statement_catalogue *catalogue,
	const char *statement, const struct binding *bindings)
{
	const struct sql_choice choice = {0};
	const char *values[SQL_PARAMETERS_MAX];
	struct sql_text sql = {0};
	bool is_sent = sql_statement_render(
		statement_find(catalogue, statement)->sql, &choice, &sql);
	for (size_t i = 0; i < sql.parameter_count && is_sent; i++)
		values[i] = binding_value(bindings, sql.parameters[i]);
	is_sent = is_sent && stream_query(stream, sql.text.bytes, (int)sql.parameter_count, values);
	text_done(&sql.text);
	return is_sent;
}

bool binding_identity(
	struct request *r, const char *import_id, const char *plan, struct call *ret_call)
{
	const struct binding bindings[] = {
		{"actor_id", r->actor.id},
		{"actor_name", r->actor.name},
		{"partner_id", r->actor.partner_id},
		{"manager_id", r->actor.manager_id},
		{"role", actor_role_name(r->actor.role)},
		{"operation", r->operation->contract->id},
		{"import_id", import_id},
		{"request_id", r->id},
		{"request_ids", r->run.shared.request_ids},
		{"plan", plan == NULL ? "auto" : plan},
		{NULL, NULL},
	};
	return binding_of(r, SQL(setIdentity), bindings, ret_call);
}

void binding_append_bytea(struct text *text, const unsigned char *bytes, size_t length)
{
	text_append_string(text, "\\x");
	text_append_hex(text, bytes, length);
}

char *binding_bytea(struct arena *arena, const unsigned char *bytes, size_t length)
{
	struct text hex = {0};
	binding_append_bytea(&hex, bytes, length);
	char *copy = hex.is_broken ? NULL : arena_copy(arena, hex.bytes, hex.length);
	text_done(&hex);
	return copy;
}
