#include "postgres/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEYWORDS_MAX = 96, /* libpq knows some fifty, and we add a few */
	ELEMENT_SIZE = 512,
	LIMIT_MS = 5000,         /* of a host that is the only one */
	LIMIT_OF_MANY_MS = 2000, /* another one may be there */
	LIMIT_MAX_S = 3600
};

struct hosts {
	const char *url;
	PQconninfoOption *options; /* as libpq reads the string; NULL: it cannot */
	int count;
	bool prefers_standby; /* all are asked for a standby first, then for anything */
	int turn;
	int limit_ms;
};

/* What connecting is asked for. */
struct parameters {
	const char *keywords[KEYWORDS_MAX];
	const char *values[KEYWORDS_MAX];
	int count;
};

static const char *value_of(const struct hosts *hosts, const char *keyword)
{
	for (const PQconninfoOption *o = hosts->options; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, keyword) == 0)
			return o->val;
	return NULL;
}

static int elements_of(const char *list)
{
	int count = 1;
	for (; list != NULL && (list = strchr(list, ',')) != NULL; list++)
		count++;
	return count;
}

struct hosts *hosts_new(const char *url)
{
	struct hosts *hosts = calloc(1, sizeof *hosts);
	if (hosts == NULL)
		return NULL;
	hosts->url = url;
	hosts->options = PQconninfoParse(url, NULL);
	const char *addresses = value_of(hosts, "hostaddr");
	const char *kind = value_of(hosts, "target_session_attrs");
	const char *timeout = value_of(hosts, "connect_timeout");
	long seconds = timeout == NULL ? 0 : strtol(timeout, NULL, 10);
	hosts->count = elements_of(addresses != NULL ? addresses : value_of(hosts, "host"));
	hosts->prefers_standby = kind != NULL && strcmp(kind, "prefer-standby") == 0;
	hosts->limit_ms = hosts->count > 1 ? LIMIT_OF_MANY_MS : LIMIT_MS;
	if (seconds > 0 && seconds < LIMIT_MAX_S)
		hosts->limit_ms = (int)seconds * 1000;
	return hosts;
}

void hosts_free(struct hosts *hosts)
{
	if (hosts == NULL)
		return;
	PQconninfoFree(hosts->options);
	free(hosts);
}

/* Copies the element of a list that belongs to a host; one element belongs to all. */
static const char *element_for(const char *list, int host, char ret_element[static ELEMENT_SIZE])
{
	if (elements_of(list) == 1)
		host = 0;
	for (; host > 0; host--)
		list = strchr(list, ',') + 1;
	snprintf(ret_element, ELEMENT_SIZE, "%.*s", (int)strcspn(list, ","), list);
	return ret_element;
}

static void put(struct parameters *parameters, const char *keyword, const char *value)
{
	if (parameters->count == KEYWORDS_MAX - 1)
		return;
	parameters->keywords[parameters->count] = keyword;
	parameters->values[parameters->count++] = value;
}

/* libpq refuses lists that differ in length, so each is cut to the one host. */
static void put_options(const struct hosts *hosts, struct parameters *parameters,
	char elements[static 3][ELEMENT_SIZE])
{
	static const char *const lists[] = {"host", "hostaddr", "port"};
	for (const PQconninfoOption *o = hosts->options; o->keyword != NULL; o++) {
		const char *value = o->val;
		for (int i = 0; i < 3 && value != NULL; i++)
			if (strcmp(o->keyword, lists[i]) == 0)
				value = element_for(value, hosts->turn % hosts->count, elements[i]);
		if (hosts->prefers_standby && strcmp(o->keyword, "target_session_attrs") == 0)
			value = hosts->turn < hosts->count ? "standby" : "any";
		if (value != NULL)
			put(parameters, o->keyword, value);
	}
}

PGconn *hosts_open(
	const struct hosts *hosts, const char *const keywords[], const char *const values[])
{
	struct parameters parameters = {0};
	char elements[3][ELEMENT_SIZE];
	if (hosts->options == NULL)
		put(&parameters, "dbname", hosts->url); /* libpq says what is wrong with it */
	else
		put_options(hosts, &parameters, elements);
	for (int i = 0; keywords[i] != NULL; i++)
		put(&parameters, keywords[i], values[i]);
	return PQconnectStartParams(parameters.keywords, parameters.values, hosts->options == NULL);
}

int hosts_turn(const struct hosts *hosts)
{
	return hosts->turn;
}

void hosts_failed(struct hosts *hosts, int turn)
{
	if (turn == hosts->turn)
		hosts->turn = (turn + 1) % hosts_count(hosts);
}

int hosts_count(const struct hosts *hosts)
{
	return hosts->prefers_standby ? 2 * hosts->count : hosts->count;
}

int hosts_limit_ms(const struct hosts *hosts)
{
	return hosts->limit_ms;
}
