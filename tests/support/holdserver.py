"""holdserver: a server process that holds every answer but its first line until COUNT requests are under way at once.

usage: holdserver.py COUNT
It serves 127.0.0.1 to 127.0.0.10. Prints its port, how many are held at every STEP of them and when it is all, and one JSON line of what it saw
when standard input ends. A line on standard input lets the answers go.
"""
import json
import sys

from support.webserver import Reply, WebServer

STEP = 500
HOSTS = [f"127.0.0.{i}" for i in range(1, 11)]


def main():
    count = int(sys.argv[1])
    with WebServer(more_addresses=HOSTS[1:]) as server:
        gate = server.gate()
        # The first line at once: until all are there it may take longer than a crawl waits for a first byte.
        first, end, rest = Reply(body="<p>page").encode().partition(b"\r\n")
        server.fallback = lambda hit: Reply(steps=[first + end, gate, rest])
        print(server.port, flush=True)
        for held in [*range(STEP, count, STEP), count]:
            server.wait_for(lambda: server.active >= held, f"{held} requests at once", seconds=240)
            print(held, flush=True)
        sys.stdin.readline()
        gate.open()
        sys.stdin.read()
        print(json.dumps({"requests": len(server.hits), "most_at_once": server.most_at_once}), flush=True)


if __name__ == "__main__":
    main()
