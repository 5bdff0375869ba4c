"""Real input: the HTML of python3-doc and postgresql-doc-15, served by nginx, against a ground truth that
Python's html.parser computes from the same files."""
import os
import pathlib
import unittest
from urllib.parse import unquote

from support import nginx
from support.crawld import Story, figure, main
from support.truth import Truth
from support.webserver import USUAL_PATHS

DOCS = {"python": "/usr/share/doc/python3.11/html", "postgresql": "/usr/share/doc/postgresql-doc-15/html"}


@unittest.skipUnless(nginx.PROGRAM, "nginx is not installed")
class RealDocs(Story):
    def crawl_docs(self, name):
        folder = DOCS[name]
        if not os.path.exists(f"{folder}/index.html"):
            self.skipTest(f"there is no {folder}: install python3-doc and postgresql-doc-15")
        prefix = f"/{name}/"
        with nginx.Nginx(self.folder / "nginx", {prefix: folder}) as server:
            start = server.url(f"{prefix}index.html")
            done = self.crawl("--per-host", 8, "--verbose", start)
            truth = Truth(server.url(""), {prefix: folder}, [start])
        requests = server.requests()
        seconds = self.value("SELECT sum(strftime('%J', ended_at) - strftime('%J', started_at)) * 86400 FROM crawl")
        figure(f"{name}: {len(truth.statuses)} URLs, {sum(map(len, truth.edges.values()))} links, {seconds:.1f} s")
        return truth, requests, done

    def check(self, name):
        truth, requests, _ = self.crawl_docs(name)
        statuses = self.statuses()
        self.assert_same(set(statuses), set(truth.statuses), "pages")
        self.assertEqual(statuses, truth.statuses)
        paths = {url[len(truth.base):] for url in truth.statuses}
        self.assertEqual({path: n for path, n in requests.items() if path not in USUAL_PATHS}, dict.fromkeys(paths, 1))
        self.assertEqual(self.value("SELECT count(*) FROM url WHERE reason LIKE 'trap%'"), 0, "taken for traps")
        self.check_titles(truth)
        self.check_links(truth)
        self.check_bodies(truth, prefix=f"/{name}/", folder=DOCS[name])
        self.assert_lawful()

    def assert_same(self, got, expected, what):
        self.assertEqual((sorted(expected - got)[:10], sorted(got - expected)[:10]), ([], []),
                         f"{what}: missing, and not expected")

    def check_titles(self, truth):
        titles = dict(self.rows("SELECT url, title FROM page"))
        wrong = [(url, titles[url], title) for url, title in truth.titles.items() if titles[url] != title]
        self.assertEqual(wrong[:5], [], f"{len(wrong)} titles differ: (url, got, expected)")

    def check_links(self, truth):
        found = {}
        for source, element, target, text in self.rows("SELECT from_url, element, to_url, text FROM link"):
            found.setdefault(source, set()).add((element, target, text or ""))
        for url, edges in truth.edges.items():
            self.assert_same(found.get(url, set()), edges, f"links of {url}")
        counts = dict(self.rows("SELECT url, links FROM page"))
        self.assertEqual({url: counts[url] for url in truth.edges}, {url: len(edges) for url, edges in truth.edges.items()})

    def check_bodies(self, truth, prefix, folder):
        """Of every seventh file: what `crawld cat` writes. Most are kept beside a dictionary."""
        for url in sorted(url for url, status in truth.statuses.items() if status == 200)[::7]:
            file = pathlib.Path(folder) / unquote(url[len(truth.base) + len(prefix):])
            self.assertEqual(self.crawld("cat", self.db, url).out, file.read_bytes().decode("utf-8", "replace"), url)
        kept, beside, raw, zstd = self.rows("SELECT count(*), count(zdict), sum(size), sum(length(zstd)) FROM body_")[0]
        figure(f"{kept} bodies, {beside} beside a dictionary, {raw} bytes kept in {zstd}")
        self.assertGreater(beside, kept * 0.5)  # a hundred may be under way when one of them becomes the dictionary

    def test_python(self):
        self.check("python")

    def test_postgresql(self):
        self.check("postgresql")


if __name__ == "__main__":
    main()
