"""Ten thousand requests in flight at the same moment, in one process. E2E_IN_FLIGHT changes the number."""
import json
import os
import pathlib
import resource
import subprocess
import sys

from support import holdserver
from support.crawld import Story, figure, main
from support.webserver import raise_descriptor_limit

COUNT = int(os.environ.get("E2E_IN_FLIGHT", 10000))


class TenThousand(Story):
    def setUp(self):
        super().setUp()
        raise_descriptor_limit()
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < COUNT + 200:
            self.skipTest(f"the limit of open files is below {COUNT + 200}")
        self.holder = subprocess.Popen([sys.executable, pathlib.Path(holdserver.__file__), str(COUNT)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop_holder)
        self.port = self.holder.stdout.readline().strip()

    def stop_holder(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def test_held_at_once(self):
        hosts = holdserver.HOSTS
        urls = [f"http://{hosts[i % len(hosts)]}:{self.port}/{i}" for i in range(COUNT)]
        crawl = self.start_crawl("--connections", COUNT, "--per-host", -(-COUNT // len(hosts)), "--no-robots",
                                 "--no-follow", "--timeout", "5m", "--input", "-", with_input=True)
        self.wait_until(lambda: crawl.is_running() and self.db.exists(), "the database")
        idle_kb = crawl.status_kb("VmRSS")
        for i in range(0, COUNT, holdserver.STEP):  # no faster than the server, which may be slow on a busy machine
            some = urls[i:i + holdserver.STEP]
            crawl.write("\n".join(some) + "\n")
            self.assertEqual(self.holder.stdout.readline().strip(), str(i + len(some)))
        held_kb, peak_kb = crawl.status_kb("VmRSS"), crawl.status_kb("VmHWM")
        figure(f"{COUNT} requests in flight: {held_kb / 1024:.0f} MiB, idle {idle_kb / 1024:.0f} MiB, "
               f"peak {peak_kb / 1024:.0f} MiB: {(peak_kb - idle_kb) / COUNT:.1f} KiB a connection")
        self.holder.stdin.write("go\n")
        self.holder.stdin.flush()
        crawl.close_input()
        done = crawl.wait(280)
        self.assertEqual(done.status, 0, done.err)
        self.holder.stdin.close()
        seen = json.loads(self.holder.stdout.readline())
        self.assertEqual(seen, {"requests": COUNT, "most_at_once": COUNT}, "the server saw all of them at once")
        self.assertEqual(self.value("SELECT count(*) FROM page WHERE status = 200"), COUNT)
        self.assert_lawful()


if __name__ == "__main__":
    main()
