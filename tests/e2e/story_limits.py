"""The options that bound a crawl, and those that say what is sent."""
from support.crawld import Story, main, snapshot
from support.webserver import Reply, redirect


class Bounds(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        self.server.links("/", "/d1/a", "/d1/b?x=1", "/other/c")
        self.server.links("/d1/a", "/d1/d2/a")
        self.server.links("/d1/d2/a", "/d1/d2/d3/a")
        self.server.fallback = lambda hit: Reply(body="<p>page")

    def fetched(self, *options, start="/"):
        self.server.forget()
        self.crawl("--fresh", "--no-robots", *options, self.server.url(start))
        self.assert_lawful()
        return set(self.server.targets())

    def test_depth(self):
        self.assertEqual(self.fetched("--depth", 0), {"/"})
        self.assertEqual(self.fetched("--depth", 1), {"/", "/d1/a", "/d1/b?x=1", "/other/c"})
        self.assert_state(self.server.url("/d1/d2/a"), "excluded", "depth")

    def test_a_larger_depth_goes_on(self):
        self.fetched("--depth", 1)
        self.server.forget()
        self.crawl("--no-robots", "--depth", 3, self.server.url("/"))
        self.assertEqual(set(self.server.targets()), {"/d1/d2/a", "/d1/d2/d3/a"})
        self.assert_lawful()

    def test_scope(self):
        self.assertEqual(self.fetched("--scope", "prefix", start="/d1/a"), {"/d1/a", "/d1/d2/a", "/d1/d2/d3/a"})
        other = self.web()
        other.page("/", "<p>other")
        self.server.links("/", other.url("/"))
        self.assertEqual(self.fetched("--scope", "host"), {"/"})
        self.assertEqual(other.count(), 0, "another port is another host")
        self.assertEqual(self.fetched("--scope", "any"), {"/"})
        self.assertEqual(other.count("/"), 1)

    def test_include_and_exclude(self):
        self.assertEqual(self.fetched("--exclude", "*/d1/*"), {"/", "/other/c"})
        self.assert_state(self.server.url("/d1/a"), "excluded", "exclude")
        self.assertIn("*/d1/*", self.state_of(self.server.url("/d1/a"))[1])
        self.assertEqual(self.fetched("--include", "*/other/*"), {"/", "/other/c"})
        self.assert_state(self.server.url("/d1/a"), "excluded", "include")
        self.assertEqual(self.fetched("--exclude", r"re:[?&]x=\d", "--exclude", "*/other/?"),
                         {"/", "/d1/a", "/d1/d2/a", "/d1/d2/d3/a"})

    def test_max_pages(self):
        self.server.links("/", *(f"/{i}" for i in range(200)))
        self.crawl("--max-pages", 50, "--per-host", 8, self.server.url("/"))
        self.assertEqual(self.value("SELECT count(*) FROM page"), 50)
        self.assertEqual(self.server.count(), 50, "no answer is thrown away")
        self.assertEqual(self.value("SELECT end_reason FROM crawl"), "max-pages")
        self.assert_lawful()
        self.crawl("--max-pages", 60, self.server.url("/"))
        self.assertEqual(self.value("SELECT count(*) FROM page"), 60)
        self.crawl(self.server.url("/"))
        self.assertEqual(self.value("SELECT count(*) FROM page"), 201)
        self.assert_lawful()

    def test_max_time(self):
        self.server.links("/", *(f"/{i}" for i in range(50)))
        self.server.fallback = lambda hit: Reply(body="<p>page", delay=0.1)
        self.crawl("--max-time", "1s", "--per-host", 1, self.server.url("/"))
        self.assertLess(self.server.count(), 30)
        self.assertEqual(self.value("SELECT end_reason FROM crawl"), "max-time")
        self.assert_lawful()

    def test_max_size(self):
        self.server.page("/d1/a", b"<p>" + b"x" * 100000)
        self.fetched("--max-size", "64K")
        self.assert_state(self.server.url("/d1/a"), "failed", "too-big")

    def test_no_follow(self):
        self.assertEqual(self.fetched("--no-follow"), {"/"})
        self.assert_state(self.server.url("/d1/a"), "excluded", "no-follow")
        self.assertEqual(self.value("SELECT links FROM page"), 3, "links are recorded all the same")

    def test_a_url_that_is_too_long(self):
        self.server.links("/", "/" + "x" * 3000, "/d1/a")
        self.assertNotIn("/" + "x" * 3000, self.fetched())
        self.assertEqual(self.value("SELECT count(*) FROM url WHERE state = 'excluded' AND reason LIKE 'too-long%'"), 1)

    def test_a_seed_s_redirect_to_another_host_moves_the_scope(self):
        other = self.web()
        other.links("/", "/next")
        other.page("/next", "<p>next")
        self.server.route("/", redirect(other.url("/"), 301))
        self.crawl("--no-robots", self.server.url("/"))
        self.assertEqual(other.targets(), ["/", "/next"])
        self.assert_lawful()

    def test_every_spelling_of_a_url_is_one_page(self):
        host = self.server.url("").removeprefix("http://")
        self.server.links("/", "/p", "p", "./p", "/x/../p", "p#a", f"HTTP://{host}/p", f"//{host}/p", " /p\n", "/%70",
                          "http:p", "\\p")
        self.assertEqual(self.fetched() - {"/%70"}, {"/", "/p"})
        self.assertEqual(self.server.count("/p"), 1)

    def test_frames_areas_and_refreshes_are_followed_and_requisites_recorded(self):
        self.server.page("/", """<base href="/in/"><meta http-equiv=refresh content="5; url=refreshed">
            <link rel=next href=next><link rel=stylesheet href=style.css><link rel=icon href=icon.png>
            <a href=a>a</a><map><area href=area></map><iframe src=iframe></iframe><img src=img srcset="img2 2x, img3 3x">
            <script src=script.js></script><video src=video poster=poster></video><form action=form></form>""")
        targets = self.fetched()
        self.assertEqual(targets, {"/"} | {f"/in/{name}" for name in ("refreshed", "next", "a", "area", "iframe")})
        recorded = {(e, u.rpartition("/")[2]) for e, u in self.rows("SELECT element, to_url FROM link")}
        self.assertTrue({("img", "img"), ("img", "img2"), ("img", "img3"), ("script", "script.js"), ("form", "form"),
                         ("link", "style.css"), ("video", "video"), ("video", "poster")} <= recorded, recorded)


class WhatIsSent(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        self.server.links("/", "/next")
        self.server.page("/next", "<p>next", headers=[("Set-Cookie", "b=2")])

    def sent(self, *options):
        self.server.forget()
        self.crawl("--fresh", "--no-sitemaps", *options, self.server.url("/"))
        return [hit.headers for hit in self.server.hits]

    def test_by_default(self):
        for headers in self.sent():
            self.assertRegex(headers["user-agent"], r"^crawld/\d")
            self.assertEqual(headers["host"], self.server.url("").removeprefix("http://"))
            for coding in ("gzip", "br", "zstd"):
                self.assertIn(coding, headers["accept-encoding"])
            self.assertNotIn("cookie", headers)
            self.assertNotIn("referer", headers)

    def test_what_is_asked_for(self):
        sent = self.sent("--user-agent", "Mill/2 (+http://mill.example/)", "-H", "Accept-Language: ga", "--header", "X-Key: k")
        self.assertEqual(len(sent), 3)
        for headers in sent:
            self.assertEqual((headers["user-agent"], headers["accept-language"], headers["x-key"]),
                             ("Mill/2 (+http://mill.example/)", "ga", "k"))

    def test_cookies_of_a_file(self):
        jar = self.folder / "jar.txt"
        jar.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t1\n")
        self.assertIn("a=1", self.sent("--cookies", jar)[1]["cookie"])

    def test_a_proxy(self):
        proxy = self.web()
        proxy.fallback = lambda hit: Reply(body="<p>by proxy")
        self.crawl("--no-robots", "--proxy", proxy.url(""), self.server.url("/"))
        self.assertEqual(self.server.count(), 0)
        self.assertEqual(proxy.targets(), [self.server.url("/")])

    def test_two_runs_see_the_same(self):
        self.crawl(self.server.url("/"))
        first = snapshot(self.db)
        self.crawl("--fresh", self.server.url("/"))
        self.assertEqual(snapshot(self.db), first)


if __name__ == "__main__":
    main()
