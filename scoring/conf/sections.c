/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_parts.h"
#include "url.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"

static const char *const kind_words[HOP_SECTION_KIND_COUNT] = {
    [HOP_SECTION_HOPWARDEN] = "hopwarden", [HOP_SECTION_HOME] = "home",
    [HOP_SECTION_ENFORCE] = "enforce",     [HOP_SECTION_TENANT] = "tenant",
    [HOP_SECTION_PERSON] = "person",       [HOP_SECTION_TEAM] = "team",
    [HOP_SECTION_ACCOUNT] = "account",
};

const char *hop_section_word(enum hop_section_kind kind)
{
    return kind_words[kind];
}

/* --- opening one ----------------------------------------------------------------------------- */

static bool parse_kind(struct hop_span word, enum hop_section_kind *ret_kind)
{
    for (int kind = 0; kind < HOP_SECTION_KIND_COUNT; kind++)
        if (hop_span_is(word, kind_words[kind])) {
            *ret_kind = (enum hop_section_kind)kind;
            return true;
        }
    return false;
}

/* Names are words of lists elsewhere, so they hold nothing that separates words. */
static bool is_name(struct hop_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (strchr(" \t,\"", name.at[i]))
            return false;
    return name.len > 0 && name.len <= HOP_NAME_MAX;
}

/* `tenant "acme"` -> tenant, acme. Without a name *ret_name is the empty span. */
static bool parse_header(struct hop_span header, struct hop_span *ret_word,
                         struct hop_span *ret_name)
{
    if (header.len < 2 || header.at[0] != '[' || header.at[header.len - 1] != ']')
        return false;
    struct hop_span rest =
        hop_span_trim((struct hop_span){.at = header.at + 1, .len = header.len - 2});
    size_t len = 0;
    while (len < rest.len && rest.at[len] != ' ' && rest.at[len] != '\t')
        len++;
    *ret_word = (struct hop_span){.at = rest.at, .len = len};
    rest = hop_span_trim((struct hop_span){.at = rest.at + len, .len = rest.len - len});
    *ret_name = rest;
    if (!rest.len)
        return true;
    if (rest.len < 2 || rest.at[0] != '"' || rest.at[rest.len - 1] != '"')
        return false;
    *ret_name = (struct hop_span){.at = rest.at + 1, .len = rest.len - 2};
    return is_name(*ret_name);
}

static enum hop_rc open_plain(struct hop_conf *conf, enum hop_section_kind kind,
                              const struct hop_where *where, struct hop_error *err)
{
    const struct hop_where *before = &conf->where[kind];
    if (before->line)
        return hop_refuse(err, where, "section [%s] stands already at %s:%u", kind_words[kind],
                          before->file, before->line);
    conf->where[kind] = *where;
    return HOP_OK;
}

static enum hop_rc open_named(struct hop_conf *conf, enum hop_section_kind kind,
                              struct hop_span name, const struct hop_where *where,
                              struct hop_section **ret_section, struct hop_error *err)
{
    char quoted[HOP_QUOTED_MAX];
    if (kind == HOP_SECTION_TENANT && !hop_tenant_valid(name))
        return hop_refuse(err, where, "%s is not a tenant name (1 to 32 of a-z 0-9 -)",
                          hop_quoted(name, quoted));
    if (kind == HOP_SECTION_TENANT && hop_span_is(name, HOP_HOME))
        return hop_refuse(err, where, "no tenant can be named home: that is section [home]");
    struct hop_section *grown =
        hop_grow(conf->sections, conf->section_count, &conf->section_room, sizeof *grown);
    if (!grown)
        return hop_no_memory(err);
    conf->sections = grown;
    struct hop_section *section = &grown[conf->section_count++];
    *section = (struct hop_section){.kind = kind, .where = *where};
    memcpy(section->name, name.at, name.len);
    conf->tenant_count += kind == HOP_SECTION_TENANT;
    *ret_section = section;
    return HOP_OK;
}

enum hop_rc hop_section_open(struct hop_conf *conf, struct hop_span header,
                             const struct hop_where *where, enum hop_section_kind *ret_kind,
                             struct hop_section **ret_section, struct hop_error *err)
{
    char quoted[HOP_QUOTED_MAX];
    struct hop_span word, name;
    if (!parse_header(header, &word, &name))
        return hop_refuse(err, where, "%s is not a section: [name] or [kind \"name\"]",
                          hop_quoted(header, quoted));
    if (!parse_kind(word, ret_kind))
        return hop_refuse(err, where, "unknown section %s", hop_quoted(word, quoted));
    bool named = *ret_kind >= HOP_SECTION_TENANT;
    if (named != (name.len > 0))
        return hop_refuse(err, where,
                          named ? "section [%s] needs a name: [%s \"...\"]"
                                : "section [%s] takes no name",
                          kind_words[*ret_kind], kind_words[*ret_kind]);
    *ret_section = NULL;
    return named ? open_named(conf, *ret_kind, name, where, ret_section, err)
                 : open_plain(conf, *ret_kind, where, err);
}

/* --- once all is read ------------------------------------------------------------------------ */

static int compare_sections(const void *a, const void *b)
{
    const struct hop_section *left = a, *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    int order = strcmp(left->name, right->name);
    if (order)
        return order;
    return left->where.order < right->where.order ? -1 : 1;
}

static enum hop_rc sort_sections(struct hop_conf *conf, struct hop_error *err)
{
    if (conf->section_count)
        qsort(conf->sections, conf->section_count, sizeof *conf->sections, compare_sections);
    for (size_t i = 1; i < conf->section_count; i++) {
        const struct hop_section *first = &conf->sections[i - 1], *second = &conf->sections[i];
        char quoted[HOP_QUOTED_MAX];
        if (first->kind == second->kind && strcmp(first->name, second->name) == 0)
            return hop_refuse(err, &second->where, "section [%s %s] stands already at %s:%u",
                              kind_words[second->kind],
                              hop_quoted(hop_span_of(second->name), quoted), first->where.file,
                              first->where.line);
    }
    return HOP_OK;
}

static enum hop_rc list_words(struct hop_index *index, const struct hop_words *words,
                              size_t section, struct hop_error *err)
{
    for (size_t i = 0; i < words->count; i++) {
        struct hop_listing *grown =
            hop_grow(index->items, index->count, &index->room, sizeof *grown);
        if (!grown)
            return hop_no_memory(err);
        index->items = grown;
        grown[index->count++] = (struct hop_listing){
            .word = words->items[i], .section = section, .where = words->where};
    }
    return HOP_OK;
}

static int compare_listings(const void *a, const void *b)
{
    const struct hop_listing *left = a, *right = b;
    int order = strcmp(left->word, right->word);
    if (order)
        return order;
    return left->where.order < right->where.order ? -1 : left->where.order > right->where.order;
}

static enum hop_rc sort_index(const struct hop_conf *conf, struct hop_index *index,
                              struct hop_error *err)
{
    if (index->count)
        qsort(index->items, index->count, sizeof *index->items, compare_listings);
    for (size_t i = 1; i < index->count; i++) {
        const struct hop_listing *first = &index->items[i - 1], *second = &index->items[i];
        const struct hop_section *section = &conf->sections[first->section];
        char quoted[HOP_QUOTED_MAX], name[HOP_QUOTED_MAX];
        if (strcmp(first->word, second->word) == 0)
            return hop_refuse(
                err, &second->where, "%s is listed already in [%s %s] (%s:%u)",
                hop_quoted(hop_span_of(second->word), quoted), kind_words[section->kind],
                hop_quoted(hop_span_of(section->name), name), first->where.file, first->where.line);
    }
    return HOP_OK;
}

static enum hop_rc index_sections(struct hop_conf *conf, struct hop_error *err)
{
    enum hop_rc rc = HOP_OK;
    for (size_t i = 0; rc == HOP_OK && i < conf->section_count; i++) {
        rc = list_words(&conf->people, &conf->sections[i].accounts, i, err);
        if (rc == HOP_OK)
            rc = list_words(&conf->members, &conf->sections[i].members, i, err);
    }
    if (rc == HOP_OK)
        rc = sort_index(conf, &conf->people, err);
    if (rc == HOP_OK)
        rc = sort_index(conf, &conf->members, err);
    return rc;
}

/* --- tags ------------------------------------------------------------------------------------ */

void hop_conf_default_tag(const char *tenant, char ret_tag[HOP_TENANT_MAX + 1])
{
    char named[HOP_TENANT_MAX + 32];
    struct hop_text text = hop_text_over(named, sizeof named);
    hop_text_format(&text, "hopwarden tenant %s", tenant);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)named, text.len, digest);
    text = hop_text_over(ret_tag, HOP_TENANT_MAX + 1);
    hop_hex_put(&text, digest, 8);
}

void hop_conf_tag_of(const struct hop_conf *conf, const char *tenant,
                     char ret_tag[HOP_TENANT_MAX + 1])
{
    const struct hop_section *section = hop_section_find(conf, HOP_SECTION_TENANT, tenant);
    if (strcmp(tenant, conf->settings.tenant) == 0 && *conf->settings.tenant_tag)
        hop_string_copy(ret_tag, HOP_TENANT_MAX + 1, conf->settings.tenant_tag);
    else if (section && *section->tag)
        hop_string_copy(ret_tag, HOP_TENANT_MAX + 1, section->tag);
    else if (section && *section->default_tag)
        hop_string_copy(ret_tag, HOP_TENANT_MAX + 1, section->default_tag);
    else
        hop_conf_default_tag(tenant, ret_tag);
}

const char *hop_conf_tenant_of_tag(const struct hop_conf *conf, const char *tag)
{
    if (strcmp(tag, conf->settings.tenant_tag) == 0)
        return conf->settings.tenant;
    for (size_t i = 0; i < conf->tenant_count; i++) {
        char own[HOP_TENANT_MAX + 1];
        const char *name = conf->sections[i].name;
        hop_conf_tag_of(conf, name, own);
        if (strcmp(tag, own) == 0)
            return name;
    }
    return NULL;
}

/* Two tenants of one tag would share their touches. Tags made by hashing differ. */
static enum hop_rc check_tags(const struct hop_conf *conf, struct hop_error *err)
{
    for (size_t i = 0; i < conf->tenant_count; i++) {
        const struct hop_section *tenant = &conf->sections[i];
        if (!*tenant->tag)
            continue;
        bool own = strcmp(tenant->name, conf->settings.tenant) == 0;
        if (own && *conf->settings.tenant_tag &&
            strcmp(tenant->tag, conf->settings.tenant_tag) != 0)
            return hop_refuse(err, &tenant->where, "tag %s differs from tenant_tag %s of this host",
                              tenant->tag, conf->settings.tenant_tag);
        if (!own && strcmp(tenant->tag, conf->settings.tenant_tag) == 0)
            return hop_refuse(err, &tenant->where, "tag %s is this host's own", tenant->tag);
        for (size_t j = 0; j < i; j++)
            if (strcmp(tenant->tag, conf->sections[j].tag) == 0)
                return hop_refuse(err, &tenant->where, "tag %s belongs to tenant %s already",
                                  tenant->tag, conf->sections[j].name);
    }
    return HOP_OK;
}

/* --- the settings as a whole ----------------------------------------------------------------- */

/* Whoever gives certificates expects TLS: silence would be a lie. */
static enum hop_rc check_tls(const struct hop_settings *settings, const struct hop_where *where,
                             struct hop_error *err)
{
    struct hop_url url;
    bool parsed = hop_url_parse(hop_span_of(settings->history), &url);
    bool may = parsed && (url.tls || url.kind == HOP_URL_SENTINEL || url.kind == HOP_URL_CLUSTER);
    bool tls = may && *settings->history_ca;
    if (parsed && url.tls && !tls)
        return hop_refuse(err, where, "history_ca is missing: who vouches for the server?");
    if (may && !tls && *settings->history_certificate)
        return hop_refuse(err, where, "history_certificate without history_ca: TLS needs it");
    if (!may && (*settings->history_ca || *settings->history_server_name ||
                 *settings->history_certificate || *settings->helper_certificate))
        return hop_refuse(err, where, "certificates without TLS: history is no rediss:// URL");
    if (!*settings->history_certificate != !*settings->history_key)
        return hop_refuse(err, where, "history_certificate and history_key go together");
    if (!*settings->helper_certificate != !*settings->helper_key)
        return hop_refuse(err, where, "helper_certificate and helper_key go together");
    return HOP_OK;
}

static enum hop_rc complete_settings(struct hop_conf *conf, struct hop_error *err)
{
    struct hop_settings *settings = &conf->settings;
    const struct hop_where *where = &conf->where[HOP_SECTION_HOPWARDEN];
    if (!where->line)
        return hop_refuse(err, &(struct hop_where){.file = where->file, .line = 1},
                          "section [hopwarden] is missing");
    if (!*settings->tenant)
        return hop_refuse(err, where, "tenant is missing from section [hopwarden]");
    if (!*settings->witness)
        hop_string_copy(settings->witness, sizeof settings->witness, settings->tenant);
    settings->policy.witness_is_home = strcmp(settings->witness, HOP_HOME) == 0;
    if (!settings->policy.witness_is_home && strcmp(settings->witness, settings->tenant) != 0)
        return hop_refuse(err, where, "witness %s is neither tenant %s nor home", settings->witness,
                          settings->tenant);
    if (settings->policy.step_up_at_db > settings->policy.block_at_db)
        return hop_refuse(err, where, "step_up_at is above block_at");
    enum hop_rc rc = check_tls(settings, where, err);
    if (rc == HOP_OK)
        rc = check_tags(conf, err);
    if (rc == HOP_OK && !*settings->tenant_tag)
        hop_conf_tag_of(conf, settings->tenant, settings->tenant_tag);
    return rc;
}

enum hop_rc hop_sections_finish(struct hop_conf *conf, struct hop_error *err)
{
    enum hop_rc rc = sort_sections(conf, err);
    if (rc == HOP_OK)
        rc = complete_settings(conf, err);
    for (size_t i = 0; rc == HOP_OK && i < conf->tenant_count; i++)
        hop_conf_default_tag(conf->sections[i].name, conf->sections[i].default_tag);
    if (rc == HOP_OK)
        rc = index_sections(conf, err);
    if (rc == HOP_OK)
        rc = hop_networks_of(conf, err);
    if (rc == HOP_OK)
        rc = hop_trial_check(conf, err);
    if (rc == HOP_OK)
        hop_trial_settle(conf);
    return rc;
}

/* --- looking up ------------------------------------------------------------------------------ */

struct section_name {
    enum hop_section_kind kind;
    const char *name;
};

static int compare_name_to_section(const void *a, const void *b)
{
    const struct section_name *key = a;
    const struct hop_section *section = b;
    if (key->kind != section->kind)
        return key->kind < section->kind ? -1 : 1;
    return strcmp(key->name, section->name);
}

const struct hop_section *hop_section_find(const struct hop_conf *conf, enum hop_section_kind kind,
                                           const char *name)
{
    struct section_name key = {.kind = kind, .name = name};
    if (!conf->section_count)
        return NULL;
    return bsearch(&key, conf->sections, conf->section_count, sizeof *conf->sections,
                   compare_name_to_section);
}

static int compare_word_to_listing(const void *word, const void *listing)
{
    return strcmp(word, ((const struct hop_listing *)listing)->word);
}

static const struct hop_section *listed_in(const struct hop_conf *conf,
                                           const struct hop_index *index, const char *word)
{
    const struct hop_listing *found = NULL;
    if (index->count)
        found = bsearch(word, index->items, index->count, sizeof *index->items,
                        compare_word_to_listing);
    return found ? &conf->sections[found->section] : NULL;
}

enum hop_class hop_conf_class(const struct hop_conf *conf, const char *account)
{
    const struct hop_section *section = hop_section_find(conf, HOP_SECTION_ACCOUNT, account);
    return section ? section->class : HOP_CLASS_PERSON;
}

enum hop_rc hop_conf_identity(const struct hop_conf *conf, const char *tenant, const char *account,
                              const char *key, char ret_identity[HOP_NAME_MAX + 1])
{
    char name[HOP_NAME_MAX + 1];
    struct hop_text text = hop_text_over(name, sizeof name);
    hop_text_put(&text, tenant);
    hop_text_put_char(&text, ':');
    hop_text_put(&text, account);
    const struct hop_section *person = text.cut ? NULL : listed_in(conf, &conf->people, name);
    text = hop_text_over(ret_identity, HOP_NAME_MAX + 1);
    if (person) {
        hop_text_put(&text, person->name);
        return HOP_OK;
    }
    bool shared = hop_conf_class(conf, account) == HOP_CLASS_SHARED;
    if (shared && !*key)
        return HOP_NOT_FOUND;
    hop_text_put(&text, account);
    if (shared)
        hop_text_format(&text, "+%s", key);
    if (!text.cut)
        return HOP_OK;
    ret_identity[0] = 0;
    return HOP_LIMIT;
}

const char *hop_conf_team(const struct hop_conf *conf, const char *identity)
{
    const struct hop_section *team = listed_in(conf, &conf->members, identity);
    return team ? team->name : "";
}

size_t hop_conf_tenant_sections(const struct hop_conf *conf)
{
    return conf->tenant_count;
}

const char *hop_conf_tenant_name(const struct hop_conf *conf, size_t nth)
{
    return nth < conf->tenant_count ? conf->sections[nth].name : NULL;
}

double hop_conf_tenants(const struct hop_conf *conf)
{
    size_t count =
        conf->settings.tenant_count > 0 ? (size_t)conf->settings.tenant_count : conf->tenant_count;
    return count < 2 ? 2.0 : (double)count;
}
