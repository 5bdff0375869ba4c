"""What a request takes in memory while thousands wait for their answers: crawld beside bare libcurl (parts_bench)."""
import os
import pathlib
import subprocess
import sys

import peers
from support import holdserver
from support.webserver import raise_descriptor_limit


def run(folder, options):
    """{who: KiB a request}: the peak with all in flight less the peak with one, by their number."""
    raise_descriptor_limit()
    count = str(options.in_flight)
    crawld = [os.path.abspath(options.crawld), "crawl", "--quiet", "--fresh", "-o", "held.db", "--connections", count,
              "--per-host", count, "--delay", "0", "--no-robots", "--no-follow", "--timeout", "5m", "--input", "urls"]
    commands = {"crawld": crawld, "libcurl": [f"{options.programs}/parts_bench", "urls", count]}
    return {who: (peak_kib(command, options.in_flight, folder, options) - peak_kib(command, 1, folder, options))
            / options.in_flight for who, command in commands.items()}


def peak_kib(command, count, folder, options):
    """The peak of a command that asks for `count` URLs of a server which answers when it has been asked for all."""
    with subprocess.Popen([sys.executable, pathlib.Path(holdserver.__file__), str(count)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as server:
        port, hosts = server.stdout.readline().strip(), holdserver.HOSTS
        urls = [f"http://{hosts[i % len(hosts)]}:{port}/{i}" for i in range(count)]
        (folder / "urls").write_text("\n".join(urls) + "\n")
        server.stdin.write("go\n")  # as soon as all are held
        server.stdin.flush()
        try:
            status, _, _, peak_mib = peers.measure(f"{options.programs}/measure", command, folder, options.timeout)
        finally:
            server.kill()
    if status != 0:
        raise SystemExit(f"{command[0]}: exit {status} with {count} requests in flight")
    return peak_mib * 1024
