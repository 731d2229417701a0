/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what in a Redis that customers share: the one table of rights (DESIGN 5.3), as lines
 * of an aclfile. Pure.
 *
 *   user acme on -@all +auth ... (~hop:1:p:*:acme +hget ...) (~hop:1:x:* +sadd ...) ...
 *                root: no keys    selectors: each its own keys and commands, Redis 7
 */
#ifndef HOP_ACL_H
#define HOP_ACL_H

#include "login.h"
#include "url.h"

#define HOP_ACL_LINE_MAX 2048

enum hop_acl_user {
    HOP_ACL_TENANT,         /* "acme": the module and the command on a tenant's hosts */
    HOP_ACL_TENANT_HELPERS, /* "acme-keys": its sshd helpers */
    HOP_ACL_HOME,           /* "home": the provider's own hosts; also prune, load and forget */
    HOP_ACL_HOME_HELPERS,   /* "home-keys" */
    HOP_ACL_REVIEWER,       /* "reviewer": reads everything, also dump */
    HOP_ACL_USER_COUNT
};

/* Why no lines can be made for this prefix and tenant ("its helpers' user ..."); NULL when they
 * can. Without this check a pattern could reach further than it says, or one user be another. */
const char *hop_acl_objection(const char *prefix, const char *tenant);
void hop_acl_name_put(struct hop_text *text, enum hop_acl_user user, const char *tenant);
/* The user's line, for this kind of store, without newline and without password: such a user cannot
 * log in until it is given one. HOP_ACL_LINE_MAX suffices. */
void hop_acl_put(struct hop_text *text, enum hop_acl_user user, enum hop_url_kind kind,
                 const char *prefix, const char *tenant);
/* The same user's line on the Sentinels, which it may ask for the primary and for nothing else. */
void hop_acl_sentinel_put(struct hop_text *text, enum hop_acl_user user, const char *tenant);

#endif
