"""--proxy: every request goes through it, and only when it is asked for."""
import base64

from support.crawld import Story, main
from support.proxies import HttpProxy, SocksProxy
from support.webserver import Reply

START = "http://site.example/"


class Proxies(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        self.server.links("/", "/a", "/b")
        self.server.fallback = lambda hit: Reply(body="<p>page")

    def assert_crawled(self):
        self.assertEqual(self.statuses(), {START + path: 200 for path in ("", "a", "b")})
        self.assertEqual({hit.host for hit in self.server.hits}, {"site.example"})
        self.assert_lawful()

    def test_http(self):
        proxy = self.enterContext(HttpProxy(self.server.port))
        self.crawl("--proxy", proxy.url(), START)
        self.assert_crawled()
        self.assertEqual(sorted(target for target, _ in proxy.asked),
                         [START, START + "a", START + "b", START + "robots.txt", START + "sitemap.xml"])

    def test_http_with_a_password__which_is_not_stored(self):
        proxy = self.enterContext(HttpProxy(self.server.port))
        self.crawl("--proxy", proxy.url("user:s3cret@"), START)
        expected = "Basic " + base64.b64encode(b"user:s3cret").decode()
        self.assertEqual({user for _, user in proxy.asked}, {expected})
        self.assertIn("user:***@127.0.0.1", self.value("SELECT command FROM crawl"))
        self.assertNotIn(b"s3cret", b"".join(path.read_bytes() for path in self.folder.glob("crawl.db*")))

    def test_socks5(self):
        proxy = self.enterContext(SocksProxy(self.server.port))
        self.crawl("--proxy", proxy.url(), START)
        self.assert_crawled()
        self.assertEqual(set(proxy.asked), {("site.example", 80, None)}, "the proxy looks up names")

    def test_socks5_with_a_user_name(self):
        proxy = self.enterContext(SocksProxy(self.server.port))
        self.crawl("--proxy", proxy.url("user:s3cret@"), START)
        self.assert_crawled()
        self.assertEqual(set(proxy.asked), {("site.example", 80, "user")})

    def test_the_environment_is_ignored(self):
        proxy = self.enterContext(HttpProxy(self.server.port))
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        self.crawl(self.server.url("/"), environment={name: proxy.url() for name in names})
        self.assertEqual(proxy.asked, [])
        self.assertEqual(self.server.count(), 3)

    def test_no_proxy_in_the_environment_takes_nothing_away(self):
        proxy = self.enterContext(HttpProxy(self.server.port))
        self.crawl("--proxy", proxy.url(), START, environment={"no_proxy": "*", "NO_PROXY": "*"})
        self.assertIn((START, None), proxy.asked)
        self.assert_crawled()

    def test_a_proxy_is_no_way_around_the_guard(self):
        proxy = self.enterContext(HttpProxy(self.server.port))
        self.server.links("/", "http://169.254.169.254/latest/", "http://10.0.0.1/")
        self.crawl("--scope", "any", "--retries", 0, "--proxy", proxy.url(), START)
        self.assertEqual({target for target, _ in proxy.asked}, {START + path for path in ("", "robots.txt", "sitemap.xml")})
        for url in ("http://169.254.169.254/latest/", "http://10.0.0.1/"):
            self.assert_state(url, "failed", "blocked")

    def test_a_proxy_that_is_not_there(self):
        with HttpProxy(self.server.port) as gone:
            address = gone.url()
        self.crawl("--retries", 0, "--proxy", address, START, status=1)
        self.assertEqual(self.server.targets(), [])
        self.assert_state(START, "failed")


if __name__ == "__main__":
    main()
