"""webserver: a scriptable HTTP/1.1 server on 127.0.0.1, in a thread of its own.

    with WebServer() as web:
        web.page("/", '<a href="/held">held</a>')
        gate = web.gate()
        web.route("/held", Reply(body="at last", gate=gate))
        ...
        web.wait_for(lambda: web.count("/held") == 1, "the request for /held")
        gate.open()

What the crawler did is read from `web.hits`, in the order of arrival. A hit ends *before* the last
byte of its answer is written, so the client cannot have had it earlier: counts of requests under way
are never too high, and the gap from one hit's end to the next one's arrival is never too short.
Everything public may be called from the test's thread; replies run in the server's.
"""
import asyncio
import resource
import socket
import struct
import threading
import time
from collections import Counter

RESET = object()  # as a step of Reply.steps: the connection is reset
REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 307: "Temporary Redirect",
           308: "Permanent Redirect", 404: "Not Found", 410: "Gone", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}


class Reply:
    """An answer. `delay` (seconds) and `gate` come before its first byte. With `steps` the connection
    gets exactly what they say, and is closed after them: bytes are sent, numbers are pauses in
    seconds, gates are waited for, RESET resets."""

    def __init__(self, status=200, body=b"", content_type="text/html; charset=utf-8", headers=(), delay=0,
                 gate=None, steps=None):
        self.status, self.content_type, self.headers = status, content_type, tuple(headers)
        self.body = body.encode() if isinstance(body, str) else body
        self.delay, self.gate, self.steps = delay, gate, steps

    def encode(self):
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}",
                 f"Content-Length: {len(self.body)}"]
        if self.content_type:
            lines.append(f"Content-Type: {self.content_type}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


def redirect(location, status=302):
    return Reply(status, headers=[("Location", location)])


class Hit:
    """One request, as the server saw it. Times are monotonic seconds; `ended` is None until then.
    `at_once` counts the requests under way when it came, itself included. `address` is the one of ours
    that it came to."""

    def __init__(self, head, connection, address):
        self.lines, self.connection = head.decode("latin-1").split("\r\n"), connection
        self.address = address
        self.target = self.lines[0].split(" ")[1]
        self.path, _, self.query = self.target.partition("?")
        pairs = (line.partition(":") for line in self.lines[1:])
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self.host = self.headers.get("host", "")
        self.arrived, self.ended, self.status, self.at_once = time.monotonic(), None, None, 0
        self.completed = False  # the whole answer was handed to the kernel

    def __repr__(self):
        return f"<{self.target} {self.status} at {self.arrived:.3f}>"


# What a crawl asks every host for, whatever the story: not counted.
USUAL_PATHS = ("/robots.txt", "/sitemap.xml")


class Gate:
    """Holds answers back until it is opened."""

    def __init__(self, loop):
        self._loop, self._event = loop, asyncio.Event()

    def open(self):
        self._loop.call_soon_threadsafe(self._event.set)

    async def passage(self):
        await self._event.wait()


class _Connection(asyncio.Protocol):
    def __init__(self, server):
        self.server, self.buffer, self.task, self.hit = server, b"", None, None
        server.connections += 1
        self.number = server.connections

    def connection_made(self, transport):
        self.transport = transport
        with self.server.changed:
            self.server.transports.add(transport)
            self.server.changed.notify_all()

    def data_received(self, data):
        self.buffer += data
        self.take_request()

    def connection_lost(self, _error):
        if self.task:
            self.task.cancel()
        if self.hit:
            self.server.end(self.hit)
        with self.server.changed:
            self.server.transports.discard(self.transport)
            self.server.changed.notify_all()

    def take_request(self):
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if self.task or not end:
            return
        self.buffer = rest
        self.hit = Hit(head, self.number, self.transport.get_extra_info("sockname")[0])
        self.server.begin(self.hit)
        self.task = self.server.loop.create_task(self.answer(self.hit))

    async def answer(self, hit):
        try:
            await self.send(self.server.reply_to(hit), hit)
        except Exception as error:  # a mistake in a test's script: told when the server closes
            self.server.mistakes.append(error)
            self.transport.abort()
        self.task = self.hit = None
        self.take_request()

    async def send(self, reply, hit):
        hit.status = reply.status
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.gate:
            await reply.gate.passage()
        if reply.steps is None:
            hit.completed = True
            self.server.end(hit)
            self.transport.write(reply.encode())
        else:
            await self.play(reply.steps)
            self.server.end(hit)

    async def play(self, steps):
        for step in steps:
            if step is RESET:
                linger = struct.pack("ii", 1, 0)
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return self.transport.abort()
            if isinstance(step, Gate):
                await step.passage()
            elif isinstance(step, (int, float)):
                await asyncio.sleep(step)
            else:
                await self.write(step)
        self.transport.close()

    async def write(self, piece):
        """Writes, then lets others run until there is room for more, or nobody reads any longer."""
        while not self.transport.is_closing() and self.transport.get_write_buffer_size() > 256 * 1024:
            await asyncio.sleep(0.001)
        if not self.transport.is_closing():
            self.transport.write(piece)
        await asyncio.sleep(0)


class WebServer:
    """`more_addresses` are served as well, on the same port."""

    def __init__(self, port=0, more_addresses=()):
        self.address, self.port, self.addresses = "127.0.0.1", port, ("127.0.0.1", *more_addresses)
        self.hits, self.routes, self.fallback = [], {}, lambda hit: Reply(404, "<p>No such page.</p>")
        self.changed, self.transports, self.mistakes = threading.Condition(), set(), []
        self.active = self.most_at_once = self.connections = 0
        self.active_of_host, self.most_at_once_of_host = Counter(), Counter()

    # -- life ------------------------------------------------------------------------------------

    def __enter__(self):
        raise_descriptor_limit()
        self.loop = asyncio.new_event_loop()
        self.acceptors = [self._listen(address) for address in self.addresses]
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def _listen(self, address):
        listener = socket.create_server((address, self.port), backlog=16384)
        self.port = listener.getsockname()[1]
        return self.loop.run_until_complete(
            self.loop.create_server(lambda: _Connection(self), sock=listener, backlog=16384))

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.run_until_complete(self._close())
        self.loop.close()
        assert not self.mistakes, self.mistakes

    async def _close(self):
        for acceptor in self.acceptors:
            acceptor.close()
        for transport in list(self.transports):
            transport.abort()
        tasks = asyncio.all_tasks(self.loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- the script ------------------------------------------------------------------------------

    def url(self, path="/", host=None):
        return f"http://{host or self.address}:{self.port}{path}"

    def route(self, path, reply):
        """`path` with its query, or without it for all of them; `reply`: a Reply or a function of the hit."""
        self.routes[path] = reply
        return self.url(path)

    def page(self, path, body="", **reply):
        return self.route(path, Reply(body=body, **reply))

    def links(self, path, *hrefs, **reply):
        """A page that links to `hrefs`."""
        anchors = "".join(f'<p><a href="{href}">to {href}</a></p>' for href in hrefs)
        return self.page(path, f"<!doctype html><title>Page {path}</title>{anchors}", **reply)

    def robots(self, text, **reply):
        return self.page("/robots.txt", text, content_type="text/plain", **reply)

    def gate(self):
        return Gate(self.loop)

    # -- what was seen ---------------------------------------------------------------------------

    def hits_of(self, path):
        with self.changed:
            return [hit for hit in self.hits if path in (hit.target, hit.path)]

    def count(self, path=None):
        """Requests so far: for `path`, or for all but USUAL_PATHS."""
        with self.changed:
            if path is None:
                return sum(hit.path not in USUAL_PATHS for hit in self.hits)
            return sum(path in (hit.target, hit.path) for hit in self.hits)

    def targets(self):
        """What was asked for, in order; but for /sitemap.xml, which a story asks about by count()."""
        with self.changed:
            return [hit.target for hit in self.hits if hit.target != "/sitemap.xml"]

    def wait_for(self, condition, what, seconds=30):
        with self.changed:
            if not self.changed.wait_for(condition, seconds):
                raise AssertionError(f"waited {seconds} s in vain for {what}; the server saw {self.hits[-20:]}")

    def settle(self):
        """Waits until all that a dead client sent is in the log: its connections are accepted, read and gone."""
        for address in self.addresses:
            with socket.create_connection((address, self.port)) as last:  # accepted after all that came before
                name = last.getsockname()
                self.wait_for(lambda: any(t.get_extra_info("peername") == name for t in self.transports), "a connection")
        self.wait_for(lambda: not self.transports, "the end of all connections")

    def forget(self):
        """Empties the log."""
        with self.changed:
            self.hits.clear()
            self.most_at_once, self.most_at_once_of_host = self.active, Counter(self.active_of_host)

    # -- called by connections, in the server's thread -------------------------------------------

    def reply_to(self, hit):
        reply = self.routes.get(hit.target) or self.routes.get(hit.path) or self.fallback
        return reply(hit) if callable(reply) else reply

    def begin(self, hit):
        with self.changed:
            self.hits.append(hit)
            self.active += 1
            self.active_of_host[hit.host] += 1
            hit.at_once = self.active
            self.most_at_once = max(self.most_at_once, self.active)
            self.most_at_once_of_host[hit.host] = max(self.most_at_once_of_host[hit.host],
                                                      self.active_of_host[hit.host])
            self.changed.notify_all()

    def end(self, hit):
        if hit.ended is not None:
            return
        with self.changed:
            hit.ended = time.monotonic()
            self.active -= 1
            self.active_of_host[hit.host] -= 1
            self.changed.notify_all()


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
