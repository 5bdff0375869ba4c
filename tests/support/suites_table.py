#!/usr/bin/env python3
"""Prints what the suites of this ctest run came to; nothing when none ran.

usage: suites_table.py FOLDER

FOLDER holds a file for each test, TEST.tsv, with a line for each suite: name, passed, total; or name,
"skipped". ctest empties it before its first test and calls this after the last (see tests/CMakeLists.txt).
"""
import pathlib
import sys

HEAD = ("test", "suite", "passed", "total")


def rows_of(path):
    for line in path.read_text().splitlines():
        suite, *counts = line.split("\t")
        yield (path.stem, suite, *counts) if len(counts) == 2 else (path.stem, suite, "skipped", "-")


def print_table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for test, suite, passed, total in rows:
        print(f"{test:{widths[0]}}  {suite:{widths[1]}}  {passed:>{widths[2]}}  {total:>{widths[3]}}")


def main():
    rows = [row for path in sorted(pathlib.Path(sys.argv[1]).glob("*.tsv")) for row in rows_of(path)]
    if not rows:
        return
    ran = sum(row[2] != "skipped" for row in rows)
    print()
    print_table([HEAD, *rows])
    print(f"{ran} suites ran, {len(rows) - ran} were skipped")


if __name__ == "__main__":
    main()
