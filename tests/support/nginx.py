"""nginx: an nginx of the test's own, on loopback, in the foreground, from a folder it may throw away.

    with Nginx(folder, {"/": "/usr/share/doc/..."}) as nginx:
        nginx.url("/index.html"); nginx.requests()
"""
import collections
import http.client
import os
import shutil
import socket
import subprocess
import time

PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

CONFIG = """
daemon off; worker_processes {workers}; pid {folder}/nginx.pid; error_log stderr notice; {user}
events {{ worker_connections 4096; }}
http {{
    log_format plain '$status $request_method $request_uri';
    types {{ text/html html htm; text/css css; text/javascript js; text/plain txt; image/png png;
             image/svg+xml svg; application/xml xml; }}
    default_type application/octet-stream; charset {charset}; sendfile on; tcp_nopush on;
    keepalive_requests 1000000; access_log {log};
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port} backlog=4096; absolute_redirect on; {locations} }}
}}
"""


class Nginx:
    def __init__(self, folder, places, workers=1, log=True, charset="off"):
        """`places`: {"/prefix/": folder to serve there}."""
        self.folder, self.places, self.workers = folder, places, workers
        self.log, self.charset = log, charset

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        config = os.path.join(self.folder, "nginx.conf")
        with open(config, "w") as file:
            file.write(self._config())
        with open(f"{self.folder}/error.log", "w") as errors:
            self.popen = subprocess.Popen([PROGRAM, "-p", str(self.folder), "-c", config, "-e", "stderr"],
                                          stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        self._wait_until_it_answers()
        return self

    def __exit__(self, *_):
        self.popen.terminate()
        self.popen.wait()

    def _config(self):
        locations = "".join(f"location {prefix} {{ alias {place.rstrip('/')}/; index index.html; }} "
                            for prefix, place in self.places.items())
        return CONFIG.format(folder=self.folder, port=self.port, workers=self.workers, locations=locations,
                             charset=self.charset, user="user root;" if os.geteuid() == 0 else "",
                             log=f"{self.folder}/access.log plain" if self.log else "off")

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("HEAD", "/nginx-answers")
                connection.getresponse()
                connection.close()
                return
            except OSError:
                if time.monotonic() > deadline or self.popen.poll() is not None:
                    with open(f"{self.folder}/error.log") as errors:
                        raise AssertionError(f"nginx did not start: {errors.read()}")
                time.sleep(0.02)

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def requests(self):
        """{path with query: number of GET requests}; whole once nginx has closed its connections."""
        with open(f"{self.folder}/access.log") as log:
            lines = (line.split(" ", 2) for line in log)
            return collections.Counter(uri.rstrip("\n") for _, method, uri in lines if method == "GET")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
