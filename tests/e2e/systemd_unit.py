#!/usr/bin/env python3
"""What systemd says of the files that we install for it.

usage: systemd_unit.py verify|security|sysusers BUILD_FOLDER

Installs the build into a temporary folder first, so that install rules and paths are tested too.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LARGEST_EXPOSURE = 1.5  # of 10; what is left is the network, which a crawler cannot do without
SKIPPED = 77


def run(*command, **options):
    """Output of both kinds, and the exit status."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **options)
    return done.stdout, done.returncode


def install(build, stage):
    output, status = run("cmake", "--install", build, env={**os.environ, "DESTDIR": str(stage)})
    if status != 0:
        sys.exit(f"cmake --install failed:\n{output}")


def installed(stage, name):
    found = [path for path in stage.rglob(name) if path.is_file()]
    if len(found) != 1:
        sys.exit(f"{name} was installed {len(found)} times: {found}")
    return found[0]


def verify(stage):
    """The unit loads without a word: keys known, programs there, man page there."""
    unit = installed(stage, "crawld.service")
    text = unit.read_text()
    program = re.search(r"^ExecStart=(\S+)", text, re.M)[1]
    config = re.search(r"^ExecStart=.*--config (\S+)", text, re.M)[1]
    for path in program, config:
        if not pathlib.Path(f"{stage}{path}").is_file():
            return f"the unit names {path}, which was not installed"
    unit.write_text(text.replace(program, f"{stage}{program}"))
    pages = installed(stage, "crawld.1").parent.parent
    man = "--man=yes" if shutil.which("man") else "--man=no"
    output, status = run("systemd-analyze", "verify", man, unit,
                         env={**os.environ, "MANPATH": str(pages)})
    return output or (f"exit status {status}" if status else "")


def security(stage):
    """The sandbox leaves no more exposed than it must."""
    output, _ = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                    installed(stage, "crawld.service"))
    level = re.search(r"Overall exposure level for crawld.service: ([\d.]+)", output)
    if not level:
        return output
    print(f"exposure {level[1]}, at most {LARGEST_EXPOSURE}")
    return output if float(level[1]) > LARGEST_EXPOSURE else ""


def sysusers(stage):
    """The user and group that the unit runs as are the ones that sysusers.d makes."""
    root = stage / "root"
    (root / "etc").mkdir(parents=True)
    output, status = run("systemd-sysusers", f"--root={root}", installed(stage, "crawld.conf"))
    names = re.findall(r"^(?:User|Group)=(.*)", installed(stage, "crawld.service").read_text(), re.M)
    for name, table in zip(names, ("passwd", "group")):
        if f"\n{name}:" not in "\n" + (root / "etc" / table).read_text():
            output += f"{name} is missing in {table}\n"
    return output if status or not names or "missing" in output else ""


def main():
    subject, build = sys.argv[1:]
    tool = "systemd-sysusers" if subject == "sysusers" else "systemd-analyze"
    if shutil.which(tool) is None:
        print(f"skipped: {tool} is not installed")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        stage = pathlib.Path(folder)
        install(build, stage)
        complaint = {"verify": verify, "security": security, "sysusers": sysusers}[subject](stage)
    print(complaint or f"{subject}: no complaint")
    return 1 if complaint else 0


if __name__ == "__main__":
    sys.exit(main())
