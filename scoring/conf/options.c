/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of options. Range texts are read by the code: "LOW to HIGH" bounds a number, other
 * ranges list the words that are accepted. */
#include "conf_parts.h"
#include "date.h"
#include "url.h"

#include <string.h>

/* What is being read: for the functions that take a value. */
struct entry {
    const struct hop_option *option;
    struct hop_span value;
    const struct hop_where *where;
};

typedef enum hop_rc take_value(const struct entry *entry, void *place, struct hop_error *err);
typedef void put_value(const struct hop_slot *slot, const void *place, struct hop_text *text);

struct hop_slot {
    size_t offset; /* into struct hop_conf, or struct hop_section for named sections */
    size_t size;   /* of a text's buffer */
    int decimals;  /* of a number, 0 or 1: how many powers of ten the stored integer is larger */
    bool (*valid)(struct hop_span text); /* of a text, or of each word of a list; NULL: any */
    take_value *take;
    put_value *put;
};

/* --- texts ----------------------------------------------------------------------------------- */

static bool is_graphic(struct hop_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == ' ' || text.at[i] == '\t')
            return false;
    return text.len > 0;
}

static bool valid_path(struct hop_span text)
{
    return text.len > 0 && text.at[0] == '/';
}

static bool valid_prefix(struct hop_span text)
{
    return is_graphic(text) && !memchr(text.at, '{', text.len) && !memchr(text.at, '}', text.len);
}

static bool starts(struct hop_span *text, const char *with)
{
    size_t len = strlen(with);
    if (text->len < len || memcmp(text->at, with, len) != 0)
        return false;
    text->at += len;
    text->len -= len;
    return true;
}

static bool valid_history(struct hop_span text)
{
    struct hop_url url;
    return hop_url_parse(text, &url);
}

static bool valid_server_name(struct hop_span text)
{
    return is_graphic(text) && text.len <= HOP_URL_HOST_MAX;
}

static enum hop_rc refuse_type(const struct entry *entry, struct hop_span text,
                               struct hop_error *err)
{
    char quoted[HOP_QUOTED_MAX];
    return hop_refuse(err, entry->where, "%s: %s is not a %s", entry->option->name,
                      hop_quoted(text, quoted), entry->option->type);
}

static enum hop_rc take_text(const struct entry *entry, void *place, struct hop_error *err)
{
    const struct hop_slot *slot = entry->option->slot;
    const char *fallback = entry->option->fallback;
    bool none = entry->value.len == 0 && !*fallback;
    if (!none && !slot->valid(entry->value))
        return refuse_type(entry, entry->value, err);
    if (!hop_span_copy(entry->value, place, slot->size))
        return hop_refuse(err, entry->where, "%s: longer than %zu bytes", entry->option->name,
                          slot->size - 1);
    return HOP_OK;
}

static void put_text(const struct hop_slot *slot, const void *place, struct hop_text *text)
{
    (void)slot;
    hop_text_put(text, place);
}

/* --- lists ----------------------------------------------------------------------------------- */

static bool valid_network(struct hop_span word)
{
    struct hop_prefix prefix;
    return hop_prefix_parse(word, &prefix);
}

static bool valid_pattern(struct hop_span word)
{
    return word.len <= HOP_NAME_MAX && !hop_span_is(word, "@");
}

static bool valid_name(struct hop_span word)
{
    return word.len <= HOP_NAME_MAX;
}

/* "acme:msp-anna" */
static bool valid_account(struct hop_span word)
{
    struct hop_span tenant;
    return word.len <= HOP_NAME_MAX && hop_span_cut(&word, ':', &tenant) && word.len > 0 &&
           hop_tenant_valid(tenant);
}

/* "SHA256:" and 43 characters of base64; of a certificate "/" and the key id follow. */
static bool valid_key(struct hop_span word)
{
    struct hop_span fingerprint;
    if (word.len > HOP_KEY_MAX || !starts(&word, "SHA256:"))
        return false;
    for (size_t i = 0; i < 43; i++) {
        char c = i < word.len ? word.at[i] : 0;
        bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alphanumeric && c != '+' && c != '/')
            return false;
    }
    fingerprint = (struct hop_span){.at = word.at + 43, .len = word.len - 43};
    return fingerprint.len == 0 || (fingerprint.len > 1 && fingerprint.at[0] == '/');
}

static enum hop_rc take_words(const struct entry *entry, void *place, struct hop_error *err)
{
    struct hop_words *words = place;
    struct hop_span rest = entry->value, word;
    while (hop_span_word(&rest, &word))
        if (!entry->option->slot->valid(word)) {
            char quoted[HOP_QUOTED_MAX];
            return hop_refuse(err, entry->where, "%s: %s is not right in a %s", entry->option->name,
                              hop_quoted(word, quoted), entry->option->type);
        }
    words->where = *entry->where;
    return hop_words_of(entry->value, words, err);
}

static void put_words(const struct hop_slot *slot, const void *place, struct hop_text *text)
{
    (void)slot;
    hop_words_put(place, text);
}

/* --- numbers --------------------------------------------------------------------------------- */

/* "-3.5" with one decimal allowed is -35. */
static bool parse_fixed(struct hop_span text, int decimals, int64_t *ret_number)
{
    int64_t whole, tenths = 0;
    struct hop_span part;
    bool minus = text.len && text.at[0] == '-';
    if (!hop_span_cut(&text, '.', &part) || !hop_span_int64(part, -1000000, 1000000, &whole))
        return false;
    if (text.at && (decimals == 0 || text.len != 1 || !hop_span_int64(text, 0, 9, &tenths)))
        return false;
    *ret_number = decimals == 0 ? whole : whole * 10 + (minus ? -tenths : tenths);
    return true;
}

static bool within(const char *range, int decimals, int64_t number)
{
    const char *to = strstr(range, " to ");
    int64_t low, high;
    return to && parse_fixed((struct hop_span){range, (size_t)(to - range)}, decimals, &low) &&
           parse_fixed(hop_span_of(to + strlen(" to ")), decimals, &high) && number >= low &&
           number <= high;
}

static enum hop_rc take_number(const struct entry *entry, void *place, struct hop_error *err)
{
    const struct hop_option *option = entry->option;
    char quoted[HOP_QUOTED_MAX];
    int64_t number;
    if (!parse_fixed(entry->value, option->slot->decimals, &number) ||
        !within(option->range, option->slot->decimals, number))
        return hop_refuse(err, entry->where, "%s: %s is not a number from %s", option->name,
                          hop_quoted(entry->value, quoted), option->range);
    *(int *)place = (int)number;
    return HOP_OK;
}

static void put_number(const struct hop_slot *slot, const void *place, struct hop_text *text)
{
    int number = *(const int *)place;
    if (slot->decimals)
        hop_text_put_fixed(text, number / 10.0, 1);
    else
        hop_text_put_int(text, number);
}

/* --- words with a meaning -------------------------------------------------------------------- */

static bool in_range(const struct entry *entry)
{
    struct hop_span range = hop_span_of(entry->option->range), word;
    while (hop_span_word(&range, &word))
        if (hop_span_equal(word, entry->value))
            return true;
    return false;
}

static enum hop_rc refuse_word(const struct entry *entry, struct hop_error *err)
{
    char quoted[HOP_QUOTED_MAX];
    return hop_refuse(err, entry->where, "%s: %s is none of %s", entry->option->name,
                      hop_quoted(entry->value, quoted), entry->option->range);
}

static enum hop_rc take_bool(const struct entry *entry, void *place, struct hop_error *err)
{
    if (!in_range(entry))
        return refuse_word(entry, err);
    *(bool *)place = hop_span_is(entry->value, "yes");
    return HOP_OK;
}

static void put_bool(const struct hop_slot *slot, const void *place, struct hop_text *text)
{
    (void)slot;
    hop_text_put(text, *(const bool *)place ? "yes" : "no");
}

static enum hop_rc take_mode(const struct entry *entry, void *place, struct hop_error *err)
{
    if (!in_range(entry) || !hop_mode_parse(entry->value, place))
        return refuse_word(entry, err);
    return HOP_OK;
}

static void put_mode(const struct hop_slot *slot, const void *place, struct hop_text *text)
{
    (void)slot;
    hop_text_put(text, hop_mode_word(*(const enum hop_mode *)place));
}

static enum hop_rc take_time(const struct entry *entry, void *place, struct hop_error *err)
{
    int64_t time = 0;
    if (entry->value.len > 0 && !hop_date_parse(entry->value, &time, NULL))
        return refuse_type(entry, entry->value, err);
    memcpy(place, &time, sizeof time);
    return HOP_OK;
}

static void put_time(const struct hop_slot *slot, const void *place, struct hop_text *text)
{
    int64_t time;
    (void)slot;
    memcpy(&time, place, sizeof time);
    if (time != 0)
        hop_date_put(text, time, -1);
}

static enum hop_rc take_on(const struct entry *entry, void *place, struct hop_error *err)
{
    if (!in_range(entry) || !hop_on_parse(entry->value, place))
        return refuse_word(entry, err);
    return HOP_OK;
}

static void put_on(const struct hop_slot *slot, const void *place, struct hop_text *text)
{
    (void)slot;
    hop_text_put(text, hop_on_word(*(const enum hop_on *)place));
}

static enum hop_rc take_class(const struct entry *entry, void *place, struct hop_error *err)
{
    if (!in_range(entry) || !hop_class_parse(entry->value, place))
        return refuse_word(entry, err);
    return HOP_OK;
}

static void put_class(const struct hop_slot *slot, const void *place, struct hop_text *text)
{
    (void)slot;
    hop_text_put(text, hop_class_word(*(const enum hop_class *)place));
}

static const char *const step_up_words[HOP_STEP_UP_BY_COUNT] = {
    [HOP_STEP_UP_BY_DEFAULT] = "default",
    [HOP_STEP_UP_BY_ASKING] = "ask",
    [HOP_STEP_UP_BY_APPROVAL] = "approve",
};

static enum hop_rc take_step_up(const struct entry *entry, void *place, struct hop_error *err)
{
    if (!in_range(entry))
        return refuse_word(entry, err);
    for (int by = 0; by < HOP_STEP_UP_BY_COUNT; by++)
        if (hop_span_is(entry->value, step_up_words[by]))
            *(enum hop_step_up_by *)place = (enum hop_step_up_by)by;
    return HOP_OK;
}

static void put_step_up(const struct hop_slot *slot, const void *place, struct hop_text *text)
{
    (void)slot;
    hop_text_put(text, step_up_words[*(const enum hop_step_up_by *)place]);
}

/* --- the table ------------------------------------------------------------------------------- */

#define SLOT(...) (&(const struct hop_slot){__VA_ARGS__})
#define SETTING(member) .offset = offsetof(struct hop_conf, settings.member)
#define TEXT(member, check)                                                                        \
    SLOT(SETTING(member), .size = sizeof((struct hop_settings *)0)->member, .valid = check,        \
         .take = take_text, .put = put_text)
#define INTEGER(member) SLOT(SETTING(member), .take = take_number, .put = put_number)
#define DECIBITS(member)                                                                           \
    SLOT(SETTING(member), .decimals = 1, .take = take_number, .put = put_number)
#define BOOL(member) SLOT(SETTING(member), .take = take_bool, .put = put_bool)
#define LIST(struct_name, member, check)                                                           \
    SLOT(.offset = offsetof(struct struct_name, member), .valid = check, .take = take_words,       \
         .put = put_words)

/* The failure table. Only an account with a binding can be left to it, a key can only be waited
 * for, and where no history is left there is nothing to score. */
#define DECIDED "allow step_up block"
#define SCORED "score score_step_up score_or_block " DECIDED
#define CELL(loss, LOSS, lane, LANE, words, usual, sentence)                                       \
    {                                                                                              \
        "hopwarden", "on_" loss "_" lane, "answer", words, usual, sentence,                        \
            SLOT(SETTING(policy.on_loss[HOP_LOSS_##LOSS][HOP_LANE_##LANE]), .take = take_on,       \
                 .put = put_on)                                                                    \
    }
#define ROW(loss, LOSS, words, bound_words, asked, unasked, bound, glass, sentence)                \
    CELL(loss, LOSS, "asked", ASKED, words, asked, sentence " a person who can be asked."),        \
        CELL(loss, LOSS, "unasked", UNASKED, words, unasked,                                       \
             sentence " a person who cannot be asked (publickey alone)."),                         \
        CELL(loss, LOSS, "automation", BOUND, bound_words, bound,                                  \
             sentence " an automation account."),                                                  \
        CELL(loss, LOSS, "break_glass", BREAK_GLASS, words, glass,                                 \
             sentence " a break-glass account.")

static const struct hop_option options[] = {
    {"hopwarden", "tenant", "tenant name", "1 to 32 of a-z 0-9 -, or home", HOP_OPTION_REQUIRED,
     "The customer this host belongs to; home for the provider's own hosts.",
     TEXT(tenant, hop_tenant_valid)},
    {"hopwarden", "tenant_tag", "tag", "1 to 32 of a-z 0-9 -", "",
     "The tenant's name in lists that other customers' hosts read. Empty: that of the tenant's own "
     "section, else a hash of its name.",
     TEXT(tenant_tag, hop_tenant_valid)},
    {"hopwarden", "witness", "witness", "the tenant, or home", "",
     "In whose name this host writes history. Empty: the tenant. home makes the fleet one trust "
     "domain.",
     TEXT(witness, hop_tenant_valid)},
    {"hopwarden", "mode", "mode", "observe step_up enforce", "observe",
     "How far answers may go: observe logs and allows, step_up asks where it would block.",
     SLOT(SETTING(file_mode), .take = take_mode, .put = put_mode)},
    {"hopwarden", "accounts", "list of patterns", "fnmatch(3) patterns, @group", "",
     "The accounts that are judged; all others pass untouched.",
     LIST(hop_conf, accounts, valid_pattern)},
    {"hopwarden", "services", "list of patterns", "fnmatch(3) patterns", "sshd",
     "The PAM services that are judged.", LIST(hop_conf, services, valid_name)},
    {"hopwarden", "nss_groups", "yes or no", "yes no", "no",
     "Look @groups up through NSS, which may wait for the network, instead of /etc/group.",
     BOOL(nss_groups)},
    {"hopwarden", "tenant_count", "number", "0 to 1000000", "0",
     "How many customers the provider has. 0: as many as there are [tenant] sections.",
     INTEGER(tenant_count)},
    {"hopwarden", "step_up_at", "number of bits", "-60.0 to 60.0", "-6.3",
     "Risk from which a second factor is asked for.", DECIBITS(policy.step_up_at_db)},
    {"hopwarden", "block_at", "number of bits", "-60.0 to 60.0", "6.0",
     "Risk from which the login is blocked.", DECIBITS(policy.block_at_db)},
    {"hopwarden", "step_up", "way", "ask approve", "ask",
     "How a step-up is passed: ask for the person's second factor, or let the login wait until "
     "somebody else approves it.",
     SLOT(SETTING(step_up), .take = take_step_up, .put = put_step_up)},
    {"hopwarden", "approval_wait_s", "number of seconds", "1 to 600", "60",
     "How long a login waits for an approval; stay below sshd's LoginGraceTime.",
     INTEGER(approval_wait_s)},
    {"hopwarden", "allowed_signers", "path", "absolute", "/etc/hopwarden/allowed_signers",
     "Who may approve: names and SSH keys, as in ssh-keygen(1), ALLOWED SIGNERS.",
     TEXT(allowed_signers, valid_path)},
    {"hopwarden", "strict", "yes or no", "yes no", "no",
     "A new value becomes known, and weighs, by a confirmation only, not by three days.",
     BOOL(policy.strict)},
    {"hopwarden", "history", "history URL",
     "sqlite:/path, unix:/path, redis[s]://host[:port][/database], "
     "sentinel://host,host,host/name, cluster://host,host,host",
     "sqlite:/var/lib/hopwarden/history.db", "Where the history is kept.",
     TEXT(history, valid_history)},
    {"hopwarden", "history_prefix", "key prefix", "1 to 32 bytes without blanks and braces",
     "hop:1:", "What every key in the store begins with.", TEXT(history_prefix, valid_prefix)},
    {"hopwarden", "history_user", "user name", "without blanks", "",
     "The store's user. Empty: its default user.", TEXT(history_user, is_graphic)},
    {"hopwarden", "history_secret", "path", "absolute", "",
     "The file that holds the user's password.", TEXT(history_secret, valid_path)},
    {"hopwarden", "history_ca", "path", "absolute", "",
     "The certificates of the authorities that vouch for the store's server: rediss:// needs it.",
     TEXT(history_ca, valid_path)},
    {"hopwarden", "history_server_name", "server name", "a host name or an address", "",
     "What the server's certificate has to be for. Empty: the host in history.",
     TEXT(history_server_name, valid_server_name)},
    {"hopwarden", "history_certificate", "path", "absolute", "",
     "This host's own certificate, where the server asks for one.",
     TEXT(history_certificate, valid_path)},
    {"hopwarden", "history_key", "path", "absolute", "", "The key of that certificate.",
     TEXT(history_key, valid_path)},
    {"hopwarden", "helper_user", "user name", "without blanks", "",
     "The store's user for the sshd helpers.", TEXT(helper_user, is_graphic)},
    {"hopwarden", "helper_secret", "path", "absolute", "",
     "The file that holds the helpers' password.", TEXT(helper_secret, valid_path)},
    {"hopwarden", "helper_certificate", "path", "absolute", "",
     "The certificate of the sshd helpers, where the server asks for one.",
     TEXT(helper_certificate, valid_path)},
    {"hopwarden", "helper_key", "path", "absolute", "", "The key of that certificate.",
     TEXT(helper_key, valid_path)},
    {"hopwarden", "fallback", "path", "absolute", "/var/lib/hopwarden/fallback.db",
     "The file with the profiles this host saw last, and beside it the spool of what could not be "
     "written.",
     TEXT(fallback, valid_path)},
    {"hopwarden", "retention_days", "number of days", "30 to 3650", "512",
     "What was not seen for so long, and log entries as old, hopwarden prune takes away.",
     INTEGER(retention_days)},
    {"hopwarden", "deadline_ms", "number of milliseconds", "10 to 10000", "250",
     "The longest a phase of a login may wait.", INTEGER(deadline_ms)},
    {"hopwarden", "helper_deadline_ms", "number of milliseconds", "10 to 10000", "100",
     "The longest an sshd helper may wait.", INTEGER(helper_deadline_ms)},
    {"hopwarden", "geo_city", "path", "absolute", "",
     "A MaxMind DB with countries and, if it has them, places.", TEXT(geo_city, valid_path)},
    {"hopwarden", "geo_asn", "path", "absolute", "", "A MaxMind DB with AS numbers.",
     TEXT(geo_asn, valid_path)},
    {"hopwarden", "hosting_networks", "list of networks", "prefixes, AS numbers, file:/path", "",
     "Networks of hosting and VPN providers.", LIST(hop_conf, hosting, hop_hosting_entry_valid)},
    ROW("fallback", FALLBACK, SCORED, SCORED " binding", "score_step_up", "score_or_block",
        "binding", "allow", "When the history is lost and this host's fallback knows"),
    ROW("history", HISTORY, DECIDED, DECIDED " binding", "step_up", "block", "binding", "allow",
        "When the history is lost and nothing local is left, for"),
    ROW("geo", GEO, SCORED, SCORED " binding", "score", "score", "score", "score",
        "When a geo database is lost, for"),
    ROW("source", SOURCE, SCORED, SCORED " binding", "step_up", "block", "block", "allow",
        "When the source address is not known, for"),
    ROW("key", KEY, SCORED " session", SCORED " binding session", "score", "score", "session",
        "allow", "When the key is not known yet, for"),
    {"home", "networks", "list of prefixes", "IPv4 and IPv6", "",
     "The provider's own networks: offices, VPN, bastions.",
     LIST(hop_conf, home_networks, valid_network)},
    {"home", "bastions", "list of prefixes", "IPv4 and IPv6", "",
     "The hosts whose sessions carry an origin.", LIST(hop_conf, bastions, valid_network)},
    {"enforce", "since", "time", "RFC 3339", "", "When hopwarden enforce switched the mode.",
     SLOT(SETTING(trial.since), .take = take_time, .put = put_time)},
    {"enforce", "until", "time", "RFC 3339", "",
     "Until when mode enforce holds if nobody confirms it.",
     SLOT(SETTING(trial.until), .take = take_time, .put = put_time)},
    {"enforce", "boot", "boot and second", "boot id/seconds", "",
     "The same by the time since this boot, for a clock that is set back.",
     TEXT(trial.boot, is_graphic)},
    {"enforce", "login", "login id", "ULID", "", "The login that switched; it cannot confirm.",
     TEXT(trial.login, hop_ulid_valid)},
    {"enforce", "confirmed", "login id", "ULID", "",
     "The login that confirmed it: from then on until does not count.",
     TEXT(trial.confirmed, hop_ulid_valid)},
    {"tenant", "networks", "list of prefixes", "IPv4 and IPv6", "", "The customer's networks.",
     LIST(hop_section, networks, valid_network)},
    {"tenant", "tag", "tag", "1 to 32 of a-z 0-9 -", "",
     "The tenant's tag in shared lists, as its own hosts have it in tenant_tag. Empty: a hash of "
     "its "
     "name.",
     SLOT(.offset = offsetof(struct hop_section, tag), .size = sizeof((struct hop_section *)0)->tag,
          .valid = hop_tenant_valid, .take = take_text, .put = put_text)},
    {"person", "accounts", "list of accounts", "tenant:account", "",
     "The accounts that one human has.", LIST(hop_section, accounts, valid_account)},
    {"team", "members", "list of identities", "persons, or accounts that no person lists", "",
     "Who works together.", LIST(hop_section, members, valid_name)},
    {"account", "class", "class", "person shared automation break-glass", "person",
     "What stands behind the account.",
     SLOT(.offset = offsetof(struct hop_section, class), .take = take_class, .put = put_class)},
    {"account", "step_up", "way", "default ask approve", "default",
     "How this account's step-ups are passed. default: as [hopwarden] says.",
     SLOT(.offset = offsetof(struct hop_section, step_up), .take = take_step_up,
          .put = put_step_up)},
    {"account", "keys", "list of keys", "SHA256:fingerprint, SHA256:CA-fingerprint/key-id", "",
     "An automation account's binding: the keys it may use.", LIST(hop_section, keys, valid_key)},
    {"account", "sources", "list of prefixes", "IPv4 and IPv6", "",
     "An automation account's binding: where it may come from.",
     LIST(hop_section, sources, valid_network)},
    {"account", "tenants", "list of tenants", "tenant names, home", "",
     "An automation account's binding: where it may log in.",
     LIST(hop_section, tenants, hop_tenant_valid)},
};
#define OPTION_COUNT (sizeof options / sizeof options[0])
_Static_assert(OPTION_COUNT < HOP_OPTIONS_MAX, "HOP_OPTIONS_MAX says: there is no such option");

size_t hop_conf_options(const struct hop_option **ret_options)
{
    *ret_options = options;
    return OPTION_COUNT;
}

size_t hop_option_find(enum hop_section_kind kind, struct hop_span name)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (hop_span_is(name, options[i].name) &&
            strcmp(options[i].section, hop_section_word(kind)) == 0)
            return i;
    return HOP_OPTIONS_MAX;
}

enum hop_rc hop_option_take(size_t option, struct hop_conf *conf, struct hop_section *section,
                            struct hop_span value, const struct hop_where *where,
                            struct hop_error *err)
{
    struct entry entry = {.option = &options[option], .value = value, .where = where};
    char *base = section ? (char *)section : (char *)conf;
    return entry.option->slot->take(&entry, base + entry.option->slot->offset, err);
}

void hop_option_put(size_t option, const struct hop_conf *conf, const struct hop_section *section,
                    struct hop_text *text)
{
    const struct hop_slot *slot = options[option].slot;
    const char *base = section ? (const char *)section : (const char *)conf;
    slot->put(slot, base + slot->offset, text);
}

enum hop_rc hop_options_default(struct hop_conf *conf, struct hop_error *err)
{
    static const struct hop_where nowhere = {.file = "default"};
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        bool plain = strcmp(options[i].section, "hopwarden") == 0 ||
                     strcmp(options[i].section, "home") == 0 ||
                     strcmp(options[i].section, "enforce") == 0;
        if (!plain || strcmp(options[i].fallback, HOP_OPTION_REQUIRED) == 0)
            continue;
        enum hop_rc rc =
            hop_option_take(i, conf, NULL, hop_span_of(options[i].fallback), &nowhere, err);
        if (rc != HOP_OK)
            return rc;
    }
    return HOP_OK;
}
