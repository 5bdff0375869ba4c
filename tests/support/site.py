"""site: a deterministic synthetic web of some thousand URLs, and the truth about it.

    site = Site(seed=1, size=2000)
    site.serve(web)                    # on a WebServer, whose address goes into the absolute links
    site.statuses                      # {url: status} of everything a polite crawl fetches
    site.edges                         # {url: {(element, url), ...}}
    site.forbidden                     # URLs that robots.txt disallows
    site.loop                          # URLs of the redirect loop, in order

Chains and the loop can be entered in one place only, so that no order of fetching changes the truth.
"""
import posixpath
import random
from urllib.parse import urljoin

from support.webserver import Reply

# Of 2,000 URLs; scaled to the size.
PORTIONS = {"redirect": 120, "chain": 20, "missing": 80, "duplicate": 60, "slow": 40, "query": 100,
            "forbidden": 40, "text": 20}
LOOP = 3
ROBOTS = "User-agent: *\nDisallow: /private/\nAllow: /private/open\n\nUser-agent: other\nDisallow: /\n"
WORDS = ("the quick brown fox jumps over lazy dog crawler page link host queue slot robots body hash "
         "state answer header cookie socket timer batch commit ledger harbour lantern orchard").split()


class Node:
    def __init__(self, number, kind, path):
        self.number, self.kind, self.path = number, kind, path
        self.status, self.location, self.delay = 200, None, 0
        self.targets = []

    def has_links(self):
        return self.kind in ("page", "slow", "query")


class Site:
    def __init__(self, seed=1, size=2000):
        self.random = random.Random(seed)
        self.size = size
        self.nodes = [Node(0, "page", "/")]
        for kind in self._kinds():
            self._add(kind)
        self.loop_nodes = [self._add_inner("loop", f"/loop/{i}", 302) for i in range(LOOP)]
        self._close_loop()
        self._link_across()

    def _kinds(self):
        kinds = [kind for kind, portion in PORTIONS.items() for _ in range(max(portion * self.size // 2000, 1))]
        kinds += ["page"] * (self.size - len(kinds) - 1 - LOOP)
        self.random.shuffle(kinds)
        return kinds

    # -- growing ---------------------------------------------------------------------------------

    def _add(self, kind):
        number = len(self.nodes)
        node = Node(number, kind, self._path(kind, number))
        parent = self.random.choice([n for n in self.nodes[-400:] if n.has_links()] or self.nodes[:1])
        parent.targets.append(node)
        if kind == "redirect":
            node.status = self.random.choice((301, 302, 307, 308))
            node.location = self.random.choice([n for n in self.nodes if n.has_links()])
        elif kind == "missing":
            node.status = self.random.choice((404, 404, 404, 410))
        elif kind == "slow":
            node.delay = self.random.uniform(0.05, 0.25)
        self.nodes.append(node)
        if kind == "chain":
            self._add_chain(node)
        return node

    def _path(self, kind, number):
        folder = "/".join(self.random.choice(WORDS) for _ in range(self.random.randrange(0, 4)))
        stem = f"/{folder}/{number}".replace("//", "/")
        return {"query": f"{stem}?sort=a&page={number}", "forbidden": f"/private{stem}.html",
                "redirect": f"/go{stem}", "chain": f"/chain{stem}", "text": f"{stem}.txt",
                "missing": f"{stem}-gone.html"}.get(kind, f"{stem}.html")

    def _add_inner(self, kind, path, status):
        """A node that no page links to."""
        node = Node(len(self.nodes), kind, path)
        node.status = status
        self.nodes.append(node)
        return node

    def _add_chain(self, first):
        steps = [first] + [self._add_inner("step", f"{first.path}/{i}", 301) for i in range(3)]
        first.status = 302
        for step, following in zip(steps, steps[1:]):
            step.location = following
        steps[-1].location = self.nodes[0]

    def _close_loop(self):
        self.nodes[0].targets.append(self.loop_nodes[0])
        for i, node in enumerate(self.loop_nodes):
            node.location = self.loop_nodes[(i + 1) % LOOP]

    def _link_across(self):
        linkable = [n for n in self.nodes if n.kind not in ("step", "loop", "chain")]
        for node in self.nodes:
            if node.has_links():
                node.targets += self.random.sample(linkable, self.random.randrange(3, 10))

    # -- the truth -------------------------------------------------------------------------------

    def statuses_but_loop(self):
        """The loop's URLs are requested too, but the last of them is no page with a status to rely on."""
        return {url: status for url, status in self.statuses.items() if url not in self.loop}

    # -- serving ---------------------------------------------------------------------------------

    def serve(self, web):
        self.base = web.url("")
        self.statuses, self.edges, self.titles = {}, {}, {}
        for node in self.nodes:
            web.route(node.path, self._reply(node))
        web.robots(ROBOTS)
        self.forbidden = {self.base + n.path for n in self.nodes if n.kind == "forbidden"}
        self.loop = [self.base + n.path for n in self.loop_nodes]
        return self

    def _reply(self, node):
        url = self.base + node.path
        if node.kind == "forbidden":
            return Reply(body="<title>Nobody may ask for this</title>")
        self.statuses[url] = node.status
        if node.location:
            return Reply(node.status, headers=[("Location", self._href(node, node.location, fragment=False))])
        if node.kind == "text":
            return Reply(body=f"Text {node.number}: http://127.0.0.1/not-a-link\n", content_type="text/plain")
        if node.kind == "duplicate":
            body = "<!doctype html><title>The same</title><p>Seen before. <a href='/'>home</a></p>"
            self.edges[url] = {("a", self.base + "/")}
            return Reply(body=body)
        return Reply(node.status, self._html(node, url), delay=node.delay)

    def _html(self, node, url):
        self.titles[url] = f"Page {node.number} of the site"
        edges = self.edges[url] = set()
        parts = [f"<!doctype html><html lang=en><head><title>{self.titles[url]}</title></head><body>"]
        for target in node.targets:
            parts.append(f'<p>{self._words()} <a href="{self._href(node, target)}">to {target.number}</a></p>')
            edges.add(("a", self.base + target.path))
        if node.has_links() and node.number % 7 == 0:
            parts.append('<img src="/image/logo.png" alt="logo"><a href="http://other.invalid/">elsewhere</a>')
            edges |= {("img", self.base + "/image/logo.png"), ("a", "http://other.invalid/")}
        return "\n".join(parts) + "</body></html>\n"

    def _words(self):
        return " ".join(self.random.choices(WORDS, k=self.random.randrange(5, 25)))

    def _href(self, node, target, fragment=True):
        """One of the ways to write the same URL."""
        here, there = self.base + node.path, self.base + target.path
        folder = posixpath.dirname(node.path.partition("?")[0])
        path, mark, query = target.path.partition("?")
        relative = posixpath.relpath(path, folder) + mark + query if path != "/" else "/"
        href = self.random.choice((there, target.path, relative, relative))
        if fragment and self.random.random() < 0.2:
            href += f"#part-{self.random.randrange(9)}"
        assert urljoin(here, href).partition("#")[0] == there, (here, href, there)
        return href.replace("&", "&amp;") if fragment else href
