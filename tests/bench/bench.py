#!/usr/bin/env python3
"""Crawls one synthetic site with crawld, Scrapy and wget2 in turn and compares what it cost.

The site is deterministic: 5,000 static pages of 21 KB with 51 links each, served by nginx (one worker) on
loopback. Every round runs every tool once. CPU time and peak memory are the kernel's figures for the tool's
process (wait4); nginx is not counted. A run counts only if nginx saw every page.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass

from support.nginx import Nginx

HERE = pathlib.Path(__file__).parent
WORDS = "lantern harbour orchard ledger granite meadow copper silver thunder village river autumn winter".split()


def main():
    options = read_options()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crawld-bench-"))
    try:
        paths = write_site(folder / "site", options)
        with Nginx(folder / "nginx", {"/": str(folder / "site")}) as server:
            runs = list(run_rounds(folder, server, paths, options))
    finally:
        shutil.rmtree(folder)
    print_summary(runs, options)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps([asdict(run) for run in runs], indent=1))
    return 0 if all(run.is_complete() for run in runs) else 1


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--crawld", default="build/release/crawld", help="the binary [%(default)s]")
    parser.add_argument("--tools", default="crawld,scrapy,wget2", help="in this order [%(default)s]")
    parser.add_argument("--rounds", type=int, default=3, help="[%(default)s]")
    parser.add_argument("--pages", type=int, default=5000, help="[%(default)s]")
    parser.add_argument("--links", type=int, default=51, help="links a page [%(default)s]")
    parser.add_argument("--bytes", type=int, default=21 * 1024, help="size of a page [%(default)s]")
    parser.add_argument("--connections", type=int, default=16, help="for every tool [%(default)s]")
    parser.add_argument("--json", metavar="FILE", help="write every run there as well")
    return parser.parse_args()


# -- the site ------------------------------------------------------------------------------------------


def write_site(folder, options):
    """Returns the paths of all pages. Page i links to its children in a tree, so that all are reachable,
    and to random ones."""
    draw = random.Random(5000)
    paths = ["/index.html"] + [f"/{i % 100:02}/page-{i}.html" for i in range(1, options.pages)]
    for i, path in enumerate(paths):
        children = paths[i * 10 + 1:i * 10 + 11]
        links = children + draw.choices(paths, k=options.links - len(children))
        place = folder / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(write_page(draw, i, links, options.bytes))
    (folder / "robots.txt").write_text("User-agent: *\nDisallow:\n")
    return paths


def write_page(draw, number, links, size):
    head = (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Page {number}</title>'
            f'<meta name="description" content="Page {number} of the synthetic site"></head><body>\n')
    anchors = [f'<li class="link"><a href="{link}">{draw.choice(WORDS)} {draw.choice(WORDS)}</a></li>\n' for link in links]
    words = (size - len(head) - sum(map(len, anchors))) // 8
    text = "".join(f"<p>{' '.join(draw.choices(WORDS, k=20))}</p>\n" for _ in range(max(words // 20, 1)))
    return (head + "<ul>\n" + "".join(anchors) + "</ul>\n" + text)[:size - 15] + "\n</body></html>"


# -- the tools -----------------------------------------------------------------------------------------


def command_of(tool, url, options):
    connections = str(options.connections)
    return {
        "crawld": [os.path.abspath(options.crawld), "crawl", "-o", "site.db", "--delay", "0", "--quiet",
                   "--per-host", connections, "--connections", connections, url],
        # Debian's Scrapy belongs to Debian's Python, whichever runs this file
        "scrapy": ["/usr/bin/python3", "-m", "scrapy", "runspider", str(HERE / "spider.py"), "-a", f"start={url}",
                   "-s", f"CONCURRENT_REQUESTS={connections}", "-s", f"CONCURRENT_REQUESTS_PER_DOMAIN={connections}",
                   "-O", "pages.jsonl"],
        "wget2": ["wget2", "--quiet", "--recursive", "--level=inf", f"--max-threads={connections}", url],
    }[tool]


# -- running -------------------------------------------------------------------------------------------


@dataclass
class Run:
    tool: str
    round: int
    status: int
    pages: int       # different pages of the site that nginx was asked for
    missing: int
    repeated: int    # requests for a page beyond its first
    seconds: float
    cpu_seconds: float
    peak_mib: float

    def is_complete(self):
        return self.status == 0 and self.missing == 0

    @property
    def rate(self):
        return self.pages / self.seconds

    @property
    def pages_per_cpu_second(self):
        return self.pages / self.cpu_seconds


def run_rounds(folder, server, paths, options):
    for number in range(1, options.rounds + 1):
        for tool in options.tools.split(","):
            before = server.requests()
            place = folder / "run"
            place.mkdir()
            measured = measure(command_of(tool, server.url("/index.html"), options), place)
            shutil.rmtree(place)
            requests = server.requests() - before
            asked = [requests[path] for path in paths]
            run = Run(tool, number, *measured[:1], pages=sum(map(bool, asked)), missing=asked.count(0),
                      repeated=sum(asked) - sum(map(bool, asked)), seconds=measured[1], cpu_seconds=measured[2],
                      peak_mib=measured[3])
            print(describe(run), flush=True)
            yield run


def measure(command, folder):
    """(exit status, wall seconds, CPU seconds, peak MiB) of a process and of those it waited for."""
    with open(folder / "output", "w") as output:
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        print((folder / "output").read_text()[-2000:])
    return process.returncode, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def describe(run):
    remark = "" if run.is_complete() else f"  INCOMPLETE: exit {run.status}, {run.missing} missing"
    return (f"round {run.round}  {run.tool:7} {run.pages:6} pages {run.rate:8.0f}/s {run.pages_per_cpu_second:8.0f} a CPU-second "
            f"{run.peak_mib:7.1f} MiB peak  {run.repeated} repeated{remark}")


# -- the result ----------------------------------------------------------------------------------------


def spread(values):
    return f"{min(values):.1f} / {statistics.median(values):.1f} / {max(values):.1f}"


def print_summary(runs, options):
    print(f"\n{options.pages} pages of {options.bytes} bytes, {options.links} links each, {options.rounds} rounds, "
          f"{options.connections} connections (min / median / max)")
    tools = options.tools.split(",")
    of = {tool: [run for run in runs if run.tool == tool] for tool in tools}
    for tool in tools:
        print(f"{tool:7}  pages/s {spread([r.rate for r in of[tool]])}   pages/CPU-second "
              f"{spread([r.pages_per_cpu_second for r in of[tool]])}   peak MiB {spread([r.peak_mib for r in of[tool]])}")
    for tool in tools:
        if "crawld" in of and tool != "crawld":
            pairs = list(zip(of["crawld"], of[tool]))
            print(f"crawld : {tool}   pages/s {spread([a.rate / b.rate for a, b in pairs])}   pages/CPU-second "
                  f"{spread([a.pages_per_cpu_second / b.pages_per_cpu_second for a, b in pairs])}   "
                  f"peak memory {spread([a.peak_mib / b.peak_mib for a, b in pairs])}")


if __name__ == "__main__":
    raise SystemExit(main())
