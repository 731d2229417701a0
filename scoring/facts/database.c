/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "file.h"

/* The library opens by name only: the name of the descriptor that was checked leaves nobody time to
 * put another file in its place. */
static int open_checked(int fd, MMDB_s *mmdb)
{
    char name[64];
    struct hop_text text = hop_text_over(name, sizeof name);
    hop_text_put(&text, "/proc/self/fd/");
    hop_text_put_int(&text, fd);
    return MMDB_open(name, MMDB_MODE_MMAP, mmdb);
}

enum hop_rc hop_database_open(const char *path, struct hop_database *ret_database,
                              struct hop_error *err)
{
    struct hop_file_rule rule = {.owner = geteuid(), .forbidden = 022, .most = SIZE_MAX};
    struct hop_database database = {.open = true};
    int fd;
    enum hop_rc rc = hop_file_open(path, &rule, &fd, err);
    if (rc != HOP_OK)
        return rc;
    int status = open_checked(fd, &database.mmdb);
    close(fd);
    if (status == MMDB_OUT_OF_MEMORY_ERROR)
        return hop_error_set(err, HOP_NOMEM, "%s: no memory", path);
    if (status != MMDB_SUCCESS)
        return hop_error_set(err, HOP_MALFORMED, "%s: %s", path, MMDB_strerror(status));
    *ret_database = database;
    return HOP_OK;
}

void hop_database_done(struct hop_database *database)
{
    if (database->open)
        MMDB_close(&database->mmdb);
    database->open = false;
}

static MMDB_lookup_result_s look_up(const MMDB_s *mmdb, const struct hop_address *address,
                                    int *ret_status)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } socket = {.any = {.sa_family = AF_UNSPEC}};
    if (address->family == 4) {
        socket.v4.sin_family = AF_INET;
        memcpy(&socket.v4.sin_addr, address->bytes, 4);
    } else {
        socket.v6.sin6_family = AF_INET6;
        memcpy(&socket.v6.sin6_addr, address->bytes, 16);
    }
    return MMDB_lookup_sockaddr(mmdb, &socket.any, ret_status);
}

enum hop_rc hop_database_find(const struct hop_database *database,
                              const struct hop_address *address, MMDB_entry_s *ret_entry)
{
    int status = MMDB_SUCCESS;
    if (!database->open || !address->family)
        return HOP_NOT_FOUND;
    MMDB_lookup_result_s result = look_up(&database->mmdb, address, &status);
    if (status == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR)
        return HOP_NOT_FOUND;
    if (status != MMDB_SUCCESS)
        return HOP_IO;
    if (!result.found_entry)
        return HOP_NOT_FOUND;
    *ret_entry = result.entry;
    return HOP_OK;
}
