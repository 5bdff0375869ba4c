"""Pages that only a sitemap names are found: through robots.txt and at /sitemap.xml, each file once."""
import gzip

from support.crawld import Story, main
from support.webserver import RESET, Reply, redirect

XML = "application/xml"


def urlset(*urls):
    return "<urlset>" + "".join(f"<url><loc>{url}</loc></url>" for url in urls) + "</urlset>"


def index(*urls):
    return "<sitemapindex>" + "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls) + "</sitemapindex>"


class Sitemaps(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        self.server.page("/", "<p>No links.")

    def sitemap(self, path, body, **reply):
        return self.server.route(path, Reply(body=body, content_type=XML, **reply))

    def pages(self, *paths):
        """Pages that nothing links to; their URLs."""
        return [self.server.page(path, f"<p>{path}") for path in paths]

    def crawl_all(self, *options, **more):
        done = self.crawl("--retries", 0, *options, self.server.url("/"), **more)
        self.assert_lawful()
        return done

    def fetched(self):
        return {url[len(self.server.url("")):] for url in self.statuses()}

    def kinds(self):
        return self.rows("SELECT url, status FROM fetch WHERE kind = 'sitemap' ORDER BY url")

    def test_the_usual_place_is_read(self):
        self.sitemap("/sitemap.xml", urlset(*self.pages("/a?x=1&amp;y=2", "/b")))
        self.server.page("/a", "<p>a")
        self.crawl_all()
        self.assertEqual(self.fetched(), {"/", "/a?x=1&y=2", "/b"})
        self.assertEqual(self.kinds(), [(self.server.url("/sitemap.xml"), 200)])
        self.assertEqual(self.rows("SELECT DISTINCT depth, found_on FROM url WHERE url LIKE '%/b'"), [(1, None)])

    def test_the_page_that_was_asked_for_goes_first(self):
        self.sitemap("/sitemap.xml", urlset(*self.pages("/a")))
        self.crawl_all("--per-host", 1)
        self.assertEqual([hit.target for hit in self.server.hits], ["/robots.txt", "/", "/sitemap.xml", "/a"])

    def test_their_priority_says_which_goes_first(self):
        priorities = {"/low": "0.0", "/high": "1.0", "/usual": None, "/less": "0.3"}
        body = "".join(f"<url><loc>{url}</loc>" + (f"<priority>{priority}</priority>" if priority else "") + "</url>"
                       for url, priority in zip(self.pages(*priorities), priorities.values()))
        self.sitemap("/sitemap.xml", f"<urlset>{body}</urlset>")
        self.crawl_all("--per-host", 1)
        order = [url[len(self.server.url("")):] for url, in
                 self.rows("SELECT url FROM fetch WHERE kind = 'page' AND url NOT LIKE '%/' ORDER BY started_at")]
        self.assertEqual(order, ["/high", "/usual", "/less", "/low"])
        self.assertEqual(self.rows("SELECT priority FROM url WHERE url LIKE '%/high'"), [(5,)])

    def test_robots_names_them__indexes_lead_on__gzip_text_and_feeds_are_read(self):
        a, b, c, d = self.pages("/a", "/b", "/c", "/d")
        self.sitemap("/index", index(self.server.url("/1.xml.gz"), self.server.url("/2.txt")))
        self.server.route("/1.xml.gz", Reply(body=gzip.compress(urlset(a).encode()), content_type="application/gzip"))
        self.server.route("/2.txt", Reply(body=b, content_type="text/plain"))
        self.server.route("/feed", redirect("/feed.xml", 301))
        self.sitemap("/feed.xml", f"<rss><channel><item><link>{c}</link></item></channel></rss>")
        self.sitemap("/encoded", gzip.compress(urlset(d).encode()), headers=[("Content-Encoding", "gzip")])
        self.server.robots("".join(f"Sitemap: {self.server.url(path)}\n" for path in ("/index", "/feed", "/encoded")))
        self.crawl_all()
        self.assertEqual(self.fetched(), {"/", "/a", "/b", "/c", "/d"})
        self.assertEqual(dict(self.kinds()), {self.server.url(path): status for path, status in {
            "/index": 200, "/1.xml.gz": 200, "/2.txt": 200, "/feed": 301, "/feed.xml": 200, "/encoded": 200,
            "/sitemap.xml": 404}.items()})

    def test_loops_end__indexes_are_read_three_deep__each_once(self):
        url = self.server.url
        self.sitemap("/sitemap.xml", index(url("/sitemap.xml"), url("/2"), url("/2")))
        self.sitemap("/2", index(url("/sitemap.xml"), url("/2"), url("/3")))
        self.sitemap("/3", index(url("/4"), url("/2")))
        self.sitemap("/4", urlset(*self.pages("/too-deep")))
        self.crawl_all()
        self.assertEqual(self.fetched(), {"/"})
        self.assertEqual([self.server.count(path) for path in ("/sitemap.xml", "/2", "/3", "/4")], [1, 1, 1, 0])

    def test_other_hosts_are_left_out_unless_their_robots_names_the_sitemap(self):
        other = self.web()
        (page,) = self.pages("/mine")
        theirs = other.page("/theirs", "<p>theirs")
        self.sitemap("/sitemap.xml", urlset(page, theirs))
        self.crawl("--scope", "any", self.server.url("/"))
        self.assertIsNone(self.state_of(theirs))
        self.assert_state(page, "done")

        other.robots(f"Sitemap: {self.server.url('/sitemap.xml')}\n")
        other.page("/", "<p>other")
        self.crawl("--fresh", "--scope", "any", other.url("/"))
        self.assert_state(theirs, "done")
        self.assert_state(page, "done")
        self.assert_lawful()

    def test_scope_patterns_and_robots_judge_what_a_sitemap_names(self):
        self.sitemap("/sitemap.xml", urlset(*self.pages("/a", "/private/b", "/skip/c"), self.server.url("/" + "x" * 3000)))
        self.server.robots("User-agent: *\nDisallow: /private/\n")
        self.crawl_all("--exclude", "*/skip/*")
        self.assertEqual(self.fetched(), {"/", "/a"})
        self.assert_state(self.server.url("/private/b"), "excluded", "robots")
        self.assert_state(self.server.url("/skip/c"), "excluded", "exclude")
        self.assertEqual(self.value("SELECT count(*) FROM url WHERE reason = 'too-long'"), 1)

    def test_a_sitemap_that_robots_forbids_is_not_asked_for(self):
        self.server.robots("User-agent: *\nDisallow: /sitemap.xml\n")
        self.sitemap("/sitemap.xml", urlset(*self.pages("/a")))
        self.crawl_all()
        self.assertEqual(self.server.count("/sitemap.xml"), 0)

    def test_no_sitemaps_asks_for_none__nor_do_options_that_leave_no_use_for_them(self):
        self.sitemap("/sitemap.xml", urlset(*self.pages("/a")))
        self.server.robots(f"Sitemap: {self.server.url('/more')}\n")
        for option in (("--no-sitemaps",), ("--no-robots",), ("--no-follow",), ("--depth", 0)):
            with self.subTest(option=option):
                self.crawl_all("--fresh", *option)
                self.assertEqual(self.fetched(), {"/"})
                self.assertEqual([self.server.count(path) for path in ("/sitemap.xml", "/more")], [0, 0])

    def test_a_broken_or_hostile_one_hurts_nobody(self):
        bodies = {"/xxe": '<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/hostname">]><urlset><url><loc>'
                          f'{self.server.url("/")}&x;</loc></url></urlset>',
                  "/bomb": '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>',
                  "/deep": "<urlset>" + "<x>" * 100000, "/html": "<!doctype html><p>Nothing here", "/empty": "",
                  "/gzip": gzip.compress(b" " * (100 << 20)), "/junk": b"\x1f\x8bnot gzip", "/nul": b"\0" * 1000000}
        for path, body in bodies.items():
            self.sitemap(path, body)
        self.server.route("/reset", Reply(steps=[RESET]))
        self.server.route("/loop", redirect("/loop"))
        self.server.robots("".join(f"Sitemap: {self.server.url(path)}\n" for path in (*bodies, "/reset", "/loop", "/good"))
                           + "Sitemap: not a URL\nSitemap: ftp://127.0.0.1/x\n")
        self.sitemap("/good", urlset(*self.pages("/a")))
        self.crawl_all()
        self.assertEqual(self.fetched(), {"/", "/a"})

    def test_a_busy_server_is_asked_again(self):
        answers = [Reply(503, headers=[("Retry-After", "0")])]
        body = urlset(*self.pages("/a"))
        self.server.route("/sitemap.xml", lambda hit: answers.pop() if answers else Reply(body=body, content_type=XML))
        self.crawl("--retries", 1, self.server.url("/"))
        self.assertEqual(self.fetched(), {"/", "/a"})
        self.assertEqual(self.rows("SELECT attempt, status FROM fetch WHERE kind = 'sitemap' ORDER BY attempt"),
                         [(1, 503), (2, 200)])

    def test_fifty_thousand_urls_land__and_no_more(self):
        self.sitemap("/sitemap.xml", urlset(*(self.server.url(f"/{i}") for i in range(50001))))
        self.crawl_all("--max-pages", 20)
        found = self.value("SELECT count(*) FROM url WHERE depth = 1")
        self.assertGreater(found, 0)
        self.server.robots("User-agent: *\nDisallow: /\nAllow: /$\nAllow: /sitemap.xml\n")
        self.crawl_all("--fresh", "--store", "none", seconds=240)
        self.assertEqual(self.value("SELECT count(*) FROM url WHERE depth = 1"), 50000)
        self.assertEqual(self.value("SELECT count(*) FROM url WHERE reason LIKE 'robots%'"), 50000)

    def test_an_interrupt_while_one_is_read_ends_cleanly__and_the_next_run_reads_it_again(self):
        gate = self.server.gate()
        (page,) = self.pages("/a")
        held = Reply(body=urlset(page), content_type=XML, gate=gate)
        self.server.route("/sitemap.xml", held)
        self.server.links("/", "/slow")
        self.server.page("/slow", "<p>slow", gate=gate)
        crawl = self.start_crawl("--retries", 0, self.server.url("/"))
        self.server.wait_for(lambda: self.server.count("/sitemap.xml") and self.server.count("/slow"), "both requests")
        crawl.signal(2)
        self.wait_until(lambda: "once more" in crawl.err.text, "the first signal's answer")
        crawl.signal(2)
        self.assertEqual(crawl.wait().status, 4)
        self.assert_lawful()
        gate.open()
        self.crawl_all()
        self.assert_state(page, "done")


if __name__ == "__main__":
    main()
