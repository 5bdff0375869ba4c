"""The promises of asynchronous I/O, as a server sees them."""
import re
import sqlite3
import threading

from support.crawld import SANITIZED, Story, figure, main
from support.webserver import Reply


class Concurrency(Story):
    def test_nineteen_slow_urls(self):
        server = self.web()
        urls = [server.page(f"/{i}", f"<p>{i}", delay=0.2) for i in range(19)]
        for connections in (1, 3, 19):
            server.forget()
            crawl = self.start_crawl("--fresh", "--no-robots", "--no-follow", "--connections", connections,
                                     "--per-host", connections, "--input", "-", with_input=True)
            crawl.write("\n".join(urls) + "\n")
            crawl.close_input()
            self.assertEqual(crawl.wait().status, 0)
            server_seconds = max(h.ended for h in server.hits) - min(h.arrived for h in server.hits)
            figure(f"19 URLs of 200 ms, {connections} connections: {crawl.seconds:.2f} s in all, "
                   f"{server_seconds:.2f} s from first request to last answer, at most {server.most_at_once} at once")
            self.assertEqual(server.count(), 19)
            self.assertEqual(server.most_at_once, connections)
            self.assert_lawful()

    def test_a_limit_of_ten_with_five_hundred_waiting(self):
        server = self.web()
        gate = server.gate()
        urls = [server.page(f"/{i}", f"<p>{i}", gate=gate) for i in range(500)]
        crawl = self.start_crawl("--no-robots", "--no-follow", "--connections", 10, "--per-host", 50,
                                 "--input", "-", with_input=True)
        crawl.write("\n".join(urls) + "\n")
        crawl.close_input()
        server.wait_for(lambda: server.active == 10, "ten held requests")
        gate.open()
        self.assertEqual(crawl.wait().status, 0)
        self.assertEqual((server.count(), server.most_at_once), (500, 10))
        self.assertLessEqual(server.connections, 500)

    def test_a_host_s_own_limit(self):
        server = self.web()
        gate = server.gate()
        server.links("/", *(f"/{i}" for i in range(60)))
        for i in range(60):
            server.page(f"/{i}", f"<p>{i}", gate=gate)
        crawl = self.start_crawl("--per-host", 4, server.url("/"))
        server.wait_for(lambda: server.active == 4, "four held requests")
        gate.open()
        self.assertEqual(crawl.wait().status, 0)
        self.assertEqual((server.count(), server.most_at_once), (61, 4))

    def test_connections_are_kept_alive(self):
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(100)))
        server.fallback = lambda hit: Reply(body="<p>page")
        self.crawl("--per-host", 2, server.url("/"))
        self.assertEqual(server.count(), 101)
        self.assertLessEqual(server.connections, 4)


class StandardInput(Story):
    def test_urls_are_fetched_as_they_arrive_and_the_end_of_input_ends_the_crawl(self):
        server = self.web()
        server.fallback = lambda hit: Reply(body="<p>page")
        crawl = self.start_crawl("--no-robots", "--no-follow", "--input", "-", with_input=True)
        for i in range(10):
            crawl.write(server.url(f"/{i}") + "\n")
            server.wait_for(lambda: server.count(f"/{i}") == 1, f"URL {i}, with the input still open")
        self.assertTrue(crawl.is_running(), "the queue is empty, but the input is open")
        crawl.close_input()
        self.assertEqual(crawl.wait().status, 0)
        self.assertEqual(server.count(), 10)
        self.assert_lawful()

    def test_queued_urls_are_fetched_after_the_input_ended(self):
        server = self.web()
        gate = server.gate()
        server.fallback = lambda hit: Reply(body="<p>page", gate=gate)
        crawl = self.start_crawl("--no-robots", "--no-follow", "--per-host", 1, "--input", "-", with_input=True)
        crawl.write("".join(server.url(f"/{i}") + "\n" for i in range(20)))
        crawl.close_input()
        server.wait_for(lambda: server.active == 1, "the first request")
        gate.open()
        self.assertEqual(crawl.wait().status, 0)
        self.assertEqual(server.count(), 20)

    def test_lines_may_be_split_blank_repeated_or_without_an_end(self):
        server = self.web()
        server.fallback = lambda hit: Reply(body="<p>page")
        crawl = self.start_crawl("--no-robots", "--no-follow", "--input", "-", with_input=True)
        url = server.url("/split")
        crawl.write(server.url("/one") + "\r\n\n  " + server.url("/one#again") + "  \n" + url[:10])
        server.wait_for(lambda: server.count("/one") == 1, "the URL before the split one")
        crawl.write(url[10:])
        crawl.close_input()
        self.assertEqual(crawl.wait().status, 0)
        self.assertEqual(sorted(server.targets()), ["/one", "/split"])

    def test_a_bad_line_is_reported_with_its_number_and_stops_nothing(self):
        server = self.web()
        server.fallback = lambda hit: Reply(body="<p>page")
        feed = f"{server.url('/a')}\nhttp://[bad/\n{server.url('/b')}\n"
        done = self.crawl("--no-robots", "--no-follow", "--input", "-", feed=feed)
        self.assertEqual(server.count(), 2)
        self.assertIn("http://[bad/", done.err)
        self.assertRegex(done.err, r"\b2\b")

    def test_a_file_of_urls(self):
        server = self.web()
        server.fallback = lambda hit: Reply(body="<p>page")
        (self.folder / "urls").write_text("".join(server.url(f"/{i}") + "\n" for i in range(30)))
        self.crawl("--no-robots", "--no-follow", "--input", "urls")
        self.assertEqual(server.count(), 30)


class Delay(Story):
    def test_the_gap_between_one_request_s_end_and_the_next_one_s_start(self):
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(8)))
        server.fallback = lambda hit: Reply(body="<p>page", delay=0.05)
        server.robots("User-agent: *\nDisallow:\n")
        self.crawld("crawl", "-o", self.db, "--delay", "150ms", "--per-host", "4", server.url("/"))
        gaps = [after.arrived - before.ended for before, after in zip(server.hits, server.hits[1:])]
        figure(f"--delay 150ms: gaps of {min(gaps) * 1000:.0f} to {max(gaps) * 1000:.0f} ms")
        self.assertEqual(server.count(), 9)
        self.assertGreaterEqual(min(gaps), 0.149)
        limits = {limit for limit, in self.rows("SELECT limit_ms FROM fetch")}
        self.assertEqual(limits, {150})


class BlockedDatabase(Story):
    def test_a_lock_held_elsewhere_stops_no_fetch(self):
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(30)))
        server.fallback = lambda hit: Reply(body="<p>page", delay=0.05)
        crawl = self.start_crawl("--verbose", "--per-host", 2, server.url("/"))
        server.wait_for(lambda: server.count() >= 5, "the pages behind it")
        lock = sqlite3.connect(self.db, isolation_level=None, timeout=30)
        self.addCleanup(lock.close)
        lock.execute("BEGIN IMMEDIATE")
        locked_from = server.count()
        release = threading.Event()
        server.wait_for(lambda: server.count() >= locked_from + 15, "fifteen requests while the database is locked")
        release.wait(1.0)  # the second that the lock is held for
        during = server.count() - locked_from
        lock.execute("ROLLBACK")
        done = crawl.wait()
        self.assertEqual((done.status, server.count()), (0, 31), done.err)
        figure(f"{during} requests while another process held the lock for a second or more")
        lag = float(re.search(r"loop lag\s+p99.9 [0-9.]+ ms, max ([0-9.]+) ms", done.err)[1])
        figure(f"loop lag: at most {lag:.1f} ms")
        if not SANITIZED:
            self.assertLess(lag, 50)
        self.assert_lawful()


if __name__ == "__main__":
    main()
