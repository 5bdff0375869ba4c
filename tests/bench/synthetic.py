"""The synthetic web of the benchmark, and the truth about it.

Page n is a child of page (n - 1) // 10, so all are reachable; page n lives on host n % hosts. Beside its
children a page links to random others, half of them on its own host, as relative, root-relative and
absolute URLs, with fragments and duplicates, and to one URL that robots.txt disallows and one that is
not there. Every 25th page has a query with two parameters (written `&amp;`); every 20th is only ever named by
a URL that redirects to it. The same options give the same bytes.
"""
import posixpath
import random
from urllib.parse import urlsplit

ROBOTS = r"User-agent: *\nDisallow: /private/\n"
# The server's lines; {root} holds a folder a host.
RULES = """root {root}/$host;
    location = /robots.txt {{ default_type text/plain; return 200 "%s"; }}
    location = /list {{ try_files /list/$arg_n.html =404; }}
    location /moved/ {{ rewrite ^/moved(/.*)$ $1 permanent; }}
    location /private/ {{ default_type text/html; return 200 "not for robots"; }}
    location / {{ }}""" % ROBOTS
FANOUT = 10


class Site:
    def __init__(self, pages, hosts, links, page_bytes):
        self.hosts = ["127.0.0.1"] if hosts == 1 else [f"127.1.{i // 250}.{i % 250 + 1}" for i in range(hosts)]
        self.links, self.page_bytes, self.port = links, page_bytes, 0
        self.places = [(self.hosts[n % hosts], path_of(n)) for n in range(pages)]
        self.asides = {}  # (host, path) that a crawl must ask for though no page is there; an ordered set
        self.draw = random.Random(5000)
        self.words = ["".join(self.draw.choices("aeioulnrstdmkvp", k=self.draw.randint(2, 11))) for _ in range(4000)]

    def write(self, root, port):
        """Absolute links name the port, so the server must have it already."""
        self.port = port
        for number, (host, path) in enumerate(self.places):
            place = root / host / file_of(number, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(self._page(number))

    def url(self, number):
        host, path = self.places[number]
        return f"http://{host}:{self.port}{path}"

    def urls(self):
        return [self.url(number) for number in range(len(self.places))]

    def aside_urls(self):
        """robots.txt, what redirects and what is not there; known once the site is written."""
        return [f"http://{host}:{self.port}{path}"
                for host, path in [*((host, "/robots.txt") for host in self.hosts), *self.asides]]

    def _page(self, number):
        head = (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Page {number}</title>'
                f'<meta name="description" content="Page {number} of the synthetic web"></head><body>\n<ul>\n')
        anchors = "".join(f'<li class="link"><a href="{href}">{self._text(2)}</a></li>\n' for href in self._hrefs(number))
        page = head + anchors + "</ul>\n"
        while len(page) < self.page_bytes:
            page += f"<p>{self._text(20)}</p>\n"
        return page[:max(self.page_bytes - 15, len(head + anchors) + 6)] + "\n</body></html>"

    def _text(self, count):
        return " ".join(self.draw.choices(self.words, k=count))

    def _hrefs(self, number):
        first = number * FANOUT + 1
        targets = list(range(first, min(first + FANOUT, len(self.places))))
        special = [f"/private/{number % 50}.html", f"/gone/{number % 50}.html"]
        self.asides[self.places[number][0], special[1]] = True
        while len(targets) + len(special) < self.links - 2:
            targets.append(self._other(number))
        hrefs = [self._href(number, target) for target in targets] + special
        return hrefs + [hrefs[0], hrefs[-3]]  # duplicates

    def _other(self, number):
        """A page, every other time one of the same host."""
        target, hosts = self.draw.randrange(len(self.places)), len(self.hosts)
        if self.draw.random() < 0.5:
            target = target // hosts * hosts + number % hosts
        return min(target, len(self.places) - 1)

    def _href(self, number, target):
        (from_host, from_path), (host, path) = self.places[number], self.places[target]
        if target % 20 == 7:
            path = "/moved" + path
            self.asides[host, path] = True
        form = self.draw.randrange(4)
        fragment = "#part" if self.draw.random() < 0.1 else ""
        if host != from_host or form == 0:
            path = f"http://{host}:{self.port}{path}"
        elif form < 3:
            path = posixpath.relpath(path, posixpath.dirname(urlsplit(from_path).path))
        return path.replace("&", "&amp;") + fragment


def path_of(number):
    if number == 0:
        return "/index.html"
    if number % 25 == 3:
        return f"/list?n={number}&view=full"
    return f"/{number % 100:02}/page-{number}.html"


def file_of(number, path):
    return f"list/{number}.html" if path.startswith("/list?") else path[1:]


def judge(site, requests):
    """What a crawl asked for, held against the truth: (pages, missing, repeated, forbidden)."""
    asked = [requests[place] for place in site.places]
    found = sum(map(bool, asked))
    forbidden = sum(count for (_, path), count in requests.items() if path.startswith("/private/"))
    return found, len(asked) - found, sum(asked) - found, forbidden
