#include "router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char list_partners, create_partner, get_partner, import_partners, list_contacts, get_status,
	get_file, get_root;

static int add_routes(void **state)
{
	static const struct {
		const char *method;
		const char *path_template;
		void *target;
	} routes[] = {
		{"GET", "/", &get_root},
		{"GET", "/v1/partners", &list_partners},
		{"POST", "/v1/partners", &create_partner},
		{"GET", "/v1/partners/{id}", &get_partner},
		{"POST", "/v1/partners/import", &import_partners},
		{"GET", "/v1/partners/import/status", &get_status},
		{"GET", "/v1/partners/{partner_id}/contacts", &list_contacts},
		{"GET", "/v1/partners/{id}/files/{file_id}", &get_file},
	};
	struct router *router = router_new();
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		if (!router_add(
			    router, routes[i].method, routes[i].path_template, routes[i].target))
			return -1;
	}
	*state = router;
	return 0;
}

static int free_routes(void **state)
{
	router_free(*state);
	return 0;
}

static struct route_match found(void **state, const char *method, const char *path)
{
	struct route_match match = {0};
	assert_int_equal(
		router_find(*state, slice_of(method), slice_of(path), &match), ROUTER_FOUND);
	return match;
}

static void assert_no_path(void **state, const char *path)
{
	struct route_match match;
	assert_int_equal(router_find(*state, SLICE("GET"), slice_of(path), &match), ROUTER_NO_PATH);
}

static void assert_no_method(
	void **state, const char *method, const char *path, const char *allowed)
{
	struct route_match match = {0};
	assert_int_equal(
		router_find(*state, slice_of(method), slice_of(path), &match), ROUTER_NO_METHOD);
	assert_string_equal(match.allowed, allowed);
}

static void a_path_and_its_method_find_their_target(void **state)
{
	assert_ptr_equal(found(state, "GET", "/v1/partners").target, &list_partners);
	assert_ptr_equal(found(state, "POST", "/v1/partners").target, &create_partner);
	assert_ptr_equal(found(state, "GET", "/").target, &get_root);
	assert_int_equal(found(state, "GET", "/v1/partners").parameter_count, 0);
}

static void parameters_are_pieces_of_the_path_as_it_came(void **state)
{
	const char path[] = "/v1/partners/a%20b/files/7";

	struct route_match match = found(state, "GET", path);

	assert_ptr_equal(match.target, &get_file);
	assert_int_equal(match.parameter_count, 2);
	assert_string_equal(match.parameters[0].name, "id");
	assert_true(slice_equals(match.parameters[0].value, "a%20b"));
	assert_string_equal(match.parameters[1].name, "file_id");
	assert_true(slice_equals(match.parameters[1].value, "7"));
}

static void routes_of_one_place_name_their_own_parameters(void **state)
{
	assert_string_equal(found(state, "GET", "/v1/partners/1").parameters[0].name, "id");
	assert_string_equal(
		found(state, "GET", "/v1/partners/1/contacts").parameters[0].name, "partner_id");
}

static void a_literal_wins_over_a_parameter(void **state)
{
	assert_ptr_equal(found(state, "POST", "/v1/partners/import").target, &import_partners);
	assert_ptr_equal(found(state, "GET", "/v1/partners/import/status").target, &get_status);
	assert_no_method(state, "GET", "/v1/partners/import", "POST, OPTIONS");
}

static void a_literal_that_leads_nowhere_is_left_for_the_parameter(void **state)
{
	struct route_match match = found(state, "GET", "/v1/partners/import/contacts");

	assert_ptr_equal(match.target, &list_contacts);
	assert_int_equal(match.parameter_count, 1);
	assert_true(slice_equals(match.parameters[0].value, "import"));
}

static void head_finds_get(void **state)
{
	assert_ptr_equal(found(state, "HEAD", "/v1/partners").target, &list_partners);
	assert_no_method(state, "HEAD", "/v1/partners/import", "POST, OPTIONS");
}

static void a_path_without_the_method_tells_what_it_allows(void **state)
{
	assert_no_method(state, "DELETE", "/v1/partners", "GET, HEAD, POST, OPTIONS");
	assert_no_method(state, "OPTIONS", "/v1/partners/1", "GET, HEAD, OPTIONS");
	assert_no_method(state, "get", "/v1/partners", "GET, HEAD, POST, OPTIONS");
	assert_no_method(state, "BREW", "/v1/partners", "GET, HEAD, POST, OPTIONS");
}

static void another_path_is_no_path(void **state)
{
	assert_no_path(state, "");
	assert_no_path(state, "*");
	assert_no_path(state, "v1/partners");
	assert_no_path(state, "/v1");
	assert_no_path(state, "/v1/partner");
	assert_no_path(state, "/v1/partnersx");
	assert_no_path(state, "/v1/partners/");
	assert_no_path(state, "/v1/partners/1/");
	assert_no_path(state, "//v1/partners");
	assert_no_path(state, "/v1/partners//contacts");
	assert_no_path(state, "/v1/partners/1/contacts/2");
}

static void a_duplicate_is_refused(void **state)
{
	assert_false(router_add(*state, "GET", "/v1/partners", &get_root));
	assert_false(router_add(*state, "GET", "/v1/partners/{code}", &get_root));
	assert_ptr_equal(found(state, "GET", "/v1/partners").target, &list_partners);
	assert_string_equal(found(state, "GET", "/v1/partners/1").parameters[0].name, "id");
}

static void what_is_no_route_is_refused(void **state)
{
	assert_false(router_add(*state, "BREW", "/v1/pots", &get_root));
	assert_false(router_add(*state, "GET", "v1/pots", &get_root));
	assert_false(router_add(*state, "GET", "/v1/pots/{}", &get_root));
	assert_false(router_add(*state, "GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", &get_root));
	assert_no_path(state, "/v1/pots");
	assert_no_path(state, "/1/2/3/4/5/6/7/8/9");
}

static void a_route_has_up_to_eight_parameters(void **state)
{
	assert_true(router_add(*state, "GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}", &get_root));

	struct route_match match = found(state, "GET", "/1/2/3/4/5/6/7/8");

	assert_int_equal(match.parameter_count, ROUTE_PARAMETERS_MAX);
	assert_string_equal(match.parameters[7].name, "h");
	assert_true(slice_equals(match.parameters[7].value, "8"));
}

static void all_methods_fit_into_allow(void **state)
{
	static const char *const methods[] = {
		"OPTIONS", "DELETE", "PATCH", "PUT", "POST", "HEAD", "GET"};
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		assert_true(router_add(*state, methods[i], "/all", &get_root));

	assert_no_method(state, "TRACE", "/all", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
}

#define ROUTER_TEST(rule) cmocka_unit_test_setup_teardown(rule, add_routes, free_routes)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(a_path_and_its_method_find_their_target),
		ROUTER_TEST(parameters_are_pieces_of_the_path_as_it_came),
		ROUTER_TEST(routes_of_one_place_name_their_own_parameters),
		ROUTER_TEST(a_literal_wins_over_a_parameter),
		ROUTER_TEST(a_literal_that_leads_nowhere_is_left_for_the_parameter),
		ROUTER_TEST(head_finds_get),
		ROUTER_TEST(a_path_without_the_method_tells_what_it_allows),
		ROUTER_TEST(another_path_is_no_path),
		ROUTER_TEST(a_duplicate_is_refused),
		ROUTER_TEST(what_is_no_route_is_refused),
		ROUTER_TEST(a_route_has_up_to_eight_parameters),
		ROUTER_TEST(all_methods_fit_into_allow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
