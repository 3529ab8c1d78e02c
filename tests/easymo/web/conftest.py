"""The real web process, spoken to over plain sockets."""

from __future__ import annotations

import hashlib
import hmac
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests import databases, processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

SECRET = "secret-of-the-edge-tests"
WEBHOOK = "/functions/v1/ai-whatsapp-webhook"
READY_WITHIN_S = 120.0
# Far longer than any answer takes, for a machine that is busy.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Server:
    port: int
    process: subprocess.Popen[bytes]

    def connect(self) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        line.settimeout(PATIENCE_S)
        return line

    def ask(self, raw: bytes) -> Answer:
        """Send the bytes over a connection of their own; return the answer."""
        with self.connect() as line:
            line.sendall(raw)
            return read_answer(line)

    def get(self, path: str, *headers: str) -> Answer:
        return self.ask(head("GET", path, *headers) + b"\r\n")

    def post(self, path: str, body: bytes, *headers: str) -> Answer:
        length = f"Content-Length: {len(body)}"
        return self.ask(head("POST", path, length, *headers) + b"\r\n" + body)

    def deliver(self, body: bytes, *headers: str) -> Answer:
        return self.post(
            WEBHOOK, body, f"X-Hub-Signature-256: {signature(body)}", *headers
        )


def head(method: str, path: str, *headers: str) -> bytes:
    """Return the request line and headers, without the empty line."""
    given = headers
    if not any(line.lower().startswith("host:") for line in headers):
        given = ("Host: localhost", *headers)
    lines = [f"{method} {path} HTTP/1.1", *given, ""]
    return "\r\n".join(lines).encode("latin-1")


def signature(body: bytes) -> str:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def read_answer(line: socket.socket) -> Answer:
    """Read one answer and no byte more; its status is 0 when there was none."""
    with line.makefile("rb", buffering=0) as reader, suppress(ConnectionError):
        first = reader.readline()
        if not first:
            return Answer(0, {}, b"")
        headers: dict[str, str] = {}
        while text := reader.readline().decode("latin-1").strip():
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        left, body = int(headers.get("content-length", "0")), b""
        while left > len(body) and (part := reader.read(left - len(body))):
            body += part
        return Answer(int(first.split()[1]), headers, body)
    return Answer(0, {}, b"")


@contextmanager
def running(
    url: str, module: str = "easymo.web.server", **settings: str
) -> Iterator[Server]:
    """Start the web process of the product, and end it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = processes.environment(
        DATABASE_URL=url,
        PORT=str(port),
        HOST="127.0.0.1",
        WA_APP_SECRET=SECRET,
        WA_PHONE_ID="106540352242922",
        ALLOWED_HOSTS="localhost,127.0.0.1",
        **settings,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=processes.ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(port, process)
    try:
        wait_until_up(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_up(server: Server) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        with suppress(OSError):
            if server.get("/healthz").status == 200:
                return
        time.sleep(0.1)
    raise AssertionError("The web process did not start.")


@pytest.fixture(scope="module")
def database(
    template_database: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """Give the URL of a database of the module's own."""
    with (
        django_db_blocker.unblock(),
        databases.clone(template_database, label="edge") as name,
    ):
        yield databases.url(name)


@pytest.fixture(scope="module")
def server(database: str) -> Iterator[Server]:
    """Run the web process as callers reach it directly."""
    with running(database) as started:
        yield started
