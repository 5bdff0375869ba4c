"""Parts of pages: recorded only, or fetched with --requisites."""
from support.crawld import Story, main
from support.webserver import Reply

PAGE = """<link rel=stylesheet href=/s.css><link rel=icon href=/icon><link rel=search href=/search>
<style>p { background: url(/inline) }</style><p style="background: url('/attribute')">
<img src=/img srcset="/img2 2x" longdesc=/description><script src=/script></script><video poster=/poster></video>
<form action=/form></form><q cite=/cite>q</q><a href=/next ping=/ping>next</a>"""
PARTS = {"/s.css", "/icon", "/inline", "/attribute", "/img", "/img2", "/script", "/poster"}
SHEETS = {"/import.css", "/font", "/deep"}
MENTIONS = {"/search", "/description", "/form", "/cite", "/ping"}


class Requisites(Story):
    def setUp(self):
        super().setUp()
        self.server, self.other = self.web(), self.web()
        self.other.fallback = lambda hit: Reply(body="x")
        self.server.fallback = lambda hit: Reply(body=b"\x89PNG\r\n\x1a\nx", content_type="image/png")
        self.server.page("/", PAGE + f'<img src="{self.other.url("/far")}">')
        self.server.page("/next", "<p>next")
        self.sheet("/s.css", '@import "import.css"; @font-face { src: url(font) }')
        self.sheet("/import.css", "a { background: url(/deep); }")

    def sheet(self, path, css):
        self.server.route(path, Reply(body=css, content_type="text/css"))

    def fetched(self, *options):
        self.server.forget()
        self.crawl("--no-robots", *options, self.server.url("/"))
        self.assert_lawful()
        return set(self.server.targets())

    def excluded(self, reason):
        return {row[0].removeprefix(self.server.url("")) for row in
                self.rows("SELECT url FROM url WHERE state = 'excluded' AND reason LIKE ? || '%'", reason)}

    def test_without_it_they_are_recorded(self):
        self.assertEqual(self.fetched(), {"/", "/next"})
        self.assertEqual({u for u in self.excluded("requisite") if u.startswith("/")}, PARTS)
        self.assertEqual(self.excluded("mention"), MENTIONS)
        self.assertLessEqual({("style", self.server.url("/inline")), ("style", self.server.url("/attribute"))},
                             set(self.rows("SELECT element, to_url FROM link")))

    def test_with_it_they_are_fetched_and_what_style_sheets_name(self):
        self.assertEqual(self.fetched("--requisites"), {"/", "/next"} | PARTS | SHEETS)
        self.assertEqual(self.excluded("mention"), MENTIONS)
        self.assertEqual(self.excluded("requisite"), set())
        self.assertEqual(self.other.count(), 0, "another host is out of scope")
        self.assertIn((self.server.url("/import.css"), "style", self.server.url("/deep")),
                      self.rows("SELECT from_url, element, to_url FROM link"))

    def test_they_are_as_deep_as_their_page(self):
        self.assertEqual(self.fetched("--requisites", "--depth", 0), {"/"} | PARTS | SHEETS)

    def test_a_later_run_with_it_fetches_what_was_left_out(self):
        self.fetched()
        self.assertEqual(self.fetched("--requisites"), PARTS | SHEETS)
        self.assertEqual(self.excluded("mention"), MENTIONS)
        self.assertEqual(self.fetched(), set(), "and one without it finds nothing to do")


if __name__ == "__main__":
    main()
