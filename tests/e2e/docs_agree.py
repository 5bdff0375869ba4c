#!/usr/bin/env python3
"""Fails where the help texts, the man page and the bash completion disagree on an option.

usage: docs_agree.py CRAWLD MAN_PAGE COMPLETION

An option is its names and whether it takes a value. The man page (mdoc) has a subsection "Options of COMMAND" for each
command that has options of its own, and "Options of every command".
"""
import re
import subprocess
import sys

COMMANDS = ("crawl", "serve", "query", "cat", "explain", "audit", "check")


def run(*command):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout


def help_options(crawld, command):
    """Lines such as "  -o, --output DB   the database"; the value is one word away from the name."""
    options = {}
    for line in run(crawld, command, "--help").splitlines():
        match = re.match(r"\s+(?:(-\w), *|)(--[\w-]+)( \S.*?)?(?:\s{2,}|$)", line)
        if match:
            letter, name, value = match.groups()
            options.update({each: bool(value) for each in (letter, name) if each})
    return options


def section_options(man, title):
    section = re.search(rf"^\.S[sh] {title}$(.*?)(?=^\.S[sh] |\Z)", man, re.M | re.S)
    options = {}
    for item in re.findall(r"^\.It (Fl .*)$", section[1] if section else "", re.M):
        has_value = bool(re.search(r" (?:Ar|Cm) ", item))
        for name in re.findall(r"Fl ((?:Fl )?[\w-]+)", item):
            options[name.replace("Fl ", "--") if name.startswith("Fl ") else "-" + name] = has_value
    return options


def man_options(man, command):
    return {**section_options(man, "Options of every command"),
            **section_options(man, f"Options of {command}")}


def completion_options(path, command):
    script = ('source "$0"; for o in $(_crawld_options "$1"); do echo "$o $(_crawld_kind "$o")"; done')
    lines = [line.split() for line in run("bash", "-c", script, path, command).splitlines()]
    return {words[0]: len(words) > 1 for words in lines}


def differences(command, texts):
    """What one text says of an option and another does not."""
    for name in sorted(set().union(*(options for options in texts.values()))):
        words = {text: {True: "with a value", False: "a switch", None: "missing"}[options.get(name)]
                 for text, options in texts.items()}
        if len(set(words.values())) > 1:
            said = ", ".join(f"{text}: {word}" for text, word in words.items())
            yield f"{command} {name}: {said}"


def main():
    crawld, man_path, completion = sys.argv[1:]
    with open(man_path, encoding="utf-8") as file:
        man = file.read()
    found, count = [], 0
    for command in COMMANDS:
        texts = {"help": help_options(crawld, command), "man page": man_options(man, command),
                 "completion": completion_options(completion, command)}
        if "--help" not in texts["help"]:
            found.append(f"crawld {command} --help lists no --help: is it a help text?")
        found += differences(command, texts)
        count += len(texts["help"])
    print("\n".join(found))
    print(f"{count} options, {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
