"""Pages that are asked for again: --revisit, and `every` in the service.

The server's pages have content that the story changes, and validators of every kind; what it answered (200 or 304)
is the truth that the database is compared with.
"""
import hashlib
import re
import signal
from datetime import datetime, timedelta
from email.utils import formatdate

from support.crawld import Story, main
from support.webserver import Reply, redirect

LONG_AGO = formatdate(1_000_000_000, usegmt=True)
LATER = formatdate(1_600_000_000, usegmt=True)
TAGGED, WEAK, DATED, BARE = "strong ETag", "weak ETag", "Last-Modified", "neither"


class Leaf:
    """A page whose server knows what it is about: RFC 9110, 13.1."""

    def __init__(self, kind, text, *hrefs, title="A page"):
        self.kind, self.text, self.hrefs, self.title, self.modified = kind, text, hrefs, title, LONG_AGO

    def body(self):
        anchors = "".join(f'<p><a href="{href}">to {href}</a></p>' for href in self.hrefs)
        return f"<!doctype html><title>{self.title}</title>{anchors}<p>{self.text}</p>"

    def tag(self):
        digest = hashlib.sha1(self.body().encode()).hexdigest()
        return {TAGGED: f'"{digest}"', WEAK: f'W/"{digest}"'}.get(self.kind)

    def __call__(self, hit):
        tags = [tag.strip() for tag in hit.headers.get("if-none-match", "").split(",")]
        headers = [("ETag", self.tag())] if self.tag() else []
        if self.kind == DATED:
            headers.append(("Last-Modified", self.modified))
        if (self.tag() and self.tag() in tags) or (
                self.kind == DATED and hit.headers.get("if-modified-since") == self.modified):
            return Reply(304, headers=headers, content_type=None)
        return Reply(body=self.body(), headers=headers)


class Site(Story):
    def setUp(self):
        super().setUp()
        self.server = self.web()

    def site(self, **leaves):
        for name, leaf in leaves.items():
            self.server.route(f"/{name}" if name != "root" else "/", leaf)
        return leaves

    def url(self, name=""):
        return self.server.url(f"/{name}")

    def versions(self, name):
        """[(status, change)] of a page, oldest first."""
        return self.rows("SELECT status, change FROM page_version WHERE url = ? ORDER BY fetched_at", self.url(name))


class Revisit(Site):
    """--revisit: everything in the database once more, then the crawl ends."""

    def answers(self):
        """{path: status} of the requests since forget(), each page once."""
        pages = [(hit.target, hit.status) for hit in self.server.hits if hit.path not in ("/robots.txt", "/sitemap.xml")]
        self.assertEqual(len(pages), len(dict(pages)), f"a page was asked for twice: {pages}")
        return dict(pages)

    def revisit(self, *arguments, **options):
        self.server.forget()
        return self.crawl("--revisit", *arguments, self.url(), **options)

    def test_what_has_not_changed_costs_a_304_where_the_server_can_tell(self):
        self.site(root=Leaf(TAGGED, "root", "/weak", "/dated", "/bare"), weak=Leaf(WEAK, "w"), dated=Leaf(DATED, "d"),
                  bare=Leaf(BARE, "b"))
        self.crawl(self.url())
        before = self.rows("SELECT url, body_hash, links, versions FROM page ORDER BY url")
        links = self.rows("SELECT * FROM link ORDER BY 1, 2")
        stamps = dict(self.rows("SELECT url, fetched_at FROM page"))
        for _ in range(2):
            done = self.revisit()
            self.assertEqual(self.answers(), {"/": 304, "/weak": 304, "/dated": 304, "/bare": 200})
            self.assertRegex(done.err, r"unchanged +4\b")
            self.assertEqual(self.rows("SELECT url, body_hash, links, versions FROM page ORDER BY url"), before)
            self.assertEqual(self.rows("SELECT * FROM link ORDER BY 1, 2"), links)
            self.assert_lawful()
        self.assertEqual({status for status, in self.rows("SELECT status FROM page")}, {200})
        self.assertEqual(self.value("SELECT count(*) FROM fetch WHERE status = 304"), 6)
        self.assertTrue(all(later > stamps[url] for url, later in self.rows("SELECT url, fetched_at FROM page")))
        self.assertEqual([hit.headers.get("if-none-match", "")[:3] for hit in self.server.hits_of("/weak")], ['W/"'])

    def test_what_has_changed_is_a_version_with_what_changed(self):
        leaves = self.site(root=Leaf(TAGGED, "root", "/text", "/title", "/links"), text=Leaf(TAGGED, "old"),
                           title=Leaf(DATED, "t", title="Old"), links=Leaf(BARE, "l", "/lost"), lost=Leaf(BARE, "lost"),
                           found=Leaf(BARE, "found"))
        self.crawl(self.url())
        old = self.value("SELECT body_hash FROM page WHERE url = ?", self.url("text"))
        old_body = leaves["text"].body()
        leaves["text"].text = "new"
        leaves["title"].title, leaves["title"].modified = "New", LATER
        leaves["links"].hrefs = ("/found",)
        self.revisit()
        self.assertEqual(self.answers(), {"/": 304, "/text": 200, "/title": 200, "/links": 200, "/lost": 200, "/found": 200})
        self.assertEqual(self.versions("text"), [(200, "first"), (200, "content")])
        self.assertEqual(self.versions("title"), [(200, "first"), (200, "title, content")])
        self.assertEqual(self.versions("links"), [(200, "first"), (200, "links, content")])
        self.assertEqual(self.versions("lost"), [(200, "first")])
        self.assertEqual(self.rows("SELECT to_url FROM link WHERE from_url = ?", self.url("links")), [(self.url("found"),)])
        self.assertEqual(dict(self.rows("SELECT url, versions FROM page"))[self.url("text")], 2)
        self.assertEqual(self.value("SELECT title FROM page WHERE url = ?", self.url("title")), "New")
        self.assertEqual(self.crawld("cat", self.db, self.url("text")).out, leaves["text"].body())
        self.assertEqual(self.crawld("cat", "--hash", old, self.db, self.url("text")).out, old_body)
        self.assertIn("never had", self.crawld("cat", "--hash", old, self.db, self.url("title"), status=1).err)
        self.assertIn("hash", self.crawld("cat", "--hash", "12", self.db, self.url("title"), status=2).err)
        leaves["text"].text = "old"
        self.revisit()
        self.assertEqual(self.versions("text"), [(200, "first"), (200, "content"), (200, "content")])
        self.assertEqual(self.value("SELECT body_hash FROM page WHERE url = ?", self.url("text")), old)
        self.assert_lawful()

    def test_pages_that_move_vanish_or_are_forbidden(self):
        self.site(root=Leaf(TAGGED, "root", "/moves", "/vanishes", "/breaks", "/private"), moves=Leaf(TAGGED, "m"),
                  vanishes=Leaf(TAGGED, "v"), breaks=Leaf(TAGGED, "b"), private=Leaf(TAGGED, "p"), there=Leaf(BARE, "t"))
        self.crawl(self.url())
        self.server.route("/moves", redirect("/there", 301))
        self.server.route("/vanishes", Reply(410, "<p>gone"))
        self.server.route("/breaks", Reply(503, "<p>later", headers=[("Retry-After", "0")]))
        self.server.robots("User-agent: *\nDisallow: /private\n")
        self.revisit("--retries", "0")
        self.assertEqual(self.answers(), {"/": 304, "/moves": 301, "/there": 200, "/vanishes": 410, "/breaks": 503})
        self.assertEqual(self.versions("moves"), [(200, "first"), (301, "status, redirect, title, content")])
        self.assertEqual(self.versions("vanishes"), [(200, "first"), (410, "status, title, content")])
        self.assertEqual(self.value("SELECT final_url FROM page WHERE url = ?", self.url("moves")), self.url("there"))
        self.assert_state(self.url("private"), "excluded", "robots")
        self.assertEqual(self.versions("private"), [(200, "first")], "what it had stays")
        self.assert_lawful()
        self.server.route("/moves", Leaf(TAGGED, "m"))
        self.server.robots("User-agent: *\nDisallow:\n")
        self.revisit("--retries", "0")
        self.assertEqual(self.answers()["/moves"], 200, "a redirect on record asks for no 304")
        self.assertEqual(self.versions("moves")[-1], (200, "status, redirect, title, content"))
        self.assertEqual(self.value("SELECT count(*) FROM redirect"), 0)
        self.assert_lawful()

    def test_what_failed_is_asked_for_again_too(self):
        self.server.route("/", Leaf(TAGGED, "root", "/broken"))
        self.server.route("/broken", Reply(steps=[b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]))
        self.crawl(self.url())
        self.assert_state(self.url("broken"), "failed", "protocol")
        self.server.route("/broken", Leaf(BARE, "mended"))
        self.revisit()
        self.assertEqual(self.answers(), {"/": 304, "/broken": 200})
        self.assert_state(self.url("broken"), "done")
        self.assert_lawful()

    def test_validators_that_cannot_be_trusted_are_not_sent(self):
        validators = {
            "/long": ("ETag", f'"{"x" * 65536}"'), "/star": ("ETag", "*"), "/bare": ("ETag", "abc"),
            "/garbage": ("Last-Modified", "yesterday"), "/future": ("Last-Modified", formatdate(4_000_000_000, usegmt=True)),
        }
        self.server.route("/", Leaf(TAGGED, "root", *validators))
        for path, header in validators.items():
            self.server.page(path, f"<p>{path}", headers=[header])
        self.crawl(self.url())
        self.revisit()
        self.assertEqual(self.answers(), {"/": 304} | {path: 200 for path in validators})
        for path in validators:
            hit, = self.server.hits_of(path)
            self.assertEqual([name for name in hit.headers if name.startswith("if-")], [], path)
        self.assert_lawful()

    def test_a_304_that_nobody_asked_for_is_an_error(self):
        self.server.route("/", Leaf(BARE, "root", "/odd"))
        self.server.route("/odd", Reply(304, content_type=None))
        self.crawl(self.url())
        self.assert_state(self.url("odd"), "failed", "protocol")
        self.revisit()
        self.assert_state(self.url("odd"), "failed", "protocol")

    def test_bodies_that_were_not_kept_are_asked_for_without_conditions(self):
        self.site(root=Leaf(TAGGED, "root"))
        self.crawl("--store", "none", self.url())
        self.revisit("--store", "none")
        self.assertEqual(self.answers(), {"/": 304})
        self.revisit()
        self.assertEqual(self.answers(), {"/": 200})
        self.assertEqual(self.crawld("cat", self.db, self.url()).out, Leaf(TAGGED, "root").body())

    def test_max_pages_counts_the_answers_of_a_run_that_revisits(self):
        self.site(root=Leaf(TAGGED, "root", *(f"/{i}" for i in range(9))))
        self.server.fallback = lambda hit: Reply(body=f"<p>{hit.path}")
        self.crawl(self.url())
        self.revisit("--max-pages", "4", "--connections", "1")
        self.assertEqual(self.server.count(), 4)
        self.revisit("--connections", "1")
        self.assertEqual(self.server.count(), 6, "it goes on where it stopped")

    def test_kill_in_the_middle_goes_on_where_it_stopped(self):
        names = [f"/{i}" for i in range(60)]
        leaves = {name: Leaf(TAGGED, name) for name in names}
        self.site(root=Leaf(TAGGED, "root", *names))
        for name in names:
            self.server.route(name, leaves[name])
        self.crawl(self.url())
        gate, answered = self.server.gate(), []

        def answer_twenty(hit):
            if len(answered) == 20:
                return Reply(body="never", gate=gate)
            answered.append(hit.path)
            return leaves[hit.path](hit)
        for name in names:
            leaves[name].text += " again"
            self.server.route(name, answer_twenty)
        self.server.forget()
        run = self.start_crawl("--revisit", "--connections", "4", self.url())
        self.wait_until(lambda: self.value("SELECT count(*) FROM page WHERE versions > 1") >= 10, "ten new versions")
        run.kill()
        self.server.settle()
        landed = {url for url, in self.rows("SELECT url FROM page WHERE versions > 1")}
        self.assert_lawful(ended=False)
        for name in names:
            self.server.route(name, leaves[name])
        self.revisit()
        again = {path for path, status in self.answers().items() if path in names}
        self.assertEqual({self.server.url(path) for path in again} & landed, set(), "what has landed is not asked again")
        self.assertEqual({self.server.url(path) for path in again} | landed, {self.server.url(name) for name in names})
        self.assertEqual(self.rows("SELECT DISTINCT versions FROM page WHERE url <> ?", self.url()), [(2,)])
        self.assert_lawful()


def stalls_at_rest(log):
    """Lines that tell of a stall that began before the next page was due. (Later ones a busy machine may have.)"""
    found, due = [], None
    for line in log.splitlines():
        time = datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))
        if " until the next page is due " in line:
            due = datetime.fromisoformat(re.search(r" due=(\S+)", line)[1].replace("Z", "+00:00"))
        elif " stalled " in line and due:
            began = time - timedelta(milliseconds=int(re.search(r" still_ms=(\d+)", line)[1]))
            found += [line] if began < due else []
    return found


class Every(Site):
    """`every` in the service: the crawl does not end, and its pages come back."""

    def serve(self, *settings, seeds=()):
        config, state = self.folder / "crawld.yaml", self.folder / "state"
        state.mkdir(exist_ok=True)
        lines = "".join(f"    {setting}\n" for setting in settings)
        config.write_text(f"user_agent: 'Mill/1 (+http://mill.example/)'\nstate_directory: {state}\ncrawls:\n"
                          f"  - name: site\n    seeds: {[self.url(), *seeds]}\n    delay: 0\n    allow_private: true\n{lines}")
        self.db = state / "site.db"
        return self.start("serve", "--config", config, "--verbose")

    def stop(self, service):
        service.signal(signal.SIGTERM)
        self.assertEqual(service.wait().status, 0)
        self.assert_lawful()

    def wait_for_version(self, name, change):
        self.wait_until(lambda: self.db.exists() and change in [c for _, c in self.versions(name)], f"{change} of /{name}")

    def test_a_changed_page_is_seen_again(self):
        leaves = self.site(root=Leaf(TAGGED, "root", "/a"), a=Leaf(TAGGED, "old"))
        service = self.serve("every: 2s", "stall_after: 500ms")
        self.server.wait_for(lambda: 304 in {hit.status for hit in self.server.hits_of("/a")}, "the page, unchanged")
        leaves["a"].text = "new"
        self.wait_for_version("a", "content")
        service.err.wait_for("all is asked for, until the next page is due")
        self.stop(service)
        self.assertEqual(stalls_at_rest(service.err.text), [], "to rest is not to stall")
        self.assertEqual(self.value("SELECT count(*) FROM url WHERE state = 'done' AND due_at > ''"), 2)
        service = self.serve("every: 1s")
        count = self.server.count("/a")
        self.server.wait_for(lambda: self.server.count("/a") > count, "the page after a restart")
        self.stop(service)

    def test_a_page_whose_sitemap_says_that_it_has_changed_comes_back_soon(self):
        leaves = self.site(root=Leaf(TAGGED, "root", "/a", "/b"), a=Leaf(TAGGED, "old"), b=Leaf(TAGGED, "b"),
                           new=Leaf(BARE, "new"))
        service = self.serve("every: 1h")
        service.err.wait_for("all is asked for, until the next page is due")
        self.stop(service)
        leaves["a"].text = "new"
        second = "strftime('%Y-%m-%dT%H:%M:%S', 'now')"
        self.wait_until(lambda: self.value(f"SELECT {second} > substr(max(fetched_at), 1, 19) FROM page"), "the next second")
        day = self.value(f"SELECT {second} || 'Z'")
        self.server.page("/sitemap.xml", f"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
            <url><loc>{self.url("a")}</loc><lastmod>{day}</lastmod></url>
            <url><loc>{self.url("b")}</loc><lastmod>2001-01-01</lastmod></url></urlset>""", content_type="text/xml")
        self.server.forget()
        service = self.serve("every: 1h", seeds=[self.url("new")])  # whoever asks this host again sees its sitemap
        self.wait_for_version("a", "content")
        self.stop(service)
        self.assertEqual(self.server.count("/b"), 0)

    def test_auto_learns_and_keeps_its_budget(self):
        self.site(root=Leaf(TAGGED, "root", "/a", "/b"), a=Leaf(DATED, "a"), b=Leaf(BARE, "b"))
        service = self.serve("every: auto", "revisit_budget: 5")
        service.err.wait_for("all is asked for, until the next page is due")
        self.stop(service)
        self.assertEqual(self.server.count(), 3)
        due = dict(self.rows("SELECT url, due_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+9 minutes') FROM url"))
        self.assertEqual(due, {self.url(): 1, self.url("a"): 1, self.url("b"): 1})

    def test_a_page_that_failed_comes_back(self):
        self.server.route("/", Leaf(TAGGED, "root", "/broken"))
        self.server.route("/broken", Reply(steps=[b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]))
        service = self.serve("every: 1s")
        self.wait_until(lambda: self.db.exists() and (self.state_of(self.url("broken")) or ("",))[0] == "failed", "the failure")
        self.server.route("/broken", Leaf(BARE, "mended"))
        self.wait_until(lambda: self.state_of(self.url("broken"))[0] == "done", "the mended page")
        self.stop(service)

    def test_max_pages_keeps_new_pages_out_and_the_others_fresh(self):
        self.site(root=Leaf(TAGGED, "root", *(f"/{i}" for i in range(9))))
        self.server.fallback = lambda hit: Reply(body=f"<p>{hit.path}")
        service = self.serve("every: 1s", "max_pages: 3")
        self.server.wait_for(lambda: self.server.count("/") >= 3, "the third visit of the first page")
        self.assertEqual(self.value("SELECT count(*) FROM page"), 3)
        self.stop(service)


if __name__ == "__main__":
    main()
