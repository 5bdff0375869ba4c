"""What can be wrong with what a person types, has or lacks: each with a message that names the thing at
fault and the way out, and the exit status of design.md, section 2.1."""
import os
import socket
import sqlite3
import subprocess

from support.crawld import Story, broken_laws, main
from support.webserver import Reply

USAGE, STORAGE = 2, 3


class BadUsage(Story):
    def assert_refused(self, arguments, *words, status=USAGE):
        with self.subTest(arguments=arguments):
            done = self.crawld(*arguments, status=status)
            self.assertEqual(done.out, "")
            for word in words:
                self.assertIn(word, done.err)

    def test_command_line(self):
        url = "http://127.0.0.1:1/"
        self.assert_refused([], "--help")
        self.assert_refused(["frobnicate"], "frobnicate", "--help")
        self.assert_refused(["crawl"], "URL", "--help")
        self.assert_refused(["crawl", "--depht", "3", url], "--depht", "--help")
        self.assert_refused(["crawl", "--depth"], "--depth")
        self.assert_refused(["crawl", "--depth", "three", url], "depth", "three")
        self.assert_refused(["crawl", "--depth", "-5", url], "depth", "-5")
        self.assert_refused(["crawl", "--delay", "2 parsecs", url], "delay", "2 parsecs", "500ms")
        self.assert_refused(["crawl", "--timeout", "0", url], "timeout")
        self.assert_refused(["crawl", "--max-size", "big", url], "max-size", "big", "10M")
        self.assert_refused(["crawl", "--scope", "galaxy", url], "scope", "galaxy", "host", "domain", "prefix", "any")
        self.assert_refused(["crawl", "--store", "some", url], "store", "some", "bodies", "text", "none")
        self.assert_refused(["crawl", "--format", "xml", url], "format", "xml", "jsonl")
        self.assert_refused(["crawl", "--per-host", "0", url], "per-host", "0")
        self.assert_refused(["crawl", "--connections", "99999999", url], "connections", "99999999")
        self.assert_refused(["crawl", "--include", "re:(", url], "re:(")
        self.assert_refused(["crawl", "--header", "no colon", url], "no colon")
        self.assert_refused(["crawl", "--header", "A: b\r\nEvil: c", url], "header")
        self.assert_refused(["crawl", "--user-agent", "a\r\nb", url], "user-agent")
        self.assert_refused(["query"], "query", "--help")
        self.assert_refused(["query", "x.db"], "SQL")
        self.assert_refused(["query", "x.db", "--format", "xml", "SELECT 1"], "xml", "table")
        self.assert_refused(["cat", "x.db"], "URL")
        self.assertEqual(os.listdir(self.folder), [], "a refused command leaves nothing behind")

    def test_no_such_file_of_urls(self):
        self.assert_refused(["crawl", "-o", "x.db", "--input", "absent.txt"], "absent.txt")
        self.assert_refused(["crawl", "--input", "absent.txt"], "--output")

    def test_urls(self):
        for url, word in (("http://", "http://"), ("http://[::1/", "http://[::1/"), ("ftp://127.0.0.1/", "ftp"),
                          ("file:///etc/passwd", "file"), ("http://127.0.0.1:99999/", "99999"),
                          ("http://exa mple/", "exa mple"), ("javascript:alert(1)", "javascript")):
            self.assert_refused(["crawl", url], word)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_port_of_another_protocol(self):
        done = self.crawl("http://127.0.0.1:6379/", status=(1, 2))
        self.assertIn("6379", done.err)

    def test_no_such_file_of_cookies(self):
        self.assert_refused(["crawl", "--cookies", "jar.txt", "http://127.0.0.1:1/"], "jar.txt")


class Unreachable(Story):
    def test_no_such_host(self):
        done = self.crawl("--retries", "0", "http://no-such-host.invalid/", status=1)
        self.assertIn("no-such-host.invalid", done.err)
        self.assert_state("http://no-such-host.invalid/", "failed", "dns")

    def test_refused_connection(self):
        with socket.create_server(("127.0.0.1", 0)) as closed_soon:
            port = closed_soon.getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        done = self.crawl("--retries", "0", url, status=1)
        self.assertIn(f"127.0.0.1:{port}", done.err)
        state, reason = self.state_of(url)
        self.assertEqual(state, "failed")
        self.assertRegex(reason, "^(connect|robots-unreachable)")
        self.assert_lawful()

    def test_a_failed_start_is_tried_again_by_the_next_run(self):
        with socket.create_server(("127.0.0.1", 0)) as closed_soon:
            port = closed_soon.getsockname()[1]
        self.crawl("--retries", "0", f"http://127.0.0.1:{port}/", status=1)
        server = self.web(port=port)
        server.links("/", "/a")
        server.page("/a", "<p>a")
        self.crawl("--retries", "0", server.url("/"))
        self.assertEqual(server.count(), 2)
        self.assert_lawful()


class BadDatabase(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        self.server.page("/", "<p>page")

    def assert_refused(self, db, *words, **options):
        done = self.crawld("crawl", "-o", db, "--delay", "0", self.server.url("/"), status=STORAGE, **options)
        for word in words:
            self.assertIn(word, done.err)
        self.assertEqual(self.server.count(), 0, "nothing is fetched that cannot be kept")

    def test_a_folder_that_is_not_there(self):
        self.assert_refused(self.folder / "absent" / "x.db", "absent/x.db", "create")

    def test_a_folder_in_its_place(self):
        self.assert_refused(self.folder, str(self.folder))

    def test_a_folder_without_permission(self):
        locked = self.folder / "locked"
        locked.mkdir(mode=0o555)
        mortal = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")  # root may write anywhere
        self.assert_refused(locked / "x.db", "locked/x.db", under=mortal if os.geteuid() == 0 else ())

    def test_a_device_that_takes_nothing(self):
        self.assert_refused("/proc/x.db", "/proc/x.db")

    def test_not_a_database(self):
        text = b"These are somebody's notes; nobody may overwrite them. " * 50
        notes = self.folder / "notes.txt"
        notes.write_bytes(text)
        self.assert_refused(notes, "notes.txt")
        self.assertEqual(notes.read_bytes(), text)

    def test_somebody_else_s_database(self):
        other = self.folder / "other.db"
        connection = sqlite3.connect(other)
        connection.executescript("CREATE TABLE customer(name); INSERT INTO customer VALUES ('Ann');")
        connection.close()
        self.assert_refused(other, "other.db")
        self.assertEqual(self.rows("SELECT name FROM sqlite_master", db=other), [("customer",)])

    def test_not_even_fresh_overwrites_what_is_not_ours(self):
        notes = self.folder / "notes.txt"
        notes.write_bytes(b"somebody's notes " * 100)
        self.crawld("crawl", "-o", notes, "--fresh", self.server.url("/"), status=STORAGE)
        self.assertEqual(notes.read_bytes(), b"somebody's notes " * 100)

    def test_a_newer_schema(self):
        self.crawl(self.server.url("/"))
        connection = sqlite3.connect(self.db)
        connection.execute("PRAGMA user_version = 999")
        connection.close()
        self.server.forget()
        self.assert_refused(self.db, "crawl.db", "newer", "999")
        self.assertIn("newer", self.crawld("query", self.db, "SELECT 1", status=STORAGE).err)

    def test_a_second_crawl_names_the_first_one_s_pid(self):
        gate = self.server.gate()
        self.server.page("/", "<p>page", gate=gate)
        first = self.start_crawl(self.server.url("/"))
        self.server.wait_for(lambda: self.server.count("/") == 1, "the first crawl's request")
        second = self.crawl(self.server.url("/"), status=STORAGE)
        self.assertRegex(second.err, rf"\b{first.pid}\b")
        self.assertIn("crawl.db", second.err)
        self.crawl("--fresh", self.server.url("/"), status=STORAGE)
        gate.open()
        self.assertEqual(first.wait().status, 0)
        self.assert_lawful()

    def test_a_dead_crawl_s_lock_holds_nobody_up(self):
        gate = self.server.gate()
        self.server.page("/", "<p>page", gate=gate)
        first = self.start_crawl(self.server.url("/"))
        self.server.wait_for(lambda: self.server.count("/") == 1, "the first crawl's request")
        first.kill()
        gate.open()
        self.crawl(self.server.url("/"))
        self.assert_lawful()


class FullDisk(Story):
    def mount(self, size):
        place = self.folder / "small"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        try:
            result = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            self.skipTest("there is no mount command")
        if result.returncode != 0:
            self.skipTest(f"a tmpfs cannot be mounted here: {result.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", str(place)], check=True)
        return place

    def test_a_disk_that_fills_up(self):
        place = self.mount("8M")  # of some 12 MB: several batches fit, each of up to 32 pages
        self.db = place / "crawl.db"
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(200)))
        server.fallback = lambda hit: Reply(body=b"<p>" + os.urandom(60000).hex().encode())
        done = self.crawl(server.url("/"), status=STORAGE)
        self.assertIn("crawl.db", done.err)
        self.assertRegex(done.err, "(?i)space|full")
        self.assertEqual(broken_laws(self.db, ended=False), [])
        landed = self.value("SELECT count(*) FROM page")
        self.assertGreater(landed, 3)
        self.assertLess(landed, 200)
        subprocess.run(["mount", "-o", "remount,size=64M", str(place)], check=True)
        before = dict(self.rows("SELECT url, body_hash FROM page"))
        server.forget()
        self.crawl(server.url("/"))
        self.assertEqual(self.value("SELECT count(*) FROM page"), 201)
        self.assertEqual({server.url(target) for target in server.targets()} & set(before), set())
        self.assertEqual({u: h for u, h in self.rows("SELECT url, body_hash FROM page") if u in before}, before)
        self.assert_lawful()


if __name__ == "__main__":
    main()
