/* SPDX-License-Identifier: Apache-2.0 */
#include "waiting.h"

#include <stdio.h>
#include <string.h>

static enum hop_rc does_not_wait(const struct hop_logged *logged, const char *outcome,
                                 struct hop_error *err)
{
    return hop_error_set(err, HOP_NOT_FOUND, "%s: does not wait for an approval (%s)", logged->id,
                         outcome);
}

enum hop_rc hop_waiting_of(const struct hop_logged *logged, const char *witness, int64_t now,
                           struct hop_waiting *ret_waiting, struct hop_error *err)
{
    struct hop_waiting waiting = {.until = 0};
    struct hop_entry entry, outcome;
    enum hop_rc rc = hop_logged_entry(logged, &entry, err);
    if (rc == HOP_OK)
        rc = hop_entry_parse_verdict(hop_span_of(logged->login), &waiting.verdict, err);
    if (rc != HOP_OK)
        return rc;
    if (strcmp(witness, HOP_HOME) != 0 && strcmp(witness, entry.login.tenant) != 0)
        return hop_error_set(err, HOP_UNTRUSTED,
                             "%s: in the log of %s, and said to be a login to %s", logged->id,
                             witness, entry.login.tenant);
    if (logged->outcome == NULL ||
        hop_entry_parse(hop_span_of(logged->outcome), &outcome, NULL) != HOP_OK)
        return does_not_wait(logged, "nothing is known of its end", err);
    if (outcome.waits_until == 0)
        return does_not_wait(logged, outcome.outcome, err);
    if (outcome.waits_until < now)
        return does_not_wait(logged, "its time is over", err);
    waiting.login = entry.login;
    waiting.until = outcome.waits_until;
    /* the log leaves out what is the account's own name */
    if (waiting.login.identity[0] == '\0')
        hop_string_copy(waiting.login.identity, sizeof waiting.login.identity,
                        waiting.login.account);
    *ret_waiting = waiting;
    return HOP_OK;
}

/* HOP_NOT_FOUND also for a log that is out of this host's reach. */
static enum hop_rc find_in(struct hop_desk *desk, const char *witness, const char *id, int64_t now,
                           bool *ret_found, struct hop_waiting *ret_waiting, struct hop_error *err)
{
    struct hop_logged_list list;
    enum hop_rc rc = hop_logged_read(desk, witness, hop_ulid_time_ms(hop_span_of(id)), &list, err);
    const struct hop_logged *found = rc == HOP_OK ? hop_logged_find(&list, id) : NULL;
    *ret_found = found != NULL;
    if (rc == HOP_DENIED || (rc == HOP_OK && found == NULL))
        rc = HOP_NOT_FOUND;
    if (found != NULL)
        rc = hop_waiting_of(found, witness, now, ret_waiting, err);
    hop_logged_done(&list);
    return rc;
}

enum hop_rc hop_waiting_find(struct hop_desk *desk, const char *id, int64_t now,
                             struct hop_waiting *ret_waiting, struct hop_error *err)
{
    const char *witness;
    if (!hop_ulid_valid(hop_span_of(id)))
        return hop_error_set(err, HOP_NOT_FOUND, "%s: not a login id", id);
    for (size_t nth = 0; (witness = hop_logged_witness(desk, nth)) != NULL; nth++) {
        struct hop_error why = {0};
        bool found = false;
        enum hop_rc rc = find_in(desk, witness, id, now, &found, ret_waiting, &why);
        if (rc == HOP_UNTRUSTED)
            hop_complain_of(&why); /* and on to whoever may say it */
        else if (found || rc != HOP_NOT_FOUND)
            return rc == HOP_OK ? rc : hop_error_set(err, rc, "%s", why.text);
    }
    return hop_error_set(err, HOP_NOT_FOUND, "%s: no such login in the log", id);
}

static void print_field(const char *name, const char *value)
{
    char shown[HOP_CELL_MAX];
    hop_cell_text(shown, value);
    printf("%-9s %s\n", name, shown[0] != '\0' ? shown : "-");
}

static void origin_put(struct hop_text *text, const struct hop_origin *origin)
{
    hop_address_put(text, &origin->address);
    hop_text_format(text, ", %s%s%s, %s, AS%u, %s", hop_zone_word(origin->zone),
                    origin->tenant[0] != '\0' ? " " : "", origin->tenant,
                    origin->place.country[0] != '\0' ? origin->place.country : "country unknown",
                    origin->place.asn, hop_place_kind_word(origin->place.kind));
}

void hop_waiting_print(const struct hop_waiting *waiting, int64_t now)
{
    const struct hop_login *login = &waiting->login;
    char cell[HOP_CELL_MAX];
    print_field("login", login->id);
    print_field("account", login->account);
    print_field("identity", login->identity);
    print_field("tenant", login->tenant);
    print_field("host", login->host);
    struct hop_text text = hop_text_over(cell, sizeof cell);
    origin_put(&text, &login->origin);
    print_field("from", cell);
    print_field("key", login->key[0] != '\0' ? login->key : "not known to this phase of the login");
    hop_cell_bits(cell, waiting->verdict.score.risk_decibits);
    printf("risk      %s, verdict %s\n", waiting->verdict.scored ? cell : "not scored",
           hop_action_word(waiting->verdict.action));
    for (size_t i = 0; i < waiting->verdict.reason_count; i++)
        print_field("", waiting->verdict.reasons[i].text);
    printf("waits     %lld s more\n", (long long)(waiting->until - now));
}

json_t *hop_waiting_json(const struct hop_waiting *waiting)
{
    const struct hop_login *login = &waiting->login;
    char from[HOP_ADDRESS_TEXT_MAX];
    struct hop_text text = hop_text_over(from, sizeof from);
    hop_address_put(&text, &login->origin.address);
    json_t *reasons = json_array();
    for (size_t i = 0; i < waiting->verdict.reason_count; i++)
        json_array_append_new(reasons, hop_json_text(waiting->verdict.reasons[i].text));
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:s, s:o, s:s, s:o, s:s, s:o, s:o}", "event.id", login->id,
        "@timestamp", hop_json_time(login->time), "user.name", hop_json_text(login->account),
        "hopwarden.identity", hop_json_text(login->identity), "hopwarden.tenant", login->tenant,
        "host.name", hop_json_text(login->host), "source.ip", from, "hopwarden.key",
        hop_json_text(login->key), "hopwarden.action", hop_action_word(waiting->verdict.action),
        "hopwarden.reasons", reasons, "hopwarden.waits_until", hop_json_time(waiting->until));
}
