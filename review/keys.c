/* SPDX-License-Identifier: Apache-2.0 */
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "lines.h"
#include "ssh.h"
#include "table.h"
#include "verbs.h"

#define KEYS_FOLDER "/etc/hopwarden/keys.d"
#define KEYS_GROUP "hopwarden"
#define KEYS_MAX 1000 /* of one account */

struct wishes {
    struct hop_common common;
    const char *verb, *account, *path;
    const char *folder, *group;
};

enum { OPTION_FOLDER = 0x5000, OPTION_GROUP };

static const struct argp_option OPTIONS[] = {
    {"keys-dir", OPTION_FOLDER, "FOLDER", 0, "Where keys are, instead of " KEYS_FOLDER, 0},
    {"group", OPTION_GROUP, "NAME", 0, "Who may read them, instead of " KEYS_GROUP, 0},
    {0}};

static void parse_word(struct wishes *wishes, const char *word, struct argp_state *state)
{
    if (wishes->verb == NULL)
        wishes->verb = word;
    else if (wishes->account == NULL)
        wishes->account = word;
    else if (wishes->path == NULL && strcmp(wishes->verb, "import") == 0)
        wishes->path = word;
    else
        argp_error(state, "too many words");
}

static void check(const struct wishes *wishes, struct argp_state *state)
{
    if (wishes->account == NULL)
        argp_error(state, "import, list or export, and an ACCOUNT");
    else if (strcmp(wishes->verb, "import") != 0 && strcmp(wishes->verb, "list") != 0 &&
             strcmp(wishes->verb, "export") != 0)
        argp_error(state, "%s: not import, list or export", wishes->verb);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case OPTION_FOLDER:
        wishes->folder = argument;
        return 0;
    case OPTION_GROUP:
        wishes->group = argument;
        return 0;
    case ARGP_KEY_ARG:
        parse_word(wishes, argument, state);
        return 0;
    case ARGP_KEY_END:
        check(wishes, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- the keys of one file ------------------------------------------------------------------ */

struct key {
    size_t line;
    struct hop_ssh_line parts; /* into the file's bytes */
    struct hop_ssh_key key;
};

struct keys {
    struct key *items;
    size_t count;
    size_t bad;
};

static const struct key *same_key(const struct keys *keys, const struct hop_ssh_key *key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->items[i].key.fingerprint, key->fingerprint) == 0)
            return &keys->items[i];
    return NULL;
}

/* Two lines with one key: sshd might take the laxer one. */
static enum hop_rc parse_line(struct keys *keys, struct hop_span line, size_t number,
                              struct hop_error *err)
{
    struct key *key = &keys->items[keys->count];
    if (line.len > HOP_SSH_LINE_MAX || keys->count == KEYS_MAX - 1)
        return hop_error_set(err, HOP_LIMIT, "too long, or too many keys");
    enum hop_rc rc = hop_ssh_line_parse(line, &key->parts, err);
    if (rc == HOP_OK)
        rc = hop_ssh_key_parse_text(key->parts.type, key->parts.base64, &key->key, err);
    if (rc != HOP_OK)
        return rc;
    const struct key *twin = same_key(keys, &key->key);
    if (twin != NULL)
        return hop_error_set(err, HOP_MALFORMED, "the same key as in line %zu", twin->line);
    key->line = number;
    keys->count++;
    return HOP_OK;
}

static void parse_keys(const char *name, struct hop_lines *lines, struct keys *keys)
{
    struct hop_span line;
    struct hop_error err = {0};
    while (hop_lines_next(lines, &line)) {
        enum hop_rc rc = parse_line(keys, line, lines->number, &err);
        if (rc == HOP_OK || rc == HOP_NOT_FOUND)
            continue;
        hop_complain("%s:%zu: %s", name, lines->number, err.text);
        keys->bad++;
    }
}

static json_t *key_json(const struct key *key)
{
    char name[HOP_KEY_MAX + 1], comment[HOP_CELL_MAX] = "", options[HOP_SSH_LINE_MAX + 1] = "";
    hop_ssh_key_name(&key->key, name);
    struct hop_text text = hop_text_over(comment, sizeof comment);
    hop_text_put_span(&text, key->parts.comment);
    text = hop_text_over(options, sizeof options);
    hop_text_put_span(&text, key->parts.options);
    return json_pack("{s:s, s:o, s:o, s:o}", "type", key->key.type, "hopwarden.key",
                     hop_json_text(name), "options", hop_json_text(options), "comment",
                     hop_json_text(comment));
}

static void key_row(struct hop_table *table, const struct key *key)
{
    char name[HOP_KEY_MAX + 1], comment[HOP_CELL_MAX], options[HOP_CELL_MAX];
    hop_ssh_key_name(&key->key, name);
    struct hop_text text = hop_text_over(comment, sizeof comment);
    hop_text_put_span(&text, key->parts.comment);
    text = hop_text_over(options, sizeof options);
    hop_text_put_span(&text, key->parts.options);
    const char *cells[] = {key->key.type, name, options, comment};
    hop_table_row(table, cells);
}

static int list(const struct wishes *wishes, const struct keys *keys)
{
    struct hop_table *table = NULL;
    json_t *array = json_array();
    if (!wishes->common.json)
        table = hop_table_new("TYPE|KEY|OPTIONS|COMMENT");
    for (size_t i = 0; i < keys->count; i++) {
        if (wishes->common.json)
            json_array_append_new(array, key_json(&keys->items[i]));
        else
            key_row(table, &keys->items[i]);
    }
    if (wishes->common.json)
        hop_json_print(array);
    else
        json_decref(array);
    if (!wishes->common.json && !hop_table_print(&table))
        return HOP_EXIT_UNKNOWN;
    return keys->bad > 0 ? HOP_EXIT_FINDING : HOP_EXIT_FINE;
}

/* -- in and out ---------------------------------------------------------------------------- */

/* An account's file has its name: nothing that leads elsewhere. */
static bool path_of(const struct wishes *wishes, char *path, size_t size)
{
    const char *account = wishes->account;
    bool fine = account[0] != '\0' && account[0] != '.' && strchr(account, '/') == NULL;
    struct hop_text text = hop_text_over(path, size);
    hop_text_put(&text, wishes->folder);
    hop_text_put_char(&text, '/');
    hop_text_put(&text, account);
    if (!fine || text.cut)
        hop_complain("account %s: not a name for a file", account);
    return fine && !text.cut;
}

static int save(const struct wishes *wishes, const struct hop_lines *lines, const struct keys *keys,
                const char *path)
{
    struct hop_error err = {0};
    if (keys->bad > 0) {
        hop_complain("%s: nothing was written", path);
        return HOP_EXIT_FINDING;
    }
    const struct group *group = getgrnam(wishes->group);
    if (group == NULL) {
        hop_complain("group %s: there is none; systemd-sysusers makes it", wishes->group);
        return HOP_EXIT_CONFIG;
    }
    gid_t gid = group->gr_gid;
    if (hop_folder_make(wishes->folder, 0750, 0, gid, &err) != HOP_OK ||
        hop_file_replace(path, lines->bytes, lines->len, 0640, 0, gid, true, &err) != HOP_OK)
        return hop_complain_of(&err);
    if (wishes->common.json)
        hop_json_print(
            json_pack("{s:o, s:I}", "file", hop_json_text(path), "keys", (json_int_t)keys->count));
    else
        printf("%s: %zu keys\n", path, keys->count);
    return HOP_EXIT_FINE;
}

static int print_file(const struct wishes *wishes, const struct hop_lines *lines)
{
    if (wishes->common.json) {
        char *text = strndup(lines->bytes != NULL ? lines->bytes : "", lines->len);
        hop_json_print(json_pack("{s:o}", "keys", hop_json_text(text != NULL ? text : "")));
        free(text);
    } else if (lines->len > 0) {
        fwrite(lines->bytes, 1, lines->len, stdout);
    }
    return HOP_EXIT_FINE;
}

static int run(const struct wishes *wishes, struct keys *keys)
{
    char path[HOP_PATH_MAX + HOP_NAME_MAX + 2];
    struct hop_lines lines;
    struct hop_error err = {0};
    if (!path_of(wishes, path, sizeof path))
        return HOP_EXIT_USAGE;
    bool import = strcmp(wishes->verb, "import") == 0;
    const char *from = !import ? path : wishes->path != NULL ? wishes->path : "-";
    if (hop_lines_read(from, &lines, &err) != HOP_OK)
        return hop_complain_of(&err);
    struct hop_lines reading = lines;
    int status;
    parse_keys(from, &reading, keys);
    if (import)
        status = save(wishes, &lines, keys, path);
    else if (strcmp(wishes->verb, "list") == 0)
        status = list(wishes, keys);
    else
        status = print_file(wishes, &lines);
    hop_lines_done(&lines);
    return status;
}

int hop_verb_keys(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        OPTIONS,
        parse,
        "import ACCOUNT [FILE]\nlist ACCOUNT\nexport ACCOUNT",
        "The authorized keys that hopwarden-keys serves. Import replaces an account's keys by "
        "those of an authorized_keys file (standard input without FILE), all or nothing.",
        children,
        NULL,
        NULL};
    struct wishes wishes = {.folder = KEYS_FOLDER, .group = KEYS_GROUP};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct keys keys = {.items = calloc(KEYS_MAX, sizeof *keys.items)};
    int status = HOP_EXIT_UNKNOWN;
    if (keys.items != NULL)
        status = run(&wishes, &keys);
    free(keys.items);
    return status;
}
