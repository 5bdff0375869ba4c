"""wallclock: a wall clock for crawld alone, which a test may set while crawld runs.

    clock = WallClock(folder)
    self.start("crawl", ..., environment=clock.environment)
    clock.step(-3600)

No other clock of the process is touched. The library is $CRAWLD_WALLCLOCK (ctest sets it).
"""
import mmap
import os
import struct

from support.crawld import SANITIZED

LIBRARY = os.environ.get("CRAWLD_WALLCLOCK")
# A sanitizer's runtime stands before what LD_PRELOAD names and takes these functions for itself.
WORKS = bool(LIBRARY and os.path.exists(LIBRARY)) and not SANITIZED


class WallClock:
    """Right at first; `shift` is by how many seconds it is wrong."""

    def __init__(self, folder):
        path = os.path.join(folder, "wallclock")
        with open(path, "wb") as file:
            file.write(struct.pack("=q", 0))
        with open(path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), 8)
        self.shift = 0
        self.environment = {"LD_PRELOAD": LIBRARY, "WALLCLOCK_FILE": path} if WORKS else {}

    def step(self, seconds):
        self.shift += seconds
        self.page[:8] = struct.pack("=q", int(self.shift * 1000))
