"""nginx: an nginx of the test's own, on loopback, in the foreground, from a folder it may throw away.

    with Nginx(folder, {"/": "/usr/share/doc/..."}) as nginx:
        nginx.url("/index.html"); nginx.requests()

`requests_by_host()` and `cpu_seconds()` serve the benchmark: many hosts are one nginx at `address` 0.0.0.0, which
answers loopback only. With `tls` it speaks HTTPS and HTTP/2, under a certificate for 127.0.0.1 that it signed itself.
"""
import collections
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time

PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
OPENSSL = shutil.which("openssl")

CONFIG = """
daemon off; worker_processes {workers}; pid {folder}/nginx.pid; error_log stderr notice; {user}
events {{ worker_connections 4096; }}
http {{
    log_format plain '$connection $server_protocol $host $status $request_method $request_uri';
    types {{ text/html html htm; text/css css; text/javascript js; text/plain txt; image/png png;
             image/svg+xml svg; application/xml xml; }}
    default_type application/octet-stream; charset {charset}; sendfile on; tcp_nopush on;
    keepalive_requests 1000000; access_log {log};
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen {address}:{port} backlog=4096{tls}; allow 127.0.0.0/8; deny all; absolute_redirect on;
             {rules} {locations} }}
}}
"""


class Nginx:
    def __init__(self, folder, places, workers=1, log=True, charset="off", tls=False,
                 address="127.0.0.1", rules=""):
        """`places`: {"/prefix/": folder to serve there}; `rules`: more lines of the server's block."""
        self.folder, self.places, self.workers = folder, places, workers
        self.log, self.charset, self.tls = log, charset, tls
        self.address, self.rules = address, rules

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        if self.tls:
            self._sign_certificate()
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

    def _sign_certificate(self):
        subprocess.run([OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
                        "-keyout", f"{self.folder}/key.pem", "-out", f"{self.folder}/cert.pem"],
                       check=True, capture_output=True)

    def _config(self):
        locations = "".join(f"location {prefix} {{ alias {place.rstrip('/')}/; index index.html; }} "
                            for prefix, place in self.places.items())
        return CONFIG.format(folder=self.folder, port=self.port, workers=self.workers, locations=locations,
                             charset=self.charset, tls=self._tls_config(), address=self.address, rules=self.rules,
                             user="user root;" if os.geteuid() == 0 else "",
                             log=f"{self.folder}/access.log plain" if self.log else "off")

    def _tls_config(self):
        """What follows the address in `listen`, and the lines that go with it."""
        if not self.tls:
            return ""
        return f" ssl http2; ssl_certificate {self.folder}/cert.pem; ssl_certificate_key {self.folder}/key.pem"

    def _connect(self):
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        trusting = ssl.create_default_context(cafile=f"{self.folder}/cert.pem")
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=trusting)

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                connection = self._connect()
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
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}{path}"

    def gets(self):
        """(number of the connection, protocol, path with query) of each GET; whole once nginx has ended."""
        with open(f"{self.folder}/access.log") as log:
            lines = [line.rstrip("\n").split(" ", 5) for line in log]
        return [(int(connection), protocol, uri) for connection, protocol, _, _, method, uri in lines if method == "GET"]

    def requests(self):
        """{path with query: number of GET requests}"""
        return collections.Counter(uri for _, _, uri in self.gets())

    def forget_requests(self):
        os.truncate(f"{self.folder}/access.log", 0)  # nginx appends

    def requests_by_host(self):
        """{(host, path with query): number of GET requests}"""
        with open(f"{self.folder}/access.log") as log:
            lines = [line.rstrip("\n").split(" ", 5) for line in log]
        return collections.Counter((host, uri) for _, _, host, _, method, uri in lines if method == "GET")

    def cpu_seconds(self):
        """What master and workers have used so far (Linux: the scheduler's own figure, in ns)."""
        with open(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children") as children:
            pids = [str(self.popen.pid), *children.read().split()]
        used = 0
        for pid in pids:
            with open(f"/proc/{pid}/schedstat") as stat:
                used += int(stat.read().split()[0])
        return used / 1e9


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
