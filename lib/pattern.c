#define PCRE2_CODE_UNIT_WIDTH 8
#include "pattern.h"

#include <stdlib.h>
#include <string.h>

#include <pcre2.h>

/* The limit counts backtracks. What it does not count (one repeat over the whole rest, begun at
 * every character) is bounded by PATTERN_SUBJECT_MAX: at worst some ten milliseconds. */
enum { PATTERN_BACKTRACKS_MAX = 100000 };

struct pattern {
	pcre2_code *code;
	pcre2_match_context *limits;
};

/* PCRE2 10.42 knows general categories by their short names only. */
static const struct category {
	const char *name;
	const char *short_name;
} categories[] = {
	{"Cased_Letter", "L&"},
	{"Close_Punctuation", "Pe"},
	{"Combining_Mark", "M"},
	{"Connector_Punctuation", "Pc"},
	{"Control", "Cc"},
	{"Currency_Symbol", "Sc"},
	{"Dash_Punctuation", "Pd"},
	{"Decimal_Number", "Nd"},
	{"Enclosing_Mark", "Me"},
	{"Final_Punctuation", "Pf"},
	{"Format", "Cf"},
	{"Initial_Punctuation", "Pi"},
	{"Letter", "L"},
	{"Letter_Number", "Nl"},
	{"Line_Separator", "Zl"},
	{"Lowercase_Letter", "Ll"},
	{"Mark", "M"},
	{"Math_Symbol", "Sm"},
	{"Modifier_Letter", "Lm"},
	{"Modifier_Symbol", "Sk"},
	{"Nonspacing_Mark", "Mn"},
	{"Number", "N"},
	{"Open_Punctuation", "Ps"},
	{"Other", "C"},
	{"Other_Letter", "Lo"},
	{"Other_Number", "No"},
	{"Other_Punctuation", "Po"},
	{"Other_Symbol", "So"},
	{"Paragraph_Separator", "Zp"},
	{"Private_Use", "Co"},
	{"Punctuation", "P"},
	{"Separator", "Z"},
	{"Space_Separator", "Zs"},
	{"Spacing_Mark", "Mc"},
	{"Surrogate", "Cs"},
	{"Symbol", "S"},
	{"Titlecase_Letter", "Lt"},
	{"Unassigned", "Cn"},
	{"Uppercase_Letter", "Lu"},
	{"cntrl", "Cc"},
	{"digit", "Nd"},
	{"punct", "P"},
};

/* What ECMA-262 calls white space; PCRE2's own \s is ASCII, unless \d and \w become Unicode too. */
#define SPACES "\\x09-\\x0d\\ufeff\\u2028\\u2029\\p{Zs}"

/* Where the two dialects say different things with the same escape. */
static const struct escape {
	char letter;
	const char *outside; /* of a class */
	const char *inside;  /* NULL: cannot be said */
} escapes[] = {
	{'s', "[" SPACES "]", SPACES},
	{'S', "[^" SPACES "]", NULL},
	{'v', "\\x0b", "\\x0b"},
};

/* Takes "{Name}" off the front of `rest` if it is a category's long name. */
static bool translate_category(struct slice *rest, struct text *translated)
{
	const char *end = memchr(rest->bytes, '}', rest->length);
	if (end == NULL || rest->bytes[0] != '{')
		return false;
	struct slice name = {rest->bytes + 1, (size_t)(end - rest->bytes) - 1};
	for (size_t i = 0; i < sizeof categories / sizeof *categories; i++) {
		if (!slice_equals(name, categories[i].name))
			continue;
		text_append_printf(translated, "{%s}", categories[i].short_name);
		*rest = (struct slice){end + 1, rest->length - name.length - 2};
		return true;
	}
	return false;
}

/* Takes the letter of an escape, and what belongs to it, off the front of `rest`. */
static bool translate_escape(struct slice *rest, bool is_in_class, struct text *translated)
{
	char letter = rest->bytes[0];
	rest->bytes++;
	rest->length--;
	for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
		if (escapes[i].letter != letter)
			continue;
		const char *meaning = is_in_class ? escapes[i].inside : escapes[i].outside;
		if (meaning != NULL)
			text_append_string(translated, meaning);
		return meaning != NULL;
	}
	text_append(translated, (char[]){'\\', letter}, 2);
	if ((letter == 'p' || letter == 'P') && rest->length > 0)
		translate_category(rest, translated);
	return true;
}

/* Writes the PCRE2 pattern that means what `rest` means in ECMA-262; false when there is none. */
static bool translate(struct slice rest, struct text *translated)
{
	bool is_in_class = false;
	while (rest.length > 0) {
		char byte = rest.bytes[0];
		rest.bytes++;
		rest.length--;
		if (byte == '\\' && rest.length > 0) {
			if (!translate_escape(&rest, is_in_class, translated))
				return false;
			continue;
		}
		if (byte == '[' && is_in_class) /* no [:name:] there */
			text_append_char(translated, '\\');
		text_append_char(translated, byte);
		is_in_class = byte == '[' || (is_in_class && byte != ']');
	}
	return true;
}

static pcre2_code *compile_translated(const struct text *translated, struct text *ret_error)
{
	const uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX |
				 PCRE2_MATCH_UNSET_BACKREF | PCRE2_ALLOW_EMPTY_CLASS |
				 PCRE2_NEVER_BACKSLASH_C;
	pcre2_compile_context *dialect = pcre2_compile_context_create(NULL);
	if (dialect == NULL)
		return NULL;
	pcre2_set_compile_extra_options(dialect, PCRE2_EXTRA_ALT_BSUX);
	pcre2_set_newline(dialect, PCRE2_NEWLINE_ANYCRLF);
	int code = 0;
	PCRE2_SIZE offset = 0;
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)translated->bytes, translated->length,
		options, &code, &offset, dialect);
	pcre2_compile_context_free(dialect);
	if (compiled == NULL) {
		PCRE2_UCHAR reason[128] = {0};
		pcre2_get_error_message(code, reason, sizeof reason);
		text_append_printf(ret_error, "the pattern is invalid: %s", (char *)reason);
		return NULL;
	}
	pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE); /* where it fails, it is only slower */
	return compiled;
}

struct pattern *pattern_new(struct slice source, struct text *ret_error)
{
	struct text translated;
	text_init(&translated);
	text_append(&translated, "", 0);
	struct pattern *pattern = calloc(1, sizeof *pattern);
	if (!translate(source, &translated))
		text_append_string(ret_error, "the pattern has \\S within a class");
	else if (pattern != NULL && !translated.is_broken)
		pattern->code = compile_translated(&translated, ret_error);
	text_done(&translated);
	if (pattern != NULL && pattern->code != NULL)
		pattern->limits = pcre2_match_context_create(NULL);
	if (pattern == NULL || pattern->limits == NULL) {
		pattern_free(pattern);
		return NULL;
	}
	pcre2_set_match_limit(pattern->limits, PATTERN_BACKTRACKS_MAX);
	return pattern;
}

void pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_match_context_free(pattern->limits);
	pcre2_code_free(pattern->code);
	free(pattern);
}

enum pattern_result pattern_match(const struct pattern *pattern, struct slice subject)
{
	if (subject.length > PATTERN_SUBJECT_MAX)
		return PATTERN_GAVE_UP;
	pcre2_match_data *captures = pcre2_match_data_create(1, NULL);
	if (captures == NULL)
		return PATTERN_GAVE_UP;
	int result = pcre2_match(pattern->code, (PCRE2_SPTR)subject.bytes, subject.length, 0,
		PCRE2_NO_UTF_CHECK, captures, pattern->limits);
	pcre2_match_data_free(captures);
	if (result >= 0)
		return PATTERN_MATCHES;
	return result == PCRE2_ERROR_NOMATCH ? PATTERN_DIFFERS : PATTERN_GAVE_UP;
}
