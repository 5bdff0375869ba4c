"""What no host may suffer: too much at once, or a request it asked to be spared."""
from support.crawld import Story, figure, main
from support.nameserver import NameServer
from support.webserver import Reply


class Backoff(Story):
    def busy_then_fine(self, status, wait, refusals=1):
        def answer(_hit):
            if server.count("/busy") <= refusals:
                return Reply(status, "busy", headers=[("Retry-After", wait)] if wait else [])
            return Reply(body="<p>fine")
        server = self.web()
        server.links("/", "/busy")
        server.route("/busy", answer)
        self.crawl(server.url("/"))
        self.assertEqual(server.count("/busy"), refusals + 1)
        self.assert_state(server.url("/busy"), "done")
        self.assert_lawful()
        first, *_, last = server.hits_of("/busy")
        return last.arrived - first.ended

    def test_retry_after_is_honoured(self):
        for status in (429, 503):
            with self.subTest(status=status):
                self.db = self.folder / f"{status}.db"
                gap = self.busy_then_fine(status, "1")
                figure(f"{status}, Retry-After: 1 s: the next request came after {gap:.2f} s")
                self.assertGreaterEqual(gap, 0.99)

    def test_without_retry_after_the_host_rests_as_well(self):
        gap = self.busy_then_fine(503, None)
        figure(f"503 without Retry-After: the next request came after {gap:.2f} s")
        self.assertGreaterEqual(gap, 0.1)

    def test_the_whole_host_rests_not_the_url(self):
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(10)))
        answers = {}

        def answer(hit):
            answers.setdefault(hit.path, 0)
            answers[hit.path] += 1
            if hit.path == "/3" and answers[hit.path] == 1:
                return Reply(429, "later", headers=[("Retry-After", "1")])
            return Reply(body="<p>fine")
        server.fallback = answer
        self.crawl("--per-host", 1, server.url("/"))
        refused = server.hits_of("/3")[0]
        following = server.hits[server.hits.index(refused) + 1]
        self.assertGreaterEqual(following.arrived - refused.ended, 0.99)
        self.assertEqual(len(self.statuses()), 11)

    def test_the_clock_of_a_host_survives_a_restart(self):
        server = self.web()
        gate = server.gate()
        server.links("/", "/1", "/2", "/3")
        server.fallback = lambda hit: Reply(body="held", gate=gate)
        crawl = self.start("crawl", "-o", self.db, "--delay", "1s", "--per-host", 1, "--no-robots", server.url("/"))
        server.wait_for(lambda: server.count() == 2, "the second request")
        self.wait_until(lambda: self.value("SELECT count(*) FROM page") == 1, "the first page")
        ended = server.hits[0].ended
        crawl.kill()
        gate.open()
        server.forget()
        self.crawld("crawl", "-o", self.db, "--delay", "1s", "--per-host", 1, "--no-robots", server.url("/"))
        self.assertGreaterEqual(server.hits[0].arrived - ended, 0.99)
        self.assertEqual(server.count(), 3)


class Addresses(Story):
    """Names come from a name server of the test's own."""

    def names(self, table):
        return self.enterContext(NameServer(table))

    def test_a_public_name_with_a_private_address_is_refused(self):
        server = self.web()
        server.page("/", "<p>secret")
        names = self.names({"www.example.test": ["127.0.0.1"]})
        url = server.url("/", host="www.example.test")
        done = self.crawl("--dns-servers", names.address, url, status=1)
        self.assertEqual(server.connections, 0)
        state, reason = self.state_of(url)
        self.assertEqual(state, "failed")
        self.assertIn("blocked", f"{reason} {done.err}")
        self.assertIn("--allow-private", done.err)

    def test_allow_private_allows_it(self):
        server = self.web()
        server.page("/", "<p>intranet")
        names = self.names({"www.example.test": ["127.0.0.1"]})
        self.crawl("--dns-servers", names.address, "--allow-private", server.url("/", host="www.example.test"))
        self.assertEqual(server.count("/"), 1)
        self.assertEqual(self.value("SELECT remote_ip FROM fetch WHERE kind = 'page'"), "127.0.0.1")

    def test_one_question_serves_the_whole_crawl(self):
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(50)))
        server.fallback = lambda hit: Reply(body="<p>page")
        names = self.names({"www.example.test": ["127.0.0.1"]})
        self.crawl("--dns-servers", names.address, "--allow-private", server.url("/", host="www.example.test"))
        self.assertEqual(server.count(), 51)
        self.assertLessEqual(len([q for q in names.questions if q[1] == 1]), 2)

    def test_a_redirect_or_link_to_a_private_address_is_refused(self):
        server = self.web()
        metadata = "http://169.254.169.254/latest/meta-data/"
        server.route("/moved", Reply(302, headers=[("Location", metadata)]))
        odd = ["http://10.0.0.1/", "http://[::ffff:169.254.169.254]/", "http://0xa9fea9fe/x", "http://192.168.1.1/",
               "http://[fe80::1]/", "http://[fe80::1%25lo]/"]
        server.links("/", "/moved", *odd)
        self.crawl("--scope", "any", "--retries", 0, "--timeout", "5s", server.url("/"))
        for url in [metadata, "http://10.0.0.1/", "http://[::ffff:a9fe:a9fe]/", "http://169.254.169.254/x",
                    "http://192.168.1.1/", "http://[fe80::1]/"]:
            with self.subTest(url=url):
                state, reason = self.state_of(url)
                self.assertEqual(state, "failed")
                self.assertRegex(reason, "^(blocked|robots-unreachable)")
        self.assertEqual(self.rows("SELECT url FROM url WHERE url LIKE '%lo]%'"), [], "a zone makes it no URL")
        self.assertEqual(self.rows("SELECT remote_ip FROM fetch WHERE remote_ip NOT IN ('127.0.0.1', '')"), [])
        self.assert_lawful()

    def test_ports_of_other_protocols_are_refused(self):
        server = self.web()
        urls = [f"http://127.0.0.1:{port}/" for port in (22, 25, 6000, 6665)]  # of the Fetch standard's bad ports
        server.links("/", *urls)
        self.crawl("--scope", "any", server.url("/"))
        for url in urls:
            self.assert_state(url, "excluded", "port")
        self.assertEqual(self.rows("SELECT url FROM fetch WHERE url NOT LIKE ?", server.url("%")), [])

    def test_many_hosts_on_one_address_share_its_slots(self):
        server = self.web()
        hosts = [f"h{i}.example.test" for i in range(20)]
        names = self.names({host: ["127.0.0.1"] for host in hosts})
        gate = server.gate()
        server.fallback = lambda hit: Reply(body="<p>page", gate=gate)
        crawl = self.start_crawl("--dns-servers", names.address, "--allow-private", "--no-robots", "--no-follow",
                                 "--per-host", 2, *(server.url(f"/{n}", host=h) for h in hosts for n in range(3)))
        server.wait_for(lambda: server.active >= 2, "held requests")
        gate.open()
        self.assertEqual(crawl.wait().status, 0)
        figure(f"20 hosts on one address, 2 a host: at most {server.most_at_once} requests at once")
        self.assertEqual(server.count(), 60)
        self.assertLessEqual(max(server.most_at_once_of_host.values()), 2)
        self.assertLess(server.most_at_once, 40)

    def test_a_name_server_that_fails_is_asked_again_later(self):
        names = self.names({"www.example.test": None})
        self.crawl("--dns-servers", names.address, "--retries", 0, "http://www.example.test/", status=1)
        self.assertRegex(self.state_of("http://www.example.test/")[1], "^(dns-temp|robots-unreachable)")

    def test_the_environment_s_proxy_is_not_used(self):
        server = self.web()
        server.page("/", "<p>page")
        proxy = {name: "http://127.0.0.1:9/" for name in ("http_proxy", "HTTP_PROXY", "all_proxy")}
        self.crawl(server.url("/"), environment=proxy)
        self.assertEqual(server.count("/"), 1)


if __name__ == "__main__":
    main()
