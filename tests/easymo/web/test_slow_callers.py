"""A hundred callers that never finish: everyone else is still answered."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from easymo.web.request_body import BODIES_OF_NETWORK
from tests import payloads
from tests.easymo.web.conftest import (
    PATIENCE_S,
    WEBHOOK,
    Answer,
    Server,
    head,
    read_answer,
    running,
    signature,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CALLERS = 100
LOOKUP = "/functions/v1/ai-lookup-customer"
POSTED_TO = (
    WEBHOOK,
    "/functions/v1/ai-realtime-webhook",
    LOOKUP,
    "/admin/login/",
    "/healthz",
    "/no/such/page",
)
HEALTH = head("GET", "/healthz") + b"\r\n"
BODY = "Content-Length: 5000"
CHUNKED = "Transfer-Encoding: chunked"
# What a caller sends before it falls silent.
UNFINISHED: dict[str, bytes] = {
    "nothing": b"",
    "half a request line": b"POST /func",
    "half of the headers": head("POST", LOOKUP, BODY),
    "half of a header": head("GET", "/admin/login/") + b"Cookie: a",
    **{
        f"3 of 5,000 bytes to {path}": head("POST", path, BODY) + b"\r\n{ }"
        for path in POSTED_TO
    },
    "no byte of the body": head("POST", LOOKUP, BODY) + b"\r\n",
    "half a chunk": head("POST", LOOKUP, CHUNKED) + b"\r\n5\r\n{ }",
    "chunks without the last": head("POST", WEBHOOK, CHUNKED) + b"\r\n3\r\n{ }\r\n",
    "a body after 100-continue": head("POST", LOOKUP, BODY, "Expect: 100-continue")
    + b"\r\n",
    "a second request, half sent": head("GET", "/healthz")
    + b"\r\n"
    + head("POST", LOOKUP, BODY)
    + b"\r\n{ }",
}


@contextmanager
def callers(server: Server, sent: bytes, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        lines = [stack.enter_context(server.connect()) for _ in range(count)]
        for line in lines:
            line.sendall(sent)
        yield lines


def is_waiting(line: socket.socket) -> bool:
    """Tell whether the server has neither answered nor closed the connection."""
    line.setblocking(False)
    try:
        line.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    finally:
        line.settimeout(PATIENCE_S)
    return False


def assert_others_are_answered(server: Server) -> None:
    body = payloads.webhook(payloads.text("hello"))
    assert server.get("/healthz").status == 200
    assert server.deliver(body).status == 200
    assert server.get("/admin/login/").status == 200
    assert server.get("/readyz").status in {200, 503}


@pytest.mark.parametrize("kind", UNFINISHED)
def test_slow_callers__a_hundred__others_are_answered_meanwhile(
    server: Server, kind: str
) -> None:
    with callers(server, UNFINISHED[kind], CALLERS) as lines:
        # When
        assert_others_are_answered(server)

        # Then: they still wait, except those over the cap of one network
        if kind not in {"a second request, half sent", "a body after 100-continue"}:
            waiting = sum(is_waiting(line) for line in lines)
            assert waiting >= BODIES_OF_NETWORK - 1


def test_slow_callers__deadline_over__refused_and_closed(server: Server) -> None:
    """All kinds wait at the same time, so that the deadlines pass once."""
    with ExitStack() as stack:
        kept = stack.enter_context(server.connect())
        kept.sendall(HEALTH)
        assert read_answer(kept).status == 200
        lines = {
            kind: stack.enter_context(callers(server, sent, 3))
            for kind, sent in UNFINISHED.items()
        }
        last = {kind: [all_answers(line)[-1] for line in lines[kind]] for kind in lines}
        # A connection that waits for its next request is kept longer.
        kept.sendall(HEALTH)
        assert read_answer(kept).status == 200

    for kind, answers in last.items():
        has_headers = b"\r\n\r\n" in UNFINISHED[kind]
        allowed = {408} if has_headers else {0, 408}
        assert {answer.status for answer in answers} <= allowed, kind
        closing = {answer.headers.get("connection", "close") for answer in answers}
        assert closing == {"close"}, kind


def all_answers(line: socket.socket) -> list[Answer]:
    """Read answers until the server closes; the last one is never a 1xx or 200."""
    found: list[Answer] = []
    while not found or found[-1].status in {100, 200}:
        found.append(read_answer(line))
    assert line.recv(1) == b""
    return found


def test_slow_callers__a_byte_now_and_then__ends_all_the_same(server: Server) -> None:
    # Given: each part is in time, the whole body never
    with callers(server, head("POST", LOOKUP, BODY) + b"\r\n", 1) as (line,):
        while is_waiting(line):
            line.sendall(b" ")
            time.sleep(0.2)

        # Then
        assert read_answer(line).status == 408


def test_slow_callers__more_than_the_cap__the_oldest_is_refused(
    server: Server,
) -> None:
    sent = UNFINISHED[f"3 of 5,000 bytes to {LOOKUP}"]
    with (
        callers(server, sent, 1) as (oldest,),
        callers(server, sent, BODIES_OF_NETWORK),
    ):
        assert read_answer(oldest).status == 408


def test_slow_readers__a_hundred__others_are_answered(server: Server) -> None:
    # Given: callers who ask for a large file and take nothing of it
    asked = head("GET", "/static/admin/js/vendor/jquery/jquery.js") + b"\r\n"
    with ExitStack() as stack:
        for _ in range(CALLERS):
            line = stack.enter_context(socket.socket())
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            line.connect(("127.0.0.1", server.port))
            line.sendall(asked)

        # Then
        assert_others_are_answered(server)


@pytest.mark.parametrize("path", ["/healthz", LOOKUP])
def test_headers__too_long__431_and_others_are_answered(
    server: Server, path: str
) -> None:
    long = head("GET", path) + b"X-Long: " + b"x" * 400_000
    with server.connect() as line:
        try:
            line.sendall(long)
        except ConnectionError:
            return
        assert read_answer(line).status in {0, 431}
    assert_others_are_answered(server)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (LOOKUP, 413, "too_large"),
        ("/functions/v1/ai-create-voucher", 413, "too_large"),
        (WEBHOOK, 413, None),
        ("/admin/login/", 413, None),
    ],
)
@pytest.mark.parametrize("size", [4_300_000, 6_000_000, 10**12])
def test_body__too_long__413_and_told_so(
    server: Server, path: str, status: int, code: str | None, size: int
) -> None:
    # What is far too long is refused before a byte of it has arrived.
    sent = size if size < 10**9 else 0
    raw = head(
        "POST", path, f"Content-Length: {size}", "Content-Type: application/json"
    )
    answer = server.ask(raw + b"\r\n" + b"x" * sent)

    assert answer.status == status
    assert code is None or f'"{code}"'.encode() in answer.body


def test_body__in_chunks__read_whole(server: Server) -> None:
    body = payloads.webhook(payloads.text("in chunks"))
    raw = head("POST", WEBHOOK, CHUNKED, f"X-Hub-Signature-256: {signature(body)}")
    half = len(body) // 2
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:])
    )

    assert server.ask(raw + b"\r\n" + chunks + b"0\r\n\r\n").status == 200


def in_chunks(path: str, body: bytes, end: bytes, *headers: str) -> bytes:
    chunk = b"%x\r\n%s\r\n" % (len(body), body)
    return head("POST", path, CHUNKED, *headers) + b"\r\n" + chunk + end


TRAILERS = {
    "one": b"0\r\nX-Checksum: abc\r\n\r\n",
    "two": b"0\r\nX-Checksum: abc\r\nX-Other: 1\r\n\r\n",
}


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize(("path", "status"), [(WEBHOOK, 200), (LOOKUP, 401)])
def test_body__announced_trailer__is_ignored(
    server: Server, trailer: str, path: str, status: int
) -> None:
    body = payloads.webhook(payloads.text(f"with a trailer {trailer}"))
    signed = f"X-Hub-Signature-256: {signature(body)}"
    named = ("Trailer: X-Checksum", "Content-Type: application/json")
    raw = in_chunks(path, body, TRAILERS[trailer], signed, *named)

    assert server.ask(raw).status == status


@pytest.mark.parametrize(
    ("path", "end", "headers", "statuses"),
    [
        (WEBHOOK, TRAILERS["one"], (), {400}),
        ("/admin/login/", TRAILERS["one"], ("Trailer: X-Checksum",), {400}),
        (WEBHOOK, b"zz\r\n", (), {400}),
        (WEBHOOK, b"zz\r\n", ("Trailer: X-Checksum",), {403}),
    ],
)
def test_body__broken_or_like_a_broken_one__is_refused(
    server: Server,
    path: str,
    end: bytes,
    headers: tuple[str, ...],
    statuses: set[int],
) -> None:
    body = payloads.webhook(payloads.text("in chunks"))
    signed = f"X-Hub-Signature-256: {signature(body + b' ')}"
    kind = "Content-Type: application/x-www-form-urlencoded"
    raw = in_chunks(path, body, end, signed, kind, *headers)

    assert server.ask(raw).status in statuses


def test_pipelined_requests__answered_in_order(server: Server) -> None:
    body = b'{"msisdn": "0788000000"}'
    first = head("GET", "/healthz") + b"\r\n"
    second = head(
        "POST", LOOKUP, f"Content-Length: {len(body)}", "Content-Type: application/json"
    )
    with server.connect() as line:
        line.sendall(first + second + b"\r\n" + body + first)
        data = b""
        while data.count(b"HTTP/1.1 ") < 3:
            part = line.recv(65_536)
            assert part
            data += part

    assert [part[:3] for part in data.split(b"HTTP/1.1 ")[1:]] == [
        b"200",
        b"401",
        b"200",
    ]


def test_sigterm__slow_callers_open__ends_within_ten_seconds(database: str) -> None:
    sent = UNFINISHED[f"3 of 5,000 bytes to {LOOKUP}"]
    with running(database) as own, callers(own, sent, CALLERS):
        # When
        own.process.send_signal(signal.SIGTERM)

        # Then: it raises after ten seconds
        own.process.wait(10)
