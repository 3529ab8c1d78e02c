"""An OpenID provider on a loopback port, as strict as a real one.

It refuses other clients, redirects and response types, missing nonces and PKCE challenges,
codes that were used or belong to another challenge, and wrong client secrets.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENT, SECRET = "easymo-client", "a-client-secret-of-thirty-two-characters"
KEY_ID = "key-1"


@dataclass
class Grant:
    """What a code stands for."""

    nonce: str
    challenge: str
    redirect: str


@dataclass
class Person:
    """Who signs in at the provider."""

    subject: str = "subject-of-odette"
    claims: dict[str, Any] = field(
        default_factory=lambda: {
            "groups": ["fuel-operators"],
            "preferred_username": "odette@example.org",
            "email": "odette@example.org",
        }
    )


class FakeProvider(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.person = Person()
        self.redirects: list[str] = []
        self.grants: dict[str, Grant] = {}
        self.refused: list[str] = []
        # Changes the claims or the whole token, as an attacker or a broken provider.
        self.change_claims: Callable[[dict[str, Any]], Any] = lambda claims: None
        self.make_token: Callable[[dict[str, Any]], Any] = self.signed
        self._thread = threading.Thread(target=self.serve_forever, args=[0.01])

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(60)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A closed connection is no error."""

    def authorize(self, query: dict[str, str]) -> str | None:
        """Return where the browser goes after the person signed in; None: refused."""
        good = (
            query.get("client_id") == CLIENT
            and query.get("response_type") == "code"
            and query.get("redirect_uri") in self.redirects
            and "openid" in query.get("scope", "").split()
            and len(query.get("state", "")) >= 16
            and len(query.get("nonce", "")) >= 16
            and query.get("code_challenge_method") == "S256"
            and len(query.get("code_challenge", "")) == 43
        )
        if not good:
            self.refused.append("authorize")
            return None
        code = secrets.token_urlsafe(24)
        self.grants[code] = Grant(
            query["nonce"], query["code_challenge"], query["redirect_uri"]
        )
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Exchange a code; None: refused."""
        grant = self.grants.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        good = (
            grant is not None
            and form.get("grant_type") == "authorization_code"
            and form.get("client_id") == CLIENT
            and form.get("client_secret") == SECRET
            and form.get("redirect_uri") == grant.redirect
            and challenge == grant.challenge
        )
        if grant is None or not good:
            self.refused.append("token")
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": self.person.subject,
            "iat": now,
            "exp": now + 300,
            "nonce": grant.nonce,
            **self.person.claims,
        }
        self.change_claims(claims)
        answer = {"access_token": "access", "token_type": "Bearer"}
        token = self.make_token(claims)
        return answer if token is None else {**answer, "id_token": token}

    def signed(
        self, claims: dict[str, Any], *, key: Any = None, **headers: str | None
    ) -> str:
        given = {"kid": KEY_ID, **headers}
        return jwt.encode(claims, key or self.key, "RS256", headers=given)

    def keys(self) -> dict[str, Any]:
        public = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}


class Answer(BaseHTTPRequestHandler):
    server: FakeProvider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/keys":
            self._answer(200, self.server.keys())
        elif parts.path == "/authorize":
            to = self.server.authorize(_single(parts.query))
            self.send_response(400 if to is None else 302)
            if to is not None:
                self.send_header("Location", to)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        found = self.server.token(_single(body)) if self.path == "/token" else None
        self._answer(400 if found is None else 200, found or {"error": "invalid_grant"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        """Stay quiet."""


def _single(query: str) -> dict[str, str]:
    found = parse_qs(query, strict_parsing=bool(query))
    return {name: values[0] for name, values in found.items() if len(values) == 1}
