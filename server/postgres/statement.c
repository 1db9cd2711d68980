#include "postgres/statement.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "woven.h"

struct entry {
	struct statement statement;
	UT_hash_handle hh;
};

struct statement_catalogue {
	struct sql_file **files;
	size_t file_count;
	struct entry *entries; /* hash by name, in the order of the files */
};

static bool add_statement(struct statement_catalogue *catalogue, const struct sql_statement *sql,
	struct text *ret_error)
{
	struct entry *entry = calloc(1, sizeof *entry);
	if (entry == NULL)
		return false;
	struct statement *statement = &entry->statement;
	statement->name = sql_statement_name(sql);
	statement->sql = sql;
	statement->parameter_count = sql_statement_parameters(
		sql, statement->parameters, STATEMENT_PARAMETERS_MAX);
	if (statement->parameter_count > STATEMENT_PARAMETERS_MAX ||
		statement_find(catalogue, statement->name) != NULL) {
		text_append_printf(ret_error,
			"statement %s stands twice, or has too many parameters", statement->name);
		free(entry);
		return false;
	}
	HASH_ADD_KEYPTR(hh, catalogue->entries, statement->name, strlen(statement->name), entry);
	return true;
}

static bool add_file(struct statement_catalogue *catalogue, const struct woven_file *woven,
	struct text *ret_error)
{
	struct sql_file *file = sqlfile_read(woven->content, ret_error);
	if (file == NULL)
		return false;
	catalogue->files[catalogue->file_count++] = file;
	for (size_t i = 0; i < sqlfile_count(file); i++)
		if (!add_statement(catalogue, sqlfile_at(file, i), ret_error))
			return false;
	return true;
}

static size_t count_files(void)
{
	size_t count = 0;
	while (woven_statement_files[count].name != NULL)
		count++;
	return count;
}

struct statement_catalogue *statement_catalogue_new(struct text *ret_error)
{
	struct statement_catalogue *catalogue = calloc(1, sizeof *catalogue);
	if (catalogue == NULL)
		return NULL;
	catalogue->files = calloc(count_files() + 1, sizeof(struct sql_file *));
	bool is_read = catalogue->files != NULL;
	for (size_t i = 0; is_read && woven_statement_files[i].name != NULL; i++)
		is_read = add_file(catalogue, &woven_statement_files[i], ret_error);
	if (is_read)
		return catalogue;
	statement_catalogue_free(catalogue);
	return NULL;
}

void statement_catalogue_free(struct statement_catalogue *catalogue)
{
	if (catalogue == NULL)
		return;
	struct entry *entry, *next;
	HASH_ITER (hh, catalogue->entries, entry, next) {
		HASH_DEL(catalogue->entries, entry);
		free(entry);
	}
	for (size_t i = 0; i < catalogue->file_count; i++)
		sqlfile_free(catalogue->files[i]);
	free(catalogue->files);
	free(catalogue);
}

const struct statement *statement_find(
	const struct statement_catalogue *catalogue, const char *name)
{
	struct entry *entry;
	HASH_FIND_STR(catalogue->entries, name, entry);
	return entry == NULL ? NULL : &entry->statement;
}

void statement_each(
	const struct statement_catalogue *catalogue, statement_visit_function *visit, void *ctx)
{
	for (const struct entry *entry = catalogue->entries; entry != NULL; entry = entry->hh.next)
		visit(ctx, &entry->statement);
}

/* What tells variants apart: which parameters are absent, the sort, and what it is part of. */
struct variant_key {
	const struct statement *statement;
	const struct sql_frame *frame;
	uint64_t absent; /* a bit for each of statement->parameters */
	char sort[48];   /* zero-filled */
};

struct cached_variant {
	struct variant_key key;
	struct variant variant;
	UT_hash_handle hh;
};

struct variant_cache {
	struct cached_variant *variants; /* hash; the least recently used first */
	uint64_t serials;
};

struct variant_cache *variant_cache_new(void)
{
	return calloc(1, sizeof(struct variant_cache));
}

static void free_variant(struct variant_cache *cache, struct cached_variant *cached)
{
	HASH_DEL(cache->variants, cached);
	for (int i = 0; i < cached->variant.column_count; i++) {
		free(cached->variant.columns[i].name);
		free(cached->variant.columns[i].label);
	}
	free(cached->variant.columns);
	text_done(&cached->variant.sql.text);
	free(cached);
}

void variant_cache_free(struct variant_cache *cache)
{
	if (cache == NULL)
		return;
	struct cached_variant *cached, *next;
	HASH_ITER (hh, cache->variants, cached, next)
		free_variant(cache, cached);
	free(cache);
}

static void make_room(struct variant_cache *cache)
{
	struct cached_variant *cached, *next;
	HASH_ITER (hh, cache->variants, cached, next) {
		if (HASH_COUNT(cache->variants) < VARIANTS_MAX)
			return;
		if (cached->variant.in_flight == 0)
			free_variant(cache, cached);
	}
}

static struct cached_variant *make_variant(
	const struct variant_key *key, const struct sql_choice *choice)
{
	struct cached_variant *cached = calloc(1, sizeof *cached);
	if (cached == NULL)
		return NULL;
	cached->key = *key;
	cached->variant.statement = key->statement;
	if (!sql_statement_render(key->statement->sql, choice, &cached->variant.sql)) {
		text_done(&cached->variant.sql.text);
		free(cached);
		return NULL;
	}
	return cached;
}

struct variant *variant_find(struct variant_cache *cache, const struct statement *statement,
	const struct sql_choice *choice)
{
	struct variant_key key;
	memset(&key, 0, sizeof key);
	key.statement = statement;
	key.frame = choice->frame;
	for (size_t i = 0; i < statement->parameter_count; i++)
		if (choice->is_absent != NULL &&
			choice->is_absent(choice->ctx, statement->parameters[i]))
			key.absent |= UINT64_C(1) << i;
	if (choice->sort != NULL)
		strncpy(key.sort, choice->sort, sizeof key.sort - 1);

	struct cached_variant *cached;
	HASH_FIND(hh, cache->variants, &key, sizeof key, cached);
	if (cached != NULL) {
		HASH_DEL(cache->variants, cached);
	} else {
		make_room(cache);
		cached = make_variant(&key, choice);
		if (cached == NULL)
			return NULL;
		cached->variant.serial = ++cache->serials;
	}
	HASH_ADD(hh, cache->variants, key, sizeof cached->key, cached); /* as the newest */
	return &cached->variant;
}
