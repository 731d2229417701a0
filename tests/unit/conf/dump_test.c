/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <stdio.h>
#include <string.h>

#include "../suite.h"

static struct hop_conf *parse(const char *text)
{
    struct hop_conf *conf = NULL;
    struct hop_error err = {0};
    enum hop_rc rc = hop_conf_parse("dump", hop_span_of(text), &conf, &err);
    ck_assert_msg(rc == HOP_OK, "%s in\n%s", err.text, text);
    return conf;
}

static void dumps_alike(struct hop_conf *conf)
{
    char *first = a_dump(conf);
    struct hop_conf *again = parse(first);
    char *second = a_dump(again);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
    hop_conf_free(&again);
    hop_conf_free(&conf);
}

START_TEST(a_dump_parses_to_the_same_dump)
{
    dumps_alike(a_conf(""));
    dumps_alike(a_conf("history = rediss://192.0.2.1\nhistory_ca = /ca\nhistory_certificate = /c\n"
                       "history_key = /k\nhistory_server_name = redis.example\n"
                       "helper_certificate = /hc\nhelper_key = /hk\n"));
    dumps_alike(a_conf("mode = enforce\nstrict = yes\nstep_up_at = -9.5\nblock_at = 0\n"
                       "accounts = a, b @c\ntenant_tag = t\nwitness = home\n"
                       "history_user = u\nhistory_secret = /s\nnss_groups = yes\n"
                       "hosting_networks = AS5 10.0.0.0/8,AS4\non_key_automation = binding\n"
                       "[team \"t\"]\nmembers = y x\n[account \"q\"]\nclass = break-glass\n"
                       "[account \"p\"]\nclass = automation\nkeys = " KEY_B " " KEY_A "/id\n"
                       "sources = 10.0.0.1\ntenants = home\n"
                       "[tenant \"z\"]\ntag = 0\n[tenant \"y\"]\nnetworks = ::/0\n"
                       "[person \"p\"]\naccounts = y:b z:a\n"
                       "[home]\nbastions = 192.0.2.1/32\nnetworks=192.0.2.0/24\n"));
}
END_TEST

START_TEST(a_dump_tells_what_is_in_force)
{
    struct hop_conf *conf = a_conf("block_at = -2.5\n[tenant \"b\"]\n");
    char *text = a_dump(conf);
    static const char *const lines[] = {"\nwitness = acme\n",
                                        "\ntenant_tag = db0914be99743e1c\n",
                                        "\nblock_at = -2.5\n",
                                        "\nstep_up_at = -6.3\n",
                                        "\non_history_unasked = block\n",
                                        "\ngeo_city =\n",
                                        "\n[home]\n",
                                        "\n[tenant \"b\"]\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        ck_assert_msg(strstr(text, lines[i]) != NULL, "no %s in\n%s", lines[i], text);
    free(text);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(a_list_as_long_as_a_line_survives)
{
    char line[HOP_CONF_LINE_MAX + 2];
    memset(line, 'a', HOP_CONF_LINE_MAX);
    for (size_t i = 8; i < HOP_CONF_LINE_MAX; i += 17)
        line[i] = ',';
    memcpy(line, "accounts=", strlen("accounts="));
    memcpy(line + HOP_CONF_LINE_MAX, "\n", 2);
    dumps_alike(a_conf(line));
}
END_TEST

HOP_SUITE("dump", a_dump_parses_to_the_same_dump, a_dump_tells_what_is_in_force,
          a_list_as_long_as_a_line_survives)
