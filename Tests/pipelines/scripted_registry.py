"""A registry whose misbehaviour is chosen by the first component of the repository: PORT-FILE.

Logs each request as METHOD PATH STATUS BYTES, with the number of bytes of its body that were read.

busy/N     the first N requests for a manifest are answered by 503, all others as usual
limited/N  the same with 429, and a Retry-After of N seconds for the first of them only
silent     a request for a manifest is never answered
warned     every answer has the same warning
html, huge, lying   the body of an error
large/N    a manifest of N MiB, and a list of tags whose pages have N MiB and no end
lost/N     an upload breaks after N MiB, and is then unknown
kept/N     an upload breaks after N MiB, all of which the registry has
portal     everything is answered by 200 and a login page
forged     an index whose manifest has a media type of several lines, which form another request
"""

import hashlib
import http.server
import json
import re
import sys
import threading
import time

MIB = 1 << 20
lock = threading.Lock()
counts = {}
uploads = {}
blobs = {}
MANIFEST = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'


class Break(Exception):
    pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.received = 0

    def handle_any(self):
        self.received = 0
        try:
            status = self.route()
        except Break:
            status = "broken"
            self.close_connection = True
        print(self.command, self.path.split("?")[0], status, self.received, flush=True)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def route(self):
        match = re.match(r"/v2/((\w+)(?:/(\d+))?)/(manifests|tags|blobs/uploads|blobs)/([^?]*)", self.path)
        if not match:
            return self.answer(200)
        name, kind, number, what, rest = match.groups()
        number = int(number or 0)
        if kind == "portal":
            for _ in self.body():
                pass
            return self.answer(200, b"<!doctype html><title>Log in</title>", {"Content-Type": "text/html"})
        if kind == "forged" and what == "manifests":
            return self.forged(rest)
        if what == "manifests":
            return self.manifest(name, kind, number)
        if what == "tags":
            return self.page(name, number)
        if what == "blobs":
            return self.answer(200 if rest in blobs else 404, blobs.get(rest, b""))
        return self.upload(name, kind, number, rest)

    def manifest(self, name, kind, number):
        with lock:
            count = counts[name] = counts.get(name, 0) + 1
        if kind == "busy" and count <= number:
            return self.error(503, "UNAVAILABLE", "come back later", {"Retry-After": "0"})
        if kind == "limited" and count <= 1:
            return self.error(429, "TOOMANYREQUESTS", "slow down", {"Retry-After": str(number)})
        if kind == "silent":
            time.sleep(1000)
        if kind == "html":
            return self.answer(400, b"<html><h1>no</h1></html>", {"Content-Type": "text/html"})
        if kind == "huge":
            return self.answer(400, b"too much " * MIB)
        if kind == "lying":
            self.send_response(400)
            self.send_header("Content-Length", "4000")
            self.end_headers()
            self.wfile.write(b"just this")
            raise Break
        if kind == "large":
            return self.answer(200, MANIFEST + b" " * (number * MIB))
        warning = {"Warning": '299 - "old, soon gone"'} if kind == "warned" else {}
        return self.answer(200, MANIFEST, warning)

    def forged(self, reference):
        kind = "a/b\r\nContent-Length: 0\r\n\r\nDELETE /v2/precious/manifests/1 HTTP/1.1\r\nHost: h\r\nX: "
        child = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": {}, "layers": []}).encode()
        digest = "sha256:" + hashlib.sha256(child).hexdigest()
        if reference == digest:
            return self.answer(200, child, {"Content-Type": "application/json"})
        entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": len(child)}
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
        return self.answer(200, json.dumps(index).encode(), {"Content-Type": index["mediaType"]})

    def page(self, name, number):
        with lock:
            count = counts[name] = counts.get(name, 0) + 1
        link = f'</v2/{name}/tags/list?last={count}>; rel="next"'
        return self.answer(200, b'{"tags":["x"]}'.ljust(number * MIB), {"Link": link})

    def upload(self, name, kind, number, rest):
        if self.command == "POST":
            with lock:
                identifier = str(len(uploads) + 1)
                uploads[identifier] = bytearray()
            return self.at(202, name, identifier)
        bytes_ = uploads.get(rest)
        if bytes_ is None:
            return self.error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
        if self.command == "DELETE":
            uploads[rest] = None
            return self.answer(204)
        if self.command == "GET":
            return self.at(204, name, rest)
        first = counts.setdefault(name, 0) == 0 and self.command == "PATCH"
        for part in self.body():
            bytes_ += part
            if first and self.received >= number * MIB:
                counts[name] = 1
                if kind == "lost":
                    uploads[rest] = None
                raise Break
        if self.command == "PATCH":
            return self.at(202, name, rest)
        digest = "sha256:" + hashlib.sha256(bytes_).hexdigest()
        blobs[digest] = bytes(bytes_)
        uploads[rest] = None
        return self.answer(201, headers={"Docker-Content-Digest": digest})

    def body(self):
        rest = int(self.headers.get("Content-Length") or 0)
        while self.headers.get("Transfer-Encoding") == "chunked" or rest > 0:
            if rest == 0:
                rest = int(self.rfile.readline(), 16)
                if rest == 0:
                    self.rfile.readline()
                    return
            part = self.rfile.read(min(rest, 1 << 18))
            if not part:
                raise Break
            rest -= len(part)
            self.received += len(part)
            yield part
            if rest == 0:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return
                self.rfile.readline()

    def at(self, status, name, identifier):
        count = len(uploads[identifier])
        return self.answer(status, headers={
            "Location": f"/v2/{name}/blobs/uploads/{identifier}?n={count}",
            "Range": f"0-{max(0, count - 1)}",
        })

    def error(self, status, code, message, headers=None):
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        return self.answer(status, body, headers)

    def answer(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True
        return status

    def log_message(self, *_):
        pass


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    server.daemon_threads = True
    with open(sys.argv[1], "w") as file:
        file.write(str(server.server_port))
    server.serve_forever()
