#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every reason that the sources can give is a sentence of at most twelve words without symbols: each format of hop_verdict_because, each
sentence of a table that goes through its "%s", with a one-word name for each name. The weight is no part of the sentence; the record puts it
behind."""
import pathlib
import re
import sys

WORDS_MAX = 12
CALL = re.compile(r"hop_verdict_because\(\s*\w[\w&>.\-]*\s*,(?P<arguments>.*?)\);", re.S)
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
PLAIN = re.compile(r"\w+(?:['-]\w+)*(?:,? \w+(?:['-]\w+)*)*", re.ASCII)
# what is no sentence of its own but goes into the %s of another: file, pattern, whole sentence or a part
PARTS = (
    ("scoring/model/loss.c", r'\{"[a-z-]+", "([^"]+)"\}', "{}"),
    ("scoring/model/reasons.c", r'\[HOP_BLOCK_\w+\] = "([^"]+)"', "{}"),
    ("scoring/model/reasons.c", r'\? "(, [^"]+)" : ""', "country NL new{}"),
    ("scoring/conf/binding.c", r'why, sizeof [\w>.-]+, "([^"]+)"', "{}"),
    ("scoring/conf/binding.c", r'hop_text_put\(&text, "( is [^"]+)"', "source name{}"),
)


def objection(sentence):
    named = re.sub(r"%(s|d|zu|lld)", "name", sentence)
    if not PLAIN.fullmatch(named):
        return "holds a symbol"
    if len(named.split()) > WORDS_MAX:
        return f"has {len(named.split())} words"
    return None


def sentences(root):
    """(code or file, sentence) of all."""
    for path in sorted(root.glob("*/**/*.c")):
        if "tests" in path.parts or "build" in path.relative_to(root).parts:
            continue
        for call in CALL.finditer(path.read_text()):
            words = LITERAL.findall(re.sub(r'"\s*"', "", call["arguments"]))
            for sentence in words:
                if (" " in sentence or "%" in sentence) and sentence != "%s":
                    yield path.name, sentence
    for name, pattern, frame in PARTS:
        found = re.findall(pattern, (root / name).read_text())
        if not found:
            sys.exit(f"{name}: no sentence is found by {pattern}")
        for part in found:
            yield name, frame.format(part)


def codes(root):
    """The stable words, of floors, losses and blocks."""
    found = set()
    for name in ("reasons.c", "loss.c", "verdict.c", "floors.c"):
        text = (root / "scoring" / "model" / name).read_text()
        found |= set(re.findall(r'hop_verdict_because\(\s*\w+,\s*"([a-z-]+)"', text))
        found |= set(re.findall(r'\{"([a-z-]+)", "', text)) | set(re.findall(r'\[HOP_FLOOR_\w+\] = "([a-z-]+)"', text))
    return found


def main():
    root = pathlib.Path(sys.argv[1])
    told = sorted(set(sentences(root)))
    bad = [f"{where}: {sentence!r} {why}" for where, sentence in told if (why := objection(sentence))]
    if len(told) < len(codes(root)):
        bad.append(f"{len(told)} sentences for {len(codes(root))} codes: some are not found")
    print("\n".join(bad) or f"{len(told)} sentences of {len(codes(root))} codes")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
