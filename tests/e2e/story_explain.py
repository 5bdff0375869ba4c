"""`crawld explain` says of each URL what the server and the rules know to be true."""
import json
import re
import signal

from support.crawld import Story, main
from support.webserver import Reply, redirect

ROBOTS = "# ours\nUser-agent: *\nDisallow: /private/\nAllow: /private/open\n"


def without_time_left(text):
    return re.sub(r", in [\d.]+\w+( \d+\w+)?", ", in ...", text)


class Explain(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        self.url = self.server.url

    def explain(self, url, *options, status=0):
        """(what it prints, the JSON object); `url` may be a path."""
        url = self.url(url) if url.startswith("/") else url
        text = self.crawld("explain", self.db, url, *options, status=status).out
        return text, json.loads(self.crawld("explain", self.db, url, "--format", "json", *options).out)

    def assert_says(self, url, *patterns):
        text, said = self.explain(url)
        for pattern in patterns:
            self.assertRegex(text, pattern)
        for fact in said["facts"]:  # of two runs, so a second may lie between them
            self.assertIn(without_time_left(fact["says"]), without_time_left(text))
        return said


class Fates(Explain):
    """A crawl with a URL of every fate."""
    OPTIONS = ("--depth", 2, "--exclude", "*/skip/*", "--no-sitemaps", "--per-host", 1)

    def crawl_all(self):
        s, self.flaky_count = self.server, 0
        s.robots(ROBOTS)
        s.page("/", '<a href="/private/a">Members &amp; friends</a><a href="/private/open">o</a><a href="/a">A</a>'
                    '<a href="/b" rel="nofollow">B</a><a href="http://elsewhere.example/">away</a>'
                    '<a href="/skip/1">s</a><a href="/pic.html">p</a><img src="/i.png" alt="i"><form action="/search">'
                    '</form><a href="/r1">r</a><a href="/loop1">l</a><a href="/flaky">f</a><a href="/dead">d</a>'
                    f'<a href="/{"x" * 3000}">long</a><a href="http://127.0.0.1:22/">ssh</a>')
        s.page("/a", '<a href="/a/b">down</a><link rel="canonical" href="/canon">same')
        s.page("/private/open", '<a href="/a/b">down</a><link rel="canonical" href="/canon">same')
        s.page("/a/b", '<a href="/a/b/c">deeper</a>')
        s.page("/pic.html", "<p>picture")
        for source, target in (("r1", "r2"), ("r2", "pic.html"), ("loop1", "loop2"), ("loop2", "loop1")):
            s.route(f"/{source}", redirect(f"/{target}", 301))
        s.route("/flaky", self.flaky)
        s.route("/dead", Reply(steps=[b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab"]))
        self.crawl(*self.OPTIONS, "--retries", 1, "-H", "Authorization: Bearer s3cr3t", self.url("/"))
        self.assert_lawful()

    def flaky(self, _hit):
        self.flaky_count += 1
        return Reply(503, "later", headers=[("Retry-After", "1")]) if self.flaky_count == 1 else Reply(body="<p>at last")


class Finished(Fates):
    """One crawl for all; nothing here changes its database."""
    crawled = None

    def setUp(self):
        if Finished.crawled is None:
            self.addCleanup = self.addClassCleanup  # what is made here lives as long as the class
            super().setUp()
            self.crawl_all()
            Finished.crawled = self.folder, self.db, self.server
        self.folder, self.db, self.server = Finished.crawled
        self.url = self.server.url

    def test_the_start_url(self):
        said = self.assert_says("/", "Verdict +Fetched .*: it answered 200", "Found +named as a start URL",
                                "Depth +0 links", r"robots.txt +has no rule about it", "Crawl +ended .*: finished")
        self.assertEqual((said["state"], said["is_seed"], said["depth"]), ("done", True, 0))
        self.assertEqual(len(said["requests"]), 1)

    def test_robots_with_line_words_and_page(self):
        fetched = self.value("SELECT robots_fetched_at FROM host WHERE robots_status = 200")
        said = self.assert_says(
            "/private/a",
            r"Verdict +Not fetched: robots\.txt line 3 'Disallow: /private/' \(fetched \S+Z, status 200\)\.",
            "Hint +--no-robots", rf'Found +on {re.escape(self.url("/"))} \(<a> "Members & friends"\)')
        self.assertEqual(said["robots"]["line"], 3)
        self.assertEqual(said["robots"]["fetched_at"], fetched)
        self.assertEqual(said["found_on"]["text"], "Members & friends")
        self.assertEqual(self.server.count("/private/a"), 0)
        self.assert_says("/private/open", "robots.txt +allows it: line 4 'Allow: /private/open'")

    def test_each_rule_that_keeps_a_url_out(self):
        long_url = self.value("SELECT url FROM url WHERE reason LIKE 'too-long%'")
        for url, reason, sentence, hint in (
                ("/b", "nofollow", "every link to it says nofollow", "naming it as a start URL"),
                ("http://elsewhere.example/", "scope", "outside --scope host: no start URL lives on its host", "a wider --scope"),
                ("/skip/1", "exclude", r"it matches --exclude '\*/skip/\*'", "without that --exclude"),
                ("/i.png", "requisite", "a part of pages", "--requisites"),
                ("/search", "mention", "named, but neither as a page nor as a part of one", "naming it as a start URL"),
                ("/a/b/c", "depth", r"too many links from a start URL, deeper than 2 \(--depth\)", "a larger --depth"),
                (long_url, "too-long", "longer than 2048 bytes", None),
                (self.url("/" + "x" * 3000), "too-long", "longer than 2048 bytes", None)):
            with self.subTest(url=url[:60]):
                said = self.assert_says(url, "Verdict +Not fetched: " + sentence)
                self.assertEqual(said["reason"], reason)
                hints = [fact["says"] for fact in said["facts"] if fact["about"] == "Hint"]
                self.assertEqual([words[:len(hint or "")] for words in hints], [hint] if hint else [])

    def test_redirects_in_both_directions(self):
        said = self.assert_says("/r2", rf"Redirected +from {re.escape(self.url('/r1'))} \(301\)",
                                rf"Redirects +to {re.escape(self.url('/pic.html'))} \(301\)\n +where the answer was 200")
        self.assertEqual([hop["url"] for hop in said["redirects_to"]], [self.url("/pic.html")])
        said = self.assert_says("/pic.html", rf"Redirected +from {re.escape(self.url('/r1'))} \(301\)\n"
                                             rf" +from {re.escape(self.url('/r2'))} \(301\)")
        self.assertEqual([hop["url"] for hop in said["redirected_from"]], [self.url("/r1"), self.url("/r2")])
        failed = "/loop1" if self.state_of(self.url("/loop1"))[0] == "failed" else "/loop2"
        self.assert_says(failed, r"Verdict +Failed \(redirect\): .*loop", "not followed: it closes a loop")

    def test_a_failure_with_each_request(self):
        said = self.assert_says("/dead", r"Verdict +Failed \(truncated\)", "Hint +is the server up",
                                r"Requests +1\. .*truncated.*\n +2\. .*truncated")
        rows = self.rows("SELECT attempt, started_at, error, limit_ms, total_ms FROM fetch WHERE url = ? ORDER BY 1",
                         self.url("/dead"))
        self.assertEqual([(r["attempt"], r["started_at"], r["error"], r["limit_ms"], r["total_ms"])
                          for r in said["requests"]], rows)
        self.assertEqual(self.server.count("/dead"), 2)

    def test_a_success_at_the_second_request(self):
        said = self.assert_says("/flaky", "Verdict +Fetched",
                                r"1\. .*: 503 .*asked to be left alone for 1000 ms.*\n +2\. .*: 200 ")
        self.assertEqual([r["status"] for r in said["requests"]], [503, 200])

    def test_same_content_and_canonical(self):
        (url, of_url), = self.rows("SELECT url, of_url FROM duplicate")
        self.assertEqual({url, of_url}, {self.url("/a"), self.url("/private/open")})
        self.assert_says(url, rf"Content +the same as {re.escape(of_url)} \(200\)",
                         rf"Canonical +it names {re.escape(self.url('/canon'))}")
        self.assertNotIn("Content", self.explain(of_url)[0])
        self.assertIn("1 other page has the same", self.explain(of_url, "--links")[0])

    def test_links_on_demand(self):
        self.assertNotIn("Linked", self.explain("/a/b")[0])
        text, said = self.explain("/a/b", "--links")
        self.assertRegex(text, "Linked +2 times, from 2 pages")
        self.assertEqual((said["links_here"], said["pages_linking_here"]),
                         self.rows("SELECT count(*), count(DISTINCT from_url) FROM link WHERE to_url = ?",
                                   self.url("/a/b"))[0])
        self.assertEqual({link["url"] for link in said["linked_from"]}, {self.url("/a"), self.url("/private/open")})

    def test_never_seen(self):
        never = "Verdict +Never seen: nothing fetched so far names it. "
        for url, excluded, sentences in (
                ("/new", None, ("If a page linked to it now, it would be queued", "Scope +--scope host admits it",
                                r"no --exclude matches it", "Depth +not known; up to 2 links",
                                "Address +loopback, which this crawl may reach", "has no rule about it")),
                ("/private/x", None, (r"It would not be fetched: robots.txt line 3 'Disallow: /private/'\.", "forbids it")),
                ("/skip/9", "exclude", (r"It would not be fetched: it matches --exclude '\*/skip/\*'",)),
                ("http://other.example/", "scope", ("It would not be fetched: outside --scope host",
                                                    "Host +never seen", "would be fetched first")),
                ("http://10.0.0.1/", "scope", ("Address +private, which is refused",)),
                ("http://127.0.0.1:6379/", "scope", ("Port +6379 belongs to another protocol",)),
                ("ftp://127.0.0.1/", "scheme", ("It would not be fetched: neither http nor https",)),
                (self.url("/" + "y" * 3000), "too-long", ("longer than 2048 bytes",))):
            with self.subTest(url=url[:60]):
                said = self.assert_says(url, never, *sentences)
                self.assertEqual((said["known"], said["if_linked"]["excluded_by"]), (False, excluded))

    def test_other_spellings(self):
        text, said = self.explain("/A/")
        self.assertEqual(said["known_spellings"], [])
        said = self.assert_says("/a/", rf"Known is +{re.escape(self.url('/a'))}, another URL: it differs in last slash")
        self.assertEqual(said["known_spellings"], [self.url("/a")])
        self.assert_says("/a?q=1", "it differs in query")
        upper = self.url("/x/../a#part").replace("http://", "HTTP://me:pw@")
        said = self.assert_says(upper, r"Typed +HTTP://me:\*\*\*@.*, which is the same URL", "Verdict +Fetched")
        self.assertEqual(said["url"], self.url("/a"))

    def test_no_secret_is_stored(self):
        self.assertNotIn(b"s3cr3t", self.db.read_bytes())
        self.assertIn(b"Authorization: ***", self.db.read_bytes())


class Again(Fates):
    """A second run with other answers."""

    def setUp(self):
        super().setUp()
        self.crawl_all()

    def test_what_is_foreseen_comes_true(self):
        """What explain says of URLs that were never seen is what the next run makes of them."""
        paths = ("/new", "/private/x", "/private/open/x", "/skip/9", "/a/new", "/NEW?q=1")
        self.server.fallback = lambda hit: Reply(body="<p>new")
        said = {path: self.explain(path)[1] for path in paths}
        foreseen = {path: s["if_linked"]["excluded_by"] or ("done" if s["robots"]["allowed"] else "robots")
                    for path, s in said.items()}
        self.assertEqual(set(foreseen.values()), {"done", "robots", "exclude"})
        self.server.links("/hub", *paths)
        self.crawl(*self.OPTIONS, self.url("/hub"))
        for path, fate in foreseen.items():
            state, reason = self.state_of(self.url(path))
            self.assertEqual(state if state == "done" else reason.split(":")[0], fate, path)

    def test_robots_txt_that_was_changed_since(self):
        self.server.robots("User-agent: *\nDisallow: /elsewhere\n")
        self.server.links("/more", "/")
        self.crawl(*self.OPTIONS, self.url("/more"))
        self.assert_says("/private/a", r"Not fetched: robots.txt line 3 'Disallow: /private/'\.\n",
                         "what once forbade it is gone: name it as a start URL")


class Others(Explain):
    def test_include_no_follow_and_no_robots(self):
        self.server.links("/", "/in", "/out")
        self.server.page("/in", "<p>in")
        self.crawl("--no-robots", "--no-sitemaps", "--include", "*/in", self.url("/"))
        self.assert_says("/out", "Not fetched: it matches no --include pattern", "robots.txt +is not asked for: --no-robots")
        self.assert_says("/never", "It would not be fetched: it matches no --include pattern")
        self.crawl("--fresh", "--no-follow", self.url("/"))
        self.assert_says("/in", "Not fetched: --no-follow: start URLs only")
        self.assert_says("/never", "It would not be fetched: --no-follow")

    def test_budgets(self):
        self.server.links("/", *(f"/{i}" for i in range(5)))
        self.server.fallback = lambda hit: Reply(body="<p>page")
        self.crawl("--no-sitemaps", "--max-pages-per-host", 3, self.url("/"))
        over = [url for url, in self.rows("SELECT url FROM url WHERE reason LIKE 'budget%'")]
        self.assertEqual(len(over), 3)
        words = "over a budget: 3 pages, the most of a host"
        self.assert_says(over[0], f"Verdict +Not fetched: {words}", "Hint +a larger --max-pages-per-host")
        said = self.assert_says("/new", f"It would not be fetched: {words}")
        self.assertEqual(said["if_linked"]["excluded_by"], "budget")

    def test_traps(self):
        """What was learned of a host counts for URLs that were never seen, too."""
        self.server.robots("")
        self.server.links("/", "/list?page=0", "/x/x/x/x/x/x/x/x")
        self.server.fallback = lambda hit: Reply(
            body=f'<p>nothing new<a href="/list?page={int(hit.target.partition("=")[2] or 0) + 1}">next</a>')
        self.crawl("--no-sitemaps", "--per-host", 1, self.url("/"))
        learned = [url for url, in self.rows("SELECT url FROM url WHERE reason LIKE 'trap%' AND url LIKE '%page=%'")]
        self.assert_says(learned[0], "Verdict +Not fetched: it looks like endless generated pages: ", "Hint +--no-traps")
        said = self.assert_says("/list?page=999999", "It would not be fetched: it looks like endless generated pages: ")
        self.assertEqual(said["if_linked"]["excluded_by"], "trap")
        self.assert_says("/x/x/x/x/x/x/x/x/x", "It would not be fetched: it looks like endless generated pages: ")

    def test_a_sitemap_names_a_page(self):
        self.server.links("/")
        self.server.page("/map-only", "<p>x")
        self.server.page("/sitemap.xml", f"<urlset><url><loc>{self.url('/map-only')}</loc></url></urlset>",
                         content_type="application/xml")
        self.crawl(self.url("/"))
        self.assert_says("/map-only", "Found +announced by a sitemap, first seen")

    def test_robots_txt_that_cannot_be_had(self):
        self.server.robots("", status=503)
        self.crawl("--retries", 0, self.url("/"), status=1)
        said = self.assert_says("/", r"Verdict +Failed \(robots-unreachable\).*robots.txt answered 503", "Hint +--no-robots",
                                r"robots.txt +cannot be had, so nothing may be fetched \(fetched \S+, status 503\)")
        self.assertFalse(said["robots"]["allowed"])

    def test_a_refused_address(self):
        self.server.links("/", "http://10.11.12.13/")
        self.crawl("--scope", "any", "--retries", 0, self.url("/"))
        self.assert_says("http://10.11.12.13/", r"Failed \(blocked\)", "Hint +--allow-private")
        self.assert_says("http://10.11.12.14/", "It would not be fetched: its address is private", "Hint +--allow-private")

    def test_what_a_queued_url_waits_for(self):
        """While the crawl runs: those before it; after kill -9: a crawl."""
        gate = self.server.gate()
        self.server.robots("")
        self.server.links("/", *(f"/{i}" for i in range(1200)))
        self.server.fallback = lambda hit: Reply(body="<p>page", gate=gate)
        crawl = self.start_crawl("--per-host", 1, "--connections", 1, "--delay", "10ms", "--no-sitemaps", self.url("/"))
        numbers = lambda: [target for target in self.server.targets() if target[1:].isdigit()]
        self.server.wait_for(numbers, "the first of them")
        under_way, = numbers()
        self.wait_until(lambda: self.value("SELECT count(*) FROM url") == 1201, "all to be known")
        self.wait_until(lambda: self.state_of(self.url(under_way))[0] == "active", "it to be leased")
        said = self.assert_says(under_way, "Verdict +Under way: the running crawl has it in hand",
                                rf"Crawl +runs since \S+, process {crawl.pid}")
        self.assertEqual((said["crawl"]["running"], said["crawl"]["pid"]), (True, crawl.pid))
        self.wait_until(lambda: self.value("SELECT count(*) FROM url WHERE state = 'active'") > 400, "more to be leased")
        queued = [url for url, in self.rows("SELECT url FROM url WHERE state = 'queued'")]
        places = [self.explain(url)[1]["host"] for url in queued[:30]]
        self.assertEqual(len({place["urls_ahead"] for place in places}), 30, "each has its own place in the line")
        self.assertLess(max(place["urls_ahead"] for place in places), len(queued))
        self.assertEqual({place["active"] for place in places}, {1201 - 1 - len(queued)})
        before = places[0]["urls_ahead"] + places[0]["active"]
        self.assert_says(queued[0], "Verdict +Not fetched yet: queued", f"Waits for +{before} URLs of its host that come first; "
                                    f"at a pause of 10 ms that takes at least {before / 100:.1f}s")
        crawl.kill()
        self.assert_says(under_way, "Was under way when the crawl died", "Waits for +a crawl: none is running, the last one died",
                         "to go on: crawld crawl .*--per-host 1", "died without an end")
        gate.open()
        self.crawl("--per-host", 8, "--no-sitemaps", self.url("/"))
        self.assert_says(under_way, "Verdict +Fetched", "Crawl +ended .*: finished")

    def test_a_host_that_is_left_alone(self):
        self.server.robots("")
        self.server.links("/", *(f"/{i}" for i in range(5)))
        self.server.fallback = lambda hit: Reply(503, "later", headers=[("Retry-After", "300")])
        crawl = self.start_crawl("--per-host", 1, "--no-sitemaps", self.url("/"))
        self.wait_until(lambda: self.db.exists() and self.rows("SELECT 1 FROM host WHERE backoff_until IS NOT NULL"),
                        "the back-off to be stored")
        until, = self.rows("SELECT backoff_until FROM host WHERE backoff_until IS NOT NULL")[0]
        refused, = self.rows("SELECT url FROM fetch WHERE status = 503")[0]
        said = self.assert_says(refused, "Not fetched yet: queued to be tried again at",
                                rf"Waits for +its host, which is left alone until {until}, in (4m|5m)",
                                "its time: ", r"1\. .*: 503 .*asked to be left alone for 300000 ms")
        self.assertEqual(said["host"]["backoff_until"], until)
        crawl.signal(signal.SIGINT)
        self.assertEqual(crawl.wait().status, 4)
        self.assert_says(refused, r"Waits for +a crawl: none is running since \S+ \(interrupted\)", "left alone until")

    def test_usage(self):
        self.crawl(self.url("/"), status=(0, 1))
        self.crawld("explain", status=2)
        self.crawld("explain", self.db, status=2)
        self.assertIn("not an http(s) URL", self.crawld("explain", self.db, "nonsense", status=2).err)
        self.assertNotIn("pw", self.crawld("explain", self.db, "http://me:pw@[x/", status=2).err)
        self.crawld("explain", self.db, self.url("/"), "--format", "csv", status=2)
        self.assertIn("no such file", self.crawld("explain", self.folder / "none.db", self.url("/"), status=3).err)
        (self.folder / "text.db").write_text("no database")
        self.crawld("explain", self.folder / "text.db", self.url("/"), status=3)

    def test_what_strangers_wrote_cannot_steer_the_terminal(self):
        self.server.page("/", '<a href="/x">red \x1b[31m\x9b1m</a>')
        self.crawl(self.url("/"))
        text, _ = self.explain("/x")
        self.assertIn("red ", text)
        self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f]")


if __name__ == "__main__":
    main()
