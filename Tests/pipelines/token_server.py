"""A token server for the tests: KEY CERTIFICATE PORT-FILE.

Answers the Docker registry token protocol for one user and logs each scope it granted, so that a
test can say what was asked for.
"""

import base64
import http.server
import json
import subprocess
import sys
import time
import urllib.parse

KEY, CERTIFICATE, PORT_FILE = sys.argv[1:4]
USER = "Basic " + base64.b64encode(b"alice:open sesame").decode()
CHAIN = subprocess.check_output(["openssl", "x509", "-in", CERTIFICATE, "-outform", "DER"])


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def sign(claims):
    header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(CHAIN).decode()]}
    text = encode(json.dumps(header).encode()) + b"." + encode(json.dumps(claims).encode())
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", KEY], input=text, capture_output=True, check=True
    ).stdout
    return (text + b"." + encode(signature)).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        authorization = self.headers.get("Authorization")
        if authorization is not None and authorization != USER:
            return self.answer(401, {"errors": [{"code": "UNAUTHORIZED"}]})
        # The parameter that the realm itself has must survive.
        if query.get("from") != ["realm"] or query.get("service") != ["test"]:
            return self.answer(400, {"errors": [{"code": "QUERY"}]})
        access = []
        for scope in query.get("scope", []):
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            granted = actions.split(",")
            if authorization is None:
                granted = [a for a in granted if a == "pull" and name.startswith("public/")]
            if granted:
                access.append({"type": kind, "name": name, "actions": granted})
                print("granted", scope, flush=True)
        now = int(time.time())
        claims = {
            "iss": "tests", "sub": "alice", "aud": "test", "jti": str(now), "access": access,
            "iat": now, "nbf": now - 60, "exp": now + 300,
        }
        self.answer(200, {"token": sign(claims), "expires_in": 300})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    with open(PORT_FILE, "w") as file:
        file.write(str(server.server_port))
    server.serve_forever()
