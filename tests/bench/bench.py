#!/usr/bin/env python3
"""Crawls one synthetic web with crawld and its peers in turn and compares what it cost.

The web is deterministic (synthetic.py) and served by nginx, one worker, on loopback. Every round runs every
tool and the bare parts of a crawler once. CPU time and peak memory are the kernel's figures for the tool's
process (wait4); nginx's CPU time is counted apart. Then: how long small things take, what a request in flight takes
in memory, and what a page costs when there are many. Exit status 1: crawld lost a page.
"""
import argparse
import json
import os
import pathlib
import shutil
import tempfile
from dataclasses import asdict

import growth
import in_flight
import latency
import parts
import peers
import report
from support.nginx import Nginx
from synthetic import RULES, Site


def main():
    options = read_options()
    results = [bench(hosts, options) for hosts in map(int, options.hosts.split(",")) if hosts > 0]
    if options.latency > 0:
        results.append(bench_latency(options))
    if options.in_flight > 0:
        results.append(bench_in_flight(options))
    if options.growth > 0:
        results.append(bench_growth(options))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1))
    return 0 if all(run["missing"] == 0 for result in results for run in result.get("runs", []) if run["tool"] == "crawld") else 1


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--crawld", default="build/release/crawld", help="the binary [%(default)s]")
    parser.add_argument("--programs", default="build/release/tests/bench", metavar="FOLDER",
                        help="of measure and parts_bench [%(default)s]")
    parser.add_argument("--tools", default=",".join(peers.NAMES), help="in this order, if installed [%(default)s]")
    parser.add_argument("--hosts", default="1,1000", help="a web for each number; 0: none [%(default)s]")
    parser.add_argument("--rounds", type=int, default=3, help="[%(default)s]")
    parser.add_argument("--pages", type=int, default=2000, help="in all, of each web [%(default)s]")
    parser.add_argument("--links", type=int, default=51, help="links a page [%(default)s]")
    parser.add_argument("--bytes", type=int, default=20 * 1024, help="size of a page [%(default)s]")
    parser.add_argument("--connections", type=int, default=64, help="for every tool that has more than one [%(default)s]")
    parser.add_argument("--timeout", type=float, default=300, help="seconds a crawl may take [%(default)s]")
    parser.add_argument("--latency", type=int, default=20, metavar="N", help="times each; 0: not at all [%(default)s]")
    parser.add_argument("--in-flight", type=int, default=10000, metavar="N", help="requests; 0: not at all [%(default)s]")
    parser.add_argument("--growth", type=int, default=50000, metavar="N",
                        help="pages of a large web beside smaller ones, over 20000; 0: not at all [%(default)s: 1 GB of files]")
    parser.add_argument("--json", metavar="FILE", help="write every run there as well")
    options = parser.parse_args()
    if 0 < options.growth <= growth.MIDDLE:
        parser.error(f"--growth: more than {growth.MIDDLE} pages, or 0")
    options.programs = os.path.abspath(options.programs)
    return options


def bench(hosts, options):
    site = Site(options.pages, hosts, options.links, options.bytes)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crawld-bench-"))
    folder.chmod(0o755)
    address = "127.0.0.1" if hosts == 1 else "0.0.0.0"
    try:
        with Nginx(folder / "nginx", {}, address=address, rules=RULES.format(root=folder / "site")) as server:
            site.write(folder / "site", server.port)
            (folder / "pages").write_text("\n".join(site.urls()) + "\n")
            (folder / "asides").write_text("\n".join(site.aside_urls()) + "\n")
            runs, costs, disk = run_rounds(folder, site, server, options)
    finally:
        shutil.rmtree(folder)
    report.print_crawl(site, runs, costs, disk, options)
    return {"hosts": hosts, "pages": options.pages, "runs": [asdict(run) for run in runs], "parts": costs, "disk": disk}


def bench_latency(options):
    with tempfile.TemporaryDirectory(prefix="crawld-bench-") as folder:
        times = latency.run(os.path.abspath(options.crawld), pathlib.Path(folder), options.latency)
    report.print_latency(times)
    return {"latency_ms": times}


def bench_in_flight(options):
    with tempfile.TemporaryDirectory(prefix="crawld-bench-") as folder:
        kib = in_flight.run(pathlib.Path(folder), options)
    report.print_in_flight(options.in_flight, kib)
    return {"in_flight_kib": kib}


def bench_growth(options):
    with tempfile.TemporaryDirectory(prefix="crawld-bench-") as folder:
        os.chmod(folder, 0o755)  # nginx is another user
        runs = growth.run(pathlib.Path(folder), options)
    report.print_growth(runs)
    return {"growth": True, "runs": [asdict(run) for of_size in runs.values() for run in of_size]}


def run_rounds(folder, site, server, options):
    runs, costs, disk = [], [], None
    for number in range(1, options.rounds + 1):
        for tool in peers.installed(options.tools.split(",")):
            runs.append(peers.run(tool, number, site, server, folder / "run", options))
            report.print_run(runs[-1])
            if tool == "crawld":
                disk = peers.disk_of(folder / "run/site.db")
            shutil.rmtree(folder / "run")
        costs.append(parts.run(f"{options.programs}/parts_bench", folder, folder / "run", options.connections))
        report.print_parts(number, costs[-1])
        shutil.rmtree(folder / "run")
    return runs, costs, disk


if __name__ == "__main__":
    raise SystemExit(main())
