/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_map.h"
#include "route.h"

#include <stdlib.h>
#include <string.h>

#include "../suite.h"

static struct hop_cluster_map map;
static struct hop_redis_node asked;

static void setup(void)
{
    hop_cluster_map_init(&map);
    asked.port = 7000;
    ck_assert(hop_address_parse(hop_span_of("192.0.2.9"), &asked.address));
}

static struct hop_redis_node node(const char *text)
{
    struct hop_redis_node parsed;
    struct hop_span words = hop_span_of(text);
    ck_assert(hop_redis_node_parse(&words, &parsed));
    return parsed;
}

static bool took(const char *bytes)
{
    struct hop_wire_answer answer;
    ck_assert_int_eq(hop_wire_answer_start(&answer, 1), HOP_OK);
    ck_assert_int_eq(hop_wire_answer_feed(&answer, hop_span_of(bytes)), HOP_OK);
    ck_assert(hop_wire_answer_complete(&answer));
    bool taken = hop_cluster_slots_take(answer.replies[0], &asked, &map);
    hop_wire_answer_done(&answer);
    return taken;
}

static bool owned_by(unsigned slot, const char *text)
{
    const struct hop_redis_node owner = node(text);
    return map.owner[slot] != HOP_CLUSTER_NOBODY &&
           hop_redis_node_equal(&map.nodes[map.owner[slot]], &owner);
}

/* The values of Redis' own specification and CLUSTER KEYSLOT. */
START_TEST(slots_are_those_of_redis)
{
    ck_assert_uint_eq(hop_cluster_slot("123456789"), 0x31c3);
    ck_assert_uint_eq(hop_cluster_slot("foo"), 12182);
    ck_assert_uint_eq(hop_cluster_slot(""), 0);
    ck_assert_uint_eq(hop_cluster_slot("{user1000}.following"), hop_cluster_slot("user1000"));
    ck_assert_uint_eq(hop_cluster_slot("a{foo}b{bar}"), 12182);
    ck_assert_uint_eq(hop_cluster_slot("foo{}{bar}"), 8363);
    ck_assert_uint_eq(hop_cluster_slot("foo{{bar}}zap"), hop_cluster_slot("{bar"));
    ck_assert_uint_ne(hop_cluster_slot("{foo"), 12182);
    ck_assert_uint_eq(hop_cluster_slot("hop:1:p:{anna}:acme"),
                      hop_cluster_slot("hop:1:x:{anna}:82885"));
}
END_TEST

#define RANGE(first, last, host, port)                                                             \
    ":" first "\r\n:" last "\r\n*3\r\n" host ":" port "\r\n$2\r\nid\r\n"
#define HOST "$9\r\n192.0.2.1\r\n"

START_TEST(primaries_own_the_slots)
{
    ck_assert(took("*2\r\n*4\r\n" RANGE("0", "8191", HOST,
                                        "7001") "*3\r\n" HOST ":7003\r\n$2\r\nid\r\n"
                                                "*3\r\n" RANGE("8192", "16383", HOST, "7002")));
    ck_assert(owned_by(0, "192.0.2.1 7001") && owned_by(8191, "192.0.2.1 7001"));
    ck_assert(owned_by(8192, "192.0.2.1 7002") && owned_by(16383, "192.0.2.1 7002"));
    ck_assert_uint_eq(map.count, 2);
    /* indexes stay, and what nobody owns any more is nobody's */
    ck_assert(took("*1\r\n*3\r\n" RANGE("5", "5", HOST, "7002")));
    ck_assert(owned_by(5, "192.0.2.1 7002"));
    ck_assert_uint_eq(map.owner[5], 1);
    ck_assert_uint_eq(map.owner[6], HOP_CLUSTER_NOBODY);
}
END_TEST

START_TEST(a_node_without_address_is_the_one_that_was_asked)
{
    ck_assert(took("*1\r\n*3\r\n" RANGE("0", "0", "$0\r\n\r\n", "7001")));
    ck_assert(owned_by(0, "192.0.2.9 7001"));
    ck_assert(took("*1\r\n*3\r\n" RANGE("0", "0", "$-1\r\n", "7002")));
    ck_assert(owned_by(0, "192.0.2.9 7002"));
}
END_TEST

START_TEST(of_a_name_the_address_beside_it_is_taken)
{
    ck_assert(took("*1\r\n*3\r\n:0\r\n:0\r\n*4\r\n$9\r\nr.example\r\n:7001\r\n$2\r\nid\r\n"
                   "*2\r\n$2\r\nip\r\n$9\r\n192.0.2.7\r\n"));
    ck_assert(owned_by(0, "192.0.2.7 7001"));
    ck_assert(!took("*1\r\n*3\r\n" RANGE("0", "0", "$9\r\nr.example\r\n", "7001")));
    ck_assert(owned_by(0, "192.0.2.7 7001"));
}
END_TEST

START_TEST(what_is_no_map_changes_nothing)
{
    static const char *const others[] = {"*0\r\n",
                                         "+OK\r\n",
                                         "-ERR This instance has cluster support disabled\r\n",
                                         "*1\r\n:1\r\n",
                                         "*1\r\n*2\r\n:0\r\n:1\r\n",
                                         "*1\r\n*3\r\n:0\r\n$1\r\n1\r\n*0\r\n",
                                         "*1\r\n*3\r\n" RANGE("0", "16384", HOST, "7001"),
                                         "*1\r\n*3\r\n" RANGE("-1", "1", HOST, "7001"),
                                         "*1\r\n*3\r\n" RANGE("2", "1", HOST, "7001"),
                                         "*1\r\n*3\r\n" RANGE("0", "1", HOST, "0"),
                                         "*1\r\n*3\r\n" RANGE("0", "1", HOST, "65536"),
                                         "*1\r\n*3\r\n:0\r\n:1\r\n*0\r\n"};
    ck_assert(took("*1\r\n*3\r\n" RANGE("0", "1", HOST, "7001")));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(!took(others[i]), "%zu", i);
    ck_assert(owned_by(1, "192.0.2.1 7001"));
    ck_assert_uint_eq(map.count, 1);
}
END_TEST

START_TEST(there_are_so_many_nodes_and_no_more)
{
    struct hop_redis_node many = node("192.0.2.1 1");
    for (unsigned i = 0; i < HOP_CLUSTER_NODES_MAX; i++, many.port++)
        ck_assert_uint_eq(hop_cluster_node(&map, &many), i);
    ck_assert_uint_eq(hop_cluster_node(&map, &many), HOP_CLUSTER_NOBODY);
    many.port = 3;
    ck_assert_uint_eq(hop_cluster_node(&map, &many), 2);
}
END_TEST

static bool redirected(const char *words, unsigned slot, const char *where)
{
    unsigned found = 0;
    struct hop_redis_node there;
    if (!hop_cluster_redirect_parse(hop_span_of(words), &asked, &found, &there))
        return false;
    const struct hop_redis_node expected = node(where);
    return found == slot && hop_redis_node_equal(&there, &expected);
}

START_TEST(redirections_name_slot_and_node)
{
    ck_assert(redirected("3999 192.0.2.1:6381", 3999, "192.0.2.1 6381"));
    ck_assert(redirected("0 2001:db8::1:6381", 0, "2001:db8::1 6381"));
    ck_assert(redirected("16383 :6381", 16383, "192.0.2.9 6381"));
    static const char *const others[] = {"",
                                         "3999",
                                         "3999 192.0.2.1",
                                         "16384 192.0.2.1:1",
                                         "-1 192.0.2.1:1",
                                         "x 192.0.2.1:1",
                                         "1 192.0.2.1:0",
                                         "1 192.0.2.1:65536",
                                         "1 r.example:6381",
                                         "1 192.0.2.1:"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(!redirected(others[i], 0, "192.0.2.1 1"), "%s", others[i]);
}
END_TEST

START_TEST(a_map_as_text_is_the_same_map)
{
    char bytes[1024];
    struct hop_text text = hop_text_over(bytes, sizeof bytes);
    ck_assert(took("*3\r\n*3\r\n" RANGE("0", "8191", HOST, "7001") "*3\r\n" RANGE(
        "8192", "8192", HOST, "7002") "*3\r\n" RANGE("9000", "16383", HOST, "7001")));
    hop_cluster_map_put(&map, &text);
    ck_assert_str_eq(bytes, "0 8191 192.0.2.1 7001\n8192 8192 192.0.2.1 7002\n"
                            "9000 16383 192.0.2.1 7001\n");
    struct hop_cluster_map again;
    ck_assert(hop_cluster_map_parse(hop_span_of(bytes), &again));
    ck_assert_mem_eq(again.owner, map.owner, sizeof map.owner);
    static const char *const others[] = {"",
                                         "0 1\n",
                                         "0 1 x 1\n",
                                         "0 1 192.0.2.1 7001",
                                         "0 16384 192.0.2.1 1\n",
                                         "1 0 192.0.2.1 1\n"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(!hop_cluster_map_parse(hop_span_of(others[i]), &again), "%s", others[i]);
}
END_TEST

HOP_SUITE_AROUND("history/cluster_map", setup, NULL, slots_are_those_of_redis,
                 primaries_own_the_slots, a_node_without_address_is_the_one_that_was_asked,
                 of_a_name_the_address_beside_it_is_taken, what_is_no_map_changes_nothing,
                 there_are_so_many_nodes_and_no_more, redirections_name_slot_and_node,
                 a_map_as_text_is_the_same_map)
