/* SPDX-License-Identifier: Apache-2.0 */
#include "url.h"

#include "../suite.h"

static struct hop_url url;

static bool parsed(const char *text)
{
    return hop_url_parse(hop_span_of(text), &url);
}

START_TEST(files_and_sockets_are_absolute_paths)
{
    ck_assert(parsed("sqlite:/var/lib/hopwarden/history.db"));
    ck_assert_int_eq(url.kind, HOP_URL_SQLITE);
    ck_assert(hop_span_is(url.path, "/var/lib/hopwarden/history.db"));
    ck_assert(parsed("unix:/run/redis.sock"));
    ck_assert_int_eq(url.kind, HOP_URL_UNIX);
    ck_assert_uint_eq(url.count, 0);
    ck_assert(!parsed("unix:redis.sock") && !parsed("sqlite:") && !parsed("unix:"));
}
END_TEST

START_TEST(a_server_has_a_host_and_may_have_port_and_database)
{
    ck_assert(parsed("redis://192.0.2.1"));
    ck_assert_int_eq(url.kind, HOP_URL_REDIS);
    ck_assert(!url.tls && url.hosts[0].port == 6379 && url.database == 0 && url.count == 1);
    ck_assert(parsed("rediss://[2001:db8::1]:6380/3"));
    ck_assert(hop_span_is(url.hosts[0].host, "2001:db8::1"));
    ck_assert(url.tls && url.hosts[0].port == 6380 && url.database == 3);
    ck_assert(parsed("rediss://[::1]/2") && url.hosts[0].port == 6379 && url.database == 2);
    ck_assert(parsed("redis://redis-1.db.example:1"));
    ck_assert(hop_span_is(url.hosts[0].host, "redis-1.db.example"));
    ck_assert(parsed("redis://r"));
}
END_TEST

START_TEST(sentinels_and_nodes_are_lists)
{
    ck_assert(parsed("sentinel://192.0.2.1,[2001:db8::1]:26380,s3.example/mymaster"));
    ck_assert_int_eq(url.kind, HOP_URL_SENTINEL);
    ck_assert_uint_eq(url.count, 3);
    ck_assert_uint_eq(url.hosts[0].port, 26379);
    ck_assert_uint_eq(url.hosts[1].port, 26380);
    ck_assert(hop_span_is(url.hosts[2].host, "s3.example") && hop_span_is(url.name, "mymaster"));
    ck_assert(parsed("cluster://192.0.2.1:7000,192.0.2.2"));
    ck_assert_int_eq(url.kind, HOP_URL_CLUSTER);
    ck_assert_uint_eq(url.count, 2);
    ck_assert_uint_eq(url.hosts[1].port, 6379);
    ck_assert(parsed("cluster://a,b,c,d,e,f,g,h"));
    static const char *const others[] = {"sentinel://",
                                         "sentinel://a",
                                         "sentinel://a/",
                                         "sentinel://a,/m",
                                         "sentinel://,a/m",
                                         "sentinel:///m",
                                         "sentinel://a/m n",
                                         "sentinel://a/m/1",
                                         "cluster://",
                                         "cluster://a,",
                                         "cluster://a,,b",
                                         "cluster://a/0",
                                         "cluster://a,b,c,d,e,f,g,h,i",
                                         "redis://a,b"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(!parsed(others[i]), "%s", others[i]);
}
END_TEST

START_TEST(what_is_none_of_the_forms_is_refused)
{
    static const char *const others[] = {"",
                                         "redis",
                                         "redis:",
                                         "redis://",
                                         "redis:///1",
                                         "redis://:6379",
                                         "http://192.0.2.1",
                                         "redis://192.0.2.1:",
                                         "redis://192.0.2.1:0",
                                         "redis://192.0.2.1:65536",
                                         "redis://192.0.2.1:63x",
                                         "redis://192.0.2.1/x",
                                         "redis://192.0.2.1/",
                                         "redis://a//1",
                                         "redis://192.0.2.1/-1",
                                         "redis://192.0.2.1/1024",
                                         "redis://[::1",
                                         "redis://[::1]x",
                                         "redis://[::1]:",
                                         "redis://[192.0.2.1]",
                                         "redis://[a]",
                                         "redis://::1",
                                         "redis://1.2.3",
                                         "redis://-a",
                                         "redis://.a",
                                         "redis://a..b",
                                         "redis://a b",
                                         "redis://a,b",
                                         "redis://anna:sesame@192.0.2.1",
                                         "redis://anna@192.0.2.1"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(!parsed(others[i]), "%s", others[i]);
}
END_TEST

HOP_SUITE("url", files_and_sockets_are_absolute_paths,
          a_server_has_a_host_and_may_have_port_and_database, sentinels_and_nodes_are_lists,
          what_is_none_of_the_forms_is_refused)
