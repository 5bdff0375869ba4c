"""honest: fifty sites of some two hundred pages each that look a little like traps and are none: archives, paginations,
catalogues, mirrors in other languages, pages with hardly a word of their own.

    SITES                   # {name: function of a Language -> {path and query: HTML or (type, text)}}, "/" among them

A function returns all that its site has; every page can be reached from "/".
"""
import hashlib
import uuid

PAGES = 200


def html(title, body, nav=""):
    return f"<!doctype html><html><head><title>{title}</title></head><body>{nav}<h1>{title}</h1>{body}</body></html>"


def link(href, text):
    return f"<p><a href='{href.replace('&', '&amp;')}'>{text}</a>"


def index(pages, title="Contents", label=None):
    """Adds a "/" that names every page."""
    pages["/"] = html(title, "".join(link(path, label(path) if label else path) for path in pages if path != "/"))
    return pages


def plain(path_of, words=60):
    """Pages with a text of their own."""
    def make(tongue):
        return index({path_of(n, tongue): html(tongue.text(4, "t", n), f"<p>{tongue.text(words, 'p', n)}")
                      for n in range(PAGES)})
    return make


def slug(tongue, n, count=3):
    return tongue.text(count, "slug", n).replace(" ", "-")


def date(n):
    return 2005 + n // 12 % 20, n % 12 + 1, n * 7 % 28 + 1


MONTHS = "January February March April May June July August September October November December".split()


def pagination(path_of, per_page=5):
    """Page N of a list, reached from page N - 1 only; each has items of its own."""
    def make(tongue):
        pages = {}
        for n in range(1, PAGES + 1):
            items = "".join(f"<li>{tongue.text(6, 'item', n * per_page + i)}" for i in range(per_page))
            pages[path_of(n)] = html(f"All items, page {n}", f"<ul>{items}</ul>" + link(path_of(n + 1), "next") * (n < PAGES))
        pages["/"] = html("Start", link(path_of(1), "all items"))
        return pages
    return make


def blog(tongue):
    """Posts by date, and lists of the same posts by month, by tag and by author."""
    pages, lists = {}, {}
    for n in range(PAGES):
        year, month, day = date(n)
        title, path = tongue.text(5, "title", n), f"/{year}/{month:02}/{day:02}/{slug(tongue, n)}/"
        pages[path] = html(title, f"<p>{tongue.text(80, 'post', n)}")
        for place in (f"/{year}/{month:02}/", f"/{year}/", f"/tag/{tongue.words[n % 40]}/", f"/author/{tongue.words[n % 7]}/"):
            lists.setdefault(place, []).append(link(path, title) + f" {MONTHS[month - 1]} {day}, {year}")
    for place, items in lists.items():
        pages[place] = html(f"Archive {place.split('/')[-2]}", "".join(items))
    return index(pages)


def tags_paged(tongue):
    """Every tag's list in pages of ten: /tag/x?page=2."""
    pages = {f"/post/{slug(tongue, n)}": html(tongue.text(5, "title", n), f"<p>{tongue.text(60, 'post', n)}")
             for n in range(120)}
    paths = list(pages)
    for tag in range(20):
        for page in range(1, 5):
            some = [paths[(tag * 31 + page * 10 + i) % len(paths)] for i in range(10)]
            pages[f"/tag/{tongue.words[tag]}?page={page}"] = html(f"Posts about {tongue.words[tag]}",
                                                                  "".join(link(p, p.split("/")[-1]) for p in some))
    return index(pages)


def boilerplate(own_words):
    """Five hundred words on every page, and a few of its own."""
    def make(tongue):
        nav = f"<div>{tongue.text(500, 'nav')}</div>"
        return index({f"/branch/{slug(tongue, n, 2)}": html(tongue.text(3, "t", n), f"<p>{tongue.text(own_words, 'own', n)}", nav)
                      for n in range(PAGES)})
    return make


def numbered(path_of, filler=0):
    """Nothing but the number is its own."""
    def make(tongue):
        rest = f"<p>{tongue.text(filler, 'filler')}" if filler else ""
        return index({path_of(n): html(f"Article {n}", f"<p>This is article {n} of many.{rest}") for n in range(1, PAGES)})
    return make


def languages(tongue):
    """The same structure in four languages."""
    others = {code: type(tongue)(f"{tongue.seed} {code}") for code in ("en", "de", "fr", "pt-br")}
    return index({f"/{code}/{part}/{n}": html(other.text(4, "t", n), f"<p>{other.text(40, 'p', n)}")
                  for code, other in others.items() for n in range(50) for part in ("guide",)})


def gallery(path_of, image_of):
    """A picture and "photo 17 of 200"."""
    def make(tongue):
        return index({path_of(n): html("Gallery", f"<img src='{image_of(n)}'><p>Photo {n} of {PAGES}" +
                                       link(path_of(min(n + 1, PAGES)), "next")) for n in range(1, PAGES + 1)})
    return make


def api(tongue):
    """Reference pages made from one template."""
    pages = {}
    for n in range(PAGES):
        name = tongue.text(2, "fn", n).replace(" ", "_")
        pages[f"/api/{tongue.words[n % 8]}/{name}.html"] = html(
            f"{name} - reference", f"<p>Synopsis: int {name}(struct {tongue.words[n % 8]} *self, int flags);<p>Returns zero on success, "
            f"or a negative error code when it fails.<p>This function {tongue.text(9, 'does', n)}.<p>Thread safety: safe. Since: 1.0.")
    return index(pages)


def forum(tongue):
    """Threads with several pages each: /viewtopic.php?t=12&start=20."""
    pages = {}
    for thread in range(60):
        for start in (0, 15, 30):
            query = f"?t={thread}" + (f"&start={start}" if start else "")
            posts = "".join(f"<div><p>{tongue.words[i * 3]} wrote:<p>{tongue.text(20, 'post', thread, start, i)}</div>" for i in range(4))
            pages["/viewtopic.php" + query] = html(tongue.text(4, "thread", thread), posts)
    return index(pages)


def wiki(tongue):
    """Articles, their talk and their history."""
    pages = {}
    for n in range(70):
        name = tongue.text(2, "name", n).title().replace(" ", "_")
        pages[f"/wiki/{name}"] = html(name, f"<p>{tongue.text(60, 'article', n)}")
        pages[f"/wiki/Talk:{name}"] = html(f"Talk:{name}", f"<p>{tongue.text(15, 'talk', n)}")
        pages[f"/index.php?title={name}&action=history"] = html(
            f"{name}: history", "".join(f"<li>{tongue.words[(n * i) % 300]}: {tongue.text(4, 'edit', n, i)}" for i in range(6)))
    return index(pages)


def table(path_of, title):
    """Numbers, and a name."""
    def make(tongue):
        chance = tongue.chance("table")
        return index({path_of(n, tongue): html(f"{title} {tongue.text(2, 'place', n)}", "<table>" + "".join(
            f"<tr><td>{tongue.words[row]}<td>{chance.random() * 100:.1f}" for row in range(12)) + "</table>") for n in range(PAGES)})
    return make


def tiny(path_of):
    """A word and a line."""
    def make(tongue):
        return index({path_of(n, tongue): html(tongue.words[n * 7], f"<p>{tongue.text(7, 'meaning', n)}") for n in range(PAGES)})
    return make


def profiles(tongue):
    pages = {}
    for n in range(70):
        name = tongue.text(2, "name", n).replace(" ", ".")
        for tab in ("posts", "likes", "about"):
            pages[f"/user/{name}?tab={tab}&lang=en"] = html(f"{name}: {tab}", f"<p>{tongue.text(18, tab, n)}")
    return index(pages)


def shop(tongue):
    """Categories in pages, and the products on them."""
    pages = {f"/product/{n}": html(tongue.text(3, "product", n), f"<p>{tongue.text(20, 'about', n)}<p>Only 9.99")
             for n in range(140)}
    for category in range(14):
        for page in (1, 2, 3):
            pages[f"/shop?cat={category}&page={page}"] = html(tongue.text(2, "category", category), "".join(
                link(f"/product/{(category * 10 + page * 4 + i) % 140}", tongue.text(3, "product", (category * 10 + page * 4 + i) % 140))
                for i in range(4)))
    return index(pages)


def deep(tongue):
    """Eight folders deep."""
    return index({"/" + "/".join(tongue.words[(n // 3 ** level) % 3 + level * 3] for level in range(7)) + f"/{slug(tongue, n)}.html":
                  html(tongue.text(4, "t", n), f"<p>{tongue.text(40, 'p', n)}") for n in range(PAGES)})


def versions(tongue):
    """Release notes and manuals that are nearly the same in every version."""
    common = [tongue.text(50, "manual", topic) for topic in range(12)]
    return index({f"/{major}.{minor}/manual/{tongue.words[topic]}.html": html(
        f"{tongue.words[topic]} (version {major}.{minor})", f"<p>{common[topic]}<p>New: {tongue.text(16, 'new', major, minor, topic)}")
        for major in (1, 2, 3) for minor in range(6) for topic in range(12)})


def files(kind, text_of):
    def make(tongue):
        return index({f"/files/{slug(tongue, n)}": (kind, text_of(tongue, n)) for n in range(PAGES)})
    return make


def ideographs(tongue):
    def text(count, n):
        chance = tongue.chance("han", n)
        return "".join(chr(chance.randrange(0x4E00, 0x9000)) for _ in range(count))
    return index({f"/{n // 20}/{n}.html": html(text(6, n), f"<p>{text(60, n + 1000)}。<p>{text(60, n + 2000)}。") for n in range(PAGES)})


def sha(n):
    return hashlib.sha1(str(n).encode()).hexdigest()


SITES = {
    "blog": blog,
    "tags in pages": tags_paged,
    "pages by query": pagination(lambda n: f"/list?page={n}"),
    "pages by path": pagination(lambda n: f"/list/page/{n}/"),
    "pages by offset": pagination(lambda n: f"/list.php?start={n * 5}"),
    "pages of a name": pagination(lambda n: f"/archive-{n}.html"),
    "pages of one item": pagination(lambda n: f"/comics?p={n}", per_page=1),
    "products by number": plain(lambda n, t: f"/product/{n}"),
    "products by query": plain(lambda n, t: f"/item.php?id={n}"),
    "products by name": plain(lambda n, t: f"/p/{slug(t, n)}-{n}"),
    "shop": shop,
    "forum": forum,
    "wiki": wiki,
    "reference": api,
    "versions": versions,
    "much navigation, 30 words": boilerplate(30),
    "much navigation, 12 words": boilerplate(12),
    "much navigation, 6 words": boilerplate(6),
    "languages": languages,
    "gallery by name": gallery(lambda n: f"/photo/{n}", lambda n: f"/img/dsc{n}.jpg"),
    "gallery by query": gallery(lambda n: f"/view?photo={n}", lambda n: f"/image.php?id={n}"),
    "gallery by page": gallery(lambda n: f"/album/page-{n}.html", lambda n: f"/{n}/large.jpg?n={n}"),
    "numbers only": numbered(lambda n: f"/article/{n}"),
    "numbers only, by query": numbered(lambda n: f"/article?id={n}"),
    "numbers only, much text": numbered(lambda n: f"/a/{n}.html", filler=200),
    "glossary": tiny(lambda n, t: f"/glossary/{t.words[n * 7]}"),
    "dictionary by query": tiny(lambda n, t: f"/define?word={t.words[n * 7]}"),
    "letters": tiny(lambda n, t: f"/{t.words[n * 7][0]}/{t.words[n * 7]}.htm"),
    "commits": plain(lambda n, t: f"/repo/commit/{sha(n)}", 20),
    "documents by UUID": plain(lambda n, t: f"/doc/{uuid.UUID(sha(n)[:32])}/view", 20),
    "documents by token": plain(lambda n, t: f"/open?doc={sha(n)}", 20),
    "videos": plain(lambda n, t: f"/watch?v={sha(n)[:11]}", 15),
    "short links": plain(lambda n, t: f"/{sha(n)[:7]}", 15),
    "newspaper": plain(lambda n, t: "/{}/{:02}/{:02}/".format(*date(n)) + f"{t.words[n % 6]}/{slug(t, n)}.html", 80),
    "events by date": plain(lambda n, t: "/events/{}-{:02}-{:02}-".format(*date(n)) + str(n), 25),
    "diary by query": plain(lambda n, t: f"/diary?date={2000 + n // 100}-{n % 100}", 30),
    "mailing list": plain(lambda n, t: f"/pipermail/dev/{date(n)[0]}-{MONTHS[n % 12]}/{n:06}.html", 40),
    "chapters": plain(lambda n, t: f"/book/{n // 20}/chapter/{n % 20}/", 100),
    "laws": plain(lambda n, t: f"/law/{n // 10}/section/{n % 10}", 30),
    "jobs": plain(lambda n, t: f"/jobs/{t.words[n % 9]}/{slug(t, n)}?ref={n}", 40),
    "questions": plain(lambda n, t: f"/questions/{1000 + n}/{slug(t, n, 6)}", 50),
    "packages": plain(lambda n, t: f"/package/{t.words[n // 4]}/{n % 4}.{n % 3}.0", 25),
    "weather": table(lambda n, t: f"/station/{n}", "Weather in"),
    "results": table(lambda n, t: f"/match/{2000 + n % 20}/{n}", "Result of"),
    "census": table(lambda n, t: f"/census/{t.text(2, 'place', n).replace(' ', '-')}", "Census of"),
    "deep folders": deep,
    "profiles": profiles,
    "plain text": files("text/plain", lambda t, n: t.text(50, "file", n)),
    "JSON": files("application/json", lambda t, n: f'{{"id": {n}, "name": "{t.text(2, "file", n)}"}}'),
    "ideographs": ideographs,
}
assert len(SITES) == 50
