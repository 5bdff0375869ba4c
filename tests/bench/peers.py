"""The crawlers of the benchmark: how each is asked for the same crawl, and what one run of it cost."""
import math
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
from dataclasses import dataclass

from synthetic import judge

HERE = pathlib.Path(__file__).parent
TIMED_OUT = 124
HTTP_ERRORS_SEEN = 8  # wget's and wget2's exit status: the site has 404s
NAMES = ("crawld", "scrapy", "wget2", "wget", "httrack")


@dataclass
class Run:
    tool: str
    round: int
    status: int
    pages: int        # different pages of the site that nginx was asked for (crawld: that its database holds)
    missing: int
    repeated: int     # requests for a page beyond its first
    forbidden: int    # requests that robots.txt forbids
    seconds: float
    cpu_seconds: float
    server_cpu_seconds: float
    peak_mib: float
    lag_p999_ms: float = math.nan  # of crawld's loop
    lag_max_ms: float = math.nan

    def is_complete(self):
        return self.status == 0 and self.missing == 0

    @property
    def completeness(self):
        return self.pages / (self.pages + self.missing)

    @property
    def rate(self):
        return self.pages / self.seconds

    @property
    def cpu_us(self):
        """CPU a page. inf: no page was found."""
        return self.cpu_seconds * 1e6 / self.pages if self.pages else float("inf")

    @property
    def server_cpu_us(self):
        return self.server_cpu_seconds * 1e6 / self.pages if self.pages else 0.0


def installed(names):
    """Those that are there, in the order given."""
    return [name for name in names if name == "crawld" or shutil.which(name)]


def command_of(tool, url, many_hosts, options):
    connections = str(options.connections)
    commands = {
        "crawld": [os.path.abspath(options.crawld), "crawl", "-o", "site.db", "--delay", "0", "--verbose",
                   "--per-host", connections, "--connections", connections],
        # Debian's Scrapy belongs to Debian's Python, whichever runs this file
        "scrapy": ["/usr/bin/python3", "-m", "scrapy", "runspider", str(HERE / "spider.py"), "-a", f"start={url}",
                   "-s", f"CONCURRENT_REQUESTS={connections}", "-s", f"CONCURRENT_REQUESTS_PER_DOMAIN={connections}",
                   "-O", "pages.jsonl"],
        "wget2": ["wget2", "--quiet", "--recursive", "--level=inf", f"--max-threads={connections}"],
        "wget": ["wget", "--quiet", "--recursive", "--level=inf"],
        "httrack": ["httrack", "--quiet", "--do-not-log", "--disable-security-limits", "--max-rate=0",
                    "--connection-per-second=0", f"--sockets={connections}", "--robots=2", "--keep-alive",
                    "--search-index=0", "--cache=0"],
    }
    anywhere = {"crawld": ["--scope", "any", "--allow-private"], "scrapy": ["-a", "anywhere=yes"],
                "wget2": ["--span-hosts"], "wget": ["--span-hosts"], "httrack": ["--go-everywhere"]}
    return commands[tool] + (anywhere[tool] if many_hosts else []) + ([url] if tool != "scrapy" else [])


def run(tool, number, site, server, folder, options):
    """One crawl in `folder`, which is made and left behind."""
    folder.mkdir()
    server.forget_requests()
    server_cpu = server.cpu_seconds()
    command = command_of(tool, site.url(0), len(site.hosts) > 1, options)
    status, seconds, cpu_seconds, peak_mib = measure(f"{options.programs}/measure", command, folder, options.timeout)
    server_cpu = server.cpu_seconds() - server_cpu
    pages, missing, repeated, forbidden = judge(site, server.requests_by_host())
    lags = (math.nan, math.nan)
    if tool == "crawld":
        pages, missing = judge_database(site, folder / "site.db")
        lags = read_lags(folder / "output")
    if tool in ("wget", "wget2") and status == HTTP_ERRORS_SEEN:
        status = 0
    return Run(tool, number, status, pages, missing, repeated, forbidden, seconds, cpu_seconds, server_cpu, peak_mib, *lags)


def read_lags(output):
    """(p99.9, longest) turn of the loop in ms, as crawld --verbose tells at its end."""
    told = re.search(r"loop lag +p99.9 ([0-9.]+) ms, max ([0-9.]+) ms", output.read_text(errors="replace"))
    return tuple(map(float, told.groups())) if told else (math.nan, math.nan)


def judge_database(site, path):
    """(pages of the site that are in the database with status 200, pages that are not)"""
    if not path.exists():
        return 0, len(site.places)
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    held = {url for url, in db.execute("SELECT u.text FROM page_ AS p JOIN url_ AS u ON u.id = p.url_id"
                                       " WHERE p.status = 200")}
    db.close()
    found = sum(url in held for url in site.urls())
    return found, len(site.places) - found


def measure(program, command, folder, timeout):
    """(exit status, wall seconds, CPU seconds, peak MiB) of a command and of what it waited for; see measure.c."""
    result = folder / "measured"
    with open(folder / "output", "w") as output:
        process = subprocess.Popen([program, result, *command], cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=output, start_new_session=True)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            return TIMED_OUT, timeout, math.nan, math.nan
        finally:  # Ctrl-C, too, leaves no crawler behind
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    status, seconds, cpu_seconds, peak_kib = result.read_text().split()
    if int(status) not in (0, HTTP_ERRORS_SEEN):
        print((folder / "output").read_text(errors="replace")[-2000:])
    return int(status), float(seconds), float(cpu_seconds), int(peak_kib) / 1024


def disk_of(path):
    """Bytes of a crawld database: {"bodies", "links", "indexes", "rest", "raw", "zstd", "link_rows"}; None where
    SQLite was built without dbstat."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        sizes = dict(db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    except sqlite3.OperationalError:
        return None
    indexes = {name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    parts = {"bodies": sizes.pop("body_", 0) + sizes.pop("zdict_", 0), "links": sizes.pop("link_pack_", 0),
             "indexes": sum(sizes.pop(name) for name in list(sizes) if name in indexes)}
    parts["rest"] = os.path.getsize(path) - sum(parts.values())
    parts["raw"] = db.execute("SELECT sum(size) FROM body_").fetchone()[0]
    parts["zstd"] = db.execute("SELECT sum(length(zstd)) FROM (SELECT zstd FROM body_ UNION ALL SELECT zstd FROM zdict_)"
                               ).fetchone()[0]
    parts["link_rows"] = db.execute("SELECT count(*) FROM link_").fetchone()[0]
    db.close()
    return parts
