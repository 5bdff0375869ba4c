"""What a page costs in a large crawl beside a small one: CPU time and memory must not grow with the number of URLs."""
import shutil
import statistics

import peers
from support.nginx import Nginx
from synthetic import RULES, Site

SMALL, MIDDLE = 5000, 20000


def run(folder, options):
    """{pages: [Run]}: the small web before and after the large one, so that a machine that becomes slower meanwhile shows."""
    runs = {}
    for number, pages in enumerate((SMALL, SMALL, MIDDLE, options.growth, SMALL, SMALL), 1):
        runs.setdefault(pages, []).append(crawl(folder / "growth", number, pages, options))
    return runs


def crawl(folder, number, pages, options):
    folder.mkdir()
    folder.chmod(0o755)
    site = Site(pages, 1, options.links, options.bytes)
    try:
        with Nginx(folder / "nginx", {}, rules=RULES.format(root=folder / "site")) as server:
            site.write(folder / "site", server.port)
            return peers.run("crawld", number, site, server, folder / "run", options)
    finally:
        shutil.rmtree(folder)


def ratio(runs):
    """Pages per CPU-second in the largest crawl, of those in the small ones."""
    return statistics.median(run.cpu_us for run in runs[SMALL]) / runs[max(runs)][0].cpu_us


def bytes_a_url(runs):
    """By which peak memory grows with each page more, once there are so many that every buffer has been in use."""
    return (runs[max(runs)][0].peak_mib - runs[MIDDLE][0].peak_mib) * 1024 * 1024 / (max(runs) - MIDDLE)
