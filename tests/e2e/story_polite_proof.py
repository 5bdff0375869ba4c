"""Politeness as the servers saw it: 1,000 names on 50 addresses, through kill -9 and a wall clock that is set.

What is judged is the server's log (support/politeness.py). E2E_HOSTS (1000), E2E_KILLS (5) and E2E_SEED (1)
change the plan.
"""
import email.utils
import json
import os
import random
import time

from support.crawld import SANITIZED, Story, connect, copy_database, figure, main
from support.nameserver import NameServer
from support.politeness import (Terms, check_pauses, check_robots_first, check_slots, find_lost, most_at_once,
                                share_of_ideal)
from support.wallclock import WORKS, WallClock
from support.webserver import Reply, redirect

HOSTS = int(os.environ.get("E2E_HOSTS", 200 if SANITIZED else 1000))
ADDRESSES = [f"127.77.0.{i}" for i in range(1, 51)]
KILLS = int(os.environ.get("E2E_KILLS", 5))
SEED = int(os.environ.get("E2E_SEED", 1))
DELAY, CRAWL_DELAY = 1.0, 2.0
SLOTS_OF_ADDRESS = 4  # for each of --per-host
STEPS = (-3600, 7200, -172800, 30 * 86400, -7, 7)  # of the wall clock, in seconds


class Town:
    """Many small hosts; the last digit of a host's number tells its ways."""

    def __init__(self, story, hosts, pages):
        self.story, self.pages = story, pages
        self.server = story.web(more_addresses=ADDRESSES)
        self.server.fallback = self.answer
        self.names = [f"h{i}.test" for i in range(hosts)]
        self.number = {f"{name}:{self.server.port}": i for i, name in enumerate(self.names)}
        table = {name: [ADDRESSES[i % len(ADDRESSES)]] for i, name in enumerate(self.names)}
        self.nameserver = story.enterContext(NameServer(table))
        self.rests, self.refused, self.lost = {}, {}, set()
        self.seeds = story.folder / "seeds.txt"
        self.seeds.write_text("".join(self.url(i) + "\n" for i in range(hosts)))

    def url(self, i, path="/"):
        return self.server.url(path, host=self.names[i % len(self.names)])

    def crawl_delays(self):
        return {host: CRAWL_DELAY for host, i in self.number.items() if i % 10 == 0}

    def options(self, delay, per_host):
        return ("--delay", delay, "--per-host", per_host, "--connections", 512, "--scope", "any", "--allow-private",
                "--dns-servers", self.nameserver.address, "--input", self.seeds, "--quiet")

    def answer(self, hit):
        i = self.number[hit.host]
        kind = {"/robots.txt": self.robots, "/sitemap.xml": self.sitemap, "/go": self.go, "/2": self.second,
                "/": self.home, "/more.xml": self.sitemap}
        return kind.get(hit.path, self.page)(i, hit)

    def page(self, i, _hit):
        return Reply(body=f"<title>of {i}</title>", delay=0.2 if i % 10 == 7 else 0)

    def home(self, i, _hit):
        paths = ["/go", *(f"/{page}" for page in range(1, self.pages + 1))]
        return Reply(body=f"<title>home of {i}</title>" + "".join(f"<a href='{path}'>.</a>" for path in paths))

    def go(self, i, _hit):
        return redirect(self.url(i + 7, f"/landed?from={i}"))

    def robots(self, i, hit):
        if i % 10 == 4 and self.refuses(hit, 1):
            return self.refuse(hit, 503, 3)
        if i % 10 == 5:
            return redirect(self.url(i + 1, f"/robots-of-{i}.txt"))
        lines = ["User-agent: *", "Disallow: /never/"]
        if i % 10 == 0:
            lines.append(f"Crawl-delay: {CRAWL_DELAY}")
        if i % 10 == 6:
            lines.append(f"Sitemap: {self.url(i + 2, '/more.xml')}")
        return Reply(body="\n".join(lines) + "\n", content_type="text/plain")

    def sitemap(self, i, _hit):
        return Reply(body=f"<urlset><url><loc>{self.url(i, '/mapped')}</loc></url></urlset>", content_type="text/xml")

    def second(self, i, hit):
        if i % 10 == 1 and self.refuses(hit, 2):
            return self.refuse(hit, 503, 3)
        if i % 10 == 2 and self.refuses(hit, 1):
            return self.refuse(hit, 429, 3, as_date=True)
        if i % 10 == 3 and self.refuses(hit, 1):
            return self.refuse(hit, 503, None)
        return self.page(i, hit)

    def refuses(self, hit, times):
        key = hit.host, hit.path
        self.refused[key] = self.refused.get(key, 0) + 1
        return self.refused[key] <= times

    def refuse(self, hit, status, seconds, as_date=False):
        self.rests[hit] = seconds
        now = int(time.time())
        headers = [("Date", email.utils.formatdate(now, usegmt=True))]
        if seconds:
            value = email.utils.formatdate(now + seconds, usegmt=True) if as_date else seconds
            headers.append(("Retry-After", value))
        return Reply(status, "busy", headers=headers)


class Proof(Story):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.clock = WallClock(self.folder)

    def start_run(self, town, *options):
        return self.start("crawl", "-o", self.db, *options, environment=self.clock.environment)

    def run_until(self, town, process, hits):
        town.server.wait_for(lambda: len(town.server.hits) >= hits or not process.is_running(), "requests", 120)

    def crawl_with_kills(self, town, options, hits_a_run):
        """Runs and kills, with a step of the wall clock in each run and one between two."""
        steps = list(STEPS)
        for _ in range(KILLS):
            seen = len(town.server.hits)
            wanted = self.random.randrange(*hits_a_run)
            process = self.start_run(town, *options)
            self.run_until(town, process, seen + wanted // 2)
            self.clock.step(steps.pop(self.random.randrange(len(steps))) if steps else 60)
            self.run_until(town, process, seen + wanted)
            self.assertTrue(process.is_running(), f"it ended before it could be killed: {process.err.text}")
            process.kill()
            town.server.settle()
            self.find_lost(town)
            self.clock.step(self.random.choice(STEPS))
        done = self.start_run(town, *options).wait()
        self.assertEqual(done.status, 0, done.err)

    def find_lost(self, town):
        with connect(copy_database(self.db, self.folder / "wreck")) as connection:
            town.lost |= find_lost(town.server.hits, town.lost, connection)

    def check(self, town, broken):
        self.assert_lawful()
        with connect(self.db) as connection:
            self.assertEqual(find_lost(town.server.hits, town.lost, connection), set(), "rows are missing")
        hits = town.server.hits
        figure(f"{len(hits)} requests to {len(town.names)} hosts on {len({h.address for h in hits})} addresses, "
               f"{KILLS} kills ({len(town.lost)} requests were under way or not yet on disk), wall clock "
               f"{'set ' + str(2 * KILLS) + ' times' if WORKS else 'never set'}: {len(broken)} violations")
        self.assertEqual(broken[:10], [])
        said = json.loads(self.crawld("audit", self.db, "--format", "json").out)
        self.assertEqual((said["violations"], said["slots_unjudged"]), (0, 0))
        self.assertEqual(said["requests"], len(hits) - len(town.lost))
        self.assertEqual(self.value("SELECT count(*) FROM url WHERE state IN ('queued', 'active')"), 0)

    def test_pauses_survive_kills_and_a_wall_clock_that_is_set(self):
        town = Town(self, HOSTS, pages=5)
        self.crawl_with_kills(town, town.options("1s", 1), (HOSTS, HOSTS * 5 // 2))
        terms = Terms(DELAY, 1, SLOTS_OF_ADDRESS, town.crawl_delays(), town.rests)
        hits = town.server.hits
        broken = [*check_pauses(hits, terms, town.lost), *check_slots(hits, terms), *check_robots_first(hits)]
        self.check(town, broken)
        self.assertTrue(any(h.path == "/landed" for h in hits), "redirects to other hosts")
        refusals = [h for h in hits if h.status in (429, 503)]
        figure(f"{len(refusals)} refusals, {sum(h in town.lost for h in refusals)} of them lost with a kill")
        self.assertGreaterEqual(len(refusals), HOSTS // 10)
        stricter = Terms(DELAY * 1.2, 1, 0, {h: 2 * CRAWL_DELAY for h in terms.crawl_delays},
                         {hit: rest and 5 * rest for hit, rest in town.rests.items()})
        found = {b.rule for b in [*check_pauses(hits, stricter, town.lost), *check_slots(hits, stricter)]}
        self.assertEqual(found, {"delay", "Crawl-delay", "Retry-After", "address slots"}, "the check sees what breaks")

    def test_slots_of_hosts_and_addresses_survive_kills(self):
        town = Town(self, HOSTS // 5, pages=10)
        town.page = lambda i, hit: Reply(body="<p>slowly", delay=0.05)
        town.refuses = lambda hit, times: False
        self.crawl_with_kills(town, town.options("0", 3), (HOSTS // 4, HOSTS // 2))
        self.check(town, list(check_slots(town.server.hits, Terms(0, 3, 3 * SLOTS_OF_ADDRESS))))
        address = max(ADDRESSES, key=lambda a: most_at_once([h for h in town.server.hits if h.address == a])[0])
        most, _ = most_at_once([hit for hit in town.server.hits if hit.address == address])
        figure(f"at most {most} of {3 * SLOTS_OF_ADDRESS} requests at once to one address")

    def test_no_time_is_wasted(self):
        """No bound on one moment of a busy machine: of each host its best five pauses in a row are taken."""
        town = Town(self, HOSTS, pages=8)
        town.refuses = lambda hit, times: False
        town.robots = lambda i, hit: Reply(404)
        town.page = lambda i, hit: Reply(body="<p>at once")
        done = self.start_run(town, *town.options("1s", 1), "--no-sitemaps").wait()
        self.assertEqual(done.status, 0, done.err)
        hits = town.server.hits
        self.assertEqual(list(check_pauses(hits, Terms(DELAY, 1, SLOTS_OF_ADDRESS), set())), [])
        whole, share = share_of_ideal(hits, DELAY), share_of_ideal(hits, DELAY, stretch=5)
        figure(f"{HOSTS} hosts, one request each {DELAY} s: {100 * share:.1f} % of the ideal of {HOSTS / DELAY:.0f} requests/s "
               f"({100 * whole:.1f} % from the first request to the last)")
        self.assertGreaterEqual(share, 0.95)


if __name__ == "__main__":
    main()
