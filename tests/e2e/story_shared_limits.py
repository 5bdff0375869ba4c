"""One process, one promise to each host: what any crawl of a service knows holds for all, also after a kill."""
import signal

from support.crawld import Story, main
from support.politeness import TOLERANCE
from support.webserver import Reply, redirect


class SharedLimits(Story):
    def setUp(self):
        super().setUp()
        self.state = self.folder / "state"
        self.state.mkdir()
        self.server = self.web()
        self.server.robots("", status=404)
        self.server.fallback = lambda hit: Reply(body="<p>page")

    def db_of(self, name):
        return self.state / f"{name}.db"

    def serve(self, *names, delay=0, host=None):
        """Each crawl has one page of its own, all on one host."""
        crawls = "".join(f"  - {{name: {name}, seeds: ['{self.server.url(f'/{name}', host)}'], delay: {delay}, retries: 0, "
                         "allow_private: true, sitemaps: false}\n" for name in names)
        config = self.folder / "crawld.yaml"
        config.write_text(f"state_directory: {self.state}\ncrawls:\n{crawls}")
        return self.start("serve", "--config", config)

    def refuse_once(self, service):
        """/a is refused; waits until that is on disk. When the host may be asked again."""
        self.wait_until(lambda: self.db_of("a").exists() and
                        self.value("SELECT count(*) FROM fetch WHERE status = 503", db=self.db_of("a")), "the refusal")
        refused, = self.server.hits_of("/a")
        self.server.forget()
        self.assertTrue(service.is_running())
        return refused.ended + 3

    def expect_rest(self, rest_until):
        self.server.wait_for(lambda: self.server.count("/b") == 1, "the other crawl's page")
        self.assertGreaterEqual(self.server.hits[0].arrived, rest_until - TOLERANCE, self.server.hits)

    def test_a_rest_that_one_crawl_stored_holds_for_all_after_a_kill(self):
        self.server.route("/a", Reply(503, "busy", headers=[("Retry-After", "3")]))
        service = self.serve("a")
        rest_until = self.refuse_once(service)
        service.kill()
        self.serve("b", "a")
        self.expect_rest(rest_until)

    def test_and_after_a_clean_restart(self):
        self.server.route("/a", Reply(503, "busy", headers=[("Retry-After", "3")]))
        service = self.serve("a")
        rest_until = self.refuse_once(service)
        service.signal(signal.SIGTERM)
        self.assertEqual(service.wait().status, 0)
        self.serve("b", "a")
        self.expect_rest(rest_until)

    def test_a_crawl_that_cannot_open_holds_nobody_up(self):
        self.db_of("a").write_text("no database of ours")
        service = self.serve("a", "b")
        self.server.wait_for(lambda: self.server.count("/b") == 1, "the other crawl's page")
        service.err.wait_for("a.db is not a crawld database")

    def test_a_host_of_which_a_kill_left_no_trace_waits_its_delay(self):
        gate = self.server.gate()
        self.server.route("/robots.txt", redirect(self.server.url("/rules", host="localhost")))
        self.server.page("/rules", "", status=404, gate=gate)
        service = self.serve("a", delay="2s")
        self.server.wait_for(lambda: self.server.count("/rules") == 1, "robots.txt of one host under way at another")
        service.kill()
        gate.open()
        self.server.settle()
        under_way, = self.server.hits_of("/rules")
        self.server.robots("", status=404)
        self.server.forget()
        self.serve("b", "a", delay="2s", host="localhost")
        of_host = lambda: [hit for hit in self.server.hits if hit.host == under_way.host]
        self.server.wait_for(of_host, "a request of that host")
        self.assertGreaterEqual(of_host()[0].arrived - under_way.ended, 2 - TOLERANCE)


if __name__ == "__main__":
    main()
