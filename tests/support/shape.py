#!/usr/bin/env python3
"""Prints the ten longest functions and files of the house, so that someone looks at them, and fails on a
function of more than 80 lines or a file of more than 500.

usage: shape.py SOURCE_ROOT

Leans on clang-format's layout: a brace alone in the first column opens a function's body, the next one
there closes it.
"""
import pathlib
import re
import sys

FUNCTION_MAX, FILE_MAX, SHOWN = 80, 500, 10


def functions(lines):
    """Yields (lines of the body, line number, name)."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield number - start - 1, start, name_before(lines, start)
            start = None


def name_before(lines, start):
    """The name of the function whose body opens at line `start`."""
    head = []
    for line in reversed(lines[max(0, start - 12):start - 1]):
        head.insert(0, line)
        if line[:1].isalpha():
            break
    match = re.search(r"(\w+)\(", " ".join(head))
    return match[1] if match else "?"


def report(title, rows, limit):
    """Prints the longest of `rows` and all over the limit; returns how many those are."""
    rows = sorted(rows, reverse=True)
    lengths = [row[0] for row in rows]
    over = sum(length > limit for length in lengths)
    print(f"{title}: {len(rows)}, median {lengths[len(rows) // 2]} lines, {over} over {limit}")
    for length, where in rows[:max(SHOWN, over)]:
        print(f"  {length:5}  {where}{'  TOO LONG' if length > limit else ''}")
    return over


def main():
    root = pathlib.Path(sys.argv[1])
    files, bodies = [], []
    for path in sorted(p for top in ("crawler", "storage", "config") for p in (root / top).rglob("*.[ch]")):
        name, lines = path.relative_to(root), path.read_text().splitlines()
        files.append((len(lines), str(name)))
        bodies += [(count, f"{name}:{start} {function}") for count, start, function in functions(lines)]
    if not files or not bodies:
        print("nothing to measure")
        return 1
    over = report("functions", bodies, FUNCTION_MAX) + report("files", files, FILE_MAX)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
