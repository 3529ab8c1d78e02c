"""Slack's incoming webhook on a loopback port."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class FakeSlack(ThreadingHTTPServer):
    """Answers with the next status, 200 when none is left; remembers the texts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        # 0: no answer at all until the end.
        self.statuses: list[int] = []
        self.texts: list[str] = []
        self.released = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=[0.01])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/T/B/secret"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()
        self._thread.join(60)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A closed connection is no error."""


class Answer(BaseHTTPRequestHandler):
    server: FakeSlack

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.texts.append(json.loads(body)["text"])
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if not status:
            self.server.released.wait(250)
            return
        self.send_response(status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Stay quiet."""
