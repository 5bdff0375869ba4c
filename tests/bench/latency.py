"""How long small things take: one page beside curl, start and stop of the service without a crawl."""
import os
import signal
import socket
import subprocess
import time

from support.nginx import Nginx

PAGE = "<!DOCTYPE html><title>One page</title>" + "<p>Nothing but words.</p>" * 800


def run(crawld, folder, count):
    """{what: [wall milliseconds]}, each `count` times and in turn."""
    folder.chmod(0o755)
    (folder / "site").mkdir()
    (folder / "site/index.html").write_text(PAGE)
    (folder / "crawld.yaml").write_text(f"state_directory: {folder}\n")
    times = {"one page, curl": [], "one page, crawld": [], "crawld --version": [],
             "crawld serve, no crawls: until it is ready": [], "crawld serve, from SIGTERM to its end": []}
    with Nginx(folder / "nginx", {"/": str(folder / "site")}) as server:
        for number in range(count):
            took = (time_of(["curl", "--silent", "--output", "page.html", server.url()], folder),
                    time_of([crawld, "crawl", "--quiet", "-o", f"page-{number}.db", server.url()], folder),
                    time_of([crawld, "--version"], folder), *times_of_service(crawld, folder))
            for values, value in zip(times.values(), took):
                values.append(value * 1e3)
    return times


def time_of(command, folder):
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def times_of_service(crawld, folder):
    """(from its start to READY=1, from SIGTERM to its end), seconds"""
    address = str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(address)
        notify.settimeout(20)
        start = time.perf_counter()
        service = subprocess.Popen([crawld, "serve", "--quiet", "--config", folder / "crawld.yaml"],
                                   env={**os.environ, "NOTIFY_SOCKET": address})
        while b"READY=1" not in notify.recv(4096):
            pass
        ready = time.perf_counter()
        service.send_signal(signal.SIGTERM)
        service.wait()
    os.unlink(address)
    return ready - start, time.perf_counter() - ready
