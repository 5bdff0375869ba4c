"""truth: what a crawl of static files must find, computed from the files with Python's own HTML parser.

The rules are crawld's (README): the pages to crawl are named by a, area, frame, iframe, meta refresh and
by <link rel> canonical, alternate, next or prev; what a page needs or offers besides (img, script,
stylesheets, forms ...) is recorded, not fetched.
Runs of white space, U+00A0 among them, fold into one space; an image speaks by its alt, also in the text
of the link around it.
A link is an edge (element, URL, text), counted once a page with at most 10,000 places: the first half for
whatever comes, the second half for an (element, URL) that did not come before.
"""
import html.parser
import os
import re
from urllib.parse import quote, unquote, urljoin, urlsplit

LINKS_MAX, TEXT_MAX, TITLE_MAX = 10000, 256, 1024
ATTRIBUTES = {("a", "href"), ("area", "href"), ("link", "href"), ("img", "src"), ("source", "src"), ("iframe", "src"),
              ("frame", "src"), ("script", "src"), ("video", "src"), ("audio", "src"), ("embed", "src"),
              ("track", "src"), ("input", "src"), ("video", "poster"), ("object", "data"), ("form", "action")}
FOLLOWED = {"a", "area", "frame", "iframe", "meta"}
FOLLOWED_RELS = {"canonical", "alternate", "next", "prev"}
TYPES = {".html": "text/html", ".htm": "text/html"}


def fold(text):
    return " ".join(re.split(r"[ \t\n\f\r\u00a0]+", text)).strip(" ")


def cut(text, limit):
    return text.encode()[:limit].decode("utf-8", "ignore")


class Page(html.parser.HTMLParser):
    """The title and the links of one HTML document."""

    def __init__(self, url, text):
        super().__init__(convert_charrefs=True)
        self.url, self.title, self.edges = url, None, {}  # edges: {(element, url, text): followed}
        self.named = set()  # (element, url) of the edges
        self.base, self.in_title, self.anchor = url, False, None
        self.title_text = ""
        self.feed(text)
        self.close()
        self.close_anchor()

    def handle_starttag(self, tag, attributes):
        values = dict(reversed(attributes))  # of equal names, the first counts
        if tag == "base" and values.get("href") and self.base == self.url:
            self.base = urljoin(self.url, values["href"])
        if tag == "title" and self.title is None:
            self.in_title = True
        if tag == "a":
            self.close_anchor()
            if values.get("href") is not None:
                self.anchor = (self.resolve(values["href"]), [])
                return
        if tag == "img" and self.anchor:
            self.anchor[1].append(f" {values.get('alt') or ''} ")
        for name in values:
            if (tag, name) in ATTRIBUTES and values[name] is not None:
                self.add(tag, self.resolve(values[name]), values.get("alt") or "", self.is_followed(tag, values))

    def is_followed(self, tag, values):
        if tag == "link":
            return bool(set((values.get("rel") or "").lower().split()) & FOLLOWED_RELS)
        return tag in FOLLOWED

    def handle_endtag(self, tag):
        if tag == "title" and self.in_title:
            self.in_title, self.title = False, cut(fold(self.title_text), TITLE_MAX)
        if tag == "a":
            self.close_anchor()

    def handle_data(self, data):
        if self.in_title:
            self.title_text += data
        if self.anchor:
            self.anchor[1].append(data)

    def close_anchor(self):
        if self.anchor:
            url, text = self.anchor
            self.anchor = None
            self.add("a", url, cut(fold("".join(text)), TEXT_MAX), True)

    def add(self, element, url, text, followed):
        if not url:
            return
        is_new = (element, url) not in self.named
        if len(self.edges) < (LINKS_MAX if is_new else LINKS_MAX // 2):
            self.named.add((element, url))
            self.edges.setdefault((element, url, text), followed)

    def resolve(self, reference):
        """The canonical URL, or None when it is none of http(s)."""
        reference = re.sub(r"[\t\n\r]", "", reference.strip(" \t\n\f\r"))
        url = urljoin(self.base, reference).partition("#")[0]
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            return None
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~[]|^")
        query = "?" + quote(parts.query, safe="/%:@!$&()*+,;=~?[]|^{}`\\") if parts.query else ""
        return f"{parts.scheme}://{parts.netloc}{path}{query}"


class Files:
    """A folder as a web server with index.html shows it under `prefix`."""

    def __init__(self, base, prefix, folder):
        self.base, self.prefix, self.folder = base, prefix, folder

    def answer(self, url):
        """(status, path of the file, or location)"""
        path = unquote(urlsplit(url).path)
        if not path.startswith(self.prefix):
            return 404, None
        file = os.path.join(self.folder, path[len(self.prefix):])
        if os.path.isdir(file):
            if not path.endswith("/"):
                return 301, url.partition("?")[0] + "/"
            index = os.path.join(file, "index.html")
            return (200, index) if os.path.exists(index) else (403, None)
        return (200, file) if os.path.exists(file) else (404, None)


class Truth:
    """Everything reachable from the start pages on their host."""

    def __init__(self, base, places, starts):
        self.base = base
        self.places = [Files(base, prefix, folder) for prefix, folder in places.items()]
        self.statuses, self.titles, self.edges, self.followed = {}, {}, {}, {}
        queue = list(starts)
        while queue:
            url = queue.pop()
            if url not in self.statuses and url.startswith(base + "/"):
                queue += self.visit(url)

    def visit(self, url):
        """Records one answer; returns the URLs to go on with."""
        status, what = max((place.answer(url) for place in self.places), key=lambda answer: answer[1] is not None)
        self.statuses[url] = status
        if status == 301:
            return [what]
        if status != 200 or os.path.splitext(what)[1] not in TYPES:
            return []
        with open(what, encoding="utf-8", errors="replace", newline="") as file:
            page = Page(url, file.read())
        self.titles[url], self.edges[url] = page.title, set(page.edges)
        return [target for (_, target, _), followed in page.edges.items() if followed]
