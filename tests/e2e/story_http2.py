"""HTTPS and HTTP/2, against nginx with a certificate that nobody trusts."""
import unittest

from support import nginx
from support.crawld import Story, figure, main

PAGES = 120


@unittest.skipUnless(nginx.PROGRAM and nginx.OPENSSL, "nginx or openssl is not installed")
class Http2(Story):
    def setUp(self):
        super().setUp()
        site = self.folder / "site"
        site.mkdir()
        anchors = "".join(f'<a href="{i}.html">page {i}</a> ' for i in range(PAGES))
        (site / "index.html").write_text(f"<!doctype html><title>Start</title>{anchors}")
        (site / "robots.txt").write_text("User-agent: *\nDisallow: /7.html\n")
        for i in range(PAGES):
            (site / f"{i}.html").write_text(f"<!doctype html><title>Page {i}</title><p>{'words ' * i}")
        self.server = nginx.Nginx(self.folder / "nginx", {"/": str(site)}, tls=True)

    def test_every_page_comes_by_http_2(self):
        with self.server as server:
            self.crawl("--insecure", "--per-host", 8, server.url("/"))
            expected = {server.url("/")} | {server.url(f"/{i}.html") for i in range(PAGES) if i != 7}
        self.assertEqual(self.statuses(), dict.fromkeys(expected, 200))
        self.assertEqual(self.rows("SELECT http_version, count(*) FROM fetch GROUP BY 1"), [("2", PAGES + 2)])
        gets = server.gets()
        self.assertEqual({protocol for _, protocol, _ in gets}, {"HTTP/2.0"})
        self.assertEqual(server.requests(), {url.removeprefix(server.url("")): 1 for url in expected} 
                         | {"/robots.txt": 1, "/sitemap.xml": 1})
        connections = len({connection for connection, _, _ in gets})
        figure(f"{len(gets)} requests over {connections} connections of HTTP/2")
        self.assertEqual(connections, 1, "streams share a connection")
        self.assertEqual(self.value("SELECT count(*) FROM fetch WHERE tls_ms > 0 OR tls_ms = 0"), connections)
        self.assert_lawful()

    def test_a_certificate_that_nobody_trusts_ends_in_tls__exit_1(self):
        with self.server as server:
            done = self.crawl("--retries", 0, server.url("/"), status=1)
        self.assert_state(server.url("/"), "failed", "tls: robots.txt: ")
        self.assertIn("--insecure", done.err, "the way out is named")
        self.assertEqual({error for error, in self.rows("SELECT error FROM fetch")}, {"tls"})
        self.assertEqual(server.gets(), [], "no request went out, by TLS or without")
        self.assertEqual(self.rows("SELECT url FROM url WHERE url NOT LIKE 'https:%'"), [], "no fallback to http")
        self.assert_lawful()


if __name__ == "__main__":
    main()
