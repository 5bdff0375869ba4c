"""answers: what a hostile or broken server may send, and the one outcome that must land in the database.

A case is (name, reply, outcomes): `reply` for the scripted server; `outcomes` the error classes of which
the request must end with one, or OK for an answer that is stored. All cases run in one crawl of
story_hostile.py, between healthy pages; the whole must stay within its memory and time.
"""
import gzip
import zlib

from support.webserver import RESET, Reply

OK = None
HTML = b"Content-Type: text/html\r\n"
HEAD = b"HTTP/1.1 200 OK\r\n" + HTML
MIB = 1 << 20


def raw(*steps):
    return Reply(steps=steps)


def endless(piece, mib):
    """As many pieces as make `mib` MiB: more than any limit takes."""
    return [piece] * (mib * MIB // len(piece) + 1)


def encoded(coding, body):
    return Reply(body=body, headers=[("Content-Encoding", coding)])


def gzip_of_zeros(mib):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(mib)) + packer.flush()


PAGE = b"<title>x</title><p>" + b"text " * 4000
ZIPPED = gzip.compress(PAGE)

FRAMING = [
    ("close-at-once", raw(), ("empty-reply", "reset")),
    ("reset-before-the-answer", raw(RESET), ("reset", "empty-reply")),
    ("reset-mid-body", raw(HEAD + b"Content-Length: 90000\r\n\r\n" + PAGE, 0.05, RESET), ("reset", "truncated")),
    ("short-body", raw(HEAD + b"Content-Length: 90000\r\n\r\n" + PAGE), ("truncated",)),
    ("chunked-without-end", raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), ("truncated",)),
    ("bad-chunk-size", raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"), ("protocol",)),
    ("chunk-size-overflow", raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhi\r\n"), ("protocol",)),
    ("no-http-at-all", raw(b"220 smtp.example ESMTP ready\r\n\r\n"), ("protocol",)),
    ("no-colon", raw(b"HTTP/1.1 200 OK\r\nthis is no header\r\n\r\n"), ("protocol",)),
    ("http-9.9", raw(b"HTTP/9.9 200 OK\r\n\r\nhello"), ("protocol",)),
    ("status-999", raw(b"HTTP/1.1 999 No\r\nContent-Length: 2\r\n\r\nhi"), ("http-other",)),
    ("206-unasked", raw(b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nhi"), ("protocol",)),
    ("304-unasked", raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"), ("protocol",)),
    ("101-unasked", raw(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello"), ("protocol", "timeout")),
    ("two-lengths", raw(HEAD + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\nhello"), ("protocol",)),
    ("negative-length", raw(HEAD + b"Content-Length: -5\r\n\r\nhello"), ("protocol",)),
    ("te-and-length", raw(HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), OK),
    ("nul-in-header", raw(HEAD + b"X-Nul: a\0b\r\nContent-Length: 2\r\n\r\nhi"), ("protocol",)),
    ("no-status", raw(b"HTTP/1.1\r\n\r\n"), ("protocol",)),
    ("status-20", raw(b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nhi"), ("protocol",)),
    ("chunk-extension-flood", raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;x=", *endless(b"a" * 65536, 24)),
     ("protocol", "too-big", "truncated", "timeout")),
    ("cookie-flood", raw(HEAD, *[b"Set-Cookie: c%d=" % i + b"v" * 4000 + b"\r\n" for i in range(2000)]),
     ("headers-too-big",)),
    ("header-flood", raw(b"HTTP/1.1 200 OK\r\n", *endless(b"X-Flood: " + b"a" * 1000 + b"\r\n", 8)), ("headers-too-big",)),
    ("one-huge-header", raw(b"HTTP/1.1 200 OK\r\nX: ", *endless(b"a" * 65536, 8)), ("headers-too-big",)),
    ("1xx-flood", raw(*endless(b"HTTP/1.1 103 Early Hints\r\nX: " + b"a" * 500 + b"\r\n\r\n", 4)), ("headers-too-big",)),
    ("trailer-flood", raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n",
                          *endless(b"X-Trailer: " + b"a" * 1000 + b"\r\n", 8)), ("headers-too-big",)),
    ("endless-body", raw(HEAD + b"\r\n", *endless(b"<p>" + b"x" * 65536, 24)), ("too-big",)),
    ("endless-chunks", raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
                           *endless(b"10000\r\n" + b"x" * 65536 + b"\r\n", 24)), ("too-big",)),
    ("announced-too-big", raw(HEAD + b"Content-Length: 999999999999\r\n\r\n" + PAGE), ("too-big", "truncated")),
    ("silence", raw(60), ("first-byte-timeout", "timeout")),
    ("slow-header", raw(b"HTTP/1.1 200 OK\r\n", *[b"X-Slow: yes\r\n", 0.4] * 60), ("first-byte-timeout", "timeout")),
    ("slow-body", raw(HEAD + b"\r\n", *[b"<p>", 0.4] * 60), ("timeout",)),
]

CODINGS = [
    ("gzip", encoded("gzip", ZIPPED), OK),
    ("gzip-bomb", encoded("gzip", gzip_of_zeros(64)), ("bomb", "too-big")),
    ("gzip-truncated", encoded("gzip", ZIPPED[:-20]), ("truncated",)),
    ("gzip-bad-crc", encoded("gzip", ZIPPED[:-8] + b"\0" * 8), ("truncated", "encoding")),
    ("gzip-trailing-junk", encoded("gzip", ZIPPED + b"junk after the end"), OK),
    ("gzip-six-times", encoded(", ".join(["gzip"] * 6), ZIPPED), ("encoding",)),
    ("encoding-unknown", encoded("rot13", PAGE), ("encoding",)),
    ("encoding-lies", encoded("gzip", PAGE), ("encoding",)),
]

REDIRECTS = [
    ("to-file", Reply(302, headers=[("Location", "file:///etc/passwd")]), ("redirect",)),
    ("to-javascript", Reply(302, headers=[("Location", "javascript:alert(1)")]), ("redirect",)),
    ("to-nowhere", Reply(302, headers=[("Location", "http://[")]), ("redirect",)),
    ("to-a-line-end", Reply(302, headers=[("Location", "/found/a%0d%0aEvil:%20yes")]), OK),
    ("to-itself", Reply(302, headers=[("Location", "/hostile/to-itself")]), ("redirect",)),
]

TAIL = b'<a href="/found/after-%s">after</a>'


def body(name, content):
    """HTML whose last link must be found whatever came before it."""
    return name, Reply(body=content + TAIL % name.encode()), OK


BODIES = [
    body("nul-bytes", b"\0" * MIB),
    body("deep-nesting", b"<div>" * 100000),
    body("many-bold", b"<b>" * 300000),
    body("attribute-flood", b"<p " + b" ".join(b"a%d=b" % i for i in range(100000)) + b">"),
    body("end-tag-flood", b"<div>" * 50000 + b"</p>" * 50000),
    body("entity-flood", b"&#xFFFFFFFFF;&amp;" * 100000),
    body("title-2-mib", b"<title>" + b"t" * 2 * MIB + b"</title>"),
    body("invalid-utf-8", b"<meta charset=utf-8>" + bytes(range(128, 256)) * 1000),
    body("huge-href", b'<a href="/' + b"x" * 5 * MIB + b'">x</a>'),
    body("unterminated-attribute", b'<p title="' + b"x" * MIB + b'">'),
    body("odd-urls", b'<a href="http://127.0.0.1:99999/">p</a><a href="//[">q</a><a href=" \t\n">r</a>'
                     b'<a href="mailto:x@y">s</a><a href="http://user:pw@127.0.0.1:1/%00">t</a>'),
    body("sql-and-formats", b"<title>'); DROP TABLE page; -- %n%s\x1b[31m\nnext</title><a href=\"/found/%27%29%3B\">x</a>"),
]

CASES = FRAMING + CODINGS + REDIRECTS + BODIES
