/* SPDX-License-Identifier: Apache-2.0 */
#include "url.h"

#include <string.h>

#define REDIS_PORT 6379
#define SENTINEL_PORT 26379
#define SERVICE_MAX 64

static const struct scheme {
    const char *word;
    enum hop_url_kind kind;
    bool tls;
    uint16_t port; /* unless it is said */
} schemes[] = {
    {"sqlite:", HOP_URL_SQLITE, false, 0},
    {"unix:", HOP_URL_UNIX, false, 0},
    {"redis://", HOP_URL_REDIS, false, REDIS_PORT},
    {"rediss://", HOP_URL_REDIS, true, REDIS_PORT},
    {"sentinel://", HOP_URL_SENTINEL, false, SENTINEL_PORT},
    {"cluster://", HOP_URL_CLUSTER, false, REDIS_PORT},
};

static const struct scheme *scheme_cut(struct hop_span *text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i].word);
        if (text->len < len || memcmp(text->at, schemes[i].word, len) != 0)
            continue;
        *text = (struct hop_span){text->at + len, text->len - len};
        return &schemes[i];
    }
    return NULL;
}

static bool is_name(struct hop_span host)
{
    bool letters = false;
    for (size_t i = 0; i < host.len; i++) {
        char c = host.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool inner = c == '-' || (c == '.' && host.at[i - (i > 0)] != '.');
        if (!letter && !(c >= '0' && c <= '9') && !(inner && i > 0))
            return false;
        letters |= letter;
    }
    return letters && host.len <= HOP_URL_HOST_MAX;
}

/* "host", "host:6379", "[::1]", "[::1]:6379" */
static bool host_parse(struct hop_span text, uint16_t port, struct hop_url_host *ret_host)
{
    struct hop_address address;
    struct hop_span host, rest = text;
    bool bracketed = text.len > 0 && text.at[0] == '[';
    int64_t number = port;
    if (bracketed)
        rest = (struct hop_span){text.at + 1, text.len - 1};
    if (!hop_span_cut(&rest, bracketed ? ']' : ':', &host) || (bracketed && !rest.at))
        return false;
    if (bracketed && rest.len > 0 && rest.at[0] != ':')
        return false;
    if (bracketed)
        rest = rest.len ? (struct hop_span){rest.at + 1, rest.len - 1} : (struct hop_span){0};
    if (rest.at && !hop_span_int64(rest, 1, UINT16_MAX, &number))
        return false;
    bool numeric = hop_address_parse(host, &address);
    if (bracketed ? !numeric || address.family != 6 : !numeric && !is_name(host))
        return false;
    *ret_host = (struct hop_url_host){.host = host, .port = (uint16_t)number};
    return true;
}

static bool redis_parse(struct hop_span text, uint16_t port, struct hop_url *url)
{
    struct hop_span host;
    int64_t database = 0;
    if (!hop_span_cut(&text, '/', &host) || !host_parse(host, port, &url->hosts[0]))
        return false;
    if (text.at && !hop_span_int64(text, 0, HOP_URL_DATABASE_MAX, &database))
        return false;
    url->count = 1;
    url->database = (int)database;
    return true;
}

static bool hosts_parse(struct hop_span list, uint16_t port, struct hop_url *url)
{
    struct hop_span host;
    while (hop_span_cut(&list, ',', &host))
        if (url->count == HOP_URL_HOSTS_MAX || !host_parse(host, port, &url->hosts[url->count++]))
            return false;
    return url->count > 0;
}

/* What sentinel.conf(5) lets a service be called. */
static bool service_valid(struct hop_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '.' && c != '-' && c != '_')
            return false;
    }
    return name.len > 0 && name.len <= SERVICE_MAX;
}

static bool sentinel_parse(struct hop_span text, uint16_t port, struct hop_url *url)
{
    struct hop_span hosts;
    if (!hop_span_cut(&text, '/', &hosts) || !hosts_parse(hosts, port, url))
        return false;
    url->name = text;
    return service_valid(text);
}

bool hop_url_parse(struct hop_span text, struct hop_url *ret_url)
{
    const struct scheme *scheme = scheme_cut(&text);
    if (!scheme)
        return false;
    struct hop_url url = {.kind = scheme->kind, .tls = scheme->tls};
    bool fine = false;
    switch (scheme->kind) {
    case HOP_URL_SQLITE:
    case HOP_URL_UNIX:
        url.path = text;
        fine = text.len > 0 && text.at[0] == '/';
        break;
    case HOP_URL_REDIS:
        fine = redis_parse(text, scheme->port, &url);
        break;
    case HOP_URL_SENTINEL:
        fine = sentinel_parse(text, scheme->port, &url);
        break;
    case HOP_URL_CLUSTER:
        fine = hosts_parse(text, scheme->port, &url);
        break;
    case HOP_URL_KIND_COUNT:
        break;
    }
    if (fine)
        *ret_url = url;
    return fine;
}
