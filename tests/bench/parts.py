"""The bare parts of a crawler (parts_bench.c), and the pages/s that they leave room for."""
import os
import subprocess

NAMES = ("fetch", "parse", "compress", "store")


def run(program, urls_file, folder, connections):
    """{part: CPU microseconds a page}"""
    folder.mkdir()
    output = subprocess.run([program, str(urls_file), str(connections), str(folder / "parts.db")], check=True,
                            capture_output=True, text=True, timeout=600).stdout
    return {name: float(cost) for name, cost in (line.split() for line in output.splitlines())}


def cores():
    return len(os.sched_getaffinity(0))


def roofline(part_costs, server_cpu_us):
    """Pages a second if nothing but the parts and the server took CPU, and all cores were busy."""
    return cores() * 1e6 / (sum(part_costs[name] for name in NAMES) + server_cpu_us)
