"""endless: sites that make pages without end, and honest ones that look a little like them. All of it
follows from the seed and the URL.

    site = Endless(size=10000)
    web.fallback = site.answer             # on a WebServer
    site.real                              # {path: number} of the pages that say something
    site.asked                             # Counter of what was asked for: "real", "calendar", ...
    site.wasted                            # how often for anything but "real"

`sessions`: every link of every page carries a session of its own, so no page can be reached without.
"""
import hashlib
import random
from collections import Counter

from support.webserver import Reply

VOCABULARY = 6000
FANOUT, RELATED = 8, 4
SECTIONS = ("guides", "news", "people", "places", "recipes", "reviews", "science", "stories", "tools", "travel")
FACETS = {name: [f"{name[0]}{part}" for part in ("amber", "birch", "cedar")] for name in
          ("color", "size", "brand", "cut", "style", "season", "fabric", "price", "rating", "stock", "sort", "view")}
MONTHS = ("January February March April May June July August September October November December").split()
EXPLODING = ("topics", "terms", "more", "details")


class Language:
    """Words that nobody has heard of, the same ones for a seed."""

    def __init__(self, seed, count=VOCABULARY):
        chance = random.Random(f"words {seed}")
        parts = [a + b for a in "bcdfghklmnprstvz" for b in "aeiou"]
        self.words = sorted({"".join(chance.choice(parts) for _ in range(chance.randint(2, 4))) for _ in range(count)})
        self.seed = seed

    def chance(self, *key):
        return random.Random(f"{self.seed} {key}")

    def text(self, count, *key):
        return " ".join(self.chance(*key).choices(self.words, k=count))


def token(*key):
    return hashlib.md5(repr(key).encode()).hexdigest()


def page(title, body):
    return (f"<!doctype html><html><head><title>{title}</title></head><body><ul><li><a href='/'>Home of everything</a>"
            f"<li><a href='/guides/'>All our guides</a></ul><h1>{title}</h1>{body}"
            "<footer><p>Made with care by people who write their own pages, and who would like you to read them all."
            "</footer></body></html>")


def anchors(pairs):
    return "".join(f"<p><a href='{href}'>{text}</a></p>" for href, text in pairs)


class Endless:
    def __init__(self, size=10000, seed=1, sessions=False, traps=True):
        self.size, self.language, self.sessions, self.traps = size, Language(seed), sessions, traps
        self.paths = ["/"]
        for number in range(1, size):
            section = SECTIONS[number % len(SECTIONS)]
            self.paths.append(f"/{section}/{self.language.text(3, 'slug', number).replace(' ', '-')}-{number}")
        self.real = {path: number for number, path in enumerate(self.paths)}
        self.found, self.asked, self.requests = set(), Counter(), 0
        self.when_99 = None  # requests until 99 % were found

    # -- real pages ------------------------------------------------------------------------------

    def title(self, number):
        return self.language.text(5, "title", number).capitalize()

    def targets(self, number):
        chance = self.language.chance("related", number)
        children = range(number * FANOUT + 1, min(number * FANOUT + 1 + FANOUT, self.size))
        return [*children, *(chance.randrange(self.size) for _ in range(RELATED))]

    def spell(self, number, source, style):
        """The URL of a page as a link on `source` has it. New sessions on every page that is asked for."""
        path, session = self.paths[number], token(source, number, self.requests)
        if style == "query":
            return f"{path}?sid={session}"
        return f"/s/{session}{path}" if style == "path" else path

    def real_page(self, number, style):
        if self.sessions:
            style = style or "query"
        links = [(self.spell(n, number, style), self.title(n)) for n in self.targets(number)]
        if self.traps and not style:
            links += self.trap_links(number)
        text = "".join(f"<p>{self.language.text(40, 'text', number, i)}." for i in range(3))
        return page(self.title(number), text + anchors(links))

    def trap_links(self, number):
        n = number % 5
        return [[(f"/calendar?year={2020 + number % 9}&month={number % 12 + 1}", "Calendar")],
                [(self.spell((number * 7 + 1) % self.size, number, "query"), "Continue reading")],
                [(self.spell((number * 11 + 1) % self.size, number, "path"), "Continue reading")],
                [(f"/search?color={FACETS['color'][number % 3]}", "Search")],
                [("/help/", "Help"), (f"/lost/{self.language.text(1, 'lost', number)}-{number}", "An old page")]][n]

    # -- traps -----------------------------------------------------------------------------------

    def calendar(self, hit):
        values = dict(pair.split("=") for pair in hit.query.split("&"))
        year, month = int(values["year"]), int(values["month"])
        grid = "".join(f"<tr><td>{day}</td></tr>" for day in range(1, 31))
        near = [(year + (month + 1) // 13, month % 12 + 1), (year - (month == 1), (month - 2) % 12 + 1),
                (year + 1, month), (year - 1, month)]
        links = [(f"/calendar?year={y}&month={m}", f"{MONTHS[m - 1]} {y}") for y, m in near]
        links += [(f"/calendar/{year}/{month:02}/{day:02}", f"{day}") for day in range(1, 29)]
        return page(f"{MONTHS[month - 1]} {year}", f"<table>{grid}</table>" + anchors(links))

    def day(self, path):
        _, _, year, month, day = path.split("/")
        tomorrow = int(day) % 28 + 1
        return page(f"{day} {MONTHS[int(month) - 1]} {year}",
                    "<p>There are no events on this day." + anchors([(f"/calendar/{year}/{month}/{tomorrow:02}", "Next day"),
                                                                     (f"/calendar?year={year}&month={int(month)}", "Month")]))

    def search(self, hit):
        chosen = dict(pair.split("=") for pair in hit.query.split("&"))
        items = [self.title(n) for n in range(1, 60)]
        self.language.chance(hit.query).shuffle(items)
        links = []
        for name, values in FACETS.items():
            for value in values:
                toggled = chosen | {name: value}
                if chosen.get(name) == value:
                    del toggled[name]
                if toggled:
                    links.append(("/search?" + "&amp;".join(f"{k}={v}" for k, v in toggled.items()), f"{name}: {value}"))
        said = ", ".join(f"{k} {v}" for k, v in chosen.items())
        return page(f"Results for {said}", "".join(f"<p>{item}" for item in items[:20]) + anchors(links))

    def help(self, path):
        name = [part for part in path.split("/") if part][-1]
        return page(f"Help about {name}", f"<p>{self.language.text(60, 'help', name)}." +
                    anchors([(f"{n}/", f"About {n}") for n in EXPLODING]))

    def lost(self, path):
        chance = self.language.chance(path)
        return page("Page not found", "<p>Sorry, we could not find what you asked for. Try one of these." +
                    anchors([(f"/lost/{chance.choice(self.language.words)}-{chance.randrange(10**6)}", "A page like it")
                             for _ in range(5)]))

    # -- answering -------------------------------------------------------------------------------

    def find(self, hit):
        """(kind, body) of what was asked for."""
        path = hit.path
        if path.startswith("/calendar/"):
            return "calendar", self.day(path)
        if path == "/calendar":
            return "calendar", self.calendar(hit)
        if path == "/search":
            return "search", self.search(hit)
        if path.startswith("/help/"):
            return "help", self.help(path)
        if path.startswith("/lost/"):
            return "lost", self.lost(path)
        style = "query" if hit.query.startswith("sid=") else None
        if path.startswith("/s/"):
            style, path = "path", path[3 + 32:]
        if path in self.real and (style or not hit.query):
            return self.found_real(self.real[path], style)
        return None, None

    def found_real(self, number, style):
        kind = "session" if number in self.found else "real"
        self.found.add(number)
        return kind, self.real_page(number, style)

    @property
    def wasted(self):
        return self.requests - self.asked["real"]

    def answer(self, hit):
        if hit.path in ("/robots.txt", "/sitemap.xml"):
            return Reply(404)
        self.requests += 1
        kind, body = self.find(hit)
        self.asked[kind or "missing"] += 1
        if self.when_99 is None and len(self.found) >= 0.99 * self.size:
            self.when_99 = self.requests
        return Reply(404, "<p>No such page.") if body is None else Reply(body=body)
