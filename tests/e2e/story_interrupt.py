"""Ctrl-C: once drains, twice stops at once; both leave a database that the same command goes on with."""
import signal

from support.crawld import Story, main, snapshot
from support.site import Site

INTERRUPTED = 4


class Interrupt(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        self.gate = self.server.gate()
        self.server.links("/", *(f"/{i}" for i in range(20)))
        for i in range(20):
            self.server.links(f"/{i}", f"/{i}/below", gate=self.gate)
            self.server.page(f"/{i}/below", f"<p>{i}")

    def start_and_hold(self, *options):
        crawl = self.start_crawl("--per-host", 4, *options, self.server.url("/"))
        self.server.wait_for(lambda: self.server.active == 4, "four held pages")
        return crawl

    def assert_names_the_way_on(self, done):
        self.assertEqual(done.status, INTERRUPTED, done.err)
        self.assertIn("crawld crawl", done.err)
        self.assertIn(str(self.db), done.err)
        self.assertIn(self.server.url("/"), done.err)

    def finish_and_compare(self):
        done_before = {url for url, in self.rows("SELECT url FROM url WHERE state = 'done'")}
        self.server.forget()
        self.crawl(self.server.url("/"))
        self.assertEqual({self.server.url(t) for t in self.server.targets()} & done_before, set())
        self.assert_lawful()
        resumed = snapshot(self.db)
        self.crawl("--fresh", self.server.url("/"))
        self.assertEqual(resumed, snapshot(self.db))
        self.assertEqual(len(resumed[0]), 41)

    def drain(self, number):
        crawl = self.start_and_hold()
        crawl.signal(number)
        crawl.err.wait_for(r"(?i)again|twice|second|finish|drain")
        seen = self.server.count()
        self.gate.open()
        done = crawl.wait()
        self.assert_names_the_way_on(done)
        self.assertEqual(self.server.count(), seen, "no request starts after the first Ctrl-C")
        self.assertEqual(self.value("SELECT count(*) FROM page"), seen, "what was in flight is stored")
        self.assert_lawful()
        self.assertEqual(self.value("SELECT end_reason FROM crawl"), "interrupted")
        self.finish_and_compare()

    def test_once__drains(self):
        self.drain(signal.SIGINT)

    def test_sigterm__drains_as_well(self):
        self.drain(signal.SIGTERM)

    def test_twice__stops_at_once(self):
        crawl = self.start_and_hold()
        crawl.signal(signal.SIGINT)
        crawl.err.wait_for(r"(?i)again|twice|second|finish|drain")
        crawl.signal(signal.SIGINT)
        done = crawl.wait(30)  # the answers are still held
        self.assert_names_the_way_on(done)
        self.assert_lawful()
        self.assertEqual(self.value("SELECT count(*) FROM page"), 1)
        self.gate.open()
        self.finish_and_compare()

    def test_while_urls_still_arrive(self):
        crawl = self.start_crawl("--no-follow", "--no-robots", "--input", "-", with_input=True)
        crawl.write(self.server.url("/0/below") + "\n")
        self.server.wait_for(lambda: self.server.count() == 1, "the first URL")
        crawl.signal(signal.SIGINT)
        self.assertEqual(crawl.wait().status, INTERRUPTED)
        self.assert_lawful()

    def test_a_large_crawl_interrupted_again_and_again(self):
        server = self.web()
        Site(seed=7, size=600).serve(server)
        start = ("--per-host", 8, "--quiet", server.url("/"))
        self.crawl(*start)
        whole = snapshot(self.db)
        self.db = self.folder / "interrupted.db"
        status, runs = INTERRUPTED, 0
        while status == INTERRUPTED:
            server.forget()
            crawl = self.start_crawl(*start)
            with server.changed:
                server.changed.wait_for(lambda: server.count() >= 60 or not crawl.is_running(), 20)
            crawl.signal(signal.SIGINT)
            status, runs = crawl.wait().status, runs + 1
            self.assert_lawful()
        self.assertEqual(status, 0)
        self.assertGreater(runs, 3)
        self.assertEqual(snapshot(self.db), whole)


if __name__ == "__main__":
    main()
