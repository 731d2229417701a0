/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the command: each takes its own arguments (argv[0] is "hopwarden verb") and returns
 * an exit status. */
#ifndef HOP_VERBS_H
#define HOP_VERBS_H

int hop_verb_acl(int argc, char **argv);
int hop_verb_codes(int argc, char **argv);
int hop_verb_config(int argc, char **argv);
int hop_verb_confirm(int argc, char **argv);
int hop_verb_doctor(int argc, char **argv);
int hop_verb_dump(int argc, char **argv);
int hop_verb_enforce(int argc, char **argv);
int hop_verb_explain(int argc, char **argv);
int hop_verb_flush(int argc, char **argv);
int hop_verb_forget(int argc, char **argv);
int hop_verb_freeze(int argc, char **argv);
int hop_verb_history(int argc, char **argv);
int hop_verb_import(int argc, char **argv);
int hop_verb_keys(int argc, char **argv);
int hop_verb_load(int argc, char **argv);
int hop_verb_log(int argc, char **argv);
int hop_verb_permit(int argc, char **argv);
int hop_verb_prune(int argc, char **argv);
int hop_verb_readiness(int argc, char **argv);
int hop_verb_replay(int argc, char **argv);
int hop_verb_resolve(int argc, char **argv);
int hop_verb_unfreeze(int argc, char **argv);
int hop_verb_unpermit(int argc, char **argv);

#endif
