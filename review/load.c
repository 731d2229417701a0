/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "act.h"
#include "clock.h"
#include "moved.h"
#include "progress.h"
#include "verbs.h"

#define WRITES_MAX 128 /* of one exchange */
#define LOG_MS 300000  /* for all of one log */
#define SEEN_FIRST 1024

struct wishes {
    struct hop_common common;
    const char *path;
};

/* FNV-1a digests of the entries that the log at hand holds; open addressing, 0 is free, at most
 * half full. */
struct seen {
    char key[HOP_STORE_KEY_MAX + 1];
    uint64_t *slots;
    size_t count, room;
    bool no_memory;
};

struct load {
    const struct wishes *wishes;
    const struct hop_desk *desk;
    struct hop_batch batch; /* waiting to be written */
    struct seen seen;
    size_t number, written, known, refused;
    bool ended;
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
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which file? (- is standard input)");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- entries of logs: the only part that would be there twice -------------------------------- */

static uint64_t entry_digest(struct hop_span id, struct hop_span value)
{
    const struct hop_span parts[] = {id, {" ", 1}, value};
    uint64_t digest = UINT64_C(14695981039346656037);
    for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
        for (size_t i = 0; i < parts[part].len; i++)
            digest = (digest ^ (unsigned char)parts[part].at[i]) * UINT64_C(1099511628211);
    return digest == 0 ? 1 : digest;
}

static uint64_t *seen_slot(const struct seen *seen, uint64_t digest)
{
    size_t at = (size_t)digest & (seen->room - 1);
    while (seen->slots[at] != 0 && seen->slots[at] != digest)
        at = (at + 1) & (seen->room - 1);
    return &seen->slots[at];
}

static bool seen_grow(struct seen *seen)
{
    if (seen->count * 2 < seen->room)
        return true;
    struct seen grown = {.room = seen->room == 0 ? SEEN_FIRST : seen->room * 2};
    grown.slots = calloc(grown.room, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < seen->room; i++)
        if (seen->slots[i] != 0)
            *seen_slot(&grown, seen->slots[i]) = seen->slots[i];
    free(seen->slots);
    seen->slots = grown.slots;
    seen->room = grown.room;
    return true;
}

/* False when it was there already. */
static bool seen_add(struct seen *seen, uint64_t digest)
{
    if (!seen_grow(seen)) {
        seen->no_memory = true;
        return true;
    }
    uint64_t *slot = seen_slot(seen, digest);
    bool fresh = *slot == 0;
    *slot = digest;
    seen->count += fresh;
    return fresh;
}

static bool see_entry(void *context, struct hop_span id, struct hop_span value)
{
    struct seen *seen = context;
    seen_add(seen, entry_digest(id, value));
    return !seen->no_memory;
}

static enum hop_rc log_see(struct load *load, const char *key, struct hop_error *err)
{
    struct seen *seen = &load->seen;
    if (strcmp(seen->key, key) == 0)
        return HOP_OK;
    free(seen->slots);
    *seen = (struct seen){.count = 0};
    hop_string_copy(seen->key, sizeof seen->key, key);
    return hop_store_log_by(load->desk->store, key, 0, see_entry, seen, hop_clock_deadline(LOG_MS),
                            err);
}

/* -- lines --------------------------------------------------------------------------------- */

static enum hop_rc batch_send(struct load *load, struct hop_error *err)
{
    enum hop_rc rc =
        hop_store_write_by(load->desk->store, &load->batch, hop_command_deadline(), err);
    if (rc == HOP_OK)
        load->written += load->batch.count;
    hop_batch_done(&load->batch);
    return rc;
}

/* Only what a dump holds: a key of ours, and the write that makes what it holds. */
static bool is_moved(const struct hop_write *write)
{
    struct hop_key_parts parts;
    enum hop_write_kind kind;
    const char *field = write->field != NULL ? write->field : write->value;
    return field != NULL && hop_key_parse(write->key, "", &parts) &&
           hop_moved_kind(&parts, hop_moved_object(write->kind), hop_span_of(field), &kind) &&
           kind == write->kind;
}

static enum hop_rc write_take(struct load *load, const struct hop_write *write,
                              struct hop_error *err)
{
    char key[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(key, sizeof key);
    hop_text_put(&text, load->desk->reach.prefix);
    hop_text_put(&text, write->key);
    if (!is_moved(write) || text.cut)
        return hop_error_set(err, HOP_MALFORMED, "no part of a history");
    enum hop_rc rc = HOP_OK;
    if (write->kind == HOP_WRITE_LOG) {
        rc = log_see(load, key, err);
        uint64_t digest = entry_digest(hop_span_of(write->field), hop_span_of(write->value));
        if (rc == HOP_OK && !seen_add(&load->seen, digest)) {
            load->known++;
            return HOP_OK;
        }
    }
    if (rc == HOP_OK)
        rc = hop_batch_add(&load->batch, write->kind, key, write->field, write->value,
                           write->number);
    if (rc == HOP_NOMEM || load->seen.no_memory)
        return hop_error_set(err, HOP_NOMEM, "load: out of memory");
    if (rc == HOP_OK && load->batch.count >= WRITES_MAX)
        rc = batch_send(load, err);
    return rc;
}

/* The line with its newline. */
static enum hop_rc line_take(struct load *load, struct hop_span line, struct hop_error *err)
{
    size_t end_len = strlen(HOP_MOVED_END);
    int64_t count;
    if (line.len > end_len && memcmp(line.at, HOP_MOVED_END, end_len) == 0) {
        struct hop_span digits =
            hop_span_trim((struct hop_span){line.at + end_len, line.len - end_len - 1});
        load->ended =
            hop_span_int64(digits, 0, INT64_MAX, &count) && (size_t)count == load->number - 2;
        return load->ended ? HOP_OK
                           : hop_error_set(err, HOP_MALFORMED, "lines are missing before the end");
    }
    struct hop_batch batch;
    enum hop_rc rc = hop_batch_parse(line, &batch, err);
    if (rc == HOP_MALFORMED)
        return hop_error_set(err, rc, "not a line of a dump");
    if (rc != HOP_OK)
        return rc;
    rc = batch.count == 1 ? write_take(load, &batch.writes[0], err)
                          : hop_error_set(err, HOP_MALFORMED, "not a line of a dump");
    hop_batch_done(&batch);
    return rc;
}

/* A bad line costs itself and nothing else. */
static enum hop_rc lines_take(struct load *load, FILE *in, struct hop_progress *progress,
                              struct hop_error *err)
{
    char *line = NULL;
    size_t room = 0, bytes = 0;
    enum hop_rc rc = HOP_OK;
    for (ssize_t len; rc == HOP_OK && (len = getline(&line, &room, in)) > 0;) {
        load->number++;
        bytes += (size_t)len;
        hop_progress_show(progress, bytes);
        struct hop_span span = {line, (size_t)len};
        if (load->number == 1) {
            if (!hop_span_is(hop_span_trim((struct hop_span){line, (size_t)len - 1}),
                             HOP_MOVED_HEAD))
                rc = hop_error_set(err, HOP_MALFORMED, "%s:1: not a dump (%s)", load->wishes->path,
                                   HOP_MOVED_HEAD);
            continue;
        }
        rc = line_take(load, span, err);
        if (rc == HOP_MALFORMED || rc == HOP_LIMIT) {
            hop_complain("%s:%zu: %s", load->wishes->path, load->number, err->text);
            load->refused++;
            rc = HOP_OK;
        }
    }
    if (rc == HOP_OK && ferror(in))
        rc = hop_error_errno(err, HOP_IO, errno, "%s: read", load->wishes->path);
    free(line);
    return rc;
}

static size_t size_of(FILE *in)
{
    struct stat facts;
    return fstat(fileno(in), &facts) == 0 && S_ISREG(facts.st_mode) ? (size_t)facts.st_size : 0;
}

static enum hop_rc read_all(struct load *load, struct hop_error *err)
{
    bool standard = strcmp(load->wishes->path, "-") == 0;
    FILE *in = standard ? stdin : fopen(load->wishes->path, "re");
    if (in == NULL)
        return hop_error_errno(err, HOP_IO, errno, "%s: open", load->wishes->path);
    struct hop_progress progress = hop_progress_begin("bytes", size_of(in));
    enum hop_rc rc = lines_take(load, in, &progress, err);
    if (rc == HOP_OK)
        rc = batch_send(load, err);
    hop_progress_end(&progress);
    if (!standard)
        fclose(in);
    if (rc == HOP_OK && !load->ended) {
        hop_complain("%s: the end is missing: the dump was cut off", load->wishes->path);
        load->refused++;
    }
    return rc;
}

static int run(const struct wishes *wishes, const struct hop_desk *desk)
{
    struct load load = {.wishes = wishes, .desk = desk};
    struct hop_error err = {0};
    hop_batch_init(&load.batch);
    enum hop_rc rc = read_all(&load, &err);
    hop_batch_done(&load.batch);
    free(load.seen.slots);
    char note[HOP_ERROR_TEXT_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_text_format(&text, "%zu lines of a history from %s%s", load.written,
                    strcmp(wishes->path, "-") == 0 ? "standard input" : wishes->path,
                    rc == HOP_OK ? "" : ", then it failed");
    if (load.written > 0)
        hop_act_tell(&wishes->common, "loaded", NULL, note);
    if (wishes->common.json)
        hop_json_print(json_pack("{s:I, s:I, s:I}", "written", (json_int_t)load.written,
                                 "known_log_entries", (json_int_t)load.known, "refused",
                                 (json_int_t)load.refused));
    else
        printf("%zu lines written, %zu log entries were there, %zu refused\n", load.written,
               load.known, load.refused);
    if (rc != HOP_OK)
        return hop_complain_of(&err);
    return load.refused > 0 ? HOP_EXIT_FINDING : HOP_EXIT_FINE;
}

int hop_verb_load(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {NULL,
                                     parse,
                                     "FILE",
                                     "Put what dump wrote into this history, beside what it holds. "
                                     "Loading twice is harmless.",
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
