/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration (DESIGN 8): /etc/hopwarden/hopwarden.conf and conf.d, read strictly; who is in
 * scope, who is whom, what belongs to whom. */
#ifndef HOP_CONF_H
#define HOP_CONF_H

#include "error.h"
#include "login.h"
#include "policy.h"

#define HOP_CONF_PATH "/etc/hopwarden/hopwarden.conf"
#define HOP_CONF_BYTES_MAX (1u << 20) /* all files together */
#define HOP_CONF_LINE_MAX 4096
#define HOP_PATH_MAX 255
#define HOP_REASON_TEXT_MAX_CONF 128

/* Section [enforce], which `hopwarden enforce` writes: mode enforce, on trial until somebody
 * confirms it. Unconfirmed and over, the mode is the file's again. */
#define HOP_TRIAL_SECONDS_MAX 86400
#define HOP_TRIAL_BOOT_MAX 63
enum hop_trial_state {
    HOP_TRIAL_NONE,
    HOP_TRIAL_RUNNING,
    HOP_TRIAL_LAPSED, /* not confirmed in time */
    HOP_TRIAL_CONFIRMED,
    HOP_TRIAL_STATE_COUNT
};
struct hop_trial {
    int64_t since, until;                /* epoch s; since 0: there is no such section */
    char boot[HOP_TRIAL_BOOT_MAX + 1];   /* "<boot id>/<seconds of it>": until, by a clock that
                                            nobody sets; "" when not known */
    char login[HOP_ULID_LENGTH + 1];     /* of who switched; "" when not known */
    char confirmed[HOP_ULID_LENGTH + 1]; /* the login that confirmed it; "" not yet */
};
struct hop_trial_clock {
    int64_t now;                       /* epoch s */
    char boot[HOP_TRIAL_BOOT_MAX + 1]; /* this boot's id; "" when not known */
    int64_t boot_s;
};
enum hop_trial_state hop_trial_state(const struct hop_trial *trial,
                                     const struct hop_trial_clock *clock);
const char *hop_trial_word(enum hop_trial_state state); /* "none", "running", ... */

/* The scalar options of [hopwarden]; the option table in conf/options.c names, types, bounds,
 * defaults and documents each. */
struct hop_settings {
    char tenant[HOP_TENANT_MAX + 1]; /* required */
    char tenant_tag[HOP_TENANT_MAX +
                    1]; /* default: 16 hex digits of SHA-256("hopwarden tenant " + tenant) */
    char witness[HOP_TENANT_MAX + 1]; /* default: tenant; may be "home" */
    struct hop_policy policy; /* mode in force when it was read; step_up_at, block_at, strict,
                                 on_* */
    enum hop_mode file_mode;  /* mode as it is written */
    struct hop_trial trial;
    enum hop_trial_state trial_state;        /* when it was read */
    char history[HOP_PATH_MAX + 1];          /* url.h tells its forms */
    char history_prefix[HOP_TENANT_MAX + 1]; /* "hop:1:" */
    char history_user[HOP_NAME_MAX + 1];     /* ACL user, "" for default */
    char history_secret[HOP_PATH_MAX + 1];   /* file with the password, "" for none */
    char helper_user[HOP_NAME_MAX + 1];      /* the same for the sshd helpers */
    char helper_secret[HOP_PATH_MAX + 1];
    char history_ca[HOP_PATH_MAX + 1];          /* PEM; without it no TLS */
    char history_server_name[HOP_PATH_MAX + 1]; /* "": the URL's host */
    char history_certificate[HOP_PATH_MAX + 1]; /* PEM, "" for none */
    char history_key[HOP_PATH_MAX + 1];
    char helper_certificate[HOP_PATH_MAX + 1];
    char helper_key[HOP_PATH_MAX + 1];
    char fallback[HOP_PATH_MAX + 1]; /* SQLite file: profiles seen last, and the spool beside it */
    int retention_days;              /* 512: what was not seen for longer, prune takes away */
    int deadline_ms;                 /* 250 */
    int helper_deadline_ms;          /* 100 */
    char geo_city[HOP_PATH_MAX + 1]; /* "" for none */
    char geo_asn[HOP_PATH_MAX + 1];
    int tenant_count; /* how many tenants the MSP has; 0: the [tenant] sections counted, at least 2
                       */
    bool nss_groups;
};

struct hop_conf; /* opaque, immutable once loaded */

/* Reads `path` and, in name order, `<folder of path>/conf.d/<*>.conf`. Any unknown key, bad value,
 * duplicate, over-long line, untrusted owner or mode: nothing of it is used and `err` says
 * "file:line: what". Blocking: local files only. The caller frees with hop_conf_free. */
enum hop_rc hop_conf_load(const char *path, struct hop_conf **ret_conf, struct hop_error *err);
/* The same from memory, `name` standing for the file; for tests, the last good copy, and the
 * fuzzer. */
enum hop_rc hop_conf_parse(const char *name, struct hop_span text, struct hop_conf **ret_conf,
                           struct hop_error *err);
void hop_conf_free(struct hop_conf **conf);

/* What the module does: load; when that fails, the last good copy `<folder>/<percent-coded
 * path>.last-good` is used and *ret_stale is true with the reason in `err`; when it succeeds and
 * the copy differs, the copy is replaced (failure to do so is told in `err` with HOP_OK returned).
 * `folder` NULL: neither. Returns what hop_conf_load returned when there is no good copy either. */
enum hop_rc hop_conf_load_last_good(const char *path, const char *folder,
                                    struct hop_conf **ret_conf, bool *ret_stale,
                                    struct hop_error *err);

const struct hop_settings *hop_conf_settings(const struct hop_conf *conf);

/* Is this account (a pw_name with its primary group) on this service ours to judge? Groups from
 * /etc/group, or NSS if nss_groups. Default: none. */
bool hop_conf_in_scope(const struct hop_conf *conf, const char *account, long primary_gid,
                       const char *service);

/* Who takes part in a login. Pw_names with their primary groups. */
struct hop_parties {
    const char *target; /* whose session is asked for */
    long target_gid;
    const char *invoker; /* su, sudo: who is in already; NULL: nobody's session, and root */
    long invoker_gid;
};
enum hop_subject { HOP_SUBJECT_NONE, HOP_SUBJECT_TARGET, HOP_SUBJECT_INVOKER, HOP_SUBJECT_COUNT };

/* Whose login this is to be judged as; nobody's when it is none of ours. In su and sudo the person
 * is the invoker; whoever is out of scope and enters a person's account that is in scope is judged
 * as that person, so that a stolen password is not used unseen from beside. */
enum hop_subject hop_conf_subject(const struct hop_conf *conf, const struct hop_parties *parties,
                                  const char *service);

/* The account's class (person without a section). */
enum hop_class hop_conf_class(const struct hop_conf *conf, const char *account);
/* The identity: the [person] that lists tenant:account; for a shared account "account+key"
 * (HOP_NOT_FOUND and "" when `key` is ""); else the account. */
enum hop_rc hop_conf_identity(const struct hop_conf *conf, const char *tenant, const char *account,
                              const char *key, char ret_identity[HOP_NAME_MAX + 1]);
/* Team of an identity, "" for none. The pointer lives as long as conf. */
const char *hop_conf_team(const struct hop_conf *conf, const char *identity);

/* Whether an automation account stays inside its binding. A list that is not configured does not
 * bind; an account without any list is never inside. Unknown key with a key list: *ret_needs_key is
 * set and the other lists decide for now. */
struct hop_binding {
    bool inside;
    bool needs_key;
    char why[HOP_REASON_TEXT_MAX_CONF]; /* "source 10.1.2.3 is not bound", "inside its binding" */
};
void hop_conf_binding(const struct hop_conf *conf, const struct hop_login *login,
                      struct hop_binding *ret_binding);
/* Whether any list binds the account: without one it is never inside. */
bool hop_conf_has_binding(const struct hop_conf *conf, const char *account);

/* Static networks: home's, then the longest matching tenant prefix; private addresses otherwise
 * belong to this host's tenant. Fills zone and tenant. */
void hop_conf_zone(const struct hop_conf *conf, const struct hop_address *address,
                   struct hop_origin *ret_origin);
/* Is the address or its ASN in hosting_networks (prefixes, "AS64500", or "file:/path" with one per
 * line)? */
bool hop_conf_is_hosting(const struct hop_conf *conf, const struct hop_address *address,
                         uint32_t asn);
bool hop_conf_is_bastion(const struct hop_conf *conf, const struct hop_address *address);
/* n_T: tenant_count, or the [tenant] sections, at least 2. */
double hop_conf_tenants(const struct hop_conf *conf);
/* The name of the tenant with this tag; NULL when this configuration does not know it. */
const char *hop_conf_tenant_of_tag(const struct hop_conf *conf, const char *tag);
/* The tag of a tenant by name: configured, this host's own, or the default hash. */
void hop_conf_tag_of(const struct hop_conf *conf, const char *tenant,
                     char ret_tag[HOP_TENANT_MAX + 1]);
/* The tag of a tenant that was given none: a hash of its name, which others may guess. */
void hop_conf_default_tag(const char *tenant, char ret_tag[HOP_TENANT_MAX + 1]);
/* How many [tenant] sections, and the name of the nth, for the command. */
size_t hop_conf_tenant_sections(const struct hop_conf *conf);
const char *hop_conf_tenant_name(const struct hop_conf *conf, size_t nth);

#define HOP_OPTION_REQUIRED "required"

/* Options for people: every option with type, range, default, help. */
struct hop_option {
    const char *section; /* "hopwarden", "home", "tenant", "person", "team", "account" */
    const char *name;
    const char *type; /* "tenant name", "list of patterns", "milliseconds", … */
    const char *range;
    const char *fallback; /* default as it would be written, or HOP_OPTION_REQUIRED */
    const char *help;
    const struct hop_slot *slot; /* conf's own: where the value goes */
};
size_t hop_conf_options(const struct hop_option **ret_options);
/* The effective configuration as a file that parses to the same configuration. */
enum hop_rc hop_conf_dump(const struct hop_conf *conf, char **ret_text, struct hop_error *err);

#endif
