"""Where a request ends: one reading for every server, else it is refused.

Each request is followed by a second one in the same packet. What a proxy in front and we
could end at different bytes must be refused, and the connection closed with it.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.easymo.web.conftest import Server, head, running

if TYPE_CHECKING:
    from collections.abc import Iterator

NEXT = head("GET", "/next") + b"\r\n"
END = b"0\r\n\r\n"
IN_CHUNKS = b"2\r\n{}\r\n" + END
CODING = "Transfer-Encoding: chunked"


def posted(*lines: str, body: bytes = IN_CHUNKS) -> bytes:
    return head("POST", "/first", *lines) + b"\r\n" + body


def chunk(sent: bytes) -> bytes:
    return posted(CODING, body=sent + END)


# A coding that is not plainly `chunked`, and names that could become its name.
CODINGS = (
    "xchunked", "chunked, chunked", "chunked, identity", "identity, chunked",
    "identity", "gzip, chunked", "chunked, gzip", "chunked;q=1", '"chunked"',
    "\x0bchunked", "chunked\x0b", "chunk\xe9d", "", "chunked,", ",chunked",
)  # fmt: skip
NAMES = (
    "Transfer-Encoding ", "Transfer-Encoding\t", " Transfer-Encoding",
    "Transfer Encoding", "Transfer_Encoding", "X: y\rTransfer-Encoding",
)  # fmt: skip
LENGTHS = (
    "+2", "-2", "2,2", "2, 3", "0x2", "2.0", "", "2\x0b", "\xb2", "1e0", "2_0", "9" * 20,
)  # fmt: skip
CHUNKS = {
    "end of an extension": b"2;e\nx\r\n{}\r\n",
    "bare LF after the size": b"2\n{}\r\n",
    "sign": b"+2\r\n{}\r\n",
    "negative": b"-2\r\n{}\r\n",
    "hexadecimal mark": b"0x2\r\n{}\r\n",
    "space before the size": b" 2\r\n{}\r\n",
    "size of 65 bits": b"10000000000000002\r\n{}\r\n",
    "longer than its size": b"2\r\n{}XX",
    "bare LF after the data": b"2\r\n{}\n",
    "bare CR after the data": b"2\r\n{}\r",
}
REFUSED: dict[str, bytes] = {
    **{f"coding {value!r}": posted(f"Transfer-Encoding: {value}") for value in CODINGS},
    **{f"name {name!r}": posted(f"{name}: chunked") for name in NAMES},
    **{
        f"length {value!r}": posted(f"Content-Length: {value}", body=b"{}")
        for value in LENGTHS
    },
    **{f"chunk: {kind}": chunk(sent) for kind, sent in CHUNKS.items()},
    "coding twice": posted(CODING, CODING),
    "coding after another": posted("Transfer-Encoding: identity", CODING),
    "coding before another": posted(CODING, "Transfer-Encoding: identity"),
    "two lengths": posted("Content-Length: 2", "Content-Length: 50", body=b"{}"),
    "folded coding": posted("Transfer-Encoding:\r\n chunked"),
    "folded length": posted("Content-Length:\r\n 2", body=b"{}"),
    "bare CR for lines": posted("Content-Length: 2", body=b"{}").replace(b"\n", b""),
    "NUL in a value": posted("X-A: a\0b", "Content-Length: 2", body=b"{}"),
    "NUL in a name": posted("X\0A: a", "Content-Length: 2", body=b"{}"),
    "chunks in HTTP/1.0": posted(CODING).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "unannounced trailer": chunk(b"2\r\n{}\r\n")[:-2] + b"X-A: b\r\n\r\n",
}
# Both headers: read by the coding, as RFC 9112 (6.1) asks, and then closed.
CLOSED = {
    "length and coding": posted("Content-Length: 5", CODING),
    "coding and length": posted(CODING, "Content-Length: 5"),
    "no length and coding": posted("Content-Length: 0", CODING),
}
ONE_READING = {
    "chunked": posted(CODING),
    "chunked in capitals": posted(CODING.replace("chunked", "CHUNKED")),
    "chunk with an extension": chunk(b"2;a=1\r\n{}\r\n"),
    "length": posted("Content-Length: 2", body=b"{}"),
    "length with a zero in front": posted("Content-Length: 02", body=b"{}"),
    "the same length twice": posted(*["Content-Length: 2"] * 2, body=b"{}"),
    "body of a GET": head("GET", "/first", "Content-Length: 2") + b"\r\n{}",
}


@pytest.fixture(scope="module")
def echo(database: str) -> Iterator[Server]:
    with running(database, "tests.easymo.web.echo") as started:
        yield started


def statuses(server: Server, sent: bytes, *, last: int) -> list[int]:
    """Return the statuses of all answers, until the end or the last one."""
    data = b""
    found: list[int] = []
    with server.connect() as line, suppress(ConnectionError):
        line.sendall(sent)
        while len(found) < last and (part := line.recv(65_536)):
            data += part
            found = [int(code) for code in re.findall(rb"HTTP/1\.1 (\d+) ", data)]
    return found


def all_statuses(
    server: Server, requests: dict[str, bytes], *, last: int
) -> dict[str, list[int]]:
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(
            lambda sent: statuses(server, sent + NEXT, last=last), requests.values()
        )
        return dict(zip(requests, answers, strict=True))


def test_framing__two_readings__refused_and_the_next_request_not_read(
    echo: Server,
) -> None:
    # An underscore makes another header: the first request has no body then.
    allowed = {"name 'Transfer_Encoding'": [[200, 400]]}
    found = all_statuses(echo, REFUSED, last=3)

    assert {
        kind: answers
        for kind, answers in found.items()
        if answers not in allowed.get(kind, [[], [400]])
    } == {}


def test_framing__length_and_coding__closed_after_the_first(echo: Server) -> None:
    found = all_statuses(echo, CLOSED, last=3)

    assert found == {kind: [200] for kind in CLOSED}


def test_framing__one_reading__both_requests_answered(echo: Server) -> None:
    found = all_statuses(echo, ONE_READING, last=2)

    assert found == {kind: [200, 200] for kind in ONE_READING}
