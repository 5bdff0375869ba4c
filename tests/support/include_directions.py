#!/usr/bin/env python3
"""Fails on an #include that goes against the table of rooms (README, "The house").

usage: include_directions.py SOURCE_ROOT
"""
import pathlib
import re
import sys

# room -> the rooms it may include besides itself. The longest matching path is a file's room.
ALLOWED = {
    "crawler/page.h": {"crawler/base"},
    "crawler/base": {"crawler/page.h"},  # page.c holds page.h's two functions
    "crawler/parse": {"crawler/base", "crawler/page.h"},
    "crawler/extract": {"crawler/base", "crawler/parse", "crawler/page.h"},
    "crawler/frontier": {"crawler/base", "crawler/parse", "crawler/page.h"},
    "crawler/fetch": {"crawler/base", "crawler/parse", "crawler/page.h"},
    "crawler/engine": {"crawler/base", "crawler/page.h", "crawler/parse", "crawler/extract",
                       "crawler/frontier", "crawler/fetch", "storage", "config"},
    "crawler/service": {"crawler/engine", "crawler/base", "crawler/page.h", "crawler/parse",
                        "crawler/extract", "crawler/frontier", "crawler/fetch", "storage", "config"},
    "crawler/cli": {"*"},
    "storage": {"crawler/base", "crawler/page.h"},
    "storage/sql": {"crawler/base", "crawler/page.h", "crawler/extract", "crawler/parse", "storage"},
    "config": {"crawler/base"},
}
# Libraries that live in one room only.
PRIVATE = {"libxml/": "crawler/parse", "curl/": "crawler/fetch", "ares": "crawler/fetch",
           "sqlite3.h": "storage", "yaml.h": "config", "unicode/": "crawler/parse"}


def room_of(path):
    matches = [room for room in ALLOWED if path == room or path.startswith(room + "/")]
    return max(matches, key=len) if matches else None


def problems(root, path):
    room = room_of(path)
    for number, line in enumerate((root / path).read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if not match:
            continue
        quoted, target = match[1] == '"', match[2]
        if quoted:
            other = room_of(target)
            if other is None:
                yield f"{path}:{number}: \"{target}\" lies in no room; name it from the project's root"
            elif other != room and not ({other, "*"} & ALLOWED[room]):
                yield f"{path}:{number}: {room} may not include {other} ({target})"
        for prefix, home in PRIVATE.items():
            if not quoted and target.startswith(prefix) and not path.startswith(home + "/"):
                yield f"{path}:{number}: <{target}> belongs to {home} alone"


def main():
    root = pathlib.Path(sys.argv[1])
    files = [str(p.relative_to(root)) for top in ("crawler", "storage", "config")
             for p in sorted((root / top).rglob("*.[ch]"))]
    found = [text for path in files for text in problems(root, path)]
    print("\n".join(found))
    print(f"{len(files)} files, {len(found)} includes against the table")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
