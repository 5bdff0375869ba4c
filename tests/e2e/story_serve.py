"""The service: several crawls in one process, systemd's protocol, reload and drain."""
import itertools
import signal
import socket
import threading

from support.crawld import SOURCE, Story, main
from support.webserver import Reply


class Notifications:
    """The socket that systemd would listen on."""

    def __init__(self, path):
        self.path, self.messages, self.changed = str(path), [], threading.Condition()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self):
        while message := self.socket.recv(65536):
            with self.changed:
                self.messages += message.decode().splitlines()
                self.changed.notify_all()

    def wait_for(self, word, after=0, seconds=60):
        """Waits for a line that contains `word`, `after` so many lines; returns the lines so far."""
        with self.changed:
            if not self.changed.wait_for(lambda: any(word in m for m in self.messages[after:]), seconds):
                raise AssertionError(f"waited in vain for {word}: {self.messages[after:]}")
            return len(self.messages)

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.path)
        self.thread.join()
        self.socket.close()


class Service(Story):
    def setUp(self):
        super().setUp()
        self.numbers = itertools.count()
        self.config, self.state = self.folder / "crawld.yaml", self.folder / "state"
        self.state.mkdir()
        self.one, self.two = self.web(), self.web()
        for server in (self.one, self.two):
            server.links("/", "/a", "/b")
            server.fallback = lambda hit: Reply(body="<title>page</title>")

    def configure(self, *crawls, extra=""):
        lines = [f"user_agent: 'Mill/1 (+http://mill.example/)'\nstate_directory: {self.state}\nconnections: 32\n{extra}"]
        lines.append("crawls:\n")
        for name, server, *settings in crawls:
            lines.append(f"  - name: {name}\n    seeds: ['{server.url('/')}']\n    delay: 0\n    allow_private: true\n")
            lines += [f"    {setting}\n" for setting in settings]
        self.config.write_text("".join(lines))

    def serve(self):
        self.systemd = Notifications(self.folder / f"notify-{next(self.numbers)}.sock")
        self.addCleanup(self.systemd.close)
        service = self.start("serve", "--config", self.config, environment={"NOTIFY_SOCKET": self.systemd.path})
        self.systemd.wait_for("READY=1")
        return service

    def wait_for_pages(self, name, count):
        db = self.state / f"{name}.db"
        self.wait_until(lambda: db.exists() and self.pages(db) == count, f"{count} pages in {name}.db")
        return db

    def pages(self, db):
        """How many pages a finished crawl has; 0 while it goes on."""
        return self.value("SELECT (SELECT count(*) FROM page) * NOT EXISTS "
                          "(SELECT 1 FROM url WHERE state IN ('queued', 'active'))", db=db)

    def test_two_crawls_in_one_process_each_with_its_database(self):
        self.configure(("one", self.one), ("two", self.two, "depth: 0"))
        service = self.serve()
        self.wait_for_pages("one", 3)
        self.wait_for_pages("two", 1)
        self.systemd.wait_for("STATUS=")
        self.assertTrue(service.is_running(), "a service waits when its crawls are finished")
        self.assertEqual({hit.headers["user-agent"] for hit in self.one.hits}, {"Mill/1 (+http://mill.example/)"})
        service.signal(signal.SIGTERM)
        self.assertEqual(service.wait().status, 0)
        self.systemd.wait_for("STOPPING=1")
        for name in ("one", "two"):
            self.assert_lawful(self.state / f"{name}.db")

    def test_a_stalled_crawl_shows_in_the_status_and_in_the_log(self):
        gate = self.one.gate()
        self.one.page("/a", "<p>at last", gate=gate)
        self.configure(("one", self.one, "stall_after: 1s"), ("two", self.two))
        service = self.serve()
        self.systemd.wait_for(f"; one stalled: 127.0.0.1:{self.one.port} not answering")
        self.assertRegex(service.err.text, r"stalled crawl=one cause=no-answer share=100 hosts=1 ")
        gate.open()
        service.err.wait_for("moving again crawl=one cause=")
        service.signal(signal.SIGTERM)
        self.assertEqual(service.wait().status, 0)

    def test_query_knows_a_crawl_by_its_name(self):
        self.configure(("one", self.one))
        self.serve()
        self.wait_for_pages("one", 3)
        sql = "SELECT count(*) AS n FROM page"
        self.assertEqual(self.crawld("query", "--config", self.config, "one", "--format", "csv", sql).out.split(), ["n", "3"])
        self.assertEqual(self.crawld("query", self.state / "one.db", "--format", "csv", sql).out.split(), ["n", "3"])
        done = self.crawld("query", "--config", self.config, "three", sql, status=(2, 3))
        self.assertIn("three", done.err)

    def test_one_set_of_limits_for_all_crawls(self):
        gate = self.one.gate()
        self.one.links("/", *(f"/{i}" for i in range(20)))
        self.one.fallback = lambda hit: Reply(body="<p>held", gate=gate)
        names = ("x", "y", "z")
        self.configure(*((name, self.one, "per_host: 2") for name in names))
        self.serve()
        self.one.wait_for(lambda: self.one.active == 2, "two held requests")
        gate.open()
        for name in names:
            self.wait_for_pages(name, 21)
        self.assertEqual(self.one.most_at_once, 2, "three crawls of one host share its slots")

    def test_sighup_adds_a_crawl(self):
        self.configure(("one", self.one))
        service = self.serve()
        self.wait_for_pages("one", 3)
        seen = len(self.systemd.messages)
        self.configure(("one", self.one), ("two", self.two))
        service.signal(signal.SIGHUP)
        self.wait_for_pages("two", 3)
        self.systemd.wait_for("READY=1", after=seen)
        self.assertIn("RELOADING=1", self.systemd.messages[seen:])
        self.assertEqual(self.one.count(), 3, "what did not change goes on undisturbed")

    def test_sighup_with_a_broken_file_keeps_the_old_one_and_says_where(self):
        self.configure(("one", self.one))
        service = self.serve()
        self.wait_for_pages("one", 3)
        self.configure(("one", self.one), ("two", self.two, "depht: 3"))
        service.signal(signal.SIGHUP)
        line = self.config.read_text().splitlines().index("    depht: 3") + 1
        service.err.wait_for(rf"crawld\.yaml:{line}:5\b.*depht")
        self.assertTrue(service.is_running())
        self.assertEqual(self.two.connections, 0)
        self.configure(("one", self.one), ("two", self.two))
        service.signal(signal.SIGHUP)
        self.wait_for_pages("two", 3)

    def test_sigterm_drains(self):
        gate = self.one.gate()
        self.one.page("/a", "<p>held", gate=gate)
        self.one.page("/b", "<p>held", gate=gate)
        self.configure(("one", self.one))
        service = self.serve()
        self.one.wait_for(lambda: self.one.active == 2, "two held requests")
        service.signal(signal.SIGTERM)
        self.systemd.wait_for("STOPPING=1")
        gate.open()
        self.assertEqual(service.wait().status, 0)
        self.assertEqual(self.value("SELECT count(*) FROM page", db=self.state / "one.db"), 3)
        self.assert_lawful(self.state / "one.db")

    def test_it_goes_on_after_a_kill(self):
        gate = self.one.gate()
        self.one.page("/a", "<p>held", gate=gate)
        self.configure(("one", self.one))
        service = self.serve()
        self.one.wait_for(lambda: self.one.count() == 3 and self.one.active == 1, "the held request")
        self.wait_until(lambda: self.value("SELECT count(*) FROM page", db=self.state / "one.db") == 2, "two pages")
        service.kill()
        gate.open()
        self.one.forget()
        self.serve()
        self.wait_for_pages("one", 3)
        self.assertEqual(self.one.count(), 1)


class Check(Story):
    def check(self, text, status=2):
        path = self.folder / "crawld.yaml"
        path.write_text(text)
        return self.crawld("check", path, status=status)

    def test_a_good_file(self):
        self.check("crawls:\n  - name: docs\n    seeds: [https://docs.example.org/]\n", status=0)

    def test_the_shipped_sample(self):
        self.crawld("check", SOURCE / "config/crawld.yaml")

    def test_every_problem_with_its_place(self):
        done = self.check("connections: many\n"
                          "user_agnet: x\n"
                          "crawls:\n"
                          "  - name: docs\n"
                          "    seeds: [https://docs.example.org/]\n"
                          "    scope: galaxy\n"
                          "    per_host: 0\n"
                          "    delay: 2 parsecs\n"
                          "  - name: docs\n"
                          "    seeds: []\n")
        for place, words in (("1:", "many"), ("2:1", "user_agnet"), ("6:", "galaxy"), ("7:", "0"), ("8:", "parsecs"),
                             ("9:", "docs"), ("10:", "seeds")):
            with self.subTest(place=place):
                self.assertRegex(done.err + done.out, rf"crawld\.yaml:{place}.*{words}")

    def test_not_yaml(self):
        done = self.check("crawls: [unclosed\n")
        self.assertRegex(done.err + done.out, r"crawld\.yaml:\d+:\d+")

    def test_no_such_file(self):
        done = self.crawld("check", "absent.yaml", status=2)
        self.assertIn("absent.yaml", done.err + done.out)
        done = self.crawld("serve", "--config", "absent.yaml", status=2)
        self.assertIn("absent.yaml", done.err)

    def test_serve_refuses_a_broken_file(self):
        (self.folder / "crawld.yaml").write_text("crawls: 7\n")
        done = self.crawld("serve", "--config", "crawld.yaml", status=2)
        self.assertRegex(done.err, r"crawld\.yaml:1:\d+")


if __name__ == "__main__":
    main()
