"""kill -9 at random moments, and what the crawl that goes on makes of it.

Rounds: a new database is crawled, killed at a random moment, crawled on, killed again ... until it is
finished; rounds follow until all kills are done. E2E_KILLS (100) and E2E_SEED (1) change the plan.
"""
import os
import random
import sqlite3
import time

from support.crawld import Story, broken_laws, copy_database, figure, main, snapshot
from support.site import Site

KILLS = int(os.environ.get("E2E_KILLS", 100))
SEED = int(os.environ.get("E2E_SEED", 1))
CONNECTIONS = 16
IN_FLIGHT = 2 * CONNECTIONS  # requested and not yet on disk, at the most (crawler/engine/DESIGN.md)
OPTIONS = ("--connections", CONNECTIONS, "--per-host", CONNECTIONS, "--quiet")


class KillMinusNine(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()
        self.site = Site(seed=SEED).serve(self.server)
        self.random = random.Random(SEED)
        self.beside = 0  # bodies that were kept beside another one
        self.again = []  # requests that a kill made necessary again, kill by kill

    def test_nothing_is_lost_and_nothing_is_fetched_twice(self):
        self.crawl(*OPTIONS, self.server.url("/"))
        self.compare_with_truth()
        uninterrupted = snapshot(self.db)
        kills, rounds = 0, 0
        while kills < KILLS:
            kills += self.crawl_with_kills(self.folder / f"round-{rounds}.db", KILLS - kills, uninterrupted)
            rounds += 1
        figure(f"{kills} kills in {rounds} crawls; requested again for it: {sum(self.again)} in all, "
               f"{max(self.again)} at the most after one kill")
        self.assertLessEqual(max(self.again), IN_FLIGHT)
        self.assertGreater(self.beside, 0)

    def compare_with_truth(self):
        self.assert_lawful()
        statuses = self.statuses()
        self.assertEqual({u: s for u, s in statuses.items() if u not in self.site.loop}, self.site.statuses_but_loop())
        self.assertEqual({t for t in self.server.targets() if t.startswith("/private/")}, set())
        self.assertEqual({u for u, in self.rows("SELECT url FROM url WHERE reason LIKE 'robots%'")}, self.site.forbidden)
        self.assert_state(self.site.loop[-1], "failed", "redirect")
        titles = dict(self.rows("SELECT url, title FROM page"))
        self.assertEqual({url: titles[url] for url in self.site.titles}, self.site.titles)
        edges = {}
        for source, element, target in self.rows("SELECT from_url, element, to_url FROM link"):
            edges.setdefault(source, set()).add((element, target))
        self.assertEqual(edges, {url: found for url, found in self.site.edges.items() if found})

    def crawl_with_kills(self, db, kills_left, uninterrupted):
        """One crawl, killed until it gets through; returns how often it was."""
        self.server.forget()
        self.finished, self.looked_at = set(), 0
        kills = 0
        while kills < kills_left and self.is_killed(db):
            kills += 1
            self.check_wreck(db)
        self.crawld("crawl", "-o", db, "--delay", "0", *OPTIONS, self.server.url("/"))
        self.take_requests()
        self.assertEqual(broken_laws(db), [])
        self.check_bodies(db)
        for got, expected in zip(snapshot(db), uninterrupted):
            self.assertEqual(got, expected)
        return kills

    def check_bodies(self, db):
        """Some of them: those kept by each of the crawls that were killed are among them."""
        for url in self.random.sample(sorted(self.site.titles), 10):
            body = self.server.routes[url[len(self.site.base):]].body
            self.assertEqual(self.crawld("cat", db, url).out.encode(), body, url)
        self.beside += self.value("SELECT count(zdict) FROM body_", db=db)

    def is_killed(self, db):
        """Crawls until the moment comes; False when the crawl was finished before."""
        at_start = self.random.random() < 0.2  # before the first request: while the database is opened
        requests = len(self.server.hits) + (0 if at_start else self.random.randrange(400))
        pause = self.random.uniform(0, 0.06)
        crawl = self.start("crawl", "-o", db, "--delay", "0", *OPTIONS, self.server.url("/"))
        while crawl.is_running() and len(self.server.hits) < requests:
            with self.server.changed:
                self.server.changed.wait(0.05)
        time.sleep(pause)  # the moment is random; nothing waits for it
        survived = not crawl.is_running()
        done = crawl.kill()
        self.server.settle()
        if survived:
            self.assertEqual(done.status, 0, done.err)
        return not survived

    def check_wreck(self, db):
        """The database as the kill left it, looked at in a copy."""
        requested = self.take_requests()
        copy = copy_database(db, self.folder / "wreck") if db.exists() else None
        if copy and has_schema(copy):
            states = self.rows("SELECT url, state FROM url", db=copy)
            self.finished |= {url[len(self.site.base):] for url, state in states if state in ("done", "failed")}
        self.again.append(len(requested - self.finished))

    def take_requests(self):
        """What was requested since the last look: nothing that the database knew as finished then."""
        targets = self.server.targets()[self.looked_at:]
        self.looked_at += len(targets)
        requested = {target for target in targets if target != "/robots.txt"}
        self.assertEqual(requested & self.finished, set(), "finished pages were fetched again")
        return requested


def has_schema(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'page'").fetchone()[0] == 1
    finally:
        connection.close()


if __name__ == "__main__":
    main()
