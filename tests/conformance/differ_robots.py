#!/usr/bin/env python3
"""robots.txt against Protego (Scrapy's parser): the same verdict on random files and paths.

usage: differ_robots.py DRIVER        needs Debian's python3-protego; $SEED, $ROUNDS

Where Protego reads otherwise than RFC 9309, the generator stays away:
- a group counts for every agent whose name *contains* its token (RFC 2.2.1: is it): no name here holds another;
- Sitemap and unknown lines end a list of user-agent lines (RFC 2.2.4: they have no part in it): only after rules;
- a "$" stands for itself as well, wherever it is; "*" in a path is quoted: neither is in a path;
- the length of a rule is that of its quoted form, and what needs quoting in a path needs none in a query:
  only characters that need no quoting;
- a "?" of a rule is lost when it is the second, or the last before a "$", which moves in front of it: one at
  most, with something behind it but no "$";
- "Allow: /index.html" allows "/" as well; a path that begins with "//" is taken for a host: neither is made;
- lines end where Python's str.splitlines() says: only CR and LF here.
"""
import json
import os
import random
import subprocess
import sys

try:
    from protego import Protego
except ImportError:
    print("skipped: needs python3-protego")
    sys.exit(77)

AGENTS = ["foobot", "quxbot", "zap"]
PIECES = ["a", "b", "ab", "/", "/", ".", "-", "~", "_", "x1"]


def make_path(random):
    path = "/" + "".join(random.choices(PIECES, k=random.randrange(8))).lstrip("/")
    return random.choice([path, path, path + "?a", path + "?b/a"])


def make_pattern(random):
    pieces = list(make_path(random)[1:])
    for _ in range(random.choice([0, 0, 1, 1, 2, 4])):
        pieces.insert(random.randrange(len(pieces) + 1), "*")
    pattern = "/" + "".join(pieces).lstrip("/")
    return pattern if "?" in pattern else pattern + random.choice(["", "", "$"])


def spell(random, word):
    return random.choice([word, word.lower(), word.upper()])


def make_line(random, field, value):
    space = random.choice(["", " ", "  ", "\t"])
    comment = random.choice(["", "", "", " # comment", "#x"])
    return f"{random.choice(['', '', ' '])}{spell(random, field)}{random.choice(['', ' '])}:{space}{value}{comment}"


def make_group(random):
    lines = [make_line(random, "User-agent", spell(random, agent))
             for agent in random.sample([*AGENTS, "*", "*"], random.randrange(1, 3))]
    for _ in range(random.randrange(6)):
        value = random.choice([make_pattern(random)] * 9 + [""])
        lines.append(make_line(random, random.choice(["Disallow", "Disallow", "Allow"]), value))
    if random.random() < 0.2 and len(lines) > 2 and "isallow" in lines[-1].lower():
        lines.append(random.choice(["Crawl-delay: 2", "Sitemap: https://example.org/s.xml", "Nonsense: 1"]))
    return lines


def make_file(random):
    lines = [random.choice(["", "# robots", make_line(random, "Disallow", "/before-any-group")])]
    for _ in range(random.randrange(5)):
        lines += make_group(random)
        lines += random.choice([[], [""], ["", "# next"]])
    return random.choice(["\n", "\r\n", "\r"]).join(lines)


def make_question(random):
    return {"robots": make_file(random), "agent": random.choice(AGENTS),
            "paths": [make_path(random) for _ in range(20)]}


def main():
    seed, rounds = int(os.environ.get("SEED", "9309")), int(os.environ.get("ROUNDS", "10000"))
    source = random.Random(seed)
    questions = [make_question(source) for _ in range(rounds)]
    feed = "".join(json.dumps(question) + "\n" for question in questions)
    answers = subprocess.run([sys.argv[1]], input=feed, capture_output=True, text=True, check=True).stdout
    asked = denied = differing = 0
    for question, answer in zip(questions, answers.splitlines(), strict=True):
        theirs = Protego.parse(question["robots"])
        for path, ours in zip(question["paths"], answer, strict=True):
            allowed = theirs.can_fetch(path, question["agent"])
            asked += 1
            denied += not allowed
            if allowed != (ours == "a"):
                differing += 1
                if differing <= 5:
                    print(f"--- {path} for {question['agent']}: ours {ours}, Protego's {'da'[allowed]}\n"
                          f"{question['robots']}")
    print(f"robots against Protego, seed {seed}: {rounds} files, {asked} verdicts, {denied} of them denied, "
          f"{differing} differ")
    return differing > 0 or denied == 0


if __name__ == "__main__":
    sys.exit(main())
