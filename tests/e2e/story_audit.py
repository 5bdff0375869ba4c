"""`crawld audit` agrees with a crawl that was polite, and with nobody who was not."""
import json
import sqlite3

from support.crawld import Story, figure, main
from support.webserver import Reply


class Audit(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        self.server.links("/", *(f"/{i}" for i in range(8)))
        self.server.fallback = lambda hit: Reply(body=f"<p>page {hit.path}")

    def polite(self, *options, robots="User-agent: *\nCrawl-delay: 0.3\n"):
        self.server.robots(robots)
        self.crawld("crawl", "-o", self.db, "--delay", "200ms", *options, self.server.url("/"))
        return self.audit()

    def audit(self, status=0):
        return json.loads(self.crawld("audit", self.db, "--format", "json", status=status).out)

    def doctor(self, sql, *values):
        with sqlite3.connect(self.db) as connection:
            connection.execute(sql, values)
        connection.close()

    def test_a_polite_crawl_passes(self):
        said = self.polite()
        host = said["hosts"][0]
        figure(f"{host['requests']} requests, smallest gap {host['smallest_gap']} ms of {host['limit_most']} ms")
        self.assertEqual((said["violations"], host["violations"], host["listed"]), (0, 0, []))
        self.assertEqual(host["requests"], len(self.server.hits))
        self.assertEqual(host["limit_most"], 300, "the Crawl-delay")
        self.assertGreaterEqual(host["smallest_gap"], 299)
        self.assertEqual((host["slots"], said["slots_unjudged"]), (2, 0), "--per-host")
        address, = said["addresses"]
        self.assertEqual((address["address"], address["slots"], address["violations"]), ("127.0.0.1", 8, 0))
        text = self.crawld("audit", self.db).out
        self.assertIn(" 0 violations.\n", text)
        self.assertIn(host["host"], text)

    def test_a_second_run_is_polite_as_well(self):
        self.polite("--max-pages", 3)
        said = self.polite()
        self.assertEqual(said["violations"], 0)
        self.assertEqual(self.value("SELECT count(*) FROM crawl"), 2)

    def test_several_at_once_without_a_pause_pass(self):
        self.server.links("/", *(f"/{i}" for i in range(300)))
        self.server.robots("")
        # 300 pages that say the same are a trap; here their number is what counts
        self.crawld("crawl", "-o", self.db, "--per-host", 8, "--no-traps", self.server.url("/"))
        said = self.audit()
        self.assertEqual((said["requests"], said["violations"]), (302 + self.server.count("/sitemap.xml"), 0))
        self.assertLessEqual(said["hosts"][0]["at_once"], 8)
        figure(f"auto delay: {said['hosts'][0]['limit_least']} to {said['hosts'][0]['limit_most']} ms, "
               f"{said['hosts'][0]['at_once']} at once")

    def test_retry_after_is_stored_and_kept(self):
        self.server.route("/3", lambda hit: Reply(429, "later", headers=[("Retry-After", "2")])
                          if self.server.count("/3") <= 1 else Reply(body="<p>fine"))
        host = self.polite()["hosts"][0]
        self.assertEqual(host["refused"], 1)
        self.assertGreaterEqual(host["waited"], 1999)
        with sqlite3.connect(self.db) as connection:
            kept = connection.execute("SELECT retry_after_ms FROM fetch_ WHERE status = 429").fetchall()
        connection.close()
        self.assertEqual(kept, [(2000,)])
        self.doctor("UPDATE fetch_ SET retry_after_ms = 60000 WHERE status = 429")
        said = self.audit(status=1)
        self.assertEqual({v["rule"] for v in said["hosts"][0]["listed"]}, {"rest"})

    def test_a_doctored_database_fails_and_names_host_time_and_rule(self):
        self.polite()
        (early, before), = self.rows(
            "SELECT url, started_at FROM fetch WHERE kind = 'page' ORDER BY started_at LIMIT 1 OFFSET 4")
        self.doctor("UPDATE fetch_ SET started_ms = started_ms - 100, steady_start_ms = steady_start_ms - 100 WHERE url_id = (SELECT id FROM url_ WHERE text = ?)",
                    early)
        at = self.value("SELECT started_at FROM fetch WHERE url = ?", early)
        self.assertLess(at, before)
        text = self.crawld("audit", self.db, status=1).out
        self.assertRegex(text, rf"VIOLATION \(pause\) 127\.0\.0\.1:\d+: {early} started at {at}, not before .* was due: \d+ ms early")
        violation, = self.audit(status=1)["hosts"][0]["listed"]
        self.assertEqual((violation["rule"], violation["url"], violation["started_at"]), ("pause", early, at))

    def test_too_many_at_once_are_found_by_host_and_by_address(self):
        self.polite()
        start, = self.rows("SELECT max(steady_end_ms) + 1 FROM fetch_")[0]  # beside no robots.txt or sitemap
        for rule, column in (("host-slots", "host_slots"), ("address-slots", "address_slots")):
            with self.subTest(rule=rule):
                self.doctor(f"UPDATE fetch_ SET limit_ms = 0, {column} = 3, steady_start_ms = ? + id,"
                            " steady_end_ms = ? + 1000 WHERE kind = 0", start, start)
                said = self.audit(status=1)
                listed = said["hosts"][0]["listed"] + said["addresses"][0]["listed"]
                found = [v for v in listed if v["rule"] == rule]
                self.assertEqual([(v["at_once"], v["slots"]) for v in found], [(n, 3) for n in range(4, 10)])
                self.assertRegex(self.crawld("audit", self.db, status=1).out,
                                 rf"VIOLATION \({rule}\) .* was number 4 under way of 3 allowed")
                self.doctor(f"UPDATE fetch_ SET {column} = 99")

    def test_robots_asked_for_too_late(self):
        self.polite()
        self.doctor("UPDATE fetch_ SET steady_start_ms = steady_start_ms + 9000, steady_end_ms = steady_end_ms + 9000"
                    " WHERE kind = 1")
        said = self.audit(status=1)
        self.assertEqual({v["rule"] for v in said["hosts"][0]["listed"]}, {"robots"})
        self.assertEqual(said["violations"], 9)

    def test_no_robots_is_said(self):
        said = self.polite("--no-robots")
        self.assertEqual((said["violations"], said["robots_unjudged"]), (0, 9))
        self.assertIn("--no-robots", self.crawld("audit", self.db).out)

    def test_exit_statuses(self):
        self.crawld("audit", status=2)
        self.crawld("audit", self.db, "--format", "csv", status=2)
        self.assertIn("no such file", self.crawld("audit", self.folder / "none.db", status=3).err)
        (self.folder / "text.db").write_text("no database")
        self.crawld("audit", self.folder / "text.db", status=3)


if __name__ == "__main__":
    main()
