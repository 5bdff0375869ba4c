"""The bare parts of a crawler (parts_bench.c), and the pages/s that they leave room for."""
import os
import subprocess

NAMES = ("fetch", "parse", "compress", "store")  # what a crawl is made of
REFERENCES = ("connect", "libxml2")  # fetching with a new connection a request; libxml2's SAX instead of our parser


def run(program, site_folder, folder, connections):
    """{part: CPU microseconds a page}; `site_folder` holds the lists of URLs."""
    folder.mkdir()
    output = subprocess.run([program, str(site_folder / "pages"), str(site_folder / "asides"), str(connections),
                             str(folder / "parts.db")], check=True, capture_output=True, text=True, timeout=600).stdout
    return {name: float(cost) for name, cost in (line.split() for line in output.splitlines())}


def cores():
    return len(os.sched_getaffinity(0))


def roofline(part_costs, server_cpu_us, parser="parse"):
    """Pages a second if nothing but the parts and the server took CPU, and all cores were busy. With more hosts than
    libcurl keeps connections, a new one each time is the cheaper way to fetch. `parser`: crawld's own, which makes
    prints as well, or "libxml2", which finds links and a title."""
    costs = {**part_costs, "fetch": min(part_costs["fetch"], part_costs["connect"]), "parse": part_costs[parser]}
    return cores() * 1e6 / (sum(costs[name] for name in NAMES) + server_cpu_us)
