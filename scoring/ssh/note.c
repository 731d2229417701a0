/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode.h"
#include "file.h"
#include "ssh.h"

#define NOTE_PATH_MAX 512

static enum hop_rc note_path(const char *folder, long pid, char path[NOTE_PATH_MAX],
                             struct hop_error *err)
{
    struct hop_text text = hop_text_over(path, NOTE_PATH_MAX);
    hop_text_format(&text, "%s/%ld", folder, pid);
    return text.cut ? hop_error_set(err, HOP_LIMIT, "%s: name too long", folder) : HOP_OK;
}

enum hop_rc hop_ssh_note_write(const char *folder, long pid, const struct hop_ssh_note *note,
                               struct hop_error *err)
{
    char path[NOTE_PATH_MAX], bytes[HOP_SSH_NOTE_MAX];
    enum hop_rc rc = note_path(folder, pid, path, err);
    if (rc)
        return rc;
    struct hop_text text = hop_text_over(bytes, sizeof bytes);
    hop_text_put(&text, "v1 ");
    hop_text_put_int(&text, note->time);
    hop_text_put_char(&text, ' ');
    hop_percent_put(&text, hop_span_of(note->account));
    hop_text_put_char(&text, ' ');
    hop_percent_put(&text, hop_span_of(note->key));
    if (note->verified)
        hop_text_put(&text, " verified");
    hop_text_put_char(&text, '\n');
    return hop_file_replace(path, bytes, text.len, 0600, (uid_t)-1, (gid_t)-1, false, err);
}

static bool decode_name(struct hop_span coded, char *name, size_t size)
{
    struct hop_text text = hop_text_over(name, size);
    return hop_percent_decode(coded, &text) && !text.cut && text.len && text.len == strlen(name);
}

enum hop_rc hop_ssh_note_parse(struct hop_span text, struct hop_ssh_note *ret_note,
                               struct hop_error *err)
{
    struct hop_ssh_note note = {0};
    struct hop_span line, version, time, account, key;
    if (!hop_span_cut(&text, '\n', &line) || !text.at || text.len ||
        !hop_span_cut(&line, ' ', &version) || !hop_span_is(version, "v1") ||
        !hop_span_cut(&line, ' ', &time) || !hop_span_int64(time, 0, INT64_MAX, &note.time) ||
        !hop_span_cut(&line, ' ', &account) ||
        !decode_name(account, note.account, sizeof note.account) ||
        !hop_span_cut(&line, ' ', &key) || !decode_name(key, note.key, sizeof note.key) ||
        (line.at && !hop_span_is(line, "verified")))
        return hop_error_set(err, HOP_MALFORMED, "note: not of the form v1");
    note.verified = line.at != NULL;
    *ret_note = note;
    return HOP_OK;
}

static enum hop_rc believe(const struct hop_ssh_note *note, const char *account, int64_t now,
                           int64_t not_before, struct hop_error *err)
{
    if (strcmp(note->account, account) != 0)
        return hop_error_set(err, HOP_MALFORMED, "note: about another account");
    if (note->time > now || now - note->time > HOP_SSH_NOTE_AGE_MAX)
        return hop_error_set(err, HOP_MALFORMED, "note: too old, or from the future");
    if (note->time < not_before)
        return hop_error_set(err, HOP_MALFORMED, "note: older than the connection");
    return HOP_OK;
}

enum hop_rc hop_ssh_note_read(const char *folder, long pid, uid_t owner, const char *account,
                              int64_t now, int64_t not_before, struct hop_ssh_note *ret_note,
                              struct hop_error *err)
{
    char path[NOTE_PATH_MAX], *bytes;
    size_t len;
    struct hop_file_rule rule = {.owner = owner, .forbidden = 022, .most = HOP_SSH_NOTE_MAX};
    enum hop_rc rc = note_path(folder, pid, path, err);
    if (!rc)
        rc = hop_file_read(path, &rule, &bytes, &len, err);
    if (rc == HOP_LIMIT)
        return hop_error_set(err, HOP_UNTRUSTED, "%s/%ld: larger than a note", folder, pid);
    if (rc)
        return rc;
    struct hop_ssh_note note;
    rc = hop_ssh_note_parse((struct hop_span){.at = bytes, .len = len}, &note, err);
    free(bytes);
    if (!rc)
        rc = believe(&note, account, now, not_before, err);
    if (!rc)
        *ret_note = note;
    else
        hop_error_within(err, "%s", path);
    return rc;
}

void hop_ssh_note_remove(const char *folder, long pid)
{
    char path[NOTE_PATH_MAX];
    if (note_path(folder, pid, path, NULL) == HOP_OK)
        hop_file_remove(path, NULL);
}

static bool is_old(int folder, const char *name, int64_t now)
{
    struct stat st;
    int64_t pid;
    bool note = hop_span_int64(hop_span_of(name), 0, INT64_MAX, &pid);
    int64_t most = note ? HOP_SSH_NOTE_AGE_MAX : HOP_SSH_NOTE_OTHERS_AGE_MAX;
    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
           now - (int64_t)st.st_mtim.tv_sec > most;
}

void hop_ssh_note_sweep(const char *folder, int64_t now)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    DIR *entries = fdopendir(fd);
    if (!entries) {
        close(fd);
        return;
    }
    const struct dirent *entry;
    for (int seen = 0; seen < HOP_SSH_NOTE_SWEEP_MAX && (entry = readdir(entries)); seen++)
        if (is_old(fd, entry->d_name, now))
            unlinkat(fd, entry->d_name, 0);
    closedir(entries);
}
