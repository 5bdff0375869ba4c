"""What a person sees: a progress line in a real terminal (tmux), colour unless NO_COLOR, neither in a pipe."""
import os
import re
import shlex
import shutil
import subprocess
import unittest

from support.crawld import BINARY, Story, main
from support.webserver import Reply

COLOUR = "\x1b["


@unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
class Terminal(Story):
    def setUp(self):
        super().setUp()
        self.socket = str(self.folder / "tmux.sock")
        self.server = self.web()
        self.gate = self.server.gate()
        self.server.links("/", *(f"/{i}" for i in range(40)))
        self.server.fallback = lambda hit: Reply(404 if hit.path == "/7" else 200, "<p>page")
        self.server.page("/39", "<p>the last", gate=self.gate)

    def tmux(self, *arguments):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm-256color",
                       "TMPDIR": str(self.folder)}
        command = ["tmux", "-S", self.socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    def open_terminal(self, environment="", width=100, options="--delay 0"):
        """Runs the crawl in a terminal of its own, and leaves the shell's prompt after it."""
        command = f"{environment} {shlex.quote(BINARY)} crawl -o {self.db} {options} {self.server.url('/')}"
        script = self.folder / "run"
        script.write_text(f"trap : INT\n{command}\necho status=$?\nexec cat\n")
        self.tmux("new-session", "-d", "-x", str(width), "-y", "24", f"sh {script}")
        self.addCleanup(self.tmux, "kill-server")

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def wait_for_screen(self, pattern, what, *options):
        """The first screen that shows the pattern; the next one may be in between two progress lines."""
        def shown():
            self.last_screen = self.screen(*options)
            return re.search(pattern, self.last_screen, re.M)
        self.wait_until(shown, f"{what}: {pattern}", seconds=30)
        return self.last_screen

    def test_the_progress_line_counts_while_it_goes_on(self):
        self.open_terminal()
        self.server.wait_for(lambda: self.server.count() == 41, "all requests but the held answer")
        screen = self.wait_for_screen(r"^40 pages, \d+/s, 1 queued, 1 active, \d+ errors, [\d.]+ \w+$",
                                      "the progress line with 40 pages")
        self.assertEqual(screen.count("queued"), 1, f"one line, in place:\n{screen}")
        self.gate.open()
        screen = self.wait_for_screen("status=0", "the end")
        self.assertRegex(screen, r"\b200\b.*\b40\b")
        self.assertRegex(screen, r"\b404\b.*\b1\b")
        self.assertNotIn("active", screen, "the progress line is gone at the end")

    def test_a_narrow_terminal_is_not_wrapped(self):
        self.open_terminal(width=40)
        self.server.wait_for(lambda: self.server.count() == 41, "all requests but the held answer")
        screen = self.wait_for_screen("40 pages", "the progress line")
        lines = [line for line in screen.splitlines() if line.strip()]
        self.assertEqual(len([line for line in lines if "pages" in line]), 1, screen)
        self.gate.open()
        self.wait_for_screen("status=0", "the end")

    def test_what_holds_the_crawl_up_takes_the_place_of_its_speed(self):
        self.open_terminal(options="--delay 0 --stall-after 1s")
        self.wait_for_screen(r"^40 pages, 1 queued, 1 active, stalled: 127\.0\.0\.1:\d+ not answering$",
                             "the word that it is stalled")
        self.gate.open()
        self.wait_for_screen("held up by  no-answer: ", "the summary")

    def test_the_time_left_is_that_of_the_pauses(self):
        """Some 40 pages, one at each 2 seconds: more than a minute, whatever the speed so far."""
        self.open_terminal(options="--delay 2s --no-robots --stall-after 1m", width=140)
        self.wait_for_screen(r"about 1m \d\ds left: 127\.0\.0\.1:\d+ has \d\d queued at one each 2\.0s", "the time left")

    def coloured_screen(self, environment=""):
        """The screen with its colours, while the progress line is shown."""
        self.open_terminal(environment)
        return self.wait_for_screen("40 pages", "the progress line", "-e")

    def test_colour_in_a_terminal(self):
        self.assertIn(COLOUR, self.coloured_screen())

    def test_no_color_is_honoured(self):
        self.assertNotIn(COLOUR, self.coloured_screen("NO_COLOR=1"))

    def test_neither_in_a_pipe(self):
        self.gate.open()
        done = self.crawl(self.server.url("/"))
        self.assertNotIn("\x1b", done.err + done.out)
        self.assertNotIn("\r", done.err + done.out)
        self.assertNotIn("active", done.err)

    def test_ctrl_c_at_the_keyboard(self):
        self.open_terminal()
        self.server.wait_for(lambda: self.server.count() == 41, "all requests but the held answer")
        self.tmux("send-keys", "C-c")
        self.wait_for_screen("finishing", "the word that it was heard")
        self.gate.open()
        screen = self.wait_for_screen("status=", "the end")
        self.assertIn("status=4", screen)


if __name__ == "__main__":
    main()
