#!/bin/sh
# Serves Debian's python3-doc on 127.0.0.1:8080 with nginx while a command runs:
#   tests/support/serve_docs.sh COMMAND [ARG ...]
# Another folder or port: CRAWLD_DOCS=/usr/share/doc/postgresql-doc-15/html CRAWLD_PORT=8081
set -eu
docs=${CRAWLD_DOCS:-/usr/share/doc/python3-doc/html}
port=${CRAWLD_PORT:-8080}
[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARG ...]" >&2; exit 2; }
[ -e "$docs/index.html" ] || { echo "$0: no $docs/index.html: apt-get install python3-doc" >&2; exit 2; }
folder=$(mktemp -d)
cat >"$folder/nginx.conf" <<EOF
daemon off; worker_processes 1; pid $folder/pid; error_log $folder/error.log;
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    access_log off; client_body_temp_path $folder/body; proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi; uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
    server { listen 127.0.0.1:$port; root $docs; index index.html; }
}
EOF
nginx -c "$folder/nginx.conf" -e "$folder/error.log" &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true; rm -rf "$folder"' EXIT INT TERM
until [ -s "$folder/pid" ]; do
    kill -0 $server 2>/dev/null || { cat "$folder/error.log" >&2; exit 3; }
    sleep 0.1
done
"$@"
