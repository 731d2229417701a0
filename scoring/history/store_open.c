/* SPDX-License-Identifier: Apache-2.0 */
#include "store_open.h"
#include "file.h"
#include "folder.h"
#include "names.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_MAX 1024
#define ADDRESSES_SIZE (HOP_NAME_ADDRESSES_MAX * (HOP_ADDRESS_TEXT_MAX + 1))
_Static_assert(HOP_FLEET_MAX >= HOP_URL_HOSTS_MAX, "a setup for each host");
#define PEM_MAX (1u << 20) /* the authorities of a whole system fit */

/* The helpers run as a user of their own, to whom root lends a secret through the group. */
static struct hop_file_rule secret_rule(enum hop_history_role role)
{
    struct hop_file_rule rule = {.owner = geteuid(), .forbidden = 077, .most = SECRET_MAX};
    if (role == HOP_HISTORY_READER) {
        rule.owner = 0;
        rule.forbidden = 037;
    }
    return rule;
}

/* The file's first line; no file is an empty secret. */
static enum hop_rc secret_read(const char *path, enum hop_history_role role,
                               char ret_secret[SECRET_MAX + 1], struct hop_error *err)
{
    ret_secret[0] = '\0';
    if (!path[0])
        return HOP_OK;
    const struct hop_file_rule rule = secret_rule(role);
    char *bytes;
    size_t len;
    enum hop_rc rc = hop_file_read(path, &rule, &bytes, &len, err);
    if (rc != HOP_OK) {
        hop_error_within(err, "secret");
        return rc;
    }
    struct hop_span rest = {bytes, len}, line = {0};
    hop_span_cut(&rest, '\n', &line);
    line = hop_span_trim(line);
    bool fits = line.len > 0 && hop_span_copy(line, ret_secret, SECRET_MAX + 1);
    explicit_bzero(bytes, len);
    free(bytes);
    return fits ? HOP_OK : hop_error_set(err, HOP_MALFORMED, "secret %s: holds none", path);
}

/* The PEM texts of a TLS setup, which point into `texts`. */
struct certificates {
    char *texts[3];
    char folder[HOP_PATH_MAX + 1];
    struct hop_tls_setup setup;
};

static void certificates_done(struct certificates *certificates)
{
    for (size_t i = 0; i < 3; i++) {
        if (certificates->texts[i])
            explicit_bzero(certificates->texts[i], strlen(certificates->texts[i]));
        free(certificates->texts[i]);
    }
}

static enum hop_rc pem_read(const char *path, const struct hop_file_rule *rule, char **ret_text,
                            const char **ret_borrowed, struct hop_error *err)
{
    size_t len;
    *ret_borrowed = "";
    if (!*path)
        return HOP_OK;
    enum hop_rc rc = hop_file_read(path, rule, ret_text, &len, err);
    if (rc != HOP_OK) {
        hop_error_within(err, "TLS");
        return rc;
    }
    *ret_borrowed = *ret_text;
    return HOP_OK;
}

/* Sessions lie beside the fallback. A helper could keep none that is its own alone. */
static const char *session_folder(const struct hop_settings *settings, enum hop_history_role role,
                                  char folder[HOP_PATH_MAX + 1])
{
    if (role == HOP_HISTORY_READER)
        return NULL;
    hop_folder_of(settings, folder);
    return folder;
}

static enum hop_rc certificates_read(const struct hop_settings *settings,
                                     enum hop_history_role role, struct certificates *certificates,
                                     struct hop_error *err)
{
    bool reader = role == HOP_HISTORY_READER;
    struct hop_tls_setup *setup = &certificates->setup;
    const struct hop_file_rule shown = {.owner = geteuid(), .forbidden = 022, .most = PEM_MAX};
    struct hop_file_rule hidden = secret_rule(role);
    hidden.most = PEM_MAX;
    *certificates = (struct certificates){0};
    setup->server_name = settings->history_server_name;
    setup->session_folder = session_folder(settings, role, certificates->folder);
    enum hop_rc rc =
        pem_read(settings->history_ca, &shown, &certificates->texts[0], &setup->ca, err);
    if (rc == HOP_OK)
        rc = pem_read(reader ? settings->helper_certificate : settings->history_certificate, &shown,
                      &certificates->texts[1], &setup->certificate, err);
    if (rc == HOP_OK)
        rc = pem_read(reader ? settings->helper_key : settings->history_key, &hidden,
                      &certificates->texts[2], &setup->key, err);
    return rc;
}

/* What kind of store the setups are for, which differ in address, host and port only. */
struct plan {
    enum hop_url_kind kind;
    bool tls;
    struct hop_redis_setup setups[HOP_FLEET_MAX];
    size_t count;
    const char *name;
};

struct use {
    hop_servers_use *run;
    void *context;
};

static enum hop_rc plan_use(const struct plan *plan, const struct hop_settings *settings,
                            enum hop_history_role role, const struct use *use,
                            struct hop_error *err)
{
    char folder[HOP_PATH_MAX + 1];
    const struct hop_fleet_setup fleet = {.seeds = plan->setups,
                                          .count = plan->count,
                                          .name = plan->name,
                                          .route_folder = folder,
                                          .route_read_only = role == HOP_HISTORY_READER};
    hop_folder_of(settings, folder);
    return use->run(use->context, &fleet, plan->kind, err);
}

static enum hop_rc redis_open(struct plan *plan, const struct hop_settings *settings,
                              enum hop_history_role role, const struct use *use,
                              struct hop_error *err)
{
    bool reader = role == HOP_HISTORY_READER;
    char secret[SECRET_MAX + 1];
    struct certificates certificates = {0};
    enum hop_rc rc =
        secret_read(reader ? settings->helper_secret : settings->history_secret, role, secret, err);
    if (rc == HOP_OK && plan->tls)
        rc = certificates_read(settings, role, &certificates, err);
    for (size_t i = 0; i < plan->count; i++) {
        plan->setups[i].user = reader ? settings->helper_user : settings->history_user;
        plan->setups[i].secret = secret;
        plan->setups[i].tls = plan->tls ? &certificates.setup : NULL;
    }
    if (rc == HOP_OK)
        rc = plan_use(plan, settings, role, use, err);
    certificates_done(&certificates);
    explicit_bzero(secret, sizeof secret);
    return rc;
}

/* The addresses of one host of the URL, blanks between them. */
static enum hop_rc addresses_of(struct hop_span host, const struct hop_names *names,
                                struct hop_text *ret_addresses, struct hop_error *err)
{
    struct hop_address address;
    if (hop_address_parse(host, &address)) {
        hop_address_put(ret_addresses, &address);
        return HOP_OK;
    }
    for (size_t i = 0; i < names->count; i++) {
        const struct hop_name *name = &names->items[i];
        for (size_t j = 0; hop_span_is(host, name->host) && j < name->count; j++) {
            hop_text_put(ret_addresses, j ? " " : "");
            hop_address_put(ret_addresses, &name->addresses[j]);
        }
    }
    if (ret_addresses->len)
        return HOP_OK;
    return hop_error_set(err, HOP_NOT_FOUND,
                         "history: the address of %.*s is not known yet: hopwarden resolve",
                         (int)host.len, host.at);
}

/* The texts of one host that its setup points to. */
struct host {
    char name[HOP_URL_HOST_MAX + 1];
    char addresses[ADDRESSES_SIZE];
};

/* Of several hosts, those without an address are left out: one suffices. */
static enum hop_rc hosts_take(const struct hop_url *url, const struct hop_names *names,
                              struct host *hosts, struct plan *plan, struct hop_error *err)
{
    for (size_t i = 0; i < url->count; i++) {
        struct host *host = &hosts[plan->count];
        struct hop_text text = hop_text_over(host->addresses, sizeof host->addresses);
        if (addresses_of(url->hosts[i].host, names, &text, err) != HOP_OK)
            continue;
        hop_span_copy(url->hosts[i].host, host->name, sizeof host->name);
        plan->setups[plan->count++] = (struct hop_redis_setup){.address = host->addresses,
                                                               .host = host->name,
                                                               .port = url->hosts[i].port,
                                                               .database = url->database};
    }
    return plan->count ? HOP_OK : HOP_NOT_FOUND;
}

static enum hop_rc tcp_open(const struct hop_url *url, const struct hop_settings *settings,
                            enum hop_history_role role, const struct use *use,
                            struct hop_error *err)
{
    struct host hosts[HOP_URL_HOSTS_MAX];
    bool fleet = url->kind != HOP_URL_REDIS;
    struct plan plan = {.kind = url->kind,
                        .tls = url->tls || (fleet && *settings->history_ca),
                        .name = url->name.at};
    struct hop_names names;
    enum hop_rc rc = hop_names_recall(settings, &names, err);
    if (rc == HOP_OK)
        rc = hosts_take(url, &names, hosts, &plan, err);
    return rc == HOP_OK ? redis_open(&plan, settings, role, use, err) : rc;
}

static enum hop_rc unknown_form(const char *history, struct hop_error *err)
{
    if (strchr(history, '@'))
        return hop_error_set(err, HOP_UNSUPPORTED,
                             "history: user and password belong in history_user and"
                             " history_secret, not in the address");
    return hop_error_set(err, HOP_MALFORMED, "history %s: none of the forms of hopwarden.conf(5)",
                         history);
}

enum hop_rc hop_servers_open(const struct hop_settings *settings, enum hop_history_role role,
                             hop_servers_use *run, void *context, struct hop_error *err)
{
    const struct use use = {.run = run, .context = context};
    struct hop_url url;
    if (!hop_url_parse(hop_span_of(settings->history), &url))
        return unknown_form(settings->history, err);
    struct plan plan = {.kind = url.kind, .setups = {{.unix_path = url.path.at}}, .count = 1};
    switch (url.kind) {
    case HOP_URL_UNIX:
        return redis_open(&plan, settings, role, &use, err);
    case HOP_URL_REDIS:
    case HOP_URL_SENTINEL:
    case HOP_URL_CLUSTER:
        return tcp_open(&url, settings, role, &use, err);
    case HOP_URL_SQLITE:
    case HOP_URL_KIND_COUNT:
        break;
    }
    return hop_error_set(err, HOP_UNSUPPORTED, "history %s: no server", settings->history);
}

static enum hop_rc store_make(void *context, const struct hop_fleet_setup *setup,
                              enum hop_url_kind kind, struct hop_error *err)
{
    struct hop_store **ret_store = context;
    if (kind == HOP_URL_SENTINEL)
        return hop_store_sentinel_new(setup, ret_store, err);
    if (kind == HOP_URL_CLUSTER)
        return hop_store_cluster_new(setup, ret_store, err);
    return hop_store_redis_new(&setup->seeds[0], ret_store, err);
}

enum hop_rc hop_store_open(const struct hop_settings *settings, enum hop_history_role role,
                           struct hop_store **ret_store, struct hop_error *err)
{
    struct hop_url url;
    if (role == HOP_HISTORY_MEMORY || role == HOP_HISTORY_REPLAY)
        return hop_store_memory_new(ret_store, err);
    if (hop_url_parse(hop_span_of(settings->history), &url) && url.kind == HOP_URL_SQLITE)
        return hop_store_sqlite_new(url.path.at, role == HOP_HISTORY_READER, ret_store, err);
    return hop_servers_open(settings, role, store_make, ret_store, err);
}
