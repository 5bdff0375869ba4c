"""What the benchmark prints."""
import pathlib
import statistics

import growth
import parts


def spread(values, digits=0):
    return " / ".join(f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values)))


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    return f"{model}, {parts.cores()} cores"


def print_run(run):
    remark = "" if run.is_complete() else f"  INCOMPLETE: exit {run.status}, {run.missing} missing"
    remark += f"  {run.forbidden} against robots.txt" if run.forbidden else ""
    print(f"round {run.round}  {run.tool:8} {run.rate:7.0f} pages/s {run.cpu_us:7.0f} us CPU a page (nginx {run.server_cpu_us:3.0f})"
          f" {run.peak_mib:6.0f} MiB  {run.completeness:6.1%}  {run.repeated} repeated{remark}", flush=True)


def print_parts(number, costs):
    print(f"round {number}  parts    " + ", ".join(f"{name} {cost:.0f}" for name, cost in costs.items()) + " us CPU a page",
          flush=True)


def print_crawl(site, runs, costs, disk, options):
    """One site's tables: crawlers, ratios, parts, roofline, disk."""
    print(f"\n{len(site.places)} pages of {options.bytes} bytes, {options.links} links each, hosts: {len(site.hosts)}, "
          f"{options.rounds} rounds, {options.connections} connections; {machine()} (min / median / max)")
    of = {}
    for run in runs:
        of.setdefault(run.tool, []).append(run)
    print_crawlers(of)
    if "crawld" in of:
        print_ratios(of)
        print(f"crawld's loop, ms a turn: p99.9 {spread([run.lag_p999_ms for run in of['crawld']], 1)}, longest "
              f"{spread([run.lag_max_ms for run in of['crawld']], 1)}")
    if costs and "crawld" in of:
        print_roofline(of["crawld"], costs)
    if disk:
        print_disk(disk, len(site.places))
    print(flush=True)


def print_crawlers(of):
    row = "{:8} {:>22} {:>26} {:>22} {:>10}"
    print(row.format("", "pages/s", "us CPU a page", "peak MiB", "complete"))
    for tool, runs in of.items():
        print(row.format(tool, spread([r.rate for r in runs]), spread([r.cpu_us for r in runs]),
                         spread([r.peak_mib for r in runs]), f"{min(r.completeness for r in runs):.1%}"))


def print_ratios(of):
    """Round by round: what slows one slows its neighbour."""
    for tool, runs in of.items():
        pairs = [(ours, theirs) for ours, theirs in zip(of["crawld"], runs) if ours.pages and theirs.pages]
        if tool == "crawld" or not pairs:
            continue
        print(f"crawld : {tool:8} pages/s {spread([a.rate / b.rate for a, b in pairs], 2)}   pages per CPU-second "
              f"{spread([b.cpu_us / a.cpu_us for a, b in pairs], 2)}   peak memory "
              f"{spread([a.peak_mib / b.peak_mib for a, b in pairs], 2)}")


def print_roofline(runs, costs):
    for name in parts.NAMES + parts.REFERENCES:
        remark = "" if name in parts.NAMES else "   (for comparison)"
        print(f"{name:8} us CPU a page {spread([cost[name] for cost in costs], 1)}{remark}")
    print(f"nginx    us CPU a page {spread([run.server_cpu_us for run in runs], 1)}")
    # The second without the wall clock, which a busy machine spoils; over 1: crawld's parts cost less than the bare ones.
    needs = [parts.cores() * 1e6 / (run.cpu_us + run.server_cpu_us) for run in runs]
    for parser in ("libxml2", "parse"):
        roofs = [parts.roofline(cost, run.server_cpu_us, parser) for cost, run in zip(costs, runs)]
        print(f"roofline with {parser:7} pages/s {spread(roofs)}   share that crawld reaches "
              f"{spread([run.rate / roof for run, roof in zip(runs, roofs)], 3)}   by CPU time alone "
              f"{spread([need / roof for need, roof in zip(needs, roofs)], 3)}")


def print_disk(disk, pages):
    inside = ", ".join(f"{name} {disk[name] / pages:.0f}" for name in ("bodies", "links", "indexes", "rest"))
    total = sum(disk[name] for name in ("bodies", "links", "indexes", "rest"))
    aim = 1.2 * disk["zstd"] + 24 * disk["link_rows"]
    print(f"database bytes a page: {total / pages:.0f} ({inside}); raw {disk['raw'] / pages:.0f}, "
          f"zstd {disk['zstd'] / pages:.0f}, {disk['link_rows'] / pages:.1f} link rows; "
          f"{total / aim:.2f} times (1.2 zstd + 24 a link)")


def print_latency(times):
    """`times`: {what: [milliseconds]}"""
    print(f"latency, wall ms (min / median / max of {len(next(iter(times.values())))})")
    for what, values in times.items():
        print(f"  {what:44} {spread(values, 1)}")
    more = [ours - theirs for ours, theirs in zip(times["one page, crawld"], times["one page, curl"])]
    print(f"  {'one page, crawld beyond curl':44} {spread(more, 1)}\n", flush=True)


def print_in_flight(count, kib):
    """`kib`: {who: peak KiB beyond one request's, by request}"""
    each = ", ".join(f"{who} {value:.1f}" for who, value in kib.items())
    print(f"{count} requests in flight at once, KiB a request: {each}; "
          f"{kib['crawld'] / kib['libcurl']:.2f} times\n", flush=True)


def print_growth(runs):
    """`runs`: {pages: [Run]}"""
    for pages, of_size in runs.items():
        print(f"{pages:8} pages: {spread([run.cpu_us for run in of_size])} us CPU a page, "
              f"{spread([run.rate for run in of_size])} pages/s, {spread([run.peak_mib for run in of_size])} MiB, "
              f"complete {min(run.completeness for run in of_size):.1%}")
    print(f"growth: {growth.ratio(runs):.2f} of the pages per CPU-second, "
          f"{growth.bytes_a_url(runs):.1f} bytes more at the peak for each page\n", flush=True)
