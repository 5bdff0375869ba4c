"""holdserver: a server process that holds every answer until COUNT requests are under way at once.

usage: holdserver.py COUNT
It serves 127.0.0.1 to 127.0.0.10. Prints its port, "holding" once all are held, and one JSON line of what it saw when standard input ends.
A line on standard input lets the answers go.
"""
import json
import sys

from support.webserver import Reply, WebServer

HOSTS = [f"127.0.0.{i}" for i in range(1, 11)]


def main():
    count = int(sys.argv[1])
    with WebServer(more_addresses=HOSTS[1:]) as server:
        gate = server.gate()
        server.fallback = lambda hit: Reply(body="<p>page", gate=gate)
        print(server.port, flush=True)
        server.wait_for(lambda: server.active == count, f"{count} requests at once", seconds=240)
        print("holding", flush=True)
        sys.stdin.readline()
        gate.open()
        sys.stdin.read()
        print(json.dumps({"requests": len(server.hits), "most_at_once": server.most_at_once}), flush=True)


if __name__ == "__main__":
    main()
