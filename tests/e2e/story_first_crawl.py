"""Someone crawls a site for the first time, asks the database, and runs the command again.

The start page marks its link to /b.html nofollow, and page A names it plainly: the second link lifts what
the first one asked for. /d.html has nobody but the nofollow link.
"""
import csv
import io
import json
import sqlite3

from support.crawld import SOURCE, Story, figure, main, snapshot
from support.webserver import Reply, redirect

START = """<!doctype html><html lang="en"><head><title> A  small
 site </title><meta name="description" content="Six pages"><link rel="canonical" href="/"></head>
<body><p>Some words here. <a href="/a.html">First &amp; best</a> <a href="b.html#part" rel="nofollow">Second</a>
<a href="/d.html" rel="nofollow">Never</a>
<a href="/moved">Moved</a> <a href="/gone">Gone</a> <a href="http://other.invalid/">Elsewhere</a>
<img src="/logo.png" alt="Logo"></p></body></html>"""

PAGE_A = "<title>A</title><p>Page A <a href='/'>home</a> <a href='/b.html'>B</a>"


class FirstCrawl(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        self.server.page("/", START, headers=[("ETag", '"v1"'), ("Last-Modified", "Tue, 01 Jul 2025 10:00:00 GMT")])
        self.server.page("/a.html", PAGE_A)
        self.server.page("/b.html", "<title>B</title><p>Page B")
        self.server.route("/moved", redirect("/c.html", 301))
        self.server.page("/c.html", "<title>C</title><p>Page C")

    def test_the_commands_of_the_readme(self):
        start = self.server.url("/")
        done = self.crawld("crawl", "--delay", "0", start)
        self.db = self.folder / "127.0.0.1.db"
        self.assertTrue(self.db.exists(), "the default database is HOST.db in the working directory")
        self.assertEqual(done.out, "", "results go to standard output, and this command has none")
        self.assertNotIn("\x1b", done.err)
        self.assertNotIn("\r", done.err)
        for words in (r"\b200\b.*\b4\b", r"\b404\b.*\b1\b", r"\b301\b.*\b1\b", r"scope"):
            self.assertRegex(done.err, words)
        counts = self.crawld("query", "127.0.0.1.db", "--format", "csv",
                             "SELECT status, count(*) AS n FROM page GROUP BY 1 ORDER BY 1").out
        self.assertEqual(list(csv.reader(io.StringIO(counts))), [["status", "n"], ["200", "4"], ["301", "1"], ["404", "1"]])
        self.assertEqual(self.crawld("cat", "127.0.0.1.db", start).out, START)
        self.assertEqual(self.crawld("cat", "127.0.0.1.db", start.removesuffix("/") + "/./b.html#x").out,
                         "<title>B</title><p>Page B", "cat takes any spelling of the URL")
        self.assert_lawful()

    def test_the_views_tell_what_was_seen(self):
        start = self.server.url("/")
        self.crawl(start)
        page = dict(zip(*self._row("page", start)))
        expected = {"url": start, "final_url": start, "status": 200, "error": None, "content_type": "text/html",
                    "charset": "UTF-8", "language": "en", "title": "A small site", "description": "Six pages",
                    "canonical_url": start, "noindex": 0, "depth": 0, "referrer": None, "size": len(START),
                    "etag": '"v1"', "last_modified": "Tue, 01 Jul 2025 10:00:00 GMT", "links": 8}
        self.assertEqual({key: page[key] for key in expected}, expected)
        self.assertRegex(page["fetched_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        for duration in ("elapsed_ms", "first_byte_ms"):
            self.assertGreaterEqual(page[duration], 0)
        moved = dict(zip(*self._row("page", self.server.url("/moved"))))
        self.assertEqual((moved["status"], moved["final_url"]), (301, self.server.url("/c.html")))
        self.assertEqual(self.rows("SELECT * FROM redirect"),
                         [(self.server.url("/moved"), self.server.url("/c.html"), 301)])
        self.assertEqual(self.rows("SELECT from_url, to_url, text, status FROM broken_link"),
                         [(start, self.server.url("/gone"), "Gone", 404)])
        self.assert_state("http://other.invalid/", "excluded", "scope")
        self.assert_state(self.server.url("/logo.png"), "excluded", "requisite")
        self.assert_state(self.server.url("/d.html"), "excluded", "nofollow")
        self.assert_state(self.server.url("/b.html"), "done")
        links = self.rows("SELECT to_url, element, rel, text, nofollow, internal FROM link WHERE from_url = ?", start)
        self.assertIn((self.server.url("/a.html"), "a", None, "First & best", 0, 1), links)
        self.assertIn((self.server.url("/b.html"), "a", "nofollow", "Second", 1, 1), links)
        self.assertIn((self.server.url("/logo.png"), "img", None, "Logo", 0, 1), links)
        self.assertIn(("http://other.invalid/", "a", None, "Elsewhere", 0, 0), links)
        self.assertEqual(self.server.count("/logo.png"), 0, "what a page needs is recorded, not fetched")
        kinds = dict(self.rows("SELECT kind, count(*) FROM fetch GROUP BY 1"))
        self.assertEqual(kinds, {"robots": 1, "sitemap": 1, "page": self.server.count()})
        run = dict(zip(*self._row("crawl")))
        self.assertEqual((run["pages"], run["end_reason"]), (6, "finished"))
        self.assertIn("crawl", run["command"])

    def _row(self, view, url=None):
        connection = sqlite3.connect(self.db)
        self.addCleanup(connection.close)
        cursor = connection.execute(f"SELECT * FROM {view}" + (" WHERE url = ?" if url else ""), (url,) if url else ())
        return [column[0] for column in cursor.description], cursor.fetchone()

    def test_every_format_of_query(self):
        self.crawl(self.server.url("/"))
        sql = "SELECT status, title, NULL AS none, 1.5 AS real FROM page WHERE title IN ('A', 'B') ORDER BY title"
        rows = [{"status": 200, "title": t, "none": None, "real": 1.5} for t in "AB"]
        ask = lambda form: self.crawld("query", self.db, "--format", form, sql).out
        self.assertEqual(json.loads(ask("json")), rows)
        self.assertEqual([json.loads(line) for line in ask("jsonl").splitlines()], rows)
        self.assertEqual(list(csv.reader(io.StringIO(ask("csv")))),
                         [["status", "title", "none", "real"], ["200", "A", "", "1.5"], ["200", "B", "", "1.5"]])
        table = ask("table").splitlines()
        self.assertRegex(table[0].lower(), r"status\s+title\s+none\s+real")
        self.assertRegex("\n".join(table[1:]), r"200\s+A\b(.|\n)*200\s+B\b")
        self.assertEqual(self.crawld("query", self.db, sql).out.splitlines(), table, "table is the default")

    def test_sql_from_standard_input(self):
        self.crawl(self.server.url("/"))
        done = self.crawld("query", self.db, "--format", "csv", "-", feed="SELECT count(*) AS n\nFROM page;\n")
        self.assertEqual(done.out.split(), ["n", "6"])

    def test_query_refuses_whatever_writes(self):
        self.crawl(self.server.url("/"))
        before = snapshot(self.db)
        other = self.folder / "other.db"
        for sql in ("INSERT INTO url(url) VALUES ('http://x/')", "DELETE FROM page", "DROP VIEW page", "CREATE TABLE t(a)",
                    f"ATTACH '{other}' AS other", f"VACUUM INTO '{other}'", "VACUUM", "PRAGMA user_version = 99",
                    "PRAGMA journal_mode = DELETE", "PRAGMA wal_checkpoint", "PRAGMA writable_schema = 1",
                    "SELECT writefile('x', 'y')", f"SELECT load_extension('{other}')", "BEGIN IMMEDIATE",
                    "SELECT 1; DELETE FROM page"):
            with self.subTest(sql=sql):
                done = self.crawld("query", self.db, sql, status=2)
                self.assertNotEqual(done.err, "")
        self.assertFalse(other.exists())
        self.assertEqual(snapshot(self.db), before)
        done = self.crawld("query", self.db, "SELECT a FROM nowhere", status=2)
        self.assertIn("nowhere", done.err)

    def test_query_and_cat_name_what_is_wrong(self):
        self.crawl(self.server.url("/"))
        missing = self.folder / "missing.db"
        self.assertIn("missing.db", self.crawld("query", missing, "SELECT 1", status=3).err)
        self.assertFalse(missing.exists(), "query creates no database")
        (self.folder / "text.db").write_text("This is no database, however long the text may be. " * 40)
        self.assertIn("text.db", self.crawld("query", "text.db", "SELECT 1", status=3).err)
        for url in (self.server.url("/never"), "http://other.invalid/"):
            self.assertIn(url, self.crawld("cat", self.db, url, status=1).err)

    def test_query_while_the_crawl_writes(self):
        gate = self.server.gate()
        self.server.page("/a.html", PAGE_A, gate=gate)
        crawl = self.start_crawl(self.server.url("/"))
        self.server.wait_for(lambda: self.server.count("/a.html") == 1, "the held page")
        self.wait_until(lambda: self.value("SELECT count(*) FROM page") >= 1, "the first page in the database")
        out = self.crawld("query", self.db, "--format", "csv", "SELECT state FROM url WHERE url LIKE '%/a.html'").out
        self.assertEqual(out.split(), ["state", "active"])
        self.assert_lawful(ended=False)
        gate.open()
        self.assertEqual(crawl.wait().status, 0)
        self.assert_lawful()

    def test_jsonl_streams_a_line_as_each_page_lands(self):
        gate = self.server.gate()
        self.server.page("/a.html", PAGE_A, gate=gate)
        crawl = self.start_crawl("--format", "jsonl", self.server.url("/"))
        crawl.out.wait_for(r'"A small\s+site"[^\n]*\n')
        self.assertTrue(crawl.is_running(), "the line came while another page was still held")
        gate.open()
        done = crawl.wait()
        self.assertEqual(done.status, 0)
        lines = [json.loads(line) for line in done.out.splitlines()]
        self.assertEqual(sorted((line["url"], line["status"]) for line in lines), sorted(self.statuses().items()))
        self.assertEqual(len(lines), 6)

    def test_a_finished_crawl_fetches_nothing_again(self):
        self.crawl(self.server.url("/"))
        before = snapshot(self.db)
        self.server.forget()
        self.crawl(self.server.url("/"))
        self.assertEqual(self.server.count(), 0, self.server.targets())
        self.assertEqual(snapshot(self.db), before)
        self.assertEqual(self.value("SELECT count(*) FROM crawl"), 2)

    def test_fresh_forgets_first(self):
        self.crawl(self.server.url("/"))
        self.server.forget()
        self.crawl("--fresh", self.server.url("/"))
        self.assertEqual(self.server.count(), 6)
        self.assertEqual(self.value("SELECT count(*) FROM crawl"), 1)
        self.assert_lawful()

    def test_no_start_url_could_be_fetched__exit_1(self):
        self.server.route("/", Reply(404, "nothing here"))
        done = self.crawl(self.server.url("/"), status=1)
        self.assertIn(self.server.url("/"), done.err)
        self.assert_lawful()

    def test_one_start_url_of_two_could_be_fetched__exit_0(self):
        self.crawl(self.server.url("/gone"), self.server.url("/b.html"))

    def test_what_is_stored_is_chosen(self):
        self.crawl("--store", "none", self.server.url("/"))
        self.assertEqual(self.value("SELECT count(*) FROM page WHERE body_hash IS NOT NULL AND status = 200"), 4)
        done = self.crawld("cat", self.db, self.server.url("/"), status=1)
        self.assertIn("body", done.err)

    def test_of_a_page_whose_text_is_kept__cat_writes_the_text(self):
        self.server.page("/b.html", "<p>plain<script>let hidden</script> <b>words</b>")
        self.crawl("--store", "text", self.server.url("/b.html"))
        said = self.crawld("cat", self.db, self.server.url("/b.html")).out
        self.assertEqual(said.split(), ["plain", "words"])

    def test_equal_bodies_are_stored_once(self):
        body = "<title>Same</title>" + "".join(f"<p>{i * 7919}</p>" for i in range(20000))
        for name in "pqrstuvw":
            self.server.page(f"/{name}", body)
        self.server.links("/", *"pqrstuvw")
        self.crawl(self.server.url("/"))
        size = self.db.stat().st_size
        figure(f"eight equal bodies of {len(body)} bytes: a database of {size} bytes")
        self.assertLess(size, 2 * len(body))
        self.assertEqual(self.value("SELECT count(DISTINCT body_hash) FROM page WHERE title = 'Same'"), 1)

    def test_help_and_version(self):
        version = self.crawld("--version").out
        self.assertRegex(version, r"^crawld \d+\.\d+\.\d+")
        for command in ("crawl", "query", "cat", "serve", "check"):
            text = self.crawld(command, "--help").out
            self.assertIn(f"crawld {command}", text)
        for option in ("--depth", "--max-pages", "--max-time", "--scope", "--include", "--exclude", "--per-host",
                       "--connections", "--delay", "--timeout", "--max-size", "--retries", "--no-robots", "--user-agent",
                       "--header", "--cookies", "--proxy", "--input", "--no-follow", "--store", "--format", "--fresh",
                       "--allow-private", "--insecure", "--output", "--quiet", "--verbose", "--log-format"):
            self.assertIn(option, self.crawld("crawl", "--help").out)
            self.assertIn(option.lstrip("-"), (SOURCE / "crawler/cli/crawld.1").read_text().replace("\\-", "-"))
            self.assertIn(option, (SOURCE / "crawler/cli/crawld.bash").read_text())

    def test_quiet_says_nothing(self):
        done = self.crawl("--quiet", self.server.url("/"))
        self.assertEqual((done.out, done.err), ("", ""))

    def test_log_in_json(self):
        self.server.route("/a.html", Reply(steps=[b"no http at all\r\n\r\n"]))
        done = self.crawl("--log-format", "json", "--verbose", "--retries", "0", self.server.url("/"))
        events = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
        self.assertTrue(events, done.err)


if __name__ == "__main__":
    main()
