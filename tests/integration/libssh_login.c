/* SPDX-License-Identifier: Apache-2.0 */
/* libssh_login HOST PORT SOURCE USER KEY|- COMMAND: one login by libssh, as its manual shows: the
 * key (and KEY-cert.pub beside it), then whatever the server still wants, asked for on the
 * terminal. Prints what the server says. */
#include <libssh/libssh.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REFUSED 5

static void tell(const char *words)
{
    if (words != NULL && words[0] != '\0')
        fprintf(stderr, "%s\n", words);
}

static void tell_banner(ssh_session session)
{
    char *banner = ssh_get_issue_banner(session);
    tell(banner);
    ssh_string_free_char(banner);
}

static ssh_key load_key(const char *path)
{
    char certificate_path[4096];
    ssh_key key = NULL, certificate = NULL;
    if (ssh_pki_import_privkey_file(path, NULL, NULL, NULL, &key) != SSH_OK)
        return NULL;
    snprintf(certificate_path, sizeof certificate_path, "%s-cert.pub", path);
    if (ssh_pki_import_cert_file(certificate_path, &certificate) == SSH_OK)
        ssh_pki_copy_cert_to_privkey(certificate, key);
    ssh_key_free(certificate);
    return key;
}

static int by_key(ssh_session session, const char *path)
{
    ssh_key key = load_key(path);
    if (key == NULL) {
        tell("libssh_login: no such key");
        return SSH_AUTH_ERROR;
    }
    int result = ssh_userauth_publickey(session, NULL, key);
    ssh_key_free(key);
    return result;
}

static void answer_prompts(ssh_session session)
{
    tell(ssh_userauth_kbdint_getname(session));
    tell(ssh_userauth_kbdint_getinstruction(session));
    int count = ssh_userauth_kbdint_getnprompts(session);
    for (int i = 0; i < count; i++) {
        char echo;
        char *answer = getpass(ssh_userauth_kbdint_getprompt(session, (unsigned)i, &echo));
        ssh_userauth_kbdint_setanswer(session, (unsigned)i, answer == NULL ? "" : answer);
    }
}

static int by_prompts(ssh_session session)
{
    int result = ssh_userauth_kbdint(session, NULL, NULL);
    while (result == SSH_AUTH_INFO) {
        answer_prompts(session);
        result = ssh_userauth_kbdint(session, NULL, NULL);
    }
    return result;
}

static int authenticate(ssh_session session, const char *key)
{
    int result = ssh_userauth_none(session, NULL);
    if (key[0] != '-')
        result = by_key(session, key);
    unsigned left = (unsigned)ssh_userauth_list(session, NULL);
    if (result == SSH_AUTH_PARTIAL && (left & SSH_AUTH_METHOD_INTERACTIVE) != 0)
        result = by_prompts(session);
    else if (result == SSH_AUTH_DENIED && key[0] == '-' && (left & SSH_AUTH_METHOD_PASSWORD) != 0)
        result = ssh_userauth_password(session, NULL, getpass("Password: "));
    tell_banner(session);
    return result;
}

/* libssh 0.11 has another call for it. */
static int exit_status_of(ssh_channel channel)
{
#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 11, 0)
    uint32_t status = REFUSED;
    return ssh_channel_get_exit_state(channel, &status, NULL, NULL) == SSH_OK ? (int)status
                                                                              : REFUSED;
#else
    return ssh_channel_get_exit_status(channel);
#endif
}

static int run(ssh_session session, const char *command)
{
    char bytes[4096];
    int got, status = REFUSED;
    ssh_channel channel = ssh_channel_new(session);
    if (channel != NULL && ssh_channel_open_session(channel) == SSH_OK &&
        ssh_channel_request_exec(channel, command) == SSH_OK) {
        while ((got = ssh_channel_read(channel, bytes, sizeof bytes, 0)) > 0)
            fwrite(bytes, 1, (size_t)got, stdout);
        status = exit_status_of(channel);
    }
    tell_banner(session);
    ssh_channel_free(channel);
    return status;
}

static int connect_from(ssh_session session, char **words)
{
    ssh_options_set(session, SSH_OPTIONS_HOST, words[1]);
    ssh_options_set(session, SSH_OPTIONS_PORT_STR, words[2]);
    ssh_options_set(session, SSH_OPTIONS_BINDADDR, words[3]);
    ssh_options_set(session, SSH_OPTIONS_USER, words[4]);
    return ssh_connect(session);
}

int main(int argc, char **argv)
{
    int status = REFUSED;
    ssh_session session = ssh_new();
    if (session == NULL || argc != 7)
        return 64;
    if (connect_from(session, argv) == SSH_OK && authenticate(session, argv[5]) == SSH_AUTH_SUCCESS)
        status = run(session, argv[6]);
    else
        tell(ssh_get_error(session));
    ssh_disconnect(session);
    ssh_free(session);
    return status;
}
