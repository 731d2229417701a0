/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "act.h"
#include "clock.h"
#include "moved.h"
#include "progress.h"
#include "verbs.h"

#define LOG_MS 300000 /* for all of one log */

struct wishes {
    struct hop_common common;
    const char *path;
};

struct dump {
    const struct hop_desk *desk;
    FILE *out;
    struct hop_progress progress;
    size_t keys, all_keys, lines, left_out;
    const char *key;
    struct hop_key_parts parts;
    enum hop_object object;
    enum hop_rc rc; /* of a visitor */
    struct hop_error *err;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case ARGP_KEY_ARG:
        if (wishes->path != NULL)
            argp_error(state, "one FILE at a time");
        wishes->path = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void line_write(struct dump *dump, const struct hop_batch *batch)
{
    char *line = NULL;
    enum hop_rc rc = hop_batch_put(batch, &line, dump->err);
    if (rc == HOP_OK && fputs(line, dump->out) < 0)
        rc = hop_error_errno(dump->err, HOP_IO, errno, "dump: write");
    dump->lines += rc == HOP_OK;
    dump->rc = rc;
    free(line);
}

/* What a store holds that no host could have written stays behind. */
static void item_write(struct dump *dump, struct hop_span field, struct hop_span value)
{
    char name[HOP_STORE_KEY_MAX + 1];
    enum hop_write_kind kind;
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_rc rc = HOP_MALFORMED;
    if (hop_moved_kind(&dump->parts, dump->object, field, &kind) &&
        hop_span_copy(field, name, sizeof name)) {
        const char *what = dump->object == HOP_OBJECT_SET ? name : value.at;
        rc = hop_batch_add(&batch, kind, dump->key + strlen(dump->desk->reach.prefix), name, what,
                           HOP_LOG_CAP);
    }
    if (rc == HOP_OK)
        line_write(dump, &batch);
    else if (rc == HOP_NOMEM)
        dump->rc = hop_error_set(dump->err, rc, "dump: out of memory");
    else
        dump->left_out++;
    hop_batch_done(&batch);
}

static void item_visit(void *context, struct hop_span field, struct hop_span value)
{
    struct dump *dump = context;
    if (dump->rc == HOP_OK)
        item_write(dump, field, value);
}

static bool entry_visit(void *context, struct hop_span id, struct hop_span value)
{
    item_visit(context, id, value);
    return ((struct dump *)context)->rc == HOP_OK;
}

static void key_visit(void *context, const char *key, enum hop_object object)
{
    struct dump *dump = context;
    struct hop_store *store = dump->desk->store;
    if (dump->rc != HOP_OK)
        return;
    hop_progress_show(&dump->progress, ++dump->keys);
    dump->key = key;
    dump->object = object;
    if (!hop_key_parse(key, dump->desk->reach.prefix, &dump->parts) || dump->parts.list == 'm')
        return;
    enum hop_rc rc;
    if (object == HOP_OBJECT_LOG)
        rc = hop_store_log_by(store, key, 0, entry_visit, dump, hop_clock_deadline(LOG_MS),
                              dump->err);
    else
        rc = hop_moved_items(store, key, object, item_visit, dump, dump->err);
    if (dump->rc == HOP_OK)
        dump->rc = rc;
}

static void key_count(void *context, const char *key, enum hop_object object)
{
    (void)key, (void)object;
    ++*(size_t *)context;
}

static enum hop_rc write_all(struct dump *dump)
{
    const struct hop_desk *desk = dump->desk;
    enum hop_rc rc =
        hop_moved_keys(desk->store, &desk->reach, "", key_count, &dump->all_keys, dump->err);
    if (rc != HOP_OK)
        return rc;
    dump->progress = hop_progress_begin("keys", dump->all_keys);
    fputs(HOP_MOVED_HEAD "\n", dump->out);
    rc = hop_moved_keys(desk->store, &desk->reach, "", key_visit, dump, dump->err);
    hop_progress_end(&dump->progress);
    if (rc == HOP_OK)
        rc = dump->rc;
    if (rc == HOP_OK)
        fprintf(dump->out, HOP_MOVED_END "%zu\n", dump->lines);
    if (rc == HOP_OK && (fflush(dump->out) != 0 || ferror(dump->out)))
        rc = hop_error_errno(dump->err, HOP_IO, errno, "dump: write");
    return rc;
}

/* Only the caller's to read: it says where people were. */
static FILE *file_make(const char *path, struct hop_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL)
        hop_error_errno(err, HOP_IO, errno, "%s", path);
    return file;
}

static int run(const struct wishes *wishes, const struct hop_desk *desk)
{
    struct hop_error err = {0};
    bool standard = wishes->path == NULL || strcmp(wishes->path, "-") == 0;
    struct dump dump = {.desk = desk, .err = &err};
    dump.out = standard ? stdout : file_make(wishes->path, &err);
    if (dump.out == NULL)
        return hop_complain_of(&err);
    enum hop_rc rc = write_all(&dump);
    if (!standard && fclose(dump.out) != 0 && rc == HOP_OK)
        rc = hop_error_errno(&err, HOP_IO, errno, "%s", wishes->path);
    if (rc != HOP_OK) {
        if (!standard)
            unlink(wishes->path);
        return hop_complain_of(&err);
    }
    char note[HOP_ERROR_TEXT_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_text_format(&text, "the whole history, %zu lines of %zu keys, to %s", dump.lines, dump.keys,
                    standard ? "standard output" : wishes->path);
    hop_act_tell(&wishes->common, "dumped", NULL, note);
    if (dump.left_out > 0)
        hop_complain("%zu values that no host can have written were left out", dump.left_out);
    if (wishes->common.json && !standard)
        hop_json_print(json_pack("{s:I, s:I, s:I}", "keys", (json_int_t)dump.keys, "lines",
                                 (json_int_t)dump.lines, "left_out", (json_int_t)dump.left_out));
    else if (!standard)
        printf("%zu lines of %zu keys\n", dump.lines, dump.keys);
    return HOP_EXIT_FINE;
}

int hop_verb_dump(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {NULL,
                                     parse,
                                     "[FILE]",
                                     "Write the whole history to a file (which must not be there) "
                                     "or to standard output, for load.",
                                     children,
                                     NULL,
                                     NULL};
    struct wishes wishes = {.path = NULL};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct hop_desk desk;
    int status = hop_desk_open(&wishes.common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    status = run(&wishes, &desk);
    hop_desk_close(&desk);
    return status;
}
