#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum setting_type { SETTING_TEXT, SETTING_NUMBER, SETTING_SWITCH };

struct setting {
	const char *name; /* --name, and QUDAO_NAME in the environment */
	size_t offset;
	enum setting_type type;
	const char *value; /* the default; NULL: none */
	long smallest, largest;
	const char *meaning;
};

#define AT(member) offsetof(struct config, member)

static const struct setting settings[] = {
	{"port", AT(port), SETTING_NUMBER, "8080", 0, 65535, "TCP port to listen on"},
	{"address", AT(address), SETTING_TEXT, "0.0.0.0", 0, 0, "IPv4 address to listen on"},
	{"data", AT(data), SETTING_TEXT, NULL, 0, 0,
		"directory of the embedded PostgreSQL (/var/lib/qudao as root, else ~/.local/share/qudao)"},
	{"database-url", AT(database_url), SETTING_TEXT, NULL, 0, 0,
		"use this PostgreSQL (14 or newer) instead of the embedded one"},
	{"read-url", AT(read_url), SETTING_TEXT, NULL, 0, 0,
		"a replica of it for reads, lists, exports and reports, as old as its lag"},
	{"admin-key", AT(admin_key), SETTING_TEXT, NULL, 0, 0,
		"admin key to install, 32 characters or more"},
	{"public-url", AT(public_url), SETTING_TEXT, NULL, 0, 0,
		"how clients reach the server, for links (default: their Host header)"},
	{"allowed-hosts", AT(allowed_hosts), SETTING_TEXT, NULL, 0, 0,
		"Host headers that links may name, separated by commas (default: any)"},
	{"cors-origins", AT(cors_origins), SETTING_TEXT, NULL, 0, 0,
		"origins whose pages may call, separated by commas"},
	{"trusted-proxies", AT(trusted_proxies), SETTING_TEXT, NULL, 0, 0,
		"proxies whose X-Forwarded-For says who asks: addresses, networks, commas"},
	{"dates-from-year", AT(dates_from_year), SETTING_NUMBER, "1970", 1, 9999,
		"the first year of business: earlier dates of sales and the like are refused"},
	{"dates-years-ahead", AT(dates_years_ahead), SETTING_NUMBER, "5", 0, 9999,
		"how many years from now such dates may be"},
	{"demo", AT(has_demo), SETTING_SWITCH, "0", 0, 1, "load demo data into an empty database"},
	{"test-clock", AT(has_test_clock), SETTING_SWITCH, "0", 0, 1,
		"let PUT /v1/clock set the time that business goes by, for tests"},
	{"work", AT(works), SETTING_SWITCH, "1", 0, 1,
		"do the jobs of the database, too; 0: leave them to `qudao work`"},
	{"webhook-ca-file", AT(webhook_ca_file), SETTING_TEXT, NULL, 0, 0,
		"certificates of the authorities that webhooks trust, instead of the system's"},
	{"webhook-private-addresses", AT(webhook_private_addresses), SETTING_SWITCH, "0", 0, 1,
		"webhooks may go to private and loopback addresses, and over plain HTTP"},
	{"oidc-issuer", AT(oidc_issuer), SETTING_TEXT, NULL, 0, 0,
		"take access tokens of this issuer, too (their `iss`)"},
	{"oidc-audience", AT(oidc_audience), SETTING_TEXT, NULL, 0, 0,
		"and for this audience (their `aud`)"},
	{"oidc-jwks-url", AT(oidc_jwks_url), SETTING_TEXT, NULL, 0, 0,
		"where the issuer's keys are: https, or http on this machine"},
	{"oidc-jwks-seconds", AT(oidc_jwks_seconds), SETTING_NUMBER, "600", 1, 86400,
		"how often they are fetched; besides when a token names one that is new"},
	{"oidc-ca-file", AT(oidc_ca_file), SETTING_TEXT, NULL, 0, 0,
		"certificates of the authorities that the issuer is trusted by, instead of the system's"},
	{"oidc-plain-type", AT(oidc_plain_type), SETTING_SWITCH, "0", 0, 1,
		"take tokens of the type JWT besides at+jwt, for issuers that know no RFC 9068"},
	{"oidc-role-claim", AT(oidc_role_claim), SETTING_TEXT, "role", 0, 0,
		"the claim with the role: its name, or a path (realm_access.roles)"},
	{"oidc-scope-claim", AT(oidc_scope_claim), SETTING_TEXT, "scope", 0, 0,
		"that with the scopes: a list, or a text with blanks"},
	{"oidc-partner-claim", AT(oidc_partner_claim), SETTING_TEXT, "partner_code", 0, 0,
		"that with the code of the partner, of the role partner"},
	{"oidc-manager-claim", AT(oidc_manager_claim), SETTING_TEXT, "manager_code", 0, 0,
		"that with the code of the member, of the role manager"},
	{"oidc-name-claim", AT(oidc_name_claim), SETTING_TEXT, "name", 0, 0,
		"that with what to call the subject, in the audit log, say"},
	{"workers", AT(workers), SETTING_NUMBER, NULL, 1, 256,
		"threads (default: one a processor)"},
	{"connections", AT(connections), SETTING_NUMBER, "10000", 1, 1000000, "HTTP connections"},
	{"body-bytes", AT(body_bytes), SETTING_NUMBER, "1048576", 1024, 1 << 30,
		"largest body that is not a bulk import"},
	{"answer-bytes", AT(answer_bytes), SETTING_NUMBER, "33554432", 65536, 1 << 30,
		"of a page that is not streamed; who asks for more is refused"},
	{"compress-bytes", AT(compress_bytes), SETTING_NUMBER, "1024", 0, 1 << 30,
		"an answer of more is compressed for who accepts gzip; 0: none is"},
	{"caller-rate", AT(caller_rate), SETTING_NUMBER, "20000", 0, 10000000,
		"requests a second of one caller; 0: no limit"},
	{"caller-burst", AT(caller_burst), SETTING_NUMBER, "40000", 1, 100000000,
		"how many of them may come at once"},
	{"caller-requests", AT(caller_requests), SETTING_NUMBER, "1024", 0, 1000000,
		"requests of one caller under way; 0: no limit"},
	{"address-rate", AT(address_rate), SETTING_NUMBER, "40000", 0, 10000000,
		"requests a second from one address (IPv6: /64); 0: no limit"},
	{"address-burst", AT(address_burst), SETTING_NUMBER, "80000", 1, 100000000,
		"how many of them may come at once"},
	{"guess-rate", AT(guess_rate), SETTING_NUMBER, "10", 0, 1000000,
		"unknown keys a second from one address; 0: no limit"},
	{"guess-burst", AT(guess_burst), SETTING_NUMBER, "100", 1, 1000000,
		"how many of them may come at once"},
	{"head-ms", AT(head_ms), SETTING_NUMBER, "10000", 100, 3600000,
		"the whole head of a request must come within this"},
	{"slow-ms", AT(slow_ms), SETTING_NUMBER, "5000", 100, 3600000,
		"how often a body or an answer under way is looked at"},
	{"slow-bytes", AT(slow_bytes), SETTING_NUMBER, "4096", 1, 1 << 30,
		"it is cut when fewer bytes than these have moved meanwhile"},
	{"idle-ms", AT(idle_ms), SETTING_NUMBER, "15000", 1000, 3600000,
		"a silent connection is cut"},
	{"request-ms", AT(request_ms), SETTING_NUMBER, "30000", 1000, 3600000,
		"a request that is no bulk import must be complete within this, and a batch done"},
	{"import-ms", AT(import_ms), SETTING_NUMBER, "3600000", 1000, 86400000,
		"a bulk import must be complete within this: until then nobody sees later events"},
	{"statement-ms", AT(statement_ms), SETTING_NUMBER, "10000", 100, 3600000,
		"PostgreSQL gives up on a statement"},
	{"bulk-statement-ms", AT(bulk_statement_ms), SETTING_NUMBER, "600000", 1000, 86400000,
		"the same for the statements of a bulk import"},
	{"queue", AT(queue), SETTING_NUMBER, "1024", 1, 100000,
		"requests that may wait for the database, per worker and kind"},
	{"queue-ms", AT(queue_ms), SETTING_NUMBER, "3000", 100, 60000, "how long they may wait"},
	{"read-lanes", AT(read_lanes), SETTING_NUMBER, "1", 1, 64,
		"connections for reads, per worker and role"},
	{"write-lanes", AT(write_lanes), SETTING_NUMBER, "1", 1, 64, "the same for writes"},
	{"report-lanes", AT(report_lanes), SETTING_NUMBER, "1", 1, 64,
		"the same for reports, one at a time each"},
	{"batch", AT(batch), SETTING_NUMBER, "32", 1, 256,
		"statements that go to PostgreSQL together"},
	{"webhook-ms", AT(webhook_ms), SETTING_NUMBER, "15000", 100, 300000,
		"a webhook's receiver has answered by then, or has failed"},
	{"event-streams", AT(event_streams), SETTING_NUMBER, "8000", 1, 1000000,
		"streams of events; each takes one of the connections"},
	{"event-caller-streams", AT(event_caller_streams), SETTING_NUMBER, "1000", 1, 1000000,
		"the same of one caller"},
	{"event-poll-ms", AT(event_poll_ms), SETTING_NUMBER, "500", 50, 60000,
		"how often each worker asks for news while there are streams"},
	{"event-heartbeat-ms", AT(event_heartbeat_ms), SETTING_NUMBER, "10000", 100, 3600000,
		"a stream without news says after as long that it is there"},
	{"imports", AT(imports), SETTING_NUMBER, "2", 1, 64, "bulk imports at once, per worker"},
	{"import-bytes", AT(import_bytes), SETTING_NUMBER, "268435456", 1024, 2147483647,
		"largest file of a bulk import that is put off (Prefer: respond-async)"},
	{"caller-imports", AT(caller_imports), SETTING_NUMBER, "20", 1, 100000,
		"how many of them one caller may have waiting"},
	{"import-errors", AT(import_errors), SETTING_NUMBER, "10000", 1000, 1000000,
		"how many faults of its rows are kept of an import"},
};

enum { SETTING_COUNT = sizeof settings / sizeof *settings };

static bool set(struct config *config, const struct setting *setting, const char *value,
	struct text *ret_error)
{
	char *member = (char *)config + setting->offset;
	if (setting->type == SETTING_TEXT) {
		*(const char **)(void *)member = *value == '\0' ? NULL : value;
		return true;
	}
	char *end;
	errno = 0;
	long number = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || number < setting->smallest ||
		number > setting->largest) {
		text_append_printf(ret_error, "%s must be a number from %ld to %ld, not \"%s\"",
			setting->name, setting->smallest, setting->largest, value);
		return false;
	}
	if (setting->type == SETTING_SWITCH)
		*(bool *)member = number != 0;
	else
		*(int *)(void *)member = (int)number;
	return true;
}

static const char *from_environment(const struct setting *setting)
{
	char name[64] = "QUDAO_";
	for (size_t i = 0; setting->name[i] != '\0'; i++)
		name[6 + i] = setting->name[i] == '-' ? '_' : (char)toupper(setting->name[i]);
	return getenv(name);
}

static bool set_flag(struct config *config, const char *flag, struct text *ret_error)
{
	const char *equals = strchr(flag, '=');
	if (strncmp(flag, "--", 2) == 0 && equals != NULL)
		for (size_t i = 0; i < SETTING_COUNT; i++) {
			struct slice name = {flag + 2, (size_t)(equals - flag) - 2};
			if (slice_equals(name, settings[i].name))
				return set(config, &settings[i], equals + 1, ret_error);
		}
	text_append_printf(ret_error, "unknown flag %s (flags look like --port=8080)", flag);
	return false;
}

/* Some defaults depend on the machine and on who runs us. */
static void fill_defaults(struct config *config)
{
	static char home_data[4096];
	if (config->workers == 0)
		config->workers = (int)sysconf(_SC_NPROCESSORS_ONLN);
	if (config->data != NULL)
		return;
	const char *home = getenv("HOME");
	if (geteuid() == 0 || home == NULL) {
		config->data = "/var/lib/qudao";
		return;
	}
	struct text path = {0};
	text_append_printf(&path, "%s/.local/share/qudao", home);
	if (!path.is_broken && path.length < sizeof home_data)
		memcpy(home_data, path.bytes, path.length + 1);
	text_done(&path);
	config->data = home_data;
}

/* With a user in front of it, a host is none. */
static bool is_on_this_machine(const char *url)
{
	static const char *const hosts[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		size_t length = strlen(hosts[i]);
		if (strncmp(url, hosts[i], length) == 0 && strchr(":/", url[length]) != NULL)
			return strchr(url, '@') == NULL;
	}
	return false;
}

/* Tokens of an issuer are of worth only with all three, and with keys that nobody has exchanged. */
static bool check_issuer(const struct config *config, struct text *ret_error)
{
	const char *url = config->oidc_jwks_url;
	if (config->oidc_issuer == NULL && config->oidc_audience == NULL && url == NULL)
		return true;
	if (config->oidc_issuer == NULL || config->oidc_audience == NULL || url == NULL)
		text_append_string(
			ret_error, "oidc-issuer, oidc-audience and oidc-jwks-url go together");
	else if (strncmp(url, "https://", strlen("https://")) != 0 && !is_on_this_machine(url))
		text_append_string(ret_error, "oidc-jwks-url must be one of https");
	return ret_error->length == 0;
}

bool config_read(struct config *ret_config, char **flags, struct text *ret_error)
{
	struct config config = {0};
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *value = from_environment(&settings[i]);
		if (value == NULL || *value == '\0')
			value = settings[i].value;
		if (value != NULL && !set(&config, &settings[i], value, ret_error))
			return false;
	}
	for (; *flags != NULL; flags++)
		if (!set_flag(&config, *flags, ret_error))
			return false;
	if (config.admin_key != NULL &&
		(strlen(config.admin_key) < 32 || strlen(config.admin_key) > 500)) {
		text_append_string(ret_error, "admin-key needs 32 to 500 characters");
		return false;
	}
	if (!check_issuer(&config, ret_error))
		return false;
	fill_defaults(&config);
	*ret_config = config;
	return true;
}

int config_share(const struct config *config, int whole)
{
	return whole == 0 ? 0 : (whole + config->workers - 1) / config->workers;
}

void config_describe(struct text *text)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		text_append_printf(text, "  --%-18s %s%s%s%s\n", settings[i].name,
			settings[i].meaning, settings[i].value == NULL ? "" : " (",
			settings[i].value == NULL ? "" : settings[i].value,
			settings[i].value == NULL ? "" : ")");
	text_append_string(text, "\nEach can also be set in the environment: --port is QUDAO_PORT, "
				 "--database-url is QUDAO_DATABASE_URL.\n");
}
