"""The previous workflow on a loopback server: it checks Meta's signature.

with FakeLegacy(secret="s") as legacy:
    ...                     # LEGACY_WEBHOOK_URL = legacy.url
    legacy.script(lambda body: 500 if "2507" in body else 200)
    legacy.messages()       # the accepted messages in order
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from agents.whatsapp.signature import is_signed

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeLegacy:
    def __init__(self, *, secret: str) -> None:
        self.secret = secret
        # Bodies that it answered 2xx.
        self.taken: list[bytes] = []
        # Every body that came, with the time.
        self.came: list[tuple[float, bytes]] = []
        self.unsigned = 0
        self.headers: list[dict[str, str]] = []
        # Answers a body with an HTTP status; sleeping is allowed.
        self.answer: Callable[[bytes], int] = lambda _: 200
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook?token=t0ken"

    def values(self) -> list[dict[str, Any]]:
        """Return the value of each body's only change, in the order taken."""
        return [
            change["value"]
            for body in self.taken
            for entry in json.loads(body)["entry"]
            for change in entry["changes"]
        ]

    def messages(self) -> list[dict[str, Any]]:
        return [m for value in self.values() for m in value.get("messages", ())]

    def statuses(self) -> list[dict[str, Any]]:
        return [s for value in self.values() for s in value.get("statuses", ())]

    def wait_for(self, count: int, seconds: float = 90.0) -> list[bytes]:
        until = time.monotonic() + seconds
        while len(self.taken) < count and time.monotonic() < until:
            time.sleep(0.02)
        assert len(self.taken) >= count, f"{len(self.taken)} of {count} came"
        return self.taken

    def wait_until_asked(self, seconds: float = 90.0) -> None:
        until = time.monotonic() + seconds
        while not self.came and time.monotonic() < until:
            time.sleep(0.02)

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        with self._lock:
            self.came.append((time.monotonic(), body))
            self.headers.append(headers)
        if not is_signed(body, headers.get("X-Hub-Signature-256"), [self.secret]):
            with self._lock:
                self.unsigned += 1
            return 403
        status = self.answer(body)
        if 200 <= status < 300:
            with self._lock:
                self.taken.append(body)
        return status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        legacy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Log nothing."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status = legacy.take(body, dict(self.headers.items()))
                answer = b'{"ok":true}'
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that hung up during a pause."""
