"""cmake --install puts everything in its place, and what it puts there works from there."""
import os
import pathlib
import re
import shutil
import subprocess

from support.crawld import BINARY, Story, main

BUILD = pathlib.Path(BINARY).parent
PLACES = {"bin/crawld", "share/man/man1/crawld.1", "share/bash-completion/completions/crawld",
          "share/doc/crawld/crawld.yaml", "lib/systemd/system/crawld.service", "lib/sysusers.d/crawld.conf"}


class Install(Story):
    def setUp(self):
        super().setUp()
        self.stage = self.folder / "stage"
        cache = (BUILD / "CMakeCache.txt").read_text()
        variables = dict(line.split("=", 1) for line in cache.splitlines() if ":" in line and "=" in line)
        self.prefix = self.stage / variables["CMAKE_INSTALL_PREFIX:PATH"].lstrip("/")
        self.config = self.stage / variables["CRAWLD_CONFIG_DIR:PATH"].lstrip("/") / "crawld.yaml"
        self.program = self.prefix / "bin/crawld"
        self.install()

    def install(self):
        self.run_tool("cmake", "--install", BUILD, environment={"DESTDIR": str(self.stage)})

    def run_tool(self, *command, environment=None):
        """Standard output of a program that has to succeed and may not complain."""
        done = subprocess.run(command, env=os.environ | (environment or {}), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"{command}\n{done.stdout}")
        return done.stdout

    def test_everything_is_in_its_place_and_nothing_else_is(self):
        found = {path for path in self.stage.rglob("*") if not path.is_dir()}
        self.assertEqual(found, {self.prefix / place for place in PLACES} | {self.config})

    def test_the_program_runs(self):
        self.assertTrue(os.access(self.program, os.X_OK))
        self.assertRegex(self.run_tool(self.program, "--version"), r"^crawld \d+\.\d+")

    def test_the_configurations_are_valid(self):
        for path in (self.config, self.prefix / "share/doc/crawld/crawld.yaml"):
            self.assertIn("valid", self.run_tool(self.program, "check", path))

    def test_the_operator_s_configuration_is_kept(self):
        self.config.write_text("# ours\n")
        self.install()
        self.assertEqual(self.config.read_text(), "# ours\n")

    def test_the_man_page_is_found_and_set(self):
        pages = {"MANPATH": str(self.prefix / "share/man"), "MANPAGER": "cat", "LC_ALL": "C.UTF-8"}
        page = self.prefix / "share/man/man1/crawld.1"
        settings = [command for command in (["man", "crawld"], ["mandoc", "-T", "utf8", page]) if shutil.which(command[0])]
        if not settings:
            self.skipTest("neither man nor mandoc is installed")
        for command in settings:
            text = re.sub(r".\x08", "", self.run_tool(*command, environment=pages))  # overstrikes: bold, underlined
            for words in ("CRAWLD(1)", "crawld crawl", "EXIT STATUS"):
                self.assertIn(words, text)

    def test_the_completion_completes(self):
        script = 'source "$0"; COMP_WORDS=(crawld cr) COMP_CWORD=1; _crawld; echo "${COMPREPLY[@]}"'
        offers = self.run_tool("bash", "-c", script, self.prefix / "share/bash-completion/completions/crawld")
        self.assertEqual(offers.split(), ["crawl"])

    def test_the_unit_starts_what_was_installed(self):
        unit = (self.prefix / "lib/systemd/system/crawld.service").read_text()
        start = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
        place = lambda path: "/" + str(path.relative_to(self.stage))
        self.assertEqual(start, f"ExecStart={place(self.program)} serve --config {place(self.config)}")
        user = next(line for line in unit.splitlines() if line.startswith("User="))
        self.assertRegex((self.prefix / "lib/sysusers.d/crawld.conf").read_text(), rf"(?m)^u {user[5:]} ")


if __name__ == "__main__":
    main()
