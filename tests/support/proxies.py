"""proxies: a tiny HTTP proxy and a tiny SOCKS5 proxy on 127.0.0.1, each in a thread of its own. Both relay to
`target` whatever name they are asked for, so that tests may use any; `asked` says for what."""
import asyncio
import socket
import struct
import threading


class _Proxy:
    def __init__(self, target):
        self.target, self.asked = target, []

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.acceptor = self.loop.run_until_complete(asyncio.start_server(self._serve, sock=listener))
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.run_until_complete(self._close())
        self.loop.close()

    async def _close(self):
        self.acceptor.close()
        tasks = asyncio.all_tasks(self.loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def url(self, userinfo=""):
        return f"{self.scheme}://{userinfo}127.0.0.1:{self.port}"

    async def _serve(self, reader, writer):
        try:
            await self.speak(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the crawler left
        finally:
            writer.close()


class HttpProxy(_Proxy):
    """RFC 9112, 3.2.2: absolute form; for answers with a Content-Length. `asked`: (target, Proxy-Authorization)."""
    scheme = "http"

    async def speak(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            while True:
                far_writer.write(self._translate(await reader.readuntil(b"\r\n\r\n")))
                head = await far_reader.readuntil(b"\r\n\r\n")
                size = int(fields_of(head)["content-length"])
                writer.write(head + await far_reader.readexactly(size))
        finally:
            far_writer.close()

    def _translate(self, head):
        method, target, version = head.decode("latin-1").split("\r\n", 1)[0].split(" ")
        fields = fields_of(head)
        self.asked.append((target, fields.get("proxy-authorization")))
        kept = [f"{name}: {value}" for name, value in fields.items() if not name.startswith("proxy-")]
        return "\r\n".join([f"{method} /{target.split('/', 3)[3]} {version}", *kept, "", ""]).encode("latin-1")


def fields_of(head):
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:-2])
    return {name.lower(): value.strip() for name, _, value in pairs}


class SocksProxy(_Proxy):
    """RFC 1928, with the user names of RFC 1929. `asked`: (host, port, user name or None)."""
    scheme = "socks5h"

    async def speak(self, reader, writer):
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        user = None
        if 2 in methods:
            writer.write(b"\x05\x02")
            user = await self._read_user(reader)
            writer.write(b"\x01\x00")
        else:
            writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        host = await self._read_host(reader, kind)
        port, = struct.unpack(">H", await reader.readexactly(2))
        self.asked.append((host, port, user))
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        await self._relay(reader, writer)

    async def _relay(self, reader, writer):
        """Both ways, until one side ends."""
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        ways = [asyncio.ensure_future(copy(reader, far_writer)), asyncio.ensure_future(copy(far_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            far_writer.close()

    async def _read_user(self, reader):
        _, size = await reader.readexactly(2)
        user = (await reader.readexactly(size)).decode()
        await reader.readexactly((await reader.readexactly(1))[0])
        return user

    async def _read_host(self, reader, kind):
        if kind == 3:
            return (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        return socket.inet_ntop(*((socket.AF_INET, await reader.readexactly(4)) if kind == 1
                                  else (socket.AF_INET6, await reader.readexactly(16))))


async def copy(reader, writer):
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
