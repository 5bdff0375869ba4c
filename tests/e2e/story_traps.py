"""Pages without end: they are noticed, left for last and excluded with a reason, while all that is real is found;
honest sites that look like them are left alone. E2E_TRAP_PAGES changes the size of the large one."""
import os
import signal

from support.crawld import Story, figure, main
from support.endless import Endless, Language
from support.honest import SITES
from support.webserver import Reply

PAGES = int(os.environ.get("E2E_TRAP_PAGES", 10000))
TRAPS = "SELECT count(*) FROM url WHERE reason LIKE 'trap%'"


class EndlessSites(Story):
    def crawl_site(self, site, *arguments):
        """Crawls to the end. The sums are printed and checked."""
        web = self.web()
        web.fallback = site.answer
        self.crawl("--per-host", 8, *arguments, web.url("/"), seconds=600)
        self.assertEqual(self.value("SELECT end_reason FROM crawl ORDER BY started_at DESC"), "finished")
        self.assert_lawful()
        return web

    def check_yield(self, site, name):
        asked = ", ".join(f"{count} {kind}" for kind, count in sorted(site.asked.items()))
        figure(f"{name}: {site.size} real pages, {len(site.found)} found; 99 % after {site.when_99} requests, "
               f"{site.requests} in all ({site.requests / site.size:.2f} times the minimum): {asked}")
        self.assertGreaterEqual(len(site.found), 0.99 * site.size)
        self.assertLessEqual(site.when_99, 1.5 * site.size)
        self.assertLess(site.requests, 1.3 * site.size + 600, "credit, and what was learned before it counted")

    def test_all_traps_at_once(self):
        site = Endless(PAGES)
        self.crawl_site(site)
        self.check_yield(site, "all traps")
        for kind in ("calendar", "search", "help", "lost"):
            reasons = self.rows("SELECT DISTINCT reason FROM url WHERE url LIKE ? AND state = 'excluded'", f"%/{kind}%")
            self.assertTrue(reasons, kind)
            self.assertTrue(all(reason.startswith("trap: ") for (reason,) in reasons), reasons[:3])
        self.assertRegex(self.value("SELECT max(reason) FROM url WHERE url LIKE '%/search?%' AND state = 'excluded'"),
                         r"^trap: /search\?\S+: \d+ of \d+ pages had anything new$")

    def test_every_link_has_a_session_of_its_own(self):
        site = Endless(PAGES // 3, sessions=True)
        self.crawl_site(site)
        self.check_yield(site, "sessions on every link")
        self.assertRegex(self.value("SELECT max(reason) FROM url WHERE state = 'excluded'"),
                         r"^trap: fetched under another session: sid made no difference in \d+ of \d+ pages$")

    def test_without_the_search_for_traps_there_is_no_end(self):
        site = Endless(300)
        web = self.web()
        web.fallback = site.answer
        self.crawl("--no-traps", "--max-pages", 1500, web.url("/"))
        self.assertEqual(self.value("SELECT end_reason FROM crawl"), "max-pages")
        self.assertEqual(self.value(TRAPS), 0)

    def wasted_pages(self, site):
        return self.value("SELECT count(*) FROM page") - len(site.found)

    def kill_after(self, site, wasted):
        """A crawl that is killed when the database has so many wasted pages. All further ones wait in the server, so it
        cannot get beyond, however fast it is. Returns the server, which answers again."""
        web, slots, held = self.web(), 8, []
        gate = web.gate()

        def answer(hit):
            before = site.wasted
            reply = site.answer(hit)
            if site.wasted > max(before, wasted):
                reply.gate = gate
                held.append(hit)
            return reply
        web.fallback = answer
        crawl = self.start_crawl("--per-host", slots, web.url("/"))
        self.wait_until(lambda: len(held) == slots, "requests whose answers are held back", seconds=120)
        self.wait_until(lambda: self.value("SELECT count(*) FROM page") == site.requests - slots, "what was answered")
        crawl.kill()
        gate.open()
        return web

    def test_a_kill_does_not_unlearn(self):
        usual, site = Endless(400), Endless(400)
        self.crawl_site(usual)
        to_waste = self.wasted_pages(usual)
        self.db = self.folder / "killed.db"
        web = self.kill_after(site, wasted=400)
        before = self.wasted_pages(site)
        self.crawl("--per-host", 8, web.url("/"))
        wasted = self.wasted_pages(site)
        figure(f"{to_waste} pages wasted without a kill; killed after {before}, {wasted - before} more after the restart")
        self.assertEqual(before, 400)
        self.assertEqual(self.value("SELECT count(*) FROM url WHERE state = 'queued'"), 0)
        self.assertLess(wasted, to_waste + before / 3, "a restart that had forgotten would waste all of them again")
        self.assertEqual(len(site.found), 400)
        self.assert_lawful()


class HonestSites(Story):
    def test_fifty_honest_sites_are_left_alone(self):
        addresses = [f"127.0.0.{i}" for i in range(1, len(SITES) + 1)]
        sites = {address: make(Language(name, 2000)) for address, (name, make) in zip(addresses, SITES.items())}
        web = self.web(more_addresses=addresses[1:])

        def answer(hit):
            page = sites[hit.host.partition(":")[0]].get(hit.target)
            if page is None:
                return Reply(404, "<p>No such page.")
            kind, body = page if isinstance(page, tuple) else ("text/html; charset=utf-8", page)
            return Reply(body=body, content_type=kind)
        web.fallback = answer
        self.crawl("--per-host", 4, *(web.url("/", host=address) for address in addresses))
        found = dict(self.rows("SELECT host, pages FROM host"))
        figure(f"{len(sites)} honest sites, {sum(map(len, sites.values()))} pages, {sum(found.values())} fetched: "
               f"{self.value(TRAPS)} URLs excluded as traps")
        self.assertEqual({name: found[f"{address}:{web.port}"] for address, name in zip(addresses, SITES)},
                         {name: len(sites[address]) for address, name in zip(addresses, SITES)})
        self.assertEqual(self.value(TRAPS), 0)
        self.assert_lawful()


class Budgets(Story):
    def endless_host(self, hit):
        """A host of random pages: each has a text of its own and ten new links."""
        chance = Language(1, 500).chance(hit.host, hit.target)
        words = Language(1, 500).words
        links = "".join(f"<p><a href='/{chance.choice(words)}/{chance.randrange(10**9)}'>{chance.choice(words)}</a>" for _ in range(10))
        return Reply(body=f"<title>{' '.join(chance.choices(words, k=5))}</title><p>{' '.join(chance.choices(words, k=60))}{links}")

    def test_pages_of_a_host_are_counted_to_the_one(self):
        web = self.web(more_addresses=["127.0.0.2"])
        web.fallback = lambda hit: Reply(404) if hit.path == "/robots.txt" else self.endless_host(hit)
        starts = web.url("/"), web.url("/", host="127.0.0.2")
        self.crawl("--per-host", 8, "--no-sitemaps", "--max-pages-per-host", 40, *starts)
        asked = lambda host: sum(hit.host.startswith(host) and hit.path != "/robots.txt" for hit in web.hits)
        self.assertEqual((asked("127.0.0.1"), asked("127.0.0.2")), (40, 40))
        self.assertEqual(dict(self.rows("SELECT reason, count(*) > 100 FROM url WHERE state = 'excluded' GROUP BY 1")),
                         {"budget: 40 pages, the most of a host": 1})
        self.crawl("--per-host", 8, "--no-sitemaps", "--max-pages-per-host", 40, *starts)
        self.assertEqual(asked("127.0.0.1"), 40, "the same command asks for nothing more")
        self.crawl("--per-host", 8, "--no-sitemaps", "--max-pages-per-host", 70, *starts)
        self.assertEqual((asked("127.0.0.1"), asked("127.0.0.2")), (70, 70), "a larger budget goes on")
        self.assert_lawful()

    def test_an_endless_host_takes_nothing_from_others(self):
        """It has the longest queue by far, and no budget ends it; three connections are all there are. Half of the others
        name all their pages at once: these wait for little but their turns, so the machine's pace is hardly in its share.
        The other half names one at a time: these are done some time."""
        wide, narrow = [[f"127.0.0.{i}" for i in numbers] for numbers in (range(2, 7), range(7, 12))]
        web = self.web(more_addresses=wide + narrow)
        asked = {address: 0 for address in web.addresses}
        share = None  # requests of the endless one until the wide ones are done

        def answer(hit):
            nonlocal share
            asked[hit.address] += 1
            if hit.address == "127.0.0.1":
                return self.endless_host(hit)
            if share is None and all(asked[address] == 31 for address in wide):
                share = asked["127.0.0.1"]
            number = int(hit.path[1:] or 0)
            targets = range(1, 31) if hit.address in wide else [number + 1] if number < 30 else []
            return Reply(body=f"<title>Page {number} of many</title>" + "".join(f"<a href='/{n}'>{n}" for n in targets))
        web.fallback = answer
        crawl = self.start_crawl("--no-robots", "--no-sitemaps", "--connections", 3,
                                 *(web.url("/", host=address) for address in web.addresses))
        self.wait_until(lambda: all(asked[address] == 31 for address in wide + narrow), "the pages of ten hosts", seconds=120)
        crawl.signal(signal.SIGTERM)
        crawl.wait()
        figure(f"five hosts of 31 pages were done when one without end had been asked {share} times, and five that name one "
               f"page at a time when it had been asked {asked['127.0.0.1']} times or fewer")
        self.assertEqual({asked[address] for address in wide + narrow}, {31})
        self.assertLess(share, 31 * 10, "more often than all others together")

    def test_paths_that_repeat_are_refused_at_sight(self):
        web = self.web()
        web.links("/", "/a/b/a/b/a/b/x", "/a/b/a/b/a/b/a/b/x", "/s/s/s/x", "/s/s/s/s/x", "/" + "/".join(map(str, range(32))),
                  "/" + "/".join(map(str, range(33))))
        web.fallback = lambda hit: Reply(404 if hit.path in ("/robots.txt", "/sitemap.xml") else 200, f"<p>This is {hit.path}")
        self.crawl(web.url("/"))
        self.assertEqual(dict(self.rows("SELECT replace(url, ?, ''), reason FROM url WHERE state = 'excluded'", web.url(""))),
                         {"/a/b/a/b/a/b/a/b/x": "trap: segments that repeat 4 times in a row in the path",
                          "/s/s/s/s/x": "trap: segments that repeat 4 times in a row in the path",
                          "/" + "/".join(map(str, range(33))): "trap: more than 32 segments in the path"})
        self.assertEqual(web.count(), 4)

    def test_names_without_end_share_a_budget(self):
        """Wildcard DNS: every name answers, and names the next ones."""
        web = self.web()
        proxy = ("--proxy", web.url(""))  # it answers for every name

        def answer(hit):
            name, path = hit.target.removeprefix("http://").split("/", 1)
            if path in ("robots.txt", "sitemap.xml"):
                return Reply(404)
            number = int(name.split(".")[0][1:])
            links = "".join(f"<a href='http://h{number * 3 + i}.example.test/'>h{i}</a>" for i in (1, 2, 3))
            return Reply(body=f"<title>Host {name}</title><p>Welcome to {name}.{links}<a href='/more'>more</a>")
        web.fallback = answer
        self.crawl(*proxy, "--scope", "domain", "--max-hosts-per-domain", 25, "http://h0.example.test/")
        hosts = {hit.target.split("/")[2] for hit in web.hits}
        self.assertEqual(len(hosts), 25, "not even robots.txt of a 26th was asked for")
        self.assertEqual(self.rows("SELECT DISTINCT reason FROM url WHERE state = 'excluded'"),
                         [("budget: 25 hosts of example.test, the most of a domain",)])
        self.assertEqual(self.value("SELECT count(*) FROM host WHERE pages > 0"), 25)
        self.crawl(*proxy, "--scope", "domain", "--max-hosts-per-domain", 25, "--max-pages-per-domain", 60,
                   "http://h0.example.test/")
        self.assertEqual(self.value("SELECT count(*) FROM page"), 50)
        self.crawl(*proxy, "--scope", "domain", "--max-hosts-per-domain", 90, "--max-pages-per-domain", 60,
                   "http://h0.example.test/")
        self.assertEqual(self.value("SELECT count(*) FROM page"), 60, "of all hosts together")
        self.assertIn(("budget: 60 pages of example.test, the most of a domain",),
                      self.rows("SELECT DISTINCT reason FROM url WHERE state = 'excluded'"))
        self.assert_lawful()


if __name__ == "__main__":
    main()
