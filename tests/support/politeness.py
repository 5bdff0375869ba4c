"""politeness: what a server's own log says about how its hosts were treated.

Times are the server's, monotonic. A hit's end is noted before the last byte of its answer is written and its
start after its head was read, so a gap is never longer in the log than it was for the host. What is left of
error is the crawler's clock, which tells milliseconds: TOLERANCE.

A crawler that is killed cannot know what no answer told it, or what it had not yet written down: the hits that its
database lacks are `lost`. Their ends count for the delay all the same; what they asked for does not.
"""
from collections import Counter, defaultdict, namedtuple
from urllib.parse import urlsplit

TOLERANCE = 0.001
SHORTEST_REST = 1.0  # after a 429 or 503 that names no time

Broken = namedtuple("Broken", "rule host path missing")


class Terms:
    """What is promised to a host. `rests`: hit -> seconds that its answer asked for, or None."""

    def __init__(self, delay, per_host, per_address, crawl_delays=None, rests=None):
        self.delay, self.per_host, self.per_address = delay, per_host, per_address
        self.crawl_delays = crawl_delays or {}
        self.rests = rests if rests is not None else {}


def by_host(hits):
    hosts = defaultdict(list)
    for hit in hits:
        hosts[hit.host].append(hit)
    return hosts


def find_lost(hits, known_lost, connection):
    """The hits that the database has no row of, beside those that were lost before: of each host its last ones."""
    rows = Counter(urlsplit(url).netloc for url, in connection.execute("SELECT url FROM fetch WHERE remote_ip <> ''"))
    lost = set()
    for host, of_host in by_host(hits).items():
        left = [hit for hit in of_host if hit not in known_lost]
        assert rows[host] <= len(left), f"{host}: {rows[host]} rows of {len(left)} requests"
        lost.update(left[rows[host]:])
    return lost


def most_at_once(hits):
    """(the largest number under way, the hit that made it)"""
    ends, most = [], (0, None)
    for hit in sorted(hits, key=lambda h: h.arrived):
        ends = [end for end in ends if end > hit.arrived]
        ends.append(hit.ended)
        most = max(most, (len(ends), hit), key=lambda m: m[0])
    return most


def check_slots(hits, terms):
    for rule, key, slots in (("host slots", lambda h: h.host, terms.per_host),
                             ("address slots", lambda h: h.address, terms.per_address)):
        groups = defaultdict(list)
        for hit in hits:
            groups[key(hit)].append(hit)
        for group in groups.values():
            most, hit = most_at_once(group)
            if most > slots:
                yield Broken(rule, hit.host, hit.path, most - slots)


def check_pauses(hits, terms, lost):
    """For one request at a time: with more, the log cannot tell which of two came first."""
    assert terms.per_host == 1
    for host, of_host in by_host(hits).items():
        delay, rest_until, previous = terms.delay, 0, None
        for hit in sorted(of_host, key=lambda h: h.arrived):
            if previous:
                gap = hit.arrived - previous.ended
                if gap < delay - TOLERANCE:
                    rule = "delay" if delay == terms.delay else "Crawl-delay"
                    yield Broken(rule, host, hit.path, delay - gap)
                if hit.arrived < rest_until - TOLERANCE:
                    yield Broken("Retry-After", host, hit.path, rest_until - hit.arrived)
            if hit not in lost:
                if hit.path == "/robots.txt" and hit.status == 200:
                    delay = max(delay, terms.crawl_delays.get(host, 0))
                if hit.status in (429, 503):
                    rest_until = max(rest_until, hit.ended + (terms.rests.get(hit) or SHORTEST_REST))
            previous = hit


def check_robots_first(hits):
    for host, of_host in by_host(hits).items():
        known = min((hit.ended for hit in of_host if "robots" in hit.path), default=float("inf"))
        for hit in of_host:
            if "robots" not in hit.path and hit.arrived < known:
                yield Broken("robots.txt first", host, hit.path, known - hit.arrived)


def share_of_ideal(hits, delay, stretch=None):
    """The rate at which the hosts were asked, as a share of one request each `delay`; over the whole log, or of each
    host over its best `stretch` of pauses, where a machine that is busy with other things for a moment does not
    count."""
    asked, ideal = 0, 0
    for of_host in by_host(hits).values():
        times = sorted(hit.arrived for hit in of_host)
        pauses = stretch or len(times) - 1
        asked += pauses
        ideal += min(times[i + pauses] - times[i] for i in range(len(times) - pauses)) / delay
    return asked / ideal
