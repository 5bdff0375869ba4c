"""Injected stalls, each with its right cause: what the log says first (event "stalled", field "cause") is compared
with what was done to the crawl. The faults are real: silent sockets, dead name servers, locks, full disks, ..."""
import concurrent.futures
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest

from support.crawld import Process, Story, figure, main
from support.nameserver import NameServer
from support.proxies import HttpProxy
from support.webserver import RESET, Reply, redirect

STALL_AFTER = "1s"
# A machine that is busy with other tests may itself be slow to open or to write a database: no news.
OURS = {"database", "writer"}
NAMES = [f"h{i}.example.test" for i in range(20)]
CASES = []
INSIDE = "CRAWLD_TEST_INSIDE"  # set: in a network that may be taken down


def case(cause, others=()):
    """A method that starts a crawl which will stall of `cause`; `others` may be told before. It returns the process."""
    def register(method):
        CASES.append((method.__name__, cause, {*others, *OURS} - {cause}, method))
        return method
    return register


def events(process, name="stalled"):
    lines = [line for line in process.err.text.splitlines() if line.startswith("{")]
    return [event for event in map(json.loads, lines) if event["event"] == name]


def a_free_port():
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        return closed_soon.getsockname()[1]


class Injected(Story):
    # -- what is broken --------------------------------------------------------------------------

    def socket_that(self, accepts, backlog=100):
        """Listens and never answers. One that does not even accept is full, so that no handshake ends."""
        listener = self.enterContext(socket.create_server(("127.0.0.1", 0), backlog=backlog if accepts else 0))
        for _ in range(0 if accepts else 8):
            filler = self.enterContext(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        return listener.getsockname()[1]

    def names(self, table=None):
        table = {name: ["127.0.0.1"] for name in NAMES} if table is None else table
        return ["--allow-private", "--dns-servers", self.enterContext(NameServer(table)).address]

    def crawl(self, *arguments, robots=False, **options):
        """Starts a crawl into a database of its own."""
        folder = tempfile.mkdtemp(dir=self.folder)
        process = Process(["crawl", "-o", os.path.join(folder, "crawl.db"), "--stall-after", STALL_AFTER, "--verbose",
                           "--log-format", "json", *([] if robots else ["--no-robots"]), *arguments], folder, **options)
        process.db = os.path.join(folder, "crawl.db")
        self.addCleanup(process.kill)
        return process

    # -- names -----------------------------------------------------------------------------------

    @case("dns-timeout")
    def name_servers_are_silent(self):
        silent = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        silent.bind(("127.0.0.1", 0))
        return self.crawl("--dns-servers", "127.0.0.1:%d" % silent.getsockname()[1], "http://h0.example.test/")

    @case("dns-timeout")
    def name_servers_are_dead(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed_soon:
            closed_soon.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % closed_soon.getsockname()[1]
        return self.crawl("--dns-servers", address, "http://h0.example.test/", "http://h1.example.test/")

    @case("dns-failure")
    def name_servers_fail(self):
        return self.crawl(*self.names({"h0.example.test": None}), "--retries", 9, "http://h0.example.test/")

    # -- connections -----------------------------------------------------------------------------

    @case("connection-refused")
    def connections_are_refused(self):
        return self.crawl("--retries", 9, f"http://127.0.0.1:{a_free_port()}/")

    @case("connect-timeout")
    def connections_are_swallowed(self):
        return self.crawl(f"http://127.0.0.1:{self.socket_that(accepts=False)}/")

    @case("connect-timeout")
    def connections_for_robots_are_swallowed(self):
        return self.crawl(f"http://127.0.0.1:{self.socket_that(accepts=False)}/", robots=True)

    @case("tls")
    def tls_handshakes_hang(self):
        return self.crawl(f"https://127.0.0.1:{self.socket_that(accepts=True)}/")

    @case("reset")
    def connections_are_reset(self):
        server = self.web()
        server.fallback = lambda hit: Reply(steps=[RESET])
        return self.crawl("--retries", 9, server.url("/"))

    @case("reset")
    def connections_are_closed_without_an_answer(self):
        server = self.web()
        server.fallback = lambda hit: Reply(steps=[])
        return self.crawl("--retries", 9, server.url("/"))

    @case("proxy")
    def the_proxy_is_dead(self):
        return self.crawl("--retries", 9, "--proxy", f"http://127.0.0.1:{a_free_port()}", "http://h0.example.test/")

    @case("proxy")
    def the_proxy_accepts_nothing(self):
        return self.crawl("--proxy", f"http://127.0.0.1:{self.socket_that(accepts=False)}", "http://h0.example.test/")

    @case("proxy")
    def the_proxy_is_silent_before_it_relays(self):
        return self.crawl("--proxy", f"socks5h://127.0.0.1:{self.socket_that(accepts=True)}", "http://h0.example.test/")

    @case("no-answer")
    def the_server_behind_the_proxy_is_silent(self):
        server = self.web()
        server.fallback = lambda hit: Reply(gate=server.gate())
        proxy = self.enterContext(HttpProxy(server.port))
        return self.crawl("--proxy", proxy.url(), "--allow-private", "http://h0.example.test/")

    # -- answers ---------------------------------------------------------------------------------

    @case("no-answer")
    def the_server_is_silent(self):
        return self.crawl(f"http://127.0.0.1:{self.socket_that(accepts=True)}/")

    @case("no-answer")
    def a_redirect_leads_to_a_silent_server(self):
        server = self.web()
        server.route("/", redirect(f"http://127.0.0.1:{self.socket_that(accepts=True)}/"))
        return self.crawl(server.url("/"))

    @case("slow-body")
    def a_body_stops(self):
        server = self.web()
        server.fallback = lambda hit: Reply(steps=[b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<p>", server.gate()])
        return self.crawl(server.url("/"))

    @case("slow-body")
    def a_body_drips(self):
        server = self.web()
        drops = [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", *[b"<", 0.05] * 400]
        server.fallback = lambda hit: Reply(steps=drops)
        return self.crawl(server.url("/"))

    @case("retry-pause")
    def errors_are_tried_again(self):
        server = self.web()
        server.fallback = lambda hit: Reply(500)
        return self.crawl("--retries", 9, server.url("/"))

    @case("retry-pause")
    def requests_that_took_too_long_are_tried_again(self):
        server = self.web()
        server.fallback = lambda hit: Reply(408)
        return self.crawl("--retries", 9, server.url("/"))

    # -- politeness ------------------------------------------------------------------------------

    @case("back-off")
    def the_server_says_when_to_come_back(self):
        server = self.web()
        server.fallback = lambda hit: Reply(503, headers=[("Retry-After", "60")])
        process = self.crawl(server.url("/"))
        process.check = lambda event: self.assertRegex(event["until"], r"^\d{4}-.*Z$")
        return process

    @case("back-off")
    def the_server_has_had_too_many_requests(self):
        server = self.web()
        server.fallback = lambda hit: Reply(429)
        return self.crawl("--retries", 9, server.url("/"))

    @case("back-off")
    def an_earlier_run_was_told_to_wait(self):
        server = self.web()
        server.fallback = lambda hit: Reply(429, headers=[("Retry-After", "60")])
        first = self.crawl(server.url("/"))
        self.wait_until(lambda: os.path.exists(first.db) and self.value("SELECT count(*) FROM fetch", db=first.db),
                        "the refusal")
        first.kill()
        return self.crawl("-o", first.db, server.url("/"))

    @case("delay")
    def robots_asks_for_a_minute(self):
        server = self.web()
        server.robots("User-agent: *\nCrawl-delay: 60\n")
        return self.crawl(server.url("/"), robots=True)

    @case("delay")
    def the_person_asks_for_ten_seconds(self):
        server = self.web()
        server.links("/", "/1", "/2")
        return self.crawl("--delay", "10s", server.url("/"))

    @case("host-slots")
    def one_slow_page_holds_the_only_slot(self):
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(9)))
        server.fallback = lambda hit: Reply(gate=server.gate())
        return self.crawl("--per-host", 1, "--delay", 0, server.url("/"))

    @case("address")
    def twenty_names_share_one_address(self):
        server = self.web()
        server.fallback = lambda hit: Reply(gate=server.gate())
        return self.crawl(*self.names(), "--per-host", 1, "--delay", 0, *(server.url(host=name) for name in NAMES))

    @case("connections")
    def four_names_share_one_connection(self):
        server = self.web()
        server.fallback = lambda hit: Reply(gate=server.gate())
        return self.crawl(*self.names(), "--connections", 1, *(server.url(host=name) for name in NAMES[:4]))

    @case("robots")
    def robots_cannot_be_had(self):
        server = self.web()
        server.robots("", status=503)
        return self.crawl("--retries", 9, server.url("/"), robots=True)

    @case("robots")
    def robots_does_not_come(self):
        return self.crawl(f"http://127.0.0.1:{self.socket_that(accepts=True)}/", robots=True)

    @case("robots")
    def robots_comes_slowly(self):
        server = self.web()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\n"
        server.route("/robots.txt", Reply(steps=[head, b"User-", server.gate()]))
        return self.crawl(server.url("/"), robots=True)

    # -- this machine ----------------------------------------------------------------------------

    @case("database-locked")
    def another_program_holds_the_lock(self):
        server = self.web()
        gate = server.gate()
        server.page("/", "<p>page", gate=gate)
        process = self.crawl("--stall-after", "2s", server.url("/"))
        server.wait_for(lambda: server.count() == 1, "the request")
        self.enterContext(Locked(process.db))
        gate.open()
        process.check = lambda event: self.assertRegex(event["why"], rf"locked by process {os.getpid()} for ")
        return process

    @case("disk-full")
    def the_disk_is_full(self):
        place = os.path.join(self.folder, "small")
        os.mkdir(place)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", place], capture_output=True)
        if mounted.returncode != 0:
            return None
        self.addCleanup(subprocess.run, ["umount", "--lazy", place], check=True)
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(200)))
        server.fallback = lambda hit: Reply(body=b"<p>" + os.urandom(60000).hex().encode())
        return self.crawl("-o", os.path.join(place, "crawl.db"), "--delay", 0, server.url("/"))

    @case("descriptors")
    def descriptors_run_out(self):
        server = self.web()
        server.fallback = lambda hit: Reply(gate=server.gate())
        return self.crawl(*self.names(), *(server.url(host=name) for name in NAMES), "--per-host", 9,
                          under=("sh", "-c", 'ulimit -n 28; exec "$0" "$@"'))

    @case("network-down")
    def the_network_is_down(self):
        if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
            return None
        return self.crawl("--retries", 9, "http://127.0.0.1/", under=("unshare", "--net"))

    @case("parsers", others={"slow-body", "no-answer"})
    def a_page_takes_long_to_read(self):
        server = self.web()
        body = b"".join(b'<p title="%d"><a href="/%d">text %d</a>' % (i, i % 9000, i) for i in range(600000))
        server.page("/", body)
        return self.crawl("--stall-after", "100ms", "--max-size", "100M", "--depth", 0, server.url("/"))

    # -- nothing to ask for ----------------------------------------------------------------------

    @case("sitemaps")
    def sitemaps_are_still_to_come(self):
        server = self.web()
        server.page("/", "<p>page")
        server.page("/sitemap.xml", "", gate=server.gate())
        return self.crawl("--delay", 0, server.url("/"), robots=True)

    @case("input")
    def the_input_stays_open(self):
        server = self.web()
        server.page("/", "<p>page")
        process = self.crawl("--input", "-", with_input=True)
        process.write(server.url("/") + "\n")
        self.addCleanup(process.close_input)
        return process

    @case("max-pages")
    def the_last_page_that_may_be_fetched_does_not_come(self):
        server = self.web()
        server.fallback = lambda hit: Reply(gate=server.gate())
        return self.crawl(*self.names(), "--max-pages", 1, *(server.url(host=name) for name in NAMES[:3]))

    # -- several at once -------------------------------------------------------------------------

    @case("back-off")
    def three_rest_and_one_is_silent(self):
        server = self.web()
        wait = Reply(503, headers=[("Retry-After", "60")])
        server.fallback = lambda hit: Reply(gate=server.gate()) if hit.host.startswith("h0.") else wait
        process = self.crawl(*self.names(), *(server.url(host=name) for name in NAMES[:4]))
        process.check = lambda event: self.assertEqual(event["causes"], "back-off 75, no-answer 25", event)
        return process

    # -- all of them -----------------------------------------------------------------------------

    def first_cause(self, process, passing):
        """The first event that is not of this machine's making."""
        def told():
            return [event for event in events(process) if event["cause"] not in passing]
        self.wait_until(told, f"the word \"stalled\" in: {process.err.text[-2000:]}", seconds=60)
        return told()[0]

    def run_case(self, name, cause, passing, method):
        process = method(self)
        if process is None:
            return f"{name}: cannot be done here"
        event = self.first_cause(process, passing)
        process.kill()
        if event["cause"] != cause:
            raise AssertionError(f"{name}: {event}, not {cause}")
        getattr(process, "check", lambda _event: None)(event)
        return f"{name}: {event['why']}"

    def test_each_stall_has_its_cause(self):
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            running = {name: pool.submit(self.run_case, name, *rest) for name, *rest in CASES}
        done = 0
        for name, result in running.items():
            with self.subTest(case=name):
                text = result.result()
                print(text, flush=True)
                done += "cannot be done" not in text
        figure(f"{done} of {len(CASES)} stalls injected, each told with its cause")
        self.assertGreaterEqual(done, 30)


class Locked:
    """This process holds the database's writing lock."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
        self.connection.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, *_):
        self.connection.close()


class Stalling(Story):
    def names(self):
        names = self.enterContext(NameServer({name: ["127.0.0.1"] for name in NAMES}))
        return ["--allow-private", "--dns-servers", names.address]

    def start_stalling(self, *arguments, **options):
        return self.start_crawl("--stall-after", STALL_AFTER, "--verbose", "--log-format", "json", *arguments, **options)

    def assert_all_fetched(self, process, pages):
        self.assertEqual(process.wait().status, 0, process.err.text)
        lost = self.rows("SELECT u.url, u.state, u.reason, f.* FROM url u LEFT JOIN fetch f USING (url) "
                         "WHERE u.state <> 'done'")
        self.assertEqual(lost, [], process.err.text)
        self.assertEqual(self.rows("SELECT status, count(*) FROM page GROUP BY status"), [(200, pages)])
        self.assert_lawful()


class Ends(Stalling):
    """What happens when the fault is mended: the crawl goes on by itself, and no page has paid for it."""

    def test_the_end_of_a_stall_is_told_and_the_summary_lists_it(self):
        server = self.web()
        gate = server.gate()
        server.links("/", "/held")
        server.links("/held", "/1", "/2", gate=gate)
        server.fallback = lambda hit: Reply(body="<p>page", delay=0.4)
        process = self.start_stalling("--no-robots", "--per-host", 1, server.url("/"))
        process.err.wait_for('"cause":"no-answer"')
        gate.open()
        done = process.wait()
        self.assertEqual([event["cause"] for event in events(process, "moving again")], ["no-answer"])
        self.assertRegex(done.err, r"held up by  no-answer: \d.* \(\d+ %\)")
        self.assertEqual(len(events(process)), 1, "once is enough")
        self.assert_all_fetched(process, 4)

    def test_half_of_the_hosts_resting_is_told_while_the_rest_moves(self):
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(200)))
        wait = Reply(503, headers=[("Retry-After", "60")])
        server.fallback = lambda hit: Reply(body="<p>page") if hit.host.startswith("h0.") else wait
        process = self.start_stalling(*self.names(), "--no-robots", "--delay", "200ms",
                                      server.url(host=NAMES[0]), *(server.url("/x", host=name) for name in NAMES[1:4]))
        process.err.wait_for('"cause":"back-off","share":75,"hosts":3')
        seen = server.count()
        server.wait_for(lambda: server.count() > seen + 1, "further pages")

    def test_a_crawl_that_moves_says_nothing(self):
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(5)))
        server.fallback = lambda hit: Reply(delay=0.3)
        process = self.start_stalling("--per-host", 1, "--stall-after", "5s", server.url("/"))
        self.assertNotIn("stalled", process.wait().err)
        self.assertNotIn("held up", process.err.text)

    def test_a_resolver_that_dies_costs_no_page(self):
        server = self.web()
        gate = server.gate()
        links = "".join(f'<a href="{server.url(host=name)}">{name}</a>' for name in NAMES[:3])
        first = Reply(body=links, gate=gate)  # answered when there is no name server any more
        server.fallback = lambda hit: first if hit.host.startswith("www.") else Reply(body="<p>page")
        table = {name: ["127.0.0.1"] for name in [*NAMES[:3], "www.example.test"]}
        with NameServer(table) as names:
            process = self.start_stalling("--allow-private", "--no-robots", "--scope", "any", "--retries", 0,
                                          "--dns-servers", names.address, server.url(host="www.example.test"))
            server.wait_for(lambda: server.count() == 1, "the first request")
        gate.open()
        process.err.wait_for('"cause":"dns-timeout"')
        # A look-up may take ten seconds: each has failed once before its server is back.
        self.wait_until(lambda: self.value("SELECT count(*) FROM url WHERE state = 'queued'") == 3,
                        "look-ups that have failed", seconds=60)
        self.enterContext(NameServer(table, port=int(names.address.split(":")[1])))
        self.assert_all_fetched(process, 4)
        self.assertEqual(self.value("SELECT count(*) FROM fetch WHERE error IS NOT NULL"), 0)

    def test_descriptors_that_run_out_cost_no_page(self):
        server = self.web()
        gate = server.gate()
        server.fallback = lambda hit: Reply(body="<p>page", gate=gate)
        process = self.start_stalling(*self.names(), "--no-robots", "--retries", 0, "--no-follow", *(server.url(f"/{i}", host=name) for i in range(3) for name in NAMES),
                                      under=("sh", "-c", 'ulimit -n 28; exec "$0" "$@"'))
        process.err.wait_for('"cause":"descriptors"')
        gate.open()
        self.assert_all_fetched(process, 60)
        self.assertEqual(self.value("SELECT count(*) FROM fetch WHERE error IS NOT NULL"), 0)

    def test_a_network_that_goes_and_ports_that_run_out_cost_no_page(self):
        """In a network of its own, which this test takes down and up: it runs itself there."""
        if subprocess.run(["unshare", "--net", "ip", "link", "set", "lo", "up"], capture_output=True).returncode != 0:
            self.skipTest("no network can be made here (unshare, ip)")
        command = ["unshare", "--net", sys.executable, __file__, "InANetworkOfItsOwn"]  # all of it
        done = subprocess.run(command, env=os.environ | {INSIDE: "1"}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_reader_that_keeps_the_log_growing_is_named(self):
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(130)))
        server.fallback = lambda hit: Reply(body=os.urandom(1 << 20), content_type="application/octet-stream")
        gate = server.gate()
        server.page("/129", "<p>the last", gate=gate)
        process = self.start_stalling("--no-robots", server.url("/"))
        self.wait_until(lambda: os.path.exists(self.db) and self.value("SELECT count(*) FROM page"), "the first page")
        reader = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True, isolation_level=None)
        self.addCleanup(reader.close)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM page").fetchone()
        process.err.wait_for("write-ahead log grows", seconds=60)
        grown, = events(process, "the database's write-ahead log grows")
        self.assertEqual(grown["reader_pid"], os.getpid())
        reader.close()
        gate.open()
        self.assertEqual(process.wait().status, 0)


@unittest.skipUnless(os.environ.get(INSIDE), "runs where it may take down the network")
class InANetworkOfItsOwn(Stalling):
    def setUp(self):
        super().setUp()
        self.ip("link", "set", "lo", "up")
        self.ip("address", "replace", "127.0.0.1/8", "dev", "lo")
        self.local_ports("32768 60999")

    def ip(self, *arguments):
        subprocess.run(["ip", *arguments], check=True)

    def local_ports(self, first_and_last):
        with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as ports:
            ports.write(first_and_last)

    def test_local_ports_that_run_out_cost_no_page(self):
        server = self.web()
        gate = server.gate()
        server.fallback = lambda hit: Reply(body="<p>page", gate=gate)
        names = self.names()
        self.local_ports("40000 40007")
        process = self.start_stalling(*names, "--no-robots", "--retries", 0, "--no-follow", "--per-host", 9,
                                      *(server.url(host=name) for name in NAMES))
        process.err.wait_for('"cause":"descriptors"')
        gate.open()
        self.assert_all_fetched(process, len(NAMES))
        self.assertEqual(self.value("SELECT count(*) FROM fetch WHERE error IS NOT NULL"), 0)

    def test_it_goes_and_comes_back(self):
        server = self.web()
        server.links("/", *(f"/{i}" for i in range(9)))
        server.fallback = lambda hit: Reply(steps=[Reply(body="<p>page").encode()])  # no connection is kept
        first = server.routes["/"]
        server.route("/", lambda hit: Reply(steps=[first.encode()]))
        process = self.start_stalling("--no-robots", "--retries", 0, "--per-host", 1, "--delay", "700ms", server.url("/"))
        server.wait_for(lambda: server.count() >= 2 and server.active == 0, "two answers")
        self.wait_until(lambda: self.value("SELECT count(*) FROM page") >= 1, "the first page")
        self.ip("address", "flush", "dev", "lo")  # and with it every route
        process.err.wait_for('"cause":"network-down"')
        self.assertIn("the network is down", process.err.text)
        self.ip("address", "add", "127.0.0.1/8", "dev", "lo")
        self.assert_all_fetched(process, 10)

    def start_with_one_on_the_wire(self, *others):
        """A crawl whose request for /held is on the wire; it takes longer than it may as long as the gate is shut."""
        server = self.web()
        gate = server.gate()
        server.links("/", "/held", *others)
        server.page("/held", "<p>held", gate=gate)
        server.fallback = lambda hit: Reply(body="<p>page")
        process = self.start_stalling("--no-robots", "--retries", 0, "--per-host", 16, "--delay", "1s", "--timeout", "5s",
                                      server.url("/"))
        server.wait_for(lambda: server.count("/held") == 1, "the request that will be on the wire")
        self.wait_until(lambda: self.value("SELECT count(*) FROM page") >= 1, "the first page")
        return server, gate, process

    def test_what_is_on_the_wire_when_it_goes_is_asked_for_again(self):
        _, gate, process = self.start_with_one_on_the_wire()
        self.ip("address", "flush", "dev", "lo")
        process.err.wait_for('"cause":"network-down"')  # when time has run out, for there is no other request
        gate.open()
        self.ip("address", "add", "127.0.0.1/8", "dev", "lo")
        self.assert_all_fetched(process, 2)
        self.assertEqual(self.value("SELECT count(*) FROM fetch WHERE error IS NOT NULL"), 0)

    def test_what_was_on_the_wire_when_it_went_may_end_after_its_return(self):
        server, gate, process = self.start_with_one_on_the_wire("/1", "/2", "/3", "/4", "/5", "/6")
        self.ip("address", "flush", "dev", "lo")
        process.err.wait_for('"cause":"network-down"')  # of the requests that are due meanwhile
        self.ip("address", "add", "127.0.0.1/8", "dev", "lo")
        server.wait_for(lambda: server.count("/held") == 2, "the second request")
        gate.open()
        self.assert_all_fetched(process, 8)
        self.assertEqual(self.value("SELECT count(*) FROM fetch WHERE error IS NOT NULL"), 0)

    def test_a_host_that_is_silent_while_its_network_is_there_fails(self):
        server, _, process = self.start_with_one_on_the_wire()  # in a network that leads nowhere else
        process.wait()
        self.assert_state(server.url("/held"), "failed", "first-byte-timeout")


if __name__ == "__main__":
    main()
