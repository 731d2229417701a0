/* SPDX-License-Identifier: Apache-2.0 */
/* Inside conf/ only: what a loaded configuration is made of.
 *
 *   hop_conf  settings            scalars of [hopwarden]
 *             words               its lists, and those of [home]
 *             sections            every [kind "name"], sorted by (kind, name)
 *             accounts, members   indexes into the sections, sorted by word
 *             networks, hosting   prefixes, sorted for the longest match
 */
#ifndef HOP_CONF_PARTS_H
#define HOP_CONF_PARTS_H

#include "conf.h"

/* Where something stands in the files. `order` counts lines over all files. `file` is borrowed from
 * the sources and means nothing once loading is over. */
struct hop_where {
    const char *file;
    unsigned line;
    unsigned order;
};

/* A list as it was written: `items` point into `text`, each NUL-terminated. */
struct hop_words {
    char *text;
    char **items;
    size_t count;
    struct hop_where where;
};

enum hop_section_kind {
    HOP_SECTION_HOPWARDEN,
    HOP_SECTION_HOME,
    HOP_SECTION_ENFORCE,
    HOP_SECTION_TENANT,
    HOP_SECTION_PERSON,
    HOP_SECTION_TEAM,
    HOP_SECTION_ACCOUNT,
    HOP_SECTION_KIND_COUNT
};

/* A named section of any kind; members that its kind has no option for stay empty. */
struct hop_section {
    enum hop_section_kind kind;
    struct hop_where where;
    char name[HOP_NAME_MAX + 1];
    struct hop_words networks;            /* tenant */
    char tag[HOP_TENANT_MAX + 1];         /* tenant */
    char default_tag[HOP_TENANT_MAX + 1]; /* tenant: what its name hashes to */
    struct hop_words accounts;            /* person: tenant:account */
    struct hop_words members;             /* team: identities */
    enum hop_class class;                 /* account */
    struct hop_words keys;                /* account */
    struct hop_words sources;             /* account */
    struct hop_words tenants;             /* account */
};

#define HOP_OWNER_HOME SIZE_MAX

struct hop_network {
    struct hop_prefix prefix;
    size_t owner; /* a section, or HOP_OWNER_HOME */
    struct hop_where where;
};

/* Sorted by family, address, length once hop_networks_sort has run. */
struct hop_networks {
    struct hop_network *items;
    size_t count, room;
    bool has_bits[2][129]; /* [v6][n]: some prefix is n bits long */
};

struct hop_listing {
    const char *word; /* points into a section's words */
    size_t section;
    struct hop_where where;
};

struct hop_index {
    struct hop_listing *items;
    size_t count, room;
};

struct hop_conf {
    struct hop_settings settings;
    struct hop_words accounts, services, hosting; /* [hopwarden] */
    struct hop_words home_networks, bastions;     /* [home] */
    struct hop_where where[HOP_SECTION_TENANT];   /* of [hopwarden], [home]; line 0: not there */
    struct hop_section *sections;
    size_t section_count, section_room;
    size_t tenant_count;      /* tenants sort before the other kinds */
    struct hop_index people;  /* by tenant:account */
    struct hop_index members; /* by identity */
    struct hop_networks networks;
    struct hop_networks hosting_networks;
    uint32_t *hosting_asns; /* sorted */
    size_t hosting_asn_count, hosting_asn_room;
};

/* options.c */
#define HOP_OPTIONS_MAX 96
/* HOP_OPTIONS_MAX when the section knows no such name. */
size_t hop_option_find(enum hop_section_kind kind, struct hop_span name);
/* Reads a value into its place. `section` is NULL for [hopwarden] and [home]. */
enum hop_rc hop_option_take(size_t option, struct hop_conf *conf, struct hop_section *section,
                            struct hop_span value, const struct hop_where *where,
                            struct hop_error *err);
/* Appends the value as it would be written. */
void hop_option_put(size_t option, const struct hop_conf *conf, const struct hop_section *section,
                    struct hop_text *text);
/* Every option of [hopwarden] and [home] at its default. */
enum hop_rc hop_options_default(struct hop_conf *conf, struct hop_error *err);

/* words.c */
/* Replaces what was there. HOP_NOMEM only. */
enum hop_rc hop_words_of(struct hop_span text, struct hop_words *ret_words, struct hop_error *err);
void hop_words_done(struct hop_words *words);
void hop_words_put(const struct hop_words *words, struct hop_text *text);
/* "name", cut and encoded for a message. */
#define HOP_QUOTED_MAX 200
const char *hop_quoted(struct hop_span span, char ret_text[HOP_QUOTED_MAX]);
/* Sets `err` to "file:line: what" and returns HOP_MALFORMED. */
enum hop_rc hop_refuse(struct hop_error *err, const struct hop_where *where, const char *format,
                       ...) __attribute__((format(printf, 3, 4)));
enum hop_rc hop_no_memory(struct hop_error *err);
/* `items`, moved if need be, with room for one more element of `size` bytes; NULL, and nothing
 * changed, when there is no memory. */
void *hop_grow(void *items, size_t count, size_t *room, size_t size);

/* sections.c */
/* "[hopwarden]", "[home]", "[tenant "acme"]": opens the section in `conf`. *ret_section NULL for
 * the first two. */
enum hop_rc hop_section_open(struct hop_conf *conf, struct hop_span header,
                             const struct hop_where *where, enum hop_section_kind *ret_kind,
                             struct hop_section **ret_section, struct hop_error *err);
const char *hop_section_word(enum hop_section_kind kind);
/* Sorts, indexes and checks what only shows when all is read. */
enum hop_rc hop_sections_finish(struct hop_conf *conf, struct hop_error *err);
const struct hop_section *hop_section_find(const struct hop_conf *conf, enum hop_section_kind kind,
                                           const char *name);

/* trial.c */
enum hop_rc hop_trial_check(const struct hop_conf *conf, struct hop_error *err);
/* Sets the mode in force: the only look at a clock. */
void hop_trial_settle(struct hop_conf *conf);

/* networks.c */
enum hop_rc hop_networks_add(struct hop_networks *networks, const struct hop_prefix *prefix,
                             size_t owner, const struct hop_where *where, struct hop_error *err);
void hop_networks_sort(struct hop_networks *networks);
/* The longest prefix that holds the address; NULL for none. */
const struct hop_network *hop_networks_find(const struct hop_networks *networks,
                                            const struct hop_address *address);
/* Fills conf->networks from home and tenants; refuses a prefix that stands twice. */
enum hop_rc hop_networks_of(struct hop_conf *conf, struct hop_error *err);

/* Does one of these prefixes hold the address? Never without an address. */
bool hop_words_hold(const struct hop_words *prefixes, const struct hop_address *address);

/* hosting.c */
/* Fills the hosting lists from conf->hosting, reading the files it names. With `lenient` a file
 * that cannot be used is left out and told in `err`, with HOP_OK. */
enum hop_rc hop_hosting_of(struct hop_conf *conf, bool lenient, struct hop_error *err);
bool hop_hosting_entry_valid(struct hop_span entry);

/* scope.c */
#define HOP_GROUP_PATH "/etc/group"
#define HOP_GROUP_BYTES_MAX (16u << 20)
/* Does the text of a group file give the account, or its primary group, to this group? */
bool hop_group_has(struct hop_span file, const char *group, const char *account, long primary_gid);
bool hop_scope_has(const struct hop_conf *conf, const char *group_path, const char *account,
                   long primary_gid, const char *service);

/* sources.c */
struct hop_source {
    const char *name;
    struct hop_span text;
    char *owned_name, *owned_bytes; /* what the two point to, unless it is borrowed */
};
struct hop_sources {
    struct hop_source *items;
    size_t count, room;
};
/* The file and its conf.d, in the order in which they count. */
enum hop_rc hop_sources_read(const char *path, struct hop_sources *ret_sources,
                             struct hop_error *err);
void hop_sources_done(struct hop_sources *sources);

/* load.c */
enum hop_rc hop_sources_parse(const struct hop_sources *sources, bool lenient,
                              struct hop_conf **ret_conf, struct hop_error *err);

#endif
