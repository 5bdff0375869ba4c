"""Hostile and broken servers: every answer ends in one stable outcome, memory stays bounded, and the
healthy pages beside them are all fetched."""
import re
import socket
import threading

from hostile.answers import BODIES, CASES, OK
from support.crawld import SANITIZED, Story, figure, main
from support.webserver import Reply

HEALTHY = 60
MEMORY_MIB = 200


class Hostile(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        for name, reply, _ in CASES:
            self.server.route(f"/hostile/{name}", reply)
        names = [f"/hostile/{name}" for name, _, _ in CASES] + [f"/healthy/{i}" for i in range(HEALTHY)]
        self.server.links("/", *names)
        self.server.fallback = lambda hit: Reply(body="<title>fine</title>")

    def test_every_answer_ends_in_its_outcome(self):
        crawl = self.start_crawl("--timeout", "3s", "--retries", "1", "--connections", 64, "--per-host", 64,
                                 self.server.url("/"))
        peak_kb = self.watch_memory(crawl)
        done = crawl.wait(240)
        self.assertEqual(done.status, 0, done.err)
        figure(f"{len(CASES)} hostile answers in {crawl.seconds:.1f} s, peak {peak_kb() / 1024:.0f} MiB")
        for name, _, outcomes in CASES:
            with self.subTest(name=name):
                self.assert_outcome(self.server.url(f"/hostile/{name}"), outcomes)
        for i in range(HEALTHY):
            self.assert_state(self.server.url(f"/healthy/{i}"), "done")
        self.assertEqual([hit for hit in self.server.hits if "evil" in hit.headers], [], "no header was smuggled in")
        self.assert_lawful()
        self.assert_log_is_clean(done.err)
        if not SANITIZED:
            self.assertLess(peak_kb() / 1024, MEMORY_MIB)

    def watch_memory(self, crawl):
        peaks = [0]

        def watch():
            while crawl.is_running():
                try:
                    peaks.append(crawl.status_kb("VmHWM"))
                except (OSError, TypeError):  # it has just ended
                    return
                ended.wait(0.05)
        ended = threading.Event()
        threading.Thread(target=watch, daemon=True).start()
        return lambda: max(peaks)

    def assert_outcome(self, url, outcomes):
        if outcomes is OK:
            self.assert_state(url, "done")
            self.assertEqual(self.value("SELECT error FROM page WHERE url = ?", url), None)
            return
        state, reason = self.state_of(url)
        self.assertEqual(state, "failed", f"{url}: {reason}")
        self.assertIn(re.match(r"[\w-]*", reason)[0], outcomes)

    def assert_log_is_clean(self, text):
        self.assertNotRegex(text, r"[\x00-\x08\x0b-\x1f\x7f]", "what strangers sent is escaped")

    def test_the_link_after_each_hostile_body_is_found(self):
        self.crawl(self.server.url("/"), "--include", "*/", "--include", "*/hostile/*", "--exclude", "*healthy*",
                   "--timeout", "3s", "--retries", "0", "--per-host", 64)
        found = {url for url, in self.rows("SELECT to_url FROM link")}
        for name, _, _ in BODIES:
            with self.subTest(name=name):
                self.assertIn(self.server.url(f"/found/after-{name}"), found)
        title = self.value("SELECT title FROM page WHERE url = ?", self.server.url("/hostile/title-2-mib"))
        self.assertEqual(title, "t" * 1024)
        self.assertEqual(self.value("SELECT count(*) FROM link WHERE length(to_url) > 2048"), 0)

    def test_more_links_than_a_page_may_have(self):
        self.server.page("/", "".join(f'<a href="/l/{i}">{i}</a>' for i in range(12000)))
        self.crawl("--depth", 0, self.server.url("/"))
        self.assertEqual(self.value("SELECT links FROM page"), 10000)
        self.assertEqual(self.server.count(), 1)

    def test_redirect_chains(self):
        for i in range(100):
            self.server.route(f"/chain/{i}", Reply(302, headers=[("Location", f"/chain/{i + 1}")]))
        for i, following in enumerate((1, 2, 0)):
            self.server.route(f"/loop/{i}", Reply(301, headers=[("Location", f"/loop/{following}")]))
        self.server.links("/", "/chain/0", "/loop/0")
        self.crawl(self.server.url("/"))
        self.assertEqual(sum(hit.path.startswith("/chain") for hit in self.server.hits), 11, "ten hops, no more")
        self.assertEqual(sum(hit.path.startswith("/loop") for hit in self.server.hits), 3)
        self.assert_state(self.server.url("/loop/2"), "failed", "redirect")
        self.assertEqual(self.rows("SELECT state FROM url WHERE state NOT IN ('done', 'failed', 'excluded')"), [])
        self.assert_lawful()

    def test_an_answer_that_nobody_asked_for_answers_nobody(self):
        body = b"<title>first</title>"
        smuggled = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n<title>wrong!</title>."
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body)
        for i in range(5):
            self.server.route(f"/first/{i}", Reply(steps=[head + body + smuggled, 0.3]))
        self.server.links("/", *(f"/first/{i}" for i in range(5)), *(f"/second/{i}" for i in range(5)))
        self.crawl("--per-host", 1, self.server.url("/"))
        titles = [title for title, in self.rows("SELECT title FROM page WHERE url LIKE '%/first/%'")]
        self.assertEqual(titles, ["first"] * 5)
        titles = [title for title, in self.rows("SELECT title FROM page WHERE url LIKE '%/second/%'")]
        self.assertEqual(titles, ["fine"] * 5)

    def test_what_a_header_says_is_not_believed(self):
        anchor = b'<a href="/found/in-it">x</a>'
        picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + anchor
        self.server.page("/picture-as-html", picture, headers=[("ETag", '"' + "e" * 65536 + '"')])
        self.server.page("/html-as-picture", b"<p>" + anchor, content_type="image/png",
                         headers=[("Last-Modified", "the day before yesterday")])
        self.server.page("/endless-type", b"<p>", content_type="text/" + "x" * 65536)
        self.server.links("/", "/picture-as-html", "/html-as-picture", "/endless-type")
        self.crawl(self.server.url("/"))
        self.assertEqual(self.server.count(), 4, "binaries go to no HTML parser, whatever they are called")
        self.assertEqual(set(self.statuses().values()), {200})
        etag, = self.rows("SELECT etag FROM page WHERE url LIKE '%/picture-as-html'")[0]
        self.assertTrue(etag is None or len(etag) <= 1024, "a validator over 1 KiB is dropped")
        self.assert_lawful()

    def test_pages_that_refresh_to_each_other_are_fetched_once(self):
        for here, there in (("/one", "/two"), ("/two", "/one")):
            self.server.page(here, f'<meta http-equiv=refresh content="0; url={there}">')
        self.crawl(self.server.url("/one"))
        self.assertEqual(sorted(self.server.targets()), ["/one", "/robots.txt", "/two"])

    def test_plain_http_on_a_tls_port_and_silence_in_a_handshake(self):
        with socket.create_server(("127.0.0.1", 0)) as plain, socket.create_server(("127.0.0.1", 0)) as silent:
            answering = threading.Thread(target=self.answer_one_in_plain, args=(plain,), daemon=True)
            answering.start()
            urls = [f"https://127.0.0.1:{listener.getsockname()[1]}/" for listener in (plain, silent)]
            self.crawl("--no-robots", "--retries", 0, "--timeout", "2s", *urls, status=1)
            answering.join()
        self.assert_state(urls[0], "failed", "tls")
        self.assertRegex(self.state_of(urls[1])[1], "^(connect-timeout|timeout|tls)")

    def answer_one_in_plain(self, listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.recv(65536)

    def test_a_truncated_answer_is_tried_again(self):
        whole = Reply(body="<title>whole</title>")
        broken = Reply(steps=[b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<p>half"])
        self.server.route("/twice", lambda hit: broken if self.server.count("/twice") <= 2 else whole)
        self.server.route("/always", broken)
        self.server.links("/", "/twice", "/always")
        self.crawl("--retries", 2, self.server.url("/"))
        self.assertEqual((self.server.count("/twice"), self.server.count("/always")), (3, 3))
        self.assert_state(self.server.url("/twice"), "done")
        self.assert_state(self.server.url("/always"), "failed", "truncated")
        attempts = self.rows("SELECT attempt, error FROM fetch WHERE url = ? ORDER BY attempt", self.server.url("/twice"))
        self.assertEqual(attempts, [(1, "truncated"), (2, "truncated"), (3, None)])


if __name__ == "__main__":
    main()
