/* The front page, the contract as JSON, as a page to read and try, and a page for each problem. */
#include <string.h>

#include "contract/operation.h"
#include "request/answer.h"
#include "request/parameters.h"
#include "woven.h"

/* The pages load nothing from elsewhere, and may not. */
static const char policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
	"form-action 'none'; frame-ancestors 'none'";

static const char page[] =
	"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<title>Qudao API</title>\n<link rel=\"icon\" href=\"data:,\">\n"
	"<link rel=\"stylesheet\" href=\"/docs/swagger-ui.css\">\n</head>\n<body>\n"
	"<div id=\"contract\"></div>\n<script src=\"/docs/swagger-ui-bundle.js\"></script>\n"
	"<script src=\"/docs/start.js\"></script>\n</body>\n</html>\n";

static const char start_script[] =
	"window.ui = SwaggerUIBundle({url: '/openapi.json', dom_id: '#contract', deepLinking: true,\n"
	"  docExpansion: 'list', persistAuthorization: true, filter: true, validatorUrl: null,\n"
	"  defaultModelsExpandDepth: 0, tryItOutEnabled: false});\n";

/* Takes the language, and what this is; the links follow. */
static const char front_page_begin[] =
	"<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<title>Qudao 渠道</title>\n<link rel=\"icon\" href=\"data:,\">\n"
	"<style>body {font: 1.1rem/1.6 system-ui, sans-serif; max-width: 40rem; "
	"margin: 4rem auto; padding: 0 1rem}</style>\n</head>\n<body>\n"
	"<h1>Qudao 渠道</h1>\n<p>%s</p>\n<ul>\n";

static const char front_page_end[] = "</ul>\n</body>\n</html>\n";

static const struct {
	const char *path, *name, *purpose;
} front_links[] = {
	{"/docs", MESSAGE("Documentation"), MESSAGE("every operation, to read and to try")},
	{"/openapi.json", MESSAGE("Contract"), MESSAGE("the same for programs, as OpenAPI 3.1")},
	{"/healthz", MESSAGE("Health"), MESSAGE("whether the server is alive")},
};

static const struct problem *answer_constant(
	struct request *r, const char *content_type, struct slice content)
{
	answer_begin(r, 200, content_type);
	r->answer.constant = content;
	answer_send(r);
	return NULL;
}

static const struct problem *answer_contract(struct request *r)
{
	return answer_constant(r, "application/json", woven_contract);
}

static const struct problem *answer_page(struct request *r)
{
	answer_header(r, "Content-Security-Policy", policy);
	return answer_constant(r, "text/html; charset=utf-8", SLICE(page));
}

static void append_link(struct request *r, size_t i)
{
	text_append_printf(&r->answer.body, "<li><a href=\"%s\">%s</a><br>%s</li>\n",
		front_links[i].path, language_text(r->language, front_links[i].name),
		language_text(r->language, front_links[i].purpose));
}

static const struct problem *answer_front_page(struct request *r)
{
	const char *what = MESSAGE("This server keeps the sales channel of a vendor: its partners, "
				   "regions and products, and what was sold. Portals, scripts and "
				   "other systems call its API.");
	answer_header(r, "Content-Security-Policy", policy);
	answer_language(r);
	answer_begin(r, 200, "text/html; charset=utf-8");
	text_append_printf(&r->answer.body, front_page_begin, language_tag(r->language),
		language_text(r->language, what));
	for (size_t i = 0; i < sizeof front_links / sizeof *front_links; i++)
		append_link(r, i);
	text_append_string(&r->answer.body, front_page_end);
	answer_send(r);
	return NULL;
}

static const struct problem *answer_asset(struct request *r)
{
	const struct {
		const char *name, *content_type;
		struct slice content;
	} assets[] = {
		{"swagger-ui.css", "text/css; charset=utf-8", {docs_style, docs_style_length}},
		{"swagger-ui-bundle.js", "text/javascript; charset=utf-8",
			{docs_script, docs_script_length}},
		{"start.js", "text/javascript; charset=utf-8", SLICE(start_script)},
	};
	const char *file = parameters_value(r, "file");
	answer_header(r, "Cache-Control", "public, max-age=3600");
	for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
		if (strcmp(assets[i].name, file) == 0)
			return answer_constant(r, assets[i].content_type, assets[i].content);
	return &problem_not_found;
}

static const struct problem *answer_problem_page(struct request *r)
{
	const struct problem *described = problem_find(parameters_value(r, "code"));
	if (described == NULL)
		return &problem_not_found;
	const struct problem *p = answer_json(r, 200,
		json_pack("{s:s, s:i, s:s}", "code", described->code, "status", described->status,
			"title", language_text(r->language, described->title)));
	answer_language(r);
	if (p == NULL)
		answer_send(r);
	return p;
}

OPERATION(getFrontPage) = {.handle = answer_front_page};
OPERATION(getContract) = {.handle = answer_contract};
OPERATION(getDocs) = {.handle = answer_page};
OPERATION(getDocsAsset) = {.handle = answer_asset};
OPERATION(getProblem) = {.handle = answer_problem_page};
