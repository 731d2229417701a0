/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused, with the exact words, and what is read. */
#include "sample.h"

#include <stdio.h>
#include <string.h>

#include "../suite.h"

#define TOP "[hopwarden]\ntenant = acme\n"
#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

static const struct {
    const char *text, *sentence;
} refused[] = {
    /* the form of a line */
    {TOP "accounts", "t.conf:3: \"accounts\" is not \"name = value\""},
    {TOP "= x", "t.conf:3: \"= x\" is not \"name = value\""},
    {TOP "mode: observe", "t.conf:3: \"mode: observe\" is not \"name = value\""},
    {TOP "\n# fine\n  mode = observe\n",
     "t.conf:5: an indented line: a value must stand on one line"},
    {TOP "accounts = a,\n b\n", "t.conf:4: an indented line: a value must stand on one line"},
    {TOP "mode = observe ; for now\n", "t.conf:3: a comment must stand on a line of its own"},
    {TOP "accounts = a,;b\n", "t.conf:3: a comment must stand on a line of its own"},
    {TOP "accounts =#b\n", "t.conf:3: a comment must stand on a line of its own"},
    {TOP "mode = observe\t# for now\n", "t.conf:3: a comment must stand on a line of its own"},
    {TOP "mode = obs\x01"
         "erve\n",
     "t.conf:3: control byte 0x01"},
    {TOP "mode = observe\r\n", "t.conf:3: control byte 0x0d"},
    {TOP "# \x7f\n", "t.conf:3: control byte 0x7f"},
    {"\xef\xbb\xbf" TOP, "t.conf:1: begins with a byte order mark"},
    {"mode = observe\n" TOP, "t.conf:1: \"mode\" stands before any section"},
    {TOP X100 " = 1\n", "t.conf:3: unknown option \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\""},
    /* sections */
    {TOP "[home\n", "t.conf:3: \"[home\" is not a section: [name] or [kind \"name\"]"},
    {TOP "[tenant acme]\n",
     "t.conf:3: \"[tenant acme]\" is not a section: [name] or [kind \"name\"]"},
    {TOP "[person \"an na\"]\n",
     "t.conf:3: \"[person \"an na\"]\" is not a section: [name] or [kind \"name\"]"},
    {TOP "[home] # us\n", "t.conf:3: \"[home] # us\" is not a section: [name] or [kind \"name\"]"},
    {TOP "[tennant \"a\"]\n", "t.conf:3: unknown section \"tennant\""},
    {TOP "[]\n", "t.conf:3: unknown section \"\""},
    {TOP "[tenant]\n", "t.conf:3: section [tenant] needs a name: [tenant \"...\"]"},
    {TOP "[home \"x\"]\n", "t.conf:3: section [home] takes no name"},
    {TOP "[hopwarden]\n", "t.conf:3: section [hopwarden] stands already at t.conf:1"},
    {TOP "[home]\n[home]\n", "t.conf:4: section [home] stands already at t.conf:3"},
    {TOP "[team \"a\"]\n[team \"b\"]\n[team \"a\"]\n",
     "t.conf:5: section [team \"a\"] stands already at t.conf:3"},
    {TOP "[tenant \"home\"]\n", "t.conf:3: no tenant can be named home: that is section [home]"},
    {TOP "[tenant \"Acme\"]\n", "t.conf:3: \"Acme\" is not a tenant name (1 to 32 of a-z 0-9 -)"},
    /* options */
    {"[home]\n", "t.conf:1: section [hopwarden] is missing"},
    {"", "t.conf:1: section [hopwarden] is missing"},
    {"\n[hopwarden]\nmode = observe\n", "t.conf:2: tenant is missing from section [hopwarden]"},
    {TOP "tennant = x\n", "t.conf:3: unknown option \"tennant\" in section [hopwarden]"},
    {TOP "[tenant \"b\"]\naccounts = x\n",
     "t.conf:4: unknown option \"accounts\" in section [tenant]"},
    {TOP "mode = observe\nmode = observe\n", "t.conf:4: mode stands already at line 3"},
    {"[hopwarden]\ntenant = ACME\n", "t.conf:2: tenant: \"ACME\" is not a tenant name"},
    {"[hopwarden]\ntenant =\n", "t.conf:2: tenant: \"\" is not a tenant name"},
    {TOP "mode = paranoid\n", "t.conf:3: mode: \"paranoid\" is none of observe step_up enforce"},
    {TOP "strict = true\n", "t.conf:3: strict: \"true\" is none of yes no"},
    {TOP "deadline_ms = 9\n", "t.conf:3: deadline_ms: \"9\" is not a number from 10 to 10000"},
    {TOP "deadline_ms = 10001\n",
     "t.conf:3: deadline_ms: \"10001\" is not a number from 10 to 10000"},
    {TOP "deadline_ms = 250ms\n",
     "t.conf:3: deadline_ms: \"250ms\" is not a number from 10 to 10000"},
    {TOP "deadline_ms = 99.5\n",
     "t.conf:3: deadline_ms: \"99.5\" is not a number from 10 to 10000"},
    {TOP "deadline_ms =\n", "t.conf:3: deadline_ms: \"\" is not a number from 10 to 10000"},
    {TOP "step_up_at = -9.05\n",
     "t.conf:3: step_up_at: \"-9.05\" is not a number from -60.0 to 60.0"},
    {TOP "step_up_at = -60.1\n",
     "t.conf:3: step_up_at: \"-60.1\" is not a number from -60.0 to 60.0"},
    {TOP "step_up_at = 1e1\n", "t.conf:3: step_up_at: \"1e1\" is not a number from -60.0 to 60.0"},
    {TOP "step_up_at = -.5\n", "t.conf:3: step_up_at: \"-.5\" is not a number from -60.0 to 60.0"},
    {TOP "step_up_at = 6.5\n", "t.conf:1: step_up_at is above block_at"},
    {TOP "witness = beta\n", "t.conf:1: witness beta is neither tenant acme nor home"},
    {TOP "history = redis://127.0.0.1:\n",
     "t.conf:3: history: \"redis://127.0.0.1:\" is not a history URL"},
    {TOP "history = cluster://127.0.0.1\nhistory_certificate = /c\nhistory_key = /k\n",
     "t.conf:1: history_certificate without history_ca: TLS needs it"},
    {TOP "history = rediss://127.0.0.1\n",
     "t.conf:1: history_ca is missing: who vouches for the server?"},
    {TOP "history_ca = /ca.pem\n",
     "t.conf:1: certificates without TLS: history is no rediss:// URL"},
    {TOP "history = redis://127.0.0.1\nhistory_server_name = r.example\n",
     "t.conf:1: certificates without TLS: history is no rediss:// URL"},
    {TOP "history = rediss://127.0.0.1\nhistory_ca = /ca\nhistory_key = /k\n",
     "t.conf:1: history_certificate and history_key go together"},
    {TOP "history = rediss://127.0.0.1\nhistory_ca = /ca\nhelper_certificate = /c\n",
     "t.conf:1: helper_certificate and helper_key go together"},
    {TOP "history = redis://user:secret@127.0.0.1:6379\n",
     "t.conf:3: history: \"redis://user:secret@127.0.0.1:6379\" is not a history URL"},
    {TOP "history = redis://127.0.0.1:6379/x\n",
     "t.conf:3: history: \"redis://127.0.0.1:6379/x\" is not a history URL"},
    {TOP "history = mysql://x\n", "t.conf:3: history: \"mysql://x\" is not a history URL"},
    {TOP "history = sqlite:h.db\n", "t.conf:3: history: \"sqlite:h.db\" is not a history URL"},
    {TOP "history_secret = secret\n", "t.conf:3: history_secret: \"secret\" is not a path"},
    {TOP "fallback =\n", "t.conf:3: fallback: \"\" is not a path"},
    {TOP "history_prefix = h{o}p\n", "t.conf:3: history_prefix: \"h{o}p\" is not a key prefix"},
    {TOP "geo_city = /" X100 X100 X100 "\n", "t.conf:3: geo_city: longer than 255 bytes"},
    {TOP "accounts = @\n", "t.conf:3: accounts: \"@\" is not right in a list of patterns"},
    {TOP "on_history_asked = score\n",
     "t.conf:3: on_history_asked: \"score\" is none of allow step_up block"},
    {TOP "on_source_asked = binding\n",
     "t.conf:3: on_source_asked: \"binding\" is none of score score_step_up score_or_block allow "
     "step_up block"},
    {TOP "hosting_networks = AS0\n",
     "t.conf:3: hosting_networks: \"AS0\" is not right in a list of networks"},
    {TOP "hosting_networks = AS4294967296\n",
     "t.conf:3: hosting_networks: \"AS4294967296\" is not right in a list of networks"},
    {TOP "hosting_networks = file:list\n",
     "t.conf:3: hosting_networks: \"file:list\" is not right in a list of networks"},
    {TOP "hosting_networks = file:/nonexistent/list\n",
     "t.conf:3: /nonexistent/list: No such file or directory"},
    {TOP "[home]\nnetworks = 10.0.0.1/8\n",
     "t.conf:4: networks: \"10.0.0.1/8\" is not right in a list of prefixes"},
    {TOP "[home]\nnetworks = 10.0.0.0/8, bastion.example\n",
     "t.conf:4: networks: \"bastion.example\" is not right in a list of prefixes"},
    {TOP "[account \"x\"]\nclass = robot\n",
     "t.conf:4: class: \"robot\" is none of person shared automation break-glass"},
    {TOP "[account \"x\"]\nkeys = SHA256:short\n",
     "t.conf:4: keys: \"SHA256:short\" is not right in a list of keys"},
    {TOP "[account \"x\"]\nkeys = " KEY_A "=\n",
     "t.conf:4: keys: \"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA...\" is not right in a list of "
     "keys"},
    {TOP "[account \"x\"]\ntenants = Acme\n",
     "t.conf:4: tenants: \"Acme\" is not right in a list of tenants"},
    {TOP "[person \"x\"]\naccounts = anna\n",
     "t.conf:4: accounts: \"anna\" is not right in a list of accounts"},
    {TOP "[person \"x\"]\naccounts = acme:\n",
     "t.conf:4: accounts: \"acme:\" is not right in a list of accounts"},
    /* what only shows when all is read */
    {TOP
     "[tenant \"a\"]\nnetworks = 10.0.0.0/8\n[tenant \"b\"]\nnetworks = 10.1.0.0/16 10.0.0.0/8\n",
     "t.conf:6: network 10.0.0.0/8 belongs to a already (t.conf:4)"},
    {TOP "[tenant \"b\"]\nnetworks = 2001:db8::/32\n[home]\nnetworks = 2001:DB8::/32\n",
     "t.conf:6: network 2001:db8::/32 belongs to b already (t.conf:4)"},
    {TOP "[home]\nnetworks = 192.0.2.1 192.0.2.1/32\n",
     "t.conf:4: network 192.0.2.1/32 belongs to home already (t.conf:4)"},
    {TOP "[person \"b\"]\naccounts = acme:x\n[person \"a\"]\naccounts = acme:y acme:x\n",
     "t.conf:6: \"acme:x\" is listed already in [person \"b\"] (t.conf:4)"},
    {TOP "[person \"b\"]\naccounts = acme:x acme:x\n",
     "t.conf:4: \"acme:x\" is listed already in [person \"b\"] (t.conf:4)"},
    {TOP "[team \"b\"]\nmembers = anna\n[team \"a\"]\nmembers = anna\n",
     "t.conf:6: \"anna\" is listed already in [team \"b\"] (t.conf:4)"},
    {TOP "[tenant \"b\"]\ntag = t1\n[tenant \"a\"]\ntag = t1\n",
     "t.conf:3: tag t1 belongs to tenant a already"},
    {TOP "tenant_tag = t1\n[tenant \"b\"]\ntag = t1\n", "t.conf:4: tag t1 is this host's own"},
    {TOP "tenant_tag = t1\n[tenant \"acme\"]\ntag = t2\n",
     "t.conf:4: tag t2 differs from tenant_tag t1 of this host"},
};

START_TEST(what_is_wrong_is_refused_with_file_and_line)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_str_eq(refusal(refused[i].text), refused[i].sentence);
}
END_TEST

START_TEST(a_nul_byte_is_refused)
{
    static const char text[] = TOP "mode = obs\0erve\n";
    ck_assert_str_eq(refusal_of((struct hop_span){.at = text, .len = sizeof text - 1}),
                     "t.conf:3: control byte 0x00");
}
END_TEST

START_TEST(a_line_of_the_longest_length_is_read_and_a_longer_one_refused)
{
    char text[HOP_CONF_LINE_MAX + 64], line[HOP_CONF_LINE_MAX + 2];
    for (int more = 0; more < 2; more++) {
        size_t len = HOP_CONF_LINE_MAX + (size_t)more;
        memset(line, 'a', len);
        for (size_t i = 0; i < len; i += 16)
            line[i] = ' ';
        line[len] = 0;
        memcpy(line, "accounts=", strlen("accounts="));
        if (!more) {
            snprintf(text, sizeof text, "%s\n", line);
            struct hop_conf *conf = a_conf(text);
            ck_assert(hop_conf_in_scope(conf, "aaaaaaaaaaaaaaa", 1, "sshd"));
            hop_conf_free(&conf);
        } else {
            snprintf(text, sizeof text, TOP "%s\n", line);
            ck_assert_str_eq(refusal(text), "t.conf:3: line longer than 4096 bytes");
        }
    }
}
END_TEST

/* inih reads 200 bytes at a time: every byte of a long value must come through. */
START_TEST(long_values_arrive_whole)
{
    char text[1024];
    for (int len = 150; len < 256; len++) {
        char path[256];
        memset(path, 'p', sizeof path);
        path[0] = '/';
        path[len] = 0;
        for (int i = 5; i < len; i += 7)
            path[i] = ";#=:\"["[i % 6];
        snprintf(text, sizeof text, "geo_city = %s\n", path);
        struct hop_conf *conf = a_conf(text);
        ck_assert_str_eq(hop_conf_settings(conf)->geo_city, path);
        hop_conf_free(&conf);
    }
}
END_TEST

START_TEST(blanks_in_long_lines_arrive_too)
{
    char text[2048];
    for (int width = 180; width < 420; width += 7) {
        snprintf(text, sizeof text, "accounts = %*s%*s\n", width, "a", width, "b");
        struct hop_conf *conf = a_conf(text);
        ck_assert(hop_conf_in_scope(conf, "a", 1, "sshd"));
        ck_assert(hop_conf_in_scope(conf, "b", 1, "sshd"));
        ck_assert(!hop_conf_in_scope(conf, "ab", 1, "sshd"));
        hop_conf_free(&conf);
    }
    snprintf(text, sizeof text, "geo_city = %*s%*s\n", 190, "/x", 50, "y");
    struct hop_conf *conf = a_conf(text);
    ck_assert_uint_eq(strlen(hop_conf_settings(conf)->geo_city), 2 + 50);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(a_row_of_comment_signs_longer_than_the_readers_buffer_is_refused)
{
    char text[1024], signs[251];
    memset(signs, ';', 250);
    signs[250] = 0;
    snprintf(text, sizeof text, TOP "geo_city =/%s\n", signs);
    ck_assert_str_eq(refusal(text), "t.conf:3: a row of comment signs is too long");
}
END_TEST

START_TEST(comments_and_blank_lines_and_a_missing_last_newline_are_fine)
{
    struct hop_conf *conf = a_conf("; one\n#two\n\n   # three\n \t \nmode=enforce");
    ck_assert_int_eq(hop_conf_settings(conf)->policy.mode, HOP_MODE_ENFORCE);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(a_refused_text_leaves_the_callers_pointer_alone)
{
    struct hop_conf *conf = a_conf(""), *same = conf;
    ck_assert_int_eq(hop_conf_parse("x", hop_span_of("["), &same, NULL), HOP_MALFORMED);
    ck_assert_ptr_eq(same, conf);
    hop_conf_free(&conf);
    ck_assert_ptr_null(conf);
    hop_conf_free(&conf);
}
END_TEST

HOP_SUITE("load", what_is_wrong_is_refused_with_file_and_line, a_nul_byte_is_refused,
          a_line_of_the_longest_length_is_read_and_a_longer_one_refused, long_values_arrive_whole,
          blanks_in_long_lines_arrive_too,
          a_row_of_comment_signs_longer_than_the_readers_buffer_is_refused,
          comments_and_blank_lines_and_a_missing_last_newline_are_fine,
          a_refused_text_leaves_the_callers_pointer_alone)
