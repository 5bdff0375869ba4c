"""What proves who asks goes to the origins that the person named, and is seen nowhere else."""
import base64

from support.crawld import Story, main
from support.webserver import Reply, redirect

SECRETS = {"authorization": "Bearer s3cret-token", "cookie": "session=s3cret-cookie",
           "proxy-authorization": "Basic s3cret-proxy"}
HEADERS = [word for name, value in SECRETS.items() for word in ("-H", f"{name.title()}: {value}")]
OPEN = ("-H", "X-Purpose: archive")


class Credentials(Story):
    def setUp(self):
        super().setUp()
        self.named, self.other = self.web(), self.web()
        for server in (self.named, self.other):
            server.fallback = lambda hit: Reply(body="<p>page")

    def assert_headers(self, server, secret):
        """Every request to `server` carried the open header; every one, or none, the secret ones."""
        self.assertTrue(server.hits, "it was asked")
        for hit in server.hits:
            self.assertEqual(hit.headers.get("x-purpose"), "archive", hit)
            for name, value in SECRETS.items():
                self.assertEqual(hit.headers.get(name), value if secret else None, f"{hit} {name}")

    def files(self):
        """The bytes of the database and its log, as they are on disk."""
        return b"".join(path.read_bytes() for path in self.folder.glob("crawl.db*"))

    def test_a_start_url_s_redirect_does_not_take_them_along(self):
        self.named.route("/", redirect(self.other.url("/moved")))
        self.other.links("/moved", "/deeper")
        self.crawl(*HEADERS, *OPEN, self.named.url("/"))
        self.assertIn("/deeper", self.other.targets(), "the redirect's host is crawled")
        self.assert_headers(self.named, secret=True)
        self.assert_headers(self.other, secret=False)

    def test_a_later_run_does_not_take_the_redirect_s_host_for_named(self):
        self.named.route("/", redirect(self.other.url("/moved")))
        self.other.links("/moved", *(f"/{i}" for i in range(5)))
        self.crawl(*HEADERS, *OPEN, "--max-pages", 2, self.named.url("/"))
        self.other.forget()
        self.crawl(*HEADERS, *OPEN, self.named.url("/"))
        self.assertEqual(self.other.count(), 5)
        self.assert_headers(self.other, secret=False)

    def test_scope_any(self):
        self.named.links("/", "/mine", self.other.url("/theirs"))
        self.crawl("--scope", "any", *HEADERS, *OPEN, self.named.url("/"))
        self.assertIn("/robots.txt", self.other.targets())
        self.assert_headers(self.named, secret=True)
        self.assert_headers(self.other, secret=False)

    def test_a_redirect_of_robots_txt(self):
        self.named.route("/robots.txt", redirect(self.other.url("/rules.txt")))
        self.crawl(*HEADERS, *OPEN, self.named.url("/"))
        self.assertEqual(self.other.targets(), ["/rules.txt"])
        self.assert_headers(self.named, secret=True)
        self.assert_headers(self.other, secret=False)

    def test_a_sitemap_elsewhere(self):
        sitemap = f"<urlset><url><loc>{self.other.url('/theirs')}</loc></url></urlset>"
        self.named.robots(f"Sitemap: {self.other.url('/map.xml')}\nSitemap: {self.named.url('/own.xml')}\n")
        self.other.page("/map.xml", sitemap, content_type="application/xml")
        self.named.page("/own.xml", sitemap, content_type="application/xml")
        self.crawl("--scope", "any", *HEADERS, *OPEN, self.named.url("/"))
        self.assertIn("/own.xml", self.named.targets())
        self.assertIn("/map.xml", self.other.targets())
        self.assert_headers(self.named, secret=True)
        self.assert_headers(self.other, secret=False)

    def test_all_start_urls_are_named__the_other_spelling_of_a_host_is_not(self):
        third = self.web(more_addresses=("127.0.0.2",))
        third.links("/", third.url("/by-another-name", host="127.0.0.2"))
        third.fallback = lambda hit: Reply(body="<p>page")
        self.crawl("--scope", "any", "--allow-private", *HEADERS, *OPEN, self.other.url("/"), third.url("/"))
        self.assert_headers(self.other, secret=True)
        by_name = {hit.target: hit.headers.get("authorization") for hit in third.hits}
        self.assertEqual((by_name["/"], by_name["/by-another-name"]), (SECRETS["authorization"], None))

    def test_urls_from_standard_input_are_named_too(self):
        self.crawl(*HEADERS, *OPEN, "--input", "-", feed=self.named.url("/") + "\n")
        self.assert_headers(self.named, secret=True)

    def test_a_user_name_in_a_start_url_becomes_basic_authentication(self):
        self.named.links("/", "/deeper", self.other.url("/"))
        start = self.named.url("/").replace("http://", "http://us%65r:pa%3Ass-s3cret@")
        done = self.crawl("--verbose", "--scope", "any", start)
        expected = "Basic " + base64.b64encode(b"user:pa:ss-s3cret").decode()
        self.assertEqual({hit.target: hit.headers.get("authorization") for hit in self.named.hits},
                         {path: expected for path in ("/robots.txt", "/sitemap.xml", "/", "/deeper")})
        self.assertEqual({hit.headers.get("authorization") for hit in self.other.hits}, {None})
        self.assert_state(self.named.url("/"), "done")
        self.assertNotIn("s3cret", done.out + done.err)
        self.assertNotIn(b"s3cret", self.files())
        self.assertNotIn(base64.b64encode(b"user:pa:ss-s3cret"), self.files())

    def test_the_database_and_the_log_hold_no_secret(self):
        start = self.named.url("/").replace("http://", "http://user:s3cret@")
        self.named.route("/", redirect(self.other.url("/moved")))
        done = self.crawl("--verbose", *HEADERS, *OPEN, "--header=Cookie: more=s3cret", start)
        self.assertNotIn("s3cret", done.err)
        self.assertNotIn(b"s3cret", self.files())
        command = self.value("SELECT command FROM crawl")
        for shown in ("'Authorization: ***'", "'--header=Cookie: ***'", "http://user:***@127.0.0.1", "X-Purpose: archive"):
            self.assertIn(shown, command)

    def test_the_line_to_go_on_with_keeps_them(self):
        self.named.links("/", *(f"/{i}" for i in range(5)))
        start = self.named.url("/").replace("http://", "http://user:s3cret@")
        done = self.crawl("-H", SECRETS["cookie"].join(("Cookie: ", "")), "--max-pages", 2, start)
        line = next(line for line in done.err.splitlines() if line.startswith("to go on: "))
        self.assertIn(SECRETS["cookie"], line)
        self.assertIn(start, line)

    def test_a_start_url_that_is_refused_shows_no_password(self):
        for start in ("ftp://user:s3cret@127.0.0.1/", "http://user:s3cret@no host/", "htp:user:s3cret@h"):
            for options in ((), ("-o", self.db)):
                done = self.crawld("crawl", *options, start, status=2)
                self.assertIn("***", done.err)
                self.assertNotIn("s3cret", done.err)
        done = self.crawl("--input", "-", feed="http://user:s3cret@no host/\n" + self.named.url("/") + "\n")
        self.assertIn("***", done.err)
        self.assertNotIn("s3cret", done.err)


if __name__ == "__main__":
    main()
