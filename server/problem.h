/* The problems (RFC 9457) that the API answers, one table. */

#pragma once

#include <stddef.h>

/* A problem is named by its code, which is also the name of the constraint that prevents it. */
struct problem {
	const char *code;
	int status;
	const char *pointer; /* of the member that a constraint of this name is about, or NULL */
	const char *title;
};

/* X(code, status, pointer of the member that it is about, title) */
#define PROBLEMS(X)                                                                                \
	X(bad_request, 400, NULL, "The request cannot be understood")                              \
	X(invalid_request, 400, NULL, "The request violates the contract")                         \
	X(invalid_json, 400, NULL, "The body is not acceptable JSON")                              \
	X(invalid_file, 400, NULL, "The body is not an acceptable file")                           \
	X(unknown_columns, 400, NULL, "The file has columns that the contract does not know")      \
	X(invalid_cursor, 400, NULL, "The cursor does not belong to this list")                    \
	X(unauthorized, 401, NULL, "A valid key or access token is needed")                        \
	X(invalid_token, 401, NULL, "The access token is not accepted")                            \
	X(issuer_unavailable, 503, NULL, "The keys of the tokens' issuer cannot be fetched")       \
	X(forbidden, 403, NULL, "The caller may not do this")                                      \
	X(not_found, 404, NULL, "There is no such thing")                                          \
	X(method_not_allowed, 405, NULL, "The resource does not know this method")                 \
	X(cursor_expired, 410, NULL, "The events behind the cursor are no longer kept")            \
	X(precondition_failed, 412, NULL, "The object has changed since it was read")              \
	X(payload_too_large, 413, NULL, "The body is too large")                                   \
	X(unsupported_media_type, 415, NULL, "The body's media type is not accepted here")         \
	X(precondition_required, 428, NULL, "If-Match is required")                                \
	X(too_many_requests, 429, NULL, "Too many requests")                                       \
	X(too_many_at_once, 429, NULL, "Too many requests are under way")                          \
	X(idempotency_in_progress, 409, NULL,                                                      \
		"A request with this Idempotency-Key is being worked on")                          \
	X(idempotency_key_reused, 422, NULL, "The Idempotency-Key belongs to another request")     \
	X(internal_error, 500, NULL, "The server failed")                                          \
	X(overloaded, 503, NULL, "The server is busy")                                             \
	X(unavailable, 503, NULL, "The database cannot be reached")                                \
	X(outcome_unknown, 503, NULL, "It is not known whether the write happened")                \
	X(value_refused, 422, NULL, "The database refuses a value")                                \
	X(required, 422, NULL, "Something is missing")                                             \
	X(clock_out_of_range, 422, NULL, "The clock does not go that far")                         \
	X(reference_differs, 422, NULL, "Id and natural key name different objects")               \
	X(region_unknown, 422, NULL, "There is no such region")                                    \
	X(region_code_taken, 409, "/code", "A region with this code exists")                       \
	X(region_in_use, 409, NULL, "The region is in use")                                        \
	X(region_cycle, 422, "/parent_code", "A region cannot be below itself")                    \
	X(product_unknown, 422, NULL, "There is no such product")                                  \
	X(product_sku_taken, 409, "/sku", "A product with this SKU exists")                        \
	X(product_in_use, 409, NULL, "The product is in use")                                      \
	X(manager_unknown, 422, NULL, "There is no such member")                                   \
	X(member_code_taken, 409, "/code", "A member with this code exists")                       \
	X(member_in_use, 409, NULL, "The member is in use")                                        \
	X(partner_unknown, 422, NULL, "There is no such partner")                                  \
	X(partner_code_taken, 409, "/code", "A partner with this code exists")                     \
	X(partner_in_use, 409, NULL, "The partner is in use")                                      \
	X(partner_cycle, 422, "/parent_code", "A partner cannot be below itself")                  \
	X(partner_not_allowed, 422, NULL, "Only a key of the role partner names a partner")        \
	X(invalid_list, 422, "/list", "This is no list that can be exported")                      \
	X(too_many_exports, 409, NULL, "Too many exports of this key are waiting")                 \
	X(export_finished, 409, NULL, "The export has ended")                                      \
	X(too_many_imports, 409, NULL, "Too many imports of this caller are waiting")              \
	X(import_finished, 409, NULL, "The import has ended")                                      \
	X(export_not_ready, 409, NULL, "The export has no file")                                   \
	X(token_subject_taken, 409, NULL, "This subject exists")                                   \
	X(caller_usage_taken, 409, NULL, "This day is counted already")                            \
	X(api_key_secret_taken, 409, NULL, "This key exists")                                      \
	X(beyond_own_rights, 403, NULL, "A key cannot give more rights than it has")               \
	X(api_key_ended, 409, NULL, "The key is revoked or expired")                               \
	X(api_key_replaced, 409, NULL, "The key has been rotated already")                         \
	X(status_move_refused, 409, NULL, "The status cannot change in this way")                  \
	X(second_approver_needed, 409, NULL, "Another person must approve this")                   \
	X(sales_record_ref_taken, 409, "/external_ref",                                            \
		"A sales record with this external reference exists")                              \
	X(sales_record_differs, 422, NULL, "A sales record with this reference has other content") \
	X(amount_out_of_range, 422, NULL, "The amount has too many digits")                        \
	X(custom_too_many, 422, "/custom", "There are more than 100 custom members")               \
	X(external_refs_too_many, 422, "/external_refs",                                           \
		"There are more than 100 external references")                                     \
	X(sales_record_void, 409, NULL, "The sales record is void")                                \
	X(exchange_rate_taken, 409, "/date", "There is a rate of these currencies, day and type")  \
	X(exchange_rate_of_itself, 422, "/rate", "A currency is worth one of itself")              \
	X(legal_entity_unknown, 422, NULL, "There is no such legal entity")                        \
	X(legal_entity_code_taken, 409, "/code", "A legal entity with this code exists")           \
	X(legal_entity_in_use, 409, NULL, "The legal entity is in use")                            \
	X(customer_in_use, 409, NULL, "The customer is in use")                                    \
	X(seller_in_use, 409, NULL, "The partner is in use as a seller")                           \
	X(customer_region_in_use, 409, NULL, "The region is in use by sales to its customers")     \
	X(customer_code_taken, 409, "/code", "A customer of this partner has this code")           \
	X(calendar_unknown, 422, NULL, "There is no such calendar")                                \
	X(calendar_code_taken, 409, "/code", "A calendar with this code exists")                   \
	X(calendar_in_use, 409, NULL, "The calendar is in use")                                    \
	X(calendar_pattern_refuses, 422, NULL, "The pattern of the calendar does not allow this")  \
	X(calendar_years_refused, 422, NULL, "The years are not in order")                         \
	X(calendar_period_taken, 409, "/name", "The calendar has a period of this name")           \
	X(calendar_period_differs, 409, NULL, "The calendar has this period with other days")      \
	X(calendar_period_backwards, 422, "/ends_on", "A period cannot end before it starts")      \
	X(calendar_period_overlaps, 409, "/starts_on", "The period overlaps another of its kind")  \
	X(calendar_period_gap, 422, "/starts_on",                                                  \
		"The periods of a kind follow each other without a gap")                           \
	X(calendar_period_outside, 422, "/starts_on",                                              \
		"A period is within its year and its quarter")                                     \
	X(setting_taken, 409, NULL, "There is one row of settings")                                \
	X(time_zone_unknown, 422, "/time_zone", "There is no such time zone")                      \
	X(calendar_period_in_use, 409, NULL, "The period is in use")                               \
	X(quota_taken, 409, "/period", "There is a quota of this manager, period and currency")    \
	X(period_unknown, 422, "/period", "There is no such period")                               \
	X(period_has_no_calendar, 422, "/calendar_code",                                           \
		"Only a fiscal period belongs to a calendar")                                      \
	X(period_locked, 422, "/sold_on", "The day is in a period that is locked")                 \
	X(period_locked_already, 409, "/period", "The period is locked already")                   \
	X(period_lock_reopened, 409, NULL, "The period has been reopened already")                 \
	X(sales_record_has_returns, 409, NULL, "There are returns of the sales record")            \
	X(seller_unknown, 422, NULL, "There is no such seller")                                    \
	X(customer_unknown, 422, NULL, "The partner has no such customer")                         \
	X(returned_unknown, 422, NULL, "The record that is returned does not exist")               \
	X(seller_is_partner, 422, NULL, "A partner cannot buy from itself")                        \
	X(gross_amount_differs, 422, "/gross_amount",                                              \
		"Net amount and tax do not make the gross amount")                                 \
	X(return_kind_differs, 422, NULL, "A record of this kind cannot return the other")         \
	X(return_differs, 422, NULL, "The return does not fit the record that it returns")         \
	X(return_exceeds_sale, 422, "/quantity", "More is returned than was sold")                 \
	X(webhook_url_refused, 422, "/url", "The URL must be one of https")                        \
	X(webhooks_too_many, 422, NULL, "There are fifty webhooks already")                        \
	X(api_keys_too_many, 422, NULL, "The partner has fifty keys already")                      \
	X(webhook_disabled, 409, NULL, "The webhook is disabled")                                  \
	X(sales_record_is_reversal, 409, NULL, "A reversal cannot be reversed")

#define X(code, status, pointer, title) extern const struct problem problem_##code;
PROBLEMS(X)
#undef X

/* Returns the problem of that code (or constraint name), or NULL. */
const struct problem *problem_find(const char *code);

/* Returns the problem for an error of PostgreSQL: by the name of the constraint, else by SQLSTATE;
 * NULL when it is ours. */
const struct problem *problem_of_error(const char *sqlstate, const char *constraint);
