/* SPDX-License-Identifier: Apache-2.0 */
/* Each stories/NAME.story must yield stories/NAME.verdict. With the argument "write" the verdicts
 * are written instead: to be read, line by line, before they are committed. */
#include "story.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER HOP_TEST_DATA "/../unit/model/stories"
#define VERDICT_MAX 4096
#define STORIES_AT_LEAST 25

static struct dirent **stories;
static int story_count;
static bool writing;

static int is_story(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".story") == 0;
}

static void verdict_path(const char *story, char path[512])
{
    (void)snprintf(path, 512, "%s/%.*s.verdict", FOLDER, (int)(strlen(story) - strlen(".story")),
                   story);
}

static void tell(const char *name, char told[VERDICT_MAX])
{
    struct story story;
    struct hop_text text = hop_text_over(told, VERDICT_MAX);
    story_read(&story, FOLDER, name);
    story_tell(&story, &text);
    ck_assert(!text.cut);
    story_done(&story);
}

static void write_verdict(const char *path, const char *told)
{
    FILE *file = fopen(path, "we");
    ck_assert_msg(file && fputs(told, file) >= 0 && fclose(file) == 0, "%s", path);
}

START_TEST(a_story_ends_as_told)
{
    const char *name = stories[_i]->d_name;
    char path[512], told[VERDICT_MAX], expected[VERDICT_MAX] = "";
    tell(name, told);
    verdict_path(name, path);
    if (writing) {
        write_verdict(path, told);
        return;
    }
    FILE *file = fopen(path, "re");
    ck_assert_msg(file, "%s is missing", path);
    expected[fread(expected, 1, sizeof expected - 1, file)] = '\0';
    (void)fclose(file);
    ck_assert_msg(strcmp(told, expected) == 0, "%s\nends with:\n%sbut is told to end with:\n%s",
                  name, told, expected);
}
END_TEST

START_TEST(there_are_enough_stories)
{
    ck_assert_int_ge(story_count, STORIES_AT_LEAST);
}
END_TEST

int main(int argc, char **argv)
{
    story_count = scandir(FOLDER, &stories, is_story, alphasort);
    writing = argc > 1 && strcmp(argv[1], "write") == 0;
    Suite *suite = suite_create("story");
    TCase *cases = tcase_create("stories");
    tcase_add_test(cases, there_are_enough_stories);
    tcase_add_loop_test(cases, a_story_ends_as_told, 0, story_count > 0 ? story_count : 0);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    for (int i = 0; i < story_count; i++)
        free(stories[i]);
    free(stories);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
