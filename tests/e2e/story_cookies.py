"""--cookies: a jar, by RFC 6265 and the public suffix list."""
from support.crawld import Story, main
from support.webserver import Reply

NETSCAPE = "# Netscape HTTP Cookie File\n"


def sets(*cookies, body="<p>page"):
    return Reply(body=body, headers=[("Set-Cookie", cookie) for cookie in cookies])


class Cookies(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web(more_addresses=("127.0.0.2",))
        self.server.fallback = lambda hit: Reply(body="<p>page")
        self.jar = self.folder / "cookies.txt"
        self.jar.write_text(NETSCAPE)

    def crawl_with_jar(self, *arguments, **options):
        """One request at a time, so that what a page sets is there for the next."""
        return self.crawl("--cookies", self.jar, "--per-host", 1, *arguments, **options)

    def sent(self, path):
        """The cookies of the one request for `path`, as a set; None when it had no Cookie header."""
        hit, = self.server.hits_of(path)
        line = hit.headers.get("cookie")
        return None if line is None else set(line.split("; "))

    def test_what_is_set_is_sent_back(self):
        link = '<a href="/next">next</a><a href="/area/in">in</a>'
        self.server.route("/", sets("a=1", "b=two; Path=/area", "gone=1; Max-Age=0", body=link))
        self.crawl_with_jar(self.server.url("/"))
        self.assertIsNone(self.sent("/"))
        self.assertEqual(self.sent("/next"), {"a=1"})
        self.assertEqual(self.sent("/area/in"), {"a=1", "b=two"})

    def test_what_is_secure_is_not_sent_in_the_clear(self):
        """RFC 6265 5.4. (To 127.0.0.1 itself libcurl would send it.)"""
        self.server.routes["http://site.example/"] = sets("a=1", "secure=1; Secure", body='<a href="/next">next</a>')
        self.crawl_with_jar("--proxy", self.server.url("/"), "http://site.example/")
        self.assertEqual(self.sent("http://site.example/next"), {"a=1"})

    def test_without_the_option_nothing_is_kept(self):
        self.server.route("/", sets("a=1", body='<a href="/next">next</a>'))
        self.crawl(self.server.url("/"))
        self.assertIsNone(self.sent("/next"))

    def test_a_host_that_refuses_its_own_cookies_is_asked_without_them(self):
        """hostile.md B12: 431, or 400 to more than 4 KiB of them."""
        for status, size, is_dropped in ((431, 100, True), (400, 300, True), (400, 20, False)):
            with self.subTest(status=status, size=size):
                self.db = self.folder / f"{status}-{size}.db"
                self.server.forget()
                self.server.route("/", sets(*(f"c{i}={'x' * size}" for i in range(20)), "d=1; HttpOnly",
                                            body='<a href="/refused">.</a><a href="/a">.</a>'))
                for page, following in ("/a", "/b"), ("/b", "/c"), ("/c", "/then"):  # deeper pages come later
                    self.server.links(page, following)
                self.server.route("/refused", lambda hit: Reply(status, "too large"))
                self.crawl_with_jar(self.server.url("/"))
                self.assertEqual(len(self.sent("/refused")), 21)
                self.assertEqual(self.sent("/then"), None if is_dropped else self.sent("/refused"))

    def test_the_file_is_read(self):
        self.jar.write_text(NETSCAPE + "127.0.0.1\tFALSE\t/\tFALSE\t0\tfrom\tfile\n")
        self.crawl_with_jar(self.server.url("/"))
        self.assertEqual(self.sent("/"), {"from=file"})
        self.assertEqual(self.sent("/robots.txt"), {"from=file"})

    def test_a_wall_of_a_cookie_and_a_redirect_is_passed(self):
        """hostile.md B29: once the cookie is there, the answer is another."""
        self.server.route("/", lambda hit: Reply(body="<p>in") if "cookie" in hit.headers else
                          Reply(302, headers=[("Location", "/enter"), ("Set-Cookie", "ok=1")]))
        self.server.links("/enter", "/inside")
        self.crawl_with_jar(self.server.url("/"))
        self.assertEqual(self.sent("/inside"), {"ok=1"})

    def test_another_host_does_not_get_them__another_port_does(self):
        """RFC 6265 8.5: cookies do not isolate by port, only by host."""
        other_host = self.server.url("/other-host", host="127.0.0.2")
        elsewhere = self.web()
        elsewhere.page("/", "<p>page")
        self.server.route("/", sets("a=1", body=f'<a href="{other_host}">o</a><a href="{elsewhere.url("/")}">p</a>'))
        self.crawl_with_jar("--scope", "any", self.server.url("/"))
        self.assertIsNone(self.sent("/other-host"))
        self.assertEqual([hit.headers.get("cookie") for hit in elsewhere.hits_of("/")], ["a=1"])

    def test_a_cookie_for_another_domain_is_refused(self):
        """hostile.md B13; RFC 6265 5.3, steps 5 and 6."""
        self.server.route("/", sets("com=1; Domain=com", "uk=1; Domain=co.uk", "other=1; Domain=example.org",
                                    "ip=1; Domain=127.0.0.2", "tail=1; Domain=0.0.1", "mine=1; Domain=127.0.0.1",
                                    body='<a href="/next">next</a>'))
        self.crawl_with_jar(self.server.url("/"))
        self.assertEqual(self.sent("/next"), {"mine=1"})

    def test_a_cookie_for_a_public_suffix_is_refused(self):
        """The same by names: a server for both a.example and its neighbour, behind a proxy."""
        first, neighbour = "http://one.github.io/", "http://two.github.io/"
        self.server.routes["http://one.github.io/"] = sets(
            "wide=1; Domain=github.io", "wider=1; Domain=io", "own=1; Domain=one.github.io",
            body=f'<a href="/next">n</a><a href="{neighbour}">n</a>')
        self.crawl_with_jar("--scope", "any", "--proxy", self.server.url("/"), first)
        self.assertEqual(self.sent("http://one.github.io/next"), {"own=1"})
        self.assertIsNone(self.sent(neighbour))

    def test_a_flood_is_cut_at_fifty_a_reply(self):
        """hostile.md B11."""
        flood = [f"c{i}={'x' * 4000}" for i in range(30)] + [f"d{i}=1" for i in range(100)]
        self.server.route("/", sets(*flood, body='<a href="/next">next</a>'))
        self.crawl_with_jar(self.server.url("/"))
        kept = self.sent("/next")
        self.assertLessEqual(len(kept), 50)
        self.assertLessEqual(kept, set(flood))

    def test_a_request_holds_at_most_8_kib_of_cookies(self):
        """hostile.md B12."""
        for i in range(20):
            self.server.route(f"/{i}", sets(f"c{i}={'x' * 1000}", body=f'<a href="/{i + 1}">next</a>'))
        self.crawl_with_jar(self.server.url("/0"))
        line = self.server.hits_of("/20")[0].headers["cookie"]
        self.assertLessEqual(len(line), 8 * 1024)
        self.assertGreater(len(line), 4 * 1024, "several were kept")

    def test_a_file_that_is_not_there_is_an_error_before_anything_is_fetched(self):
        done = self.crawl("--cookies", "absent.txt", self.server.url("/"), status=2)
        self.assertIn("absent.txt", done.err)
        self.assertEqual(self.server.targets(), [])


if __name__ == "__main__":
    main()
