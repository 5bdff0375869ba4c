"""holdserver: a server process that holds every answer until COUNT requests are under way at once.

usage: holdserver.py COUNT
Prints its address, "holding" once all are held, and one JSON line of what it saw when standard input ends.
A line on standard input lets the answers go.
"""
import json
import sys

from support.webserver import Reply, WebServer


def main():
    count = int(sys.argv[1])
    with WebServer() as server:
        gate = server.gate()
        server.fallback = lambda hit: Reply(body="<p>page", gate=gate)
        print(server.url(""), flush=True)
        server.wait_for(lambda: server.active == count, f"{count} requests at once", seconds=240)
        print("holding", flush=True)
        sys.stdin.readline()
        gate.open()
        sys.stdin.read()
        print(json.dumps({"requests": len(server.hits), "most_at_once": server.most_at_once}), flush=True)


if __name__ == "__main__":
    main()
