"""crawld: runs the real binary and reads its databases; the base class of every story.

The binary is $CRAWLD (ctest sets it). Nothing here sleeps to synchronise: conditions of the server,
of the output or of the database are waited for, with a deadline that only a failure reaches.
"""
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections import namedtuple

from support.webserver import WebServer

SOURCE = pathlib.Path(os.environ.get("CRAWLD_SOURCE", pathlib.Path(__file__).parents[2]))
BINARY = os.environ.get("CRAWLD", str(SOURCE / "build/release/crawld"))
SANITIZED = bool(os.environ.get("CRAWLD_SANITIZE"))  # its figures of time and memory mean nothing then
SANITIZER_STATUS = 99
PATIENCE = 120  # seconds until a run counts as hung

Done = namedtuple("Done", "status out err")


class Collector:
    """Everything a pipe brings, as it comes."""

    def __init__(self, pipe):
        self.data, self.changed = b"", threading.Condition()
        self.thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self.thread.start()

    def _read(self, pipe):
        while piece := os.read(pipe.fileno(), 65536):
            with self.changed:
                self.data += piece
                self.changed.notify_all()
        pipe.close()

    @property
    def text(self):
        return self.data.decode("utf-8", "replace")

    def wait_for(self, pattern, seconds=30):
        """Waits until the text matches the regular expression; returns the match."""
        with self.changed:
            if not self.changed.wait_for(lambda: re.search(pattern, self.text), seconds):
                raise AssertionError(f"waited {seconds} s in vain for /{pattern}/ in: {self.text[-2000:]}")
            return re.search(pattern, self.text)


class Process:
    """One run of crawld."""

    def __init__(self, arguments, folder, environment=None, with_input=False, under=()):
        """`under`: a command that runs crawld, such as ("unshare", "--net")."""
        self.arguments = [str(a) for a in arguments]
        self.started = time.monotonic()
        self.popen = subprocess.Popen(
            [*under, BINARY, *self.arguments], cwd=folder, env=base_environment() | (environment or {}),
            stdin=subprocess.PIPE if with_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.out, self.err = Collector(self.popen.stdout), Collector(self.popen.stderr)
        self.on_killed = lambda: None

    @property
    def pid(self):
        return self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def write(self, text):
        try:
            self.popen.stdin.write(text.encode())
            self.popen.stdin.flush()
        except BrokenPipeError:
            raise AssertionError(f"it no longer reads: {self.wait()}") from None

    def close_input(self):
        self.popen.stdin.close()

    def signal(self, number):
        if self.is_running():
            self.popen.send_signal(number)

    def kill(self):
        was_running = self.is_running()
        self.signal(signal.SIGKILL)
        done = self.wait()
        if was_running:
            self.on_killed()
        return done

    def database(self, folder):
        """What `crawl` writes to, if it was named."""
        if self.arguments[0] != "crawl" or "-o" not in self.arguments:
            return None
        return folder / self.arguments[self.arguments.index("-o") + 1]

    def wait(self, seconds=PATIENCE):
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise AssertionError(
                f"hung for {seconds} s: crawld {' '.join(self.arguments)}\n{self.err.text}") from None
        self.seconds = time.monotonic() - self.started
        for collector in (self.out, self.err):
            collector.thread.join(PATIENCE)
        return Done(self.popen.returncode, self.out.text, self.err.text)

    def status_kb(self, field):
        """A size from /proc/PID/status, in KiB: VmRSS, VmHWM, ..."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.M)[1])


def base_environment():
    kept = {name: value for name, value in os.environ.items()
            if name in ("PATH", "TMPDIR") or name.endswith("SAN_OPTIONS")}
    if SANITIZED:  # their own exit status is 1, which is also one of crawld's
        kept["ASAN_OPTIONS"] = f"exitcode={SANITIZER_STATUS}:{kept.get('ASAN_OPTIONS', '')}"
    return kept | {"LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


class Story(unittest.TestCase):
    """Every database is held against the laws at the end of each test, and after each kill as the kill left it.
    `lawless`: why not, where a story breaks them itself."""
    maxDiff = 4000
    lawless = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crawld-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.check_databases)  # after all that still runs was killed
        self.db = self.folder / "crawl.db"

    def web(self, **options):
        """A new server that lives as long as the test."""
        return self.enterContext(WebServer(**options))

    def start(self, *arguments, **options):
        folder = options.pop("folder", self.folder)
        process = Process(arguments, folder, **options)
        process.on_killed = lambda: self.check_left_behind(process, folder)
        self.addCleanup(process.kill)
        return process

    def check_left_behind(self, process, folder):
        """What a kill left, in a copy: a look at it would repair it."""
        path = process.database(folder)
        if process.arguments[0] == "serve":
            self.check_databases()
        elif path and path.exists() and not self.lawless:
            self.check_laws(copy_database(path, self.folder / "left-behind"))

    def check_databases(self):
        wrecks = {self.folder / "left-behind", self.folder / "wreck"}
        for path in sorted(self.folder.rglob("*.db")):
            if path.is_file() and path.parent not in wrecks and not self.lawless:
                self.check_laws(copy_database(path, self.folder / "left-behind"))

    def check_laws(self, path):
        if is_ours(path):
            self.assertEqual(broken_laws(path, ended=not is_open(path)), [])

    def crawld(self, *arguments, status=0, seconds=PATIENCE, feed=None, **options):
        """Runs crawld to its end and asserts its exit status (or one of several)."""
        process = self.start(*arguments, with_input=feed is not None, **options)
        if feed is not None:
            process.write(feed)
            process.close_input()
        done = process.wait(seconds)
        allowed = status if isinstance(status, tuple) else (status,)
        self.assertIn(done.status, allowed, f"crawld {' '.join(process.arguments)}\n{done.err}")
        return done

    def crawl(self, *arguments, **options):
        """`crawld crawl` into self.db, as fast as the server allows."""
        return self.crawld("crawl", "-o", self.db, "--delay", "0", *arguments, **options)

    def start_crawl(self, *arguments, **options):
        return self.start("crawl", "-o", self.db, "--delay", "0", *arguments, **options)

    def rows(self, sql, *values, db=None):
        with connect(db or self.db) as connection:
            return connection.execute(sql, values).fetchall()

    def value(self, sql, *values, db=None):
        return self.rows(sql, *values, db=db)[0][0]

    def state_of(self, url, db=None):
        """(state, reason) of a URL; None when it was never seen."""
        found = self.rows("SELECT state, reason FROM url WHERE url = ?", url, db=db)
        return found[0] if found else None

    def assert_state(self, url, state, reason=""):
        """`reason`: its first words; what follows are details."""
        found = self.state_of(url)
        self.assertIsNotNone(found, f"{url} was never seen")
        self.assertEqual((found[0], (found[1] or "")[:len(reason)]), (state, reason), f"{url}: {found}")

    def statuses(self, db=None):
        """{url: status} of every page."""
        return dict(self.rows("SELECT url, status FROM page", db=db))

    def wait_until(self, condition, what, seconds=30):
        """Polls something outside of this process (a database, /proc). A database that a crawl has only just
        begun to make may lack its schema: then it is too early."""
        def is_met():
            try:
                return condition()
            except sqlite3.OperationalError as error:
                if "no such table" not in str(error):
                    raise
                return False
        deadline = time.monotonic() + seconds
        while not is_met():
            if time.monotonic() > deadline:
                self.fail(f"waited {seconds} s in vain for {what}")
            time.sleep(0.01)

    def assert_lawful(self, db=None, ended=True):
        self.assertEqual(broken_laws(db or self.db, ended), [])


class connect:
    """A read-only connection that closes with its block and never touches the WAL."""

    def __init__(self, path):
        self.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)

    def __enter__(self):
        return self.connection

    def __exit__(self, *_):
        self.connection.close()


APPLICATION_ID = 0x63776c64


def is_ours(path):
    """A database of crawld whose schema is there: as a whole, for it comes in several transactions."""
    with open(path, "rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(b"SQLite format 3") or int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        return False
    with connect(path) as connection:
        return connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'zdict_'").fetchone()[0] == 1


def is_open(path):
    """Its last run did not end."""
    with connect(path) as connection:
        return connection.execute("SELECT count(*) FROM crawl WHERE ended_at IS NULL "
                                  "AND started_at = (SELECT max(started_at) FROM crawl)").fetchone()[0] > 0


STATES = ("queued", "active", "done", "failed", "excluded")
LAWS = [
    ("a URL has two rows", "SELECT url FROM url GROUP BY url HAVING count(*) > 1"),
    ("a URL is in no known state", f"SELECT url, state FROM url WHERE state IS NULL OR state NOT IN {STATES}"),
    ("a URL failed or was excluded without a reason",
     "SELECT url, state FROM url WHERE state IN ('failed', 'excluded') AND coalesce(reason, '') = ''"),
    ("a URL is done without a page",
     "SELECT url FROM url WHERE state = 'done' AND url NOT IN (SELECT url FROM page)"),
    ("a page has two rows", "SELECT url FROM page GROUP BY url HAVING count(*) > 1"),
    ("a page's URL is unknown", "SELECT url FROM page WHERE url NOT IN (SELECT url FROM url)"),
    ("a page's URL was never requested",
     "SELECT url FROM page WHERE url NOT IN (SELECT url FROM fetch WHERE kind = 'page')"),
    ("a link's source has no page", "SELECT DISTINCT from_url FROM link WHERE from_url NOT IN (SELECT url FROM page)"),
    ("the target of <a href> vanished",
     "SELECT DISTINCT to_url FROM link WHERE element = 'a' AND to_url NOT IN (SELECT url FROM url)"),
    ("the target of a redirect vanished", "SELECT to_url FROM redirect WHERE to_url NOT IN (SELECT url FROM url)"),
    ("page.links is not the number of its links",
     "SELECT p.url, p.links, count(l.to_url) FROM page p LEFT JOIN link l ON l.from_url = p.url "
     "GROUP BY p.url HAVING p.links <> count(l.to_url)"),
    ("host.urls is not the number of its URLs",
     "SELECT h.host, h.urls, count(u.url) FROM host h LEFT JOIN url u ON u.host = h.host "
     "GROUP BY h.host HAVING h.urls <> count(u.url)"),
    ("host.pages is not the number of its pages",
     "SELECT h.host, h.pages, n FROM host h LEFT JOIN (SELECT u.host AS host, count(*) AS n FROM page JOIN url u "
     "USING (url) GROUP BY u.host) USING (host) WHERE h.pages <> coalesce(n, 0)"),
    ("host.queued is not the number of its queued URLs",
     "SELECT h.name, h.queued, n FROM host_ h LEFT JOIN (SELECT host_id, count(*) AS n FROM url_ WHERE state = 0 "
     "GROUP BY host_id) u ON u.host_id = h.id WHERE h.queued <> coalesce(n, 0)"),
    ("a count by status or reason is not that of its rows",
     "SELECT kind, name, sum(n) FROM (SELECT kind, name, n FROM tally_ "
     "UNION ALL SELECT state, reason, -1 FROM url_ WHERE state IN (3, 4) "
     "UNION ALL SELECT 2, cast(status AS TEXT), -1 FROM page_) GROUP BY kind, name HAVING sum(n) <> 0"),
    ("more was excluded as a trap than is on record of what was learned",
     "SELECT host, n, known FROM (SELECT host, count(*) AS n FROM url WHERE state = 'excluded' AND (reason GLOB "
     "'trap: * had anything new' OR reason GLOB 'trap: fetched under another session*') GROUP BY host) "
     "LEFT JOIN (SELECT h.name AS name, sum(refused) AS known FROM trap_ t JOIN host_ h ON h.id = t.host_id "
     "WHERE t.kind > 0 GROUP BY h.id) ON name = host WHERE n > coalesce(known, 0)"),
    ("what a body is kept beside is missing",
     "SELECT id FROM body_ WHERE zdict IS NOT NULL AND zdict NOT IN (SELECT id FROM zdict_)"),
    ("a URL's host is unknown", "SELECT url, host FROM url WHERE host NOT IN (SELECT host FROM host)"),
]


def broken_laws(path, ended=True):
    """The conservation law and what follows from it: (law, first offenders) for each that is broken.
    `ended`: no crawl runs on it, and the last one ended cleanly."""
    broken = []
    with connect(path) as connection:
        connection.execute("BEGIN")
        for law, sql in LAWS:
            offenders = connection.execute(sql + " LIMIT 5").fetchall()
            if offenders:
                broken.append((law, offenders))
        counts = dict(connection.execute("SELECT state, count(*) FROM url GROUP BY state"))
        total = connection.execute("SELECT count(*) FROM url").fetchone()[0]
        if sum(counts.values()) != total:
            broken.append(("the states do not add up", [counts, total]))
        if ended and counts.get("active"):
            broken.append(("URLs are active though nothing runs", [counts]))
        verdict = connection.execute("PRAGMA integrity_check").fetchall()
        if verdict != [("ok",)]:
            broken.append(("PRAGMA integrity_check", verdict[:5]))
    return broken


def snapshot(path):
    """What a crawl found, whatever the order: {url: (status, error, body_hash, links)}, and every edge."""
    with connect(path) as connection:
        pages = {row[0]: row[1:] for row in
                 connection.execute("SELECT url, status, error, body_hash, links FROM page")}
        edges = set(connection.execute("SELECT from_url, to_url, element, rel, text FROM link"))
        states = dict(connection.execute("SELECT url, state || ' ' || coalesce(reason, '') FROM url"))
    return pages, edges, states


def copy_database(path, folder):
    """The database as a crash left it, WAL included, so that a look at it does not recover the original."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for suffix in ("", "-wal"):
        if os.path.exists(f"{path}{suffix}"):
            shutil.copy(f"{path}{suffix}", folder)
    return os.path.join(folder, os.path.basename(path))


def figure(text):
    """A measured value, for the reader of the test's output."""
    print(f"figure: {text}", flush=True)


def main():
    """Runs the stories of the calling file; 77 when every one was skipped."""
    result = unittest.main(module="__main__", exit=False, verbosity=2).result
    if result.wasSuccessful() and result.testsRun == len(result.skipped):
        sys.exit(77)
    sys.exit(not result.wasSuccessful())
