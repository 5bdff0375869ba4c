"""robots.txt comes before the first page of an origin, and what it says is kept (RFC 9309)."""
from support.crawld import Story, main
from support.webserver import Reply, redirect

TXT = "text/plain"


class Robots(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        self.server.links("/", "/private/a", "/private/open", "/public", "/x.pdf?download")
        self.server.fallback = lambda hit: Reply(body="<p>page")

    def targets_of(self, robots, *options, status=0):
        self.server.forget()
        self.server.route("/robots.txt", robots)
        done = self.crawl("--fresh", "--retries", "0", *options, self.server.url("/"), status=status)
        self.assert_lawful()
        self.assertEqual(self.server.targets()[:1], ["/robots.txt"], "robots.txt comes first")
        return set(self.server.targets()), done

    def text(self, body, **options):
        return Reply(body=body, content_type=TXT, **options)

    def test_what_is_disallowed_is_never_requested_and_says_by_which_line(self):
        body = "# ours\nUser-agent: *\nAllow: /private/open\nDisallow: /private/\nDisallow: /*.pdf\n"
        targets, _ = self.targets_of(self.text(body))
        self.assertEqual(targets, {"/robots.txt", "/", "/private/open", "/public"})
        self.assert_state(self.server.url("/private/a"), "excluded", "robots")
        for path, line, rule in (("/private/a", "4", "Disallow: /private/"), ("/x.pdf?download", "5", "Disallow: /*.pdf")):
            reason = self.state_of(self.server.url(path))[1]
            self.assertRegex(reason, rf"\b{line}\b")
            self.assertIn(rule, reason)
        self.assertEqual(self.rows("SELECT kind, url, status FROM fetch WHERE kind = 'robots'"),
                         [("robots", self.server.url("/robots.txt"), 200)])
        self.assertEqual(self.value("SELECT robots_status FROM host"), 200)

    def test_thousands_of_forbidden_links_are_all_decided(self):
        self.server.links("/", *(f"/private/{i}" for i in range(3000)))
        self.targets_of(self.text("User-agent: *\nDisallow: /private/\n"))
        self.assertEqual(self.rows("SELECT state, count(*) FROM url GROUP BY 1 ORDER BY 1"), [("done", 1), ("excluded", 3000)])

    def test_a_group_of_our_own_wins_over_the_star(self):
        body = "User-agent: *\nDisallow: /\n\nUser-agent: crawld\nDisallow: /public\n"
        targets, _ = self.targets_of(self.text(body))
        self.assertEqual(targets, {"/robots.txt", "/", "/private/a", "/private/open", "/x.pdf?download"})

    def test_the_configured_agent_s_group_is_read(self):
        body = "User-agent: othermill\nDisallow: /public\n\nUser-agent: *\nDisallow: /private\n"
        targets, _ = self.targets_of(self.text(body), "--user-agent", "OtherMill/3.1 (+https://example.org)")
        self.assertEqual(targets, {"/robots.txt", "/", "/private/a", "/private/open", "/x.pdf?download"})

    def test_all_is_disallowed__nothing_but_robots_is_requested(self):
        targets, done = self.targets_of(self.text("User-agent: *\nDisallow: /\n"), status=1)
        self.assertEqual(targets, {"/robots.txt"})
        self.assert_state(self.server.url("/"), "excluded", "robots")
        self.assertIn("robots", done.err)

    def test_4xx_allows_all(self):
        for status in (400, 401, 403, 404, 410):
            with self.subTest(status=status):
                targets, _ = self.targets_of(Reply(status, "User-agent: *\nDisallow: /\n", content_type=TXT))
                self.assertEqual(len(targets), 6)

    def test_5xx_allows_nothing(self):
        for status in (500, 502, 503):
            with self.subTest(status=status):
                targets, done = self.targets_of(Reply(status, "", content_type=TXT), status=1)
                self.assertEqual(targets, {"/robots.txt"})
                self.assertIn("robots", done.err)
                state, reason = self.state_of(self.server.url("/"))
                self.assertIn(state, ("failed", "queued"))
                if state == "failed":
                    self.assertRegex(reason, "^robots-unreachable")

    def test_a_robots_txt_that_breaks_off_allows_nothing(self):
        broken = Reply(steps=[b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nUser-agent: *\n"])
        targets, _ = self.targets_of(broken, status=1)
        self.assertEqual(targets, {"/robots.txt"})

    def test_redirects_are_followed_five_times(self):
        for hops in (1, 5):
            with self.subTest(hops=hops):
                for i in range(1, hops):
                    self.server.route(f"/r{i}", redirect(f"/r{i + 1}"))
                self.server.page(f"/r{hops}", "User-agent: *\nDisallow: /private/\n", content_type=TXT)
                targets, _ = self.targets_of(redirect("/r1"))
                self.assertTrue({"/public", f"/r{hops}"} <= targets)
                self.assertNotIn("/private/a", targets)
                self.assertIsNone(self.state_of(self.server.url("/r1")), "a hop of robots.txt is no page")

    def test_the_sixth_redirect_counts_as_none(self):
        for i in range(1, 9):
            self.server.route(f"/r{i}", redirect(f"/r{i + 1}"))
        targets, _ = self.targets_of(redirect("/r1"))
        self.assertIn("/private/a", targets, "RFC 9309 2.3.1.2: may be assumed to be unavailable")
        self.assertNotIn("/r6", targets)

    def test_whoever_waits_joins_the_one_request(self):
        gate = self.server.gate()
        self.server.robots("User-agent: *\nDisallow: /private\n", gate=gate)
        urls = [self.server.url(f"/{i}") for i in range(50)]
        crawl = self.start_crawl("--per-host", 8, "--no-follow", "--input", "-", with_input=True)
        crawl.write("\n".join(urls) + "\n")
        crawl.close_input()
        self.server.wait_for(lambda: self.server.hits, "robots.txt")
        self.wait_until(lambda: self.db.exists() and self.value("SELECT count(*) FROM url") == 50, "all URLs to be known")
        self.assertEqual(self.server.targets(), ["/robots.txt"])
        gate.open()
        self.assertEqual(crawl.wait().status, 0)
        self.assertEqual((self.server.count("/robots.txt"), self.server.count()), (1, 50))

    def test_each_origin_has_its_own(self):
        other = self.web()
        other.page("/b", "<p>b")
        other.robots("User-agent: *\nDisallow: /b\n")
        self.server.links("/", "/public", other.url("/b"))
        self.server.robots("User-agent: *\nAllow: /\n")
        self.crawl("--scope", "any", self.server.url("/"))
        self.assertEqual(other.targets(), ["/robots.txt"])
        self.assert_state(other.url("/b"), "excluded", "robots")

    def test_crawl_delay_is_a_lower_bound(self):
        targets, _ = self.targets_of(self.text("User-agent: *\nCrawl-delay: 0.3\n"), "--per-host", 4)
        self.assertEqual(len(targets), 6)
        pairs = list(zip(self.server.hits, self.server.hits[1:]))
        self.assertGreaterEqual(min(after.arrived - before.ended for before, after in pairs), 0.299)
        self.assertEqual(self.value("SELECT max(limit_ms) FROM fetch"), 300)

    def test_no_robots_asks_for_none(self):
        self.server.robots("User-agent: *\nDisallow: /\n")
        self.crawl("--no-robots", self.server.url("/"))
        self.assertEqual(self.server.count("/robots.txt"), 0)
        self.assertEqual(self.server.count(), 5)

    def test_five_hundred_kib_count(self):
        filler = "# " + "x" * 98 + "\n"
        body = "User-agent: *\nDisallow: /public\n" + filler * 6000 + "Disallow: /private\n"
        targets, _ = self.targets_of(self.text(body))
        self.assertNotIn("/public", targets)
        self.assertIn("/private/a", targets)

    def test_an_endless_robots_txt_is_cut_off(self):
        line = b"# " + b"x" * 65533 + b"\n"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nUser-agent: *\nDisallow: /public\n"
        targets, _ = self.targets_of(Reply(steps=[head, *[line] * 1000]))
        self.assertEqual(targets, {"/robots.txt", "/", "/private/a", "/private/open", "/x.pdf?download"})
        self.assertLess(self.value("SELECT size FROM fetch WHERE kind = 'robots'"), 4 << 20)

    def test_a_robots_txt_that_never_comes_allows_nothing(self):
        targets, _ = self.targets_of(Reply(steps=[30]), "--timeout", "1s", status=1)
        self.assertEqual(targets, {"/robots.txt"})
        state, reason = self.state_of(self.server.url("/"))
        self.assertEqual(state, "failed")
        self.assertRegex(reason, "^(timeout|first-byte-timeout): robots.txt: ")

    def test_nofollow_and_noindex_are_read(self):
        self.server.links("/public", "/beyond", headers=[("X-Robots-Tag", "noindex, nofollow")])
        self.server.page("/private/a", '<meta name="robots" content="nofollow"><a href="/behind">x</a>')
        self.server.page("/private/open", '<a href="/aside" rel="nofollow">x</a>')
        targets, _ = self.targets_of(self.text(""))
        self.assertEqual(targets & {"/beyond", "/behind", "/aside"}, set())
        for path in ("/beyond", "/behind", "/aside"):
            self.assert_state(self.server.url(path), "excluded", "nofollow")
        self.assertEqual(self.value("SELECT noindex FROM page WHERE url = ?", self.server.url("/public")), 1)


if __name__ == "__main__":
    main()
