/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence.h"

#include "words.h"

static const char *const story_words[HOP_STORY_COUNT] = {
    [HOP_STORY_OUTSIDE] = "outside",
    [HOP_STORY_NEAR] = "near",
    [HOP_STORY_HOP] = "hop",
    [HOP_STORY_SEAT] = "seat",
};

static const char block_letters[HOP_BLOCK_COUNT] = {
    [HOP_BLOCK_ORIGIN] = 'N',  [HOP_BLOCK_TRAVEL] = 'G',      [HOP_BLOCK_TIME] = 'T',
    [HOP_BLOCK_KEY] = 'K',     [HOP_BLOCK_DESTINATION] = 'D', [HOP_BLOCK_HOP] = 'H',
    [HOP_BLOCK_FAN_OUT] = 'B', [HOP_BLOCK_FAILURES] = 'F',    [HOP_BLOCK_DORMANCY] = 'Z',
    [HOP_BLOCK_SIGHT] = 'S',   [HOP_BLOCK_MOVE] = 'M',        [HOP_BLOCK_RECENCY] = 'V',
    [HOP_BLOCK_PACE] = 'P',
};

static const char *const block_words[HOP_BLOCK_COUNT] = {
    [HOP_BLOCK_ORIGIN] = "origin",     [HOP_BLOCK_TRAVEL] = "travel",
    [HOP_BLOCK_TIME] = "time",         [HOP_BLOCK_KEY] = "key",
    [HOP_BLOCK_HOP] = "hop",           [HOP_BLOCK_DESTINATION] = "destination",
    [HOP_BLOCK_FAN_OUT] = "fan-out",   [HOP_BLOCK_FAILURES] = "failures",
    [HOP_BLOCK_DORMANCY] = "dormancy", [HOP_BLOCK_SIGHT] = "first-sight",
    [HOP_BLOCK_MOVE] = "move",         [HOP_BLOCK_RECENCY] = "recency",
    [HOP_BLOCK_PACE] = "pace",
};

const char *hop_story_word(enum hop_story story)
{
    return word_at(story_words, HOP_STORY_COUNT, (unsigned)story);
}

char hop_block_letter(enum hop_block block)
{
    return (unsigned)block < HOP_BLOCK_COUNT ? block_letters[block] : '?';
}

const char *hop_block_word(enum hop_block block)
{
    return word_at(block_words, HOP_BLOCK_COUNT, (unsigned)block);
}
