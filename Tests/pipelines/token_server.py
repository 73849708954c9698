"""A token server for the tests: KEY CERTIFICATE PORT-FILE.

Answers the Docker registry token protocol for one user, by password or by the refresh token
`refresh-me`, and logs each request and each granted scope for the tests. Repositories below `secret/`
are denied to everyone.

Two files change this while they exist. `token.life` has the number of seconds that tokens last,
although the answer says 300. Requests for a scope that contains the text in `token.hold` wait.
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
# The time for which a registry accepts an expired token.
LEEWAY = 60


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def sign(claims):
    header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(CHAIN).decode()]}
    text = encode(json.dumps(header).encode()) + b"." + encode(json.dumps(claims).encode())
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", KEY], input=text, capture_output=True, check=True
    ).stdout
    return (text + b"." + encode(signature)).decode()


def content(name):
    try:
        with open(name) as file:
            return file.read().strip()
    except FileNotFoundError:
        return None


def granted_actions(name, actions, is_anonymous):
    if name.startswith("secret/"):
        return []
    if is_anonymous:
        return [a for a in actions if a == "pull" and name.startswith("public/")]
    return actions


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        authorization = self.headers.get("Authorization")
        if authorization is not None and authorization != USER:
            return self.answer(401, {"errors": [{"code": "UNAUTHORIZED"}]})
        # The realm's own parameter must be kept.
        if query.get("from") != ["realm"] or query.get("service") != ["test"]:
            return self.answer(400, {"errors": [{"code": "QUERY"}]})
        self.grant("token", query.get("scope", []), is_anonymous=authorization is None)

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        form = urllib.parse.parse_qs(self.rfile.read(length).decode())
        if form.get("grant_type") != ["refresh_token"] or form.get("service") != ["test"]:
            return self.answer(400, {"error": "invalid_request"})
        if form.get("refresh_token") != ["refresh-me"]:
            error = {"error": "invalid_grant", "error_description": "not a token of ours"}
            return self.answer(400, error)
        self.grant("access_token", form.get("scope", [""])[0].split(), is_anonymous=False)

    def grant(self, field, scopes, is_anonymous):
        print("asked", self.command, *scopes, flush=True)
        while (held := content("token.hold")) is not None and any(held in s for s in scopes):
            print("held", *scopes, flush=True)
            time.sleep(0.05)
        access = []
        for scope in scopes:
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            granted = granted_actions(name, actions.split(","), is_anonymous)
            if granted:
                access.append({"type": kind, "name": name, "actions": granted})
                print("granted", scope, flush=True)
        now = int(time.time())
        life = content("token.life")
        end = now + 300 if life is None else now - LEEWAY + int(life)
        claims = {
            "iss": "tests", "sub": "alice", "aud": "test", "jti": str(now), "access": access,
            "iat": now, "nbf": now - LEEWAY, "exp": end,
        }
        self.answer(200, {field: sign(claims), "expires_in": 300})

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
