/* SPDX-License-Identifier: Apache-2.0 */
#include "authlog.h"

#include <string.h>

#include "date.h"
#include "encode.h"

/* "Nov 23 09:30:00 host sshd[71]: message" or "2026-11-23T09:30:00.123456+01:00 host …" */
struct syslog_line {
    int64_t time;
    struct hop_span host, program, message;
    int64_t pid;
};

/* "Accepted publickey for anna from 84.24.10.7 port 5022 ssh2: ED25519 SHA256:…" */
struct acceptance {
    struct hop_span method, user;
    struct hop_address address;
    uint16_t port;
    char key[HOP_KEY_MAX + 1];
};

static bool skip(struct hop_span *span, const char *prefix)
{
    size_t len = strlen(prefix);
    if (span->len < len || memcmp(span->at, prefix, len) != 0)
        return false;
    span->at += len;
    span->len -= len;
    return true;
}

/* The next word, without the blanks around it. */
static bool take_word(struct hop_span *rest, struct hop_span *ret_word)
{
    while (skip(rest, " "))
        ;
    return rest->len > 0 && hop_span_cut(rest, ' ', ret_word);
}

/* What stands before `mark`; it is consumed too. */
static bool take_until(struct hop_span *rest, const char *mark, struct hop_span *ret_part)
{
    const char *found = rest->len == 0 ? NULL : memmem(rest->at, rest->len, mark, strlen(mark));
    if (found == NULL)
        return false;
    *ret_part = (struct hop_span){rest->at, (size_t)(found - rest->at)};
    rest->len -= ret_part->len;
    rest->at = found;
    return skip(rest, mark);
}

/* -- the header ---------------------------------------------------------------------------- */

static int month_of(struct hop_span word)
{
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 0; month < 12 && word.len == 3; month++)
        if (memcmp(word.at, MONTHS + 3 * month, 3) == 0)
            return month + 1;
    return 0;
}

static bool clock_of(struct hop_span word, struct tm *tm)
{
    int *const fields[] = {&tm->tm_hour, &tm->tm_min, &tm->tm_sec};
    static const int HIGH[] = {23, 59, 60};
    struct hop_span part;
    for (int i = 0; i < 3; i++) {
        int64_t number;
        if (!hop_span_cut(&word, ':', &part) || part.len != 2 ||
            !hop_span_int64(part, 0, HIGH[i], &number))
            return false;
        *fields[i] = (int)number;
    }
    return word.at == NULL;
}

static int64_t local_time(struct tm tm, int year)
{
    tm.tm_year = year - 1900;
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm);
}

/* Such lines do not tell their year. Told the first one's, it goes up when December is followed by
 * January; else it is the latest in which the line is not to come. */
static int64_t time_in_year(struct hop_authlog *log, const struct tm *tm)
{
    if (log->year != 0) {
        if (log->month - (tm->tm_mon + 1) > 6)
            log->year++;
        log->month = tm->tm_mon + 1;
        return local_time(*tm, log->year);
    }
    int year, month, day;
    hop_date_civil(hop_date_day(log->now), &year, &month, &day);
    int64_t time = local_time(*tm, year);
    return time > log->now + HOP_DAY_SECONDS ? local_time(*tm, year - 1) : time;
}

static bool parse_old_time(struct hop_authlog *log, struct hop_span *rest, int64_t *ret_time)
{
    struct hop_span month, day, clock;
    struct tm tm = {0};
    int64_t number;
    if (!take_word(rest, &month) || !take_word(rest, &day) || !take_word(rest, &clock))
        return false;
    tm.tm_mon = month_of(month) - 1;
    if (tm.tm_mon < 0 || !hop_span_int64(day, 1, 31, &number) || !clock_of(clock, &tm))
        return false;
    tm.tm_mday = (int)number;
    *ret_time = time_in_year(log, &tm);
    return true;
}

static bool parse_time(struct hop_authlog *log, struct hop_span *rest, int64_t *ret_time)
{
    struct hop_span whole = *rest, word;
    if (take_word(&whole, &word) && hop_date_parse(word, ret_time, NULL)) {
        *rest = whole;
        return true;
    }
    return parse_old_time(log, rest, ret_time);
}

/* "sshd[71]:" */
static bool parse_tag(struct hop_span tag, struct syslog_line *line)
{
    struct hop_span pid;
    line->program = tag;
    line->pid = 0;
    if (tag.len == 0 || tag.at[tag.len - 1] != ':')
        return false;
    tag.len--;
    if (!take_until(&tag, "[", &line->program))
        line->program = tag;
    else if (take_until(&tag, "]", &pid))
        hop_span_int64(pid, 0, INT32_MAX, &line->pid);
    return true;
}

static bool parse_header(struct hop_authlog *log, struct hop_span text, struct syslog_line *line)
{
    struct hop_span tag;
    if (!parse_time(log, &text, &line->time) || !take_word(&text, &line->host) ||
        !take_word(&text, &tag))
        return false;
    line->message = text.at == NULL ? (struct hop_span){"", 0} : text;
    /* the kernel's and others' lines need no tag */
    if (!parse_tag(tag, line))
        line->program = (struct hop_span){"", 0};
    return true;
}

/* -- the message --------------------------------------------------------------------------- */

/* "ED25519 SHA256:…", or for a certificate "ED25519-CERT SHA256:… ID name (serial 0) CA ED25519
 * SHA256:…", which is known by its authority and its id. */
static bool parse_key(struct hop_span text, char key[HOP_KEY_MAX + 1])
{
    struct hop_span type, fingerprint, id, last = {NULL, 0};
    if (!take_word(&text, &type) || !take_word(&text, &fingerprint) ||
        !skip(&(struct hop_span){fingerprint.at, fingerprint.len}, "SHA256:"))
        return false;
    struct hop_text name = hop_text_over(key, HOP_KEY_MAX + 1);
    if (!skip(&text, "ID ")) {
        hop_text_put_span(&name, fingerprint);
        return !name.cut;
    }
    if (!take_until(&text, " (serial ", &id))
        return false;
    while (take_word(&text, &fingerprint))
        last = fingerprint;
    if (!skip(&(struct hop_span){last.at, last.len}, "SHA256:"))
        return false;
    hop_text_put_span(&name, last);
    hop_text_put_char(&name, '/');
    hop_text_put_span(&name, id);
    return !name.cut;
}

static bool parse_acceptance(struct hop_span text, struct acceptance *ret)
{
    struct hop_span word;
    int64_t port;
    ret->key[0] = '\0';
    if (!take_word(&text, &ret->method) || !skip(&text, "for ") ||
        !take_until(&text, " from ", &ret->user) || !take_word(&text, &word) ||
        !hop_address_parse(word, &ret->address) || !skip(&text, "port ") ||
        !take_word(&text, &word) || !hop_span_int64(word, 0, UINT16_MAX, &port) ||
        !skip(&text, "ssh2"))
        return false;
    ret->port = (uint16_t)port;
    return ret->user.len > 0 && (!skip(&text, ": ") || parse_key(text, ret->key));
}

static void keep_partial(struct hop_authlog *log, int64_t pid, const struct acceptance *accepted)
{
    struct hop_partial *partial = &log->partials[log->next_partial];
    log->next_partial = (log->next_partial + 1) % HOP_AUTHLOG_PARTIALS;
    partial->pid = pid;
    partial->port = accepted->port;
    partial->address = accepted->address;
    memcpy(partial->key, accepted->key, sizeof partial->key);
}

/* The newest of the same process, port and address. */
static const struct hop_partial *find_partial(const struct hop_authlog *log, int64_t pid,
                                              const struct acceptance *accepted)
{
    for (size_t back = 1; back <= HOP_AUTHLOG_PARTIALS; back++) {
        size_t at = (log->next_partial + HOP_AUTHLOG_PARTIALS - back) % HOP_AUTHLOG_PARTIALS;
        const struct hop_partial *partial = &log->partials[at];
        if (partial->key[0] != '\0' && partial->pid == pid && partial->port == accepted->port &&
            hop_address_equal(&partial->address, &accepted->address))
            return partial;
    }
    return NULL;
}

/* -- out ----------------------------------------------------------------------------------- */

static void put_string(struct hop_text *text, const char *name, struct hop_span value)
{
    hop_text_format(text, ",\"%s\":", name);
    hop_json_put_string(text, value);
}

static void put_entry(const struct hop_authlog *log, const struct syslog_line *line,
                      const struct acceptance *accepted, struct hop_text *text)
{
    const struct hop_partial *partial = find_partial(log, line->pid, accepted);
    const char *key = accepted->key[0] == '\0' && partial != NULL ? partial->key : accepted->key;
    char address[HOP_ADDRESS_TEXT_MAX], method[HOP_NAME_MAX + 1];
    struct hop_text part = hop_text_over(address, sizeof address);
    hop_address_put(&part, &accepted->address);
    part = hop_text_over(method, sizeof method);
    if (partial != NULL && accepted->key[0] == '\0')
        hop_text_put(&part, "publickey,");
    hop_text_put_span(&part, accepted->method);
    hop_text_put(text, "{\"@timestamp\":\"");
    hop_date_put(text, line->time, -1);
    hop_text_put(text, "\",\"event.outcome\":\"success\"");
    put_string(text, "user.name", accepted->user);
    put_string(text, "hopwarden.tenant", hop_span_of(log->tenant));
    put_string(text, "host.name", log->host != NULL ? hop_span_of(log->host) : line->host);
    put_string(text, "service.name", hop_span_of("sshd"));
    put_string(text, "source.ip", hop_span_of(address));
    put_string(text, "hopwarden.method", hop_span_of(method));
    if (key[0] != '\0')
        put_string(text, "hopwarden.key", hop_span_of(key));
    hop_text_put_char(text, '}');
}

enum hop_rc hop_authlog_parse(struct hop_authlog *log, struct hop_span text_line,
                              struct hop_text *text, struct hop_error *err)
{
    struct syslog_line line;
    struct acceptance accepted;
    if (!parse_header(log, text_line, &line))
        return hop_error_set(err, HOP_MALFORMED, "not a line of a log: no time and host");
    if (!hop_span_is(line.program, "sshd") && !hop_span_is(line.program, "sshd-session"))
        return HOP_NOT_FOUND;
    bool partial = skip(&line.message, "Partial ");
    if (!partial && !skip(&line.message, "Accepted "))
        return HOP_NOT_FOUND;
    if (!parse_acceptance(line.message, &accepted))
        return hop_error_set(err, HOP_MALFORMED, "sshd's line cannot be read");
    if (partial && hop_span_is(accepted.method, "publickey"))
        keep_partial(log, line.pid, &accepted);
    if (partial)
        return HOP_NOT_FOUND;
    size_t start = text->len;
    put_entry(log, &line, &accepted, text);
    if (!text->cut)
        return HOP_OK;
    text->len = start;
    return hop_error_set(err, HOP_LIMIT, "line: too long");
}
