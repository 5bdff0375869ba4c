"""nameserver: a DNS server on 127.0.0.1 that answers A questions from a table; everything else does not exist.

    with NameServer({"www.example.test": ["127.0.0.1"]}) as names:
        crawld crawl --dns-servers names.address ...
"""
import socket
import struct
import threading

A, NXDOMAIN, SERVFAIL = 1, 3, 2


class NameServer:
    """`table`: {name: [address, ...]}; None as the list: SERVFAIL. `questions` is the log."""

    def __init__(self, table, ttl=60, port=0):
        self.table, self.ttl, self.port, self.questions = table, ttl, port, []

    def __enter__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", self.port))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            if not query:
                return
            self.socket.sendto(self._answer(query), client)

    def _answer(self, query):
        name, end = read_name(query, 12)
        kind = struct.unpack_from("!H", query, end)[0]
        self.questions.append((name, kind))
        addresses = self.table.get(name, ())
        code = SERVFAIL if addresses is None else 0 if name in self.table else NXDOMAIN
        records = [b"\xc0\x0c" + struct.pack("!HHIH", A, 1, self.ttl, 4) + socket.inet_aton(address)
                   for address in addresses or () if kind == A]
        header = query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0)
        return header + query[12:end + 4] + b"".join(records)


def read_name(message, offset):
    labels = []
    while length := message[offset]:
        labels.append(message[offset + 1:offset + 1 + length].decode("latin-1").lower())
        offset += length + 1
    return ".".join(labels), offset + 1
