"""Sixty-four sign-ins at once, from as many addresses, through the real server."""

from __future__ import annotations

import re
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from easymo.backoffice.hashing import AT_ONCE, WAITING
from tests import payloads
from tests.easymo.web.conftest import Server, head, read_answer, running

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LOGIN = "/admin/login/"
SIGN_INS = 64
# What Argon2 takes for one password, in kB.
OF_HASH = 102_400
# What 64 requests take besides.
BESIDES = 100_000


@pytest.fixture
def behind_proxy(database: str) -> Iterator[Server]:
    with running(database, BEHIND_PROXY="true") as started:
        yield started


def processes_of(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += map(int, (task / "children").read_text().split())
    return [pid, *(each for child in children for each in processes_of(child))]


def forget_peak(server: Server) -> None:
    for pid in processes_of(server.process.pid):
        with suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_kb(server: Server) -> int:
    """Return the most memory that the processes took since the last reset."""
    total = 0
    for pid in processes_of(server.process.pid):
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        total += int(found[1]) if found else 0
    return total


def sign_in_of(number: int, cookie: str, token: str) -> bytes:
    form = {"username": f"name{number}", "password": "x", "csrfmiddlewaretoken": token}
    body = urlencode(form).encode()
    headers = (
        f"X-Forwarded-For: 203.0.{number}.7",
        f"Cookie: {cookie}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    )
    return head("POST", LOGIN, *headers) + b"\r\n" + body


def test_sign_ins__sixty_four_at_once__others_are_answered_and_memory_is_bounded(
    behind_proxy: Server,
) -> None:
    # Given
    server = behind_proxy
    page = server.get(LOGIN)
    cookie = page.headers["set-cookie"].partition(";")[0]
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.body)
    assert token
    one = server.ask(sign_in_of(200, cookie, token[1].decode()))
    assert one.status == 200
    forget_peak(server)
    before = peak_kb(server)

    # When
    with ExitStack() as stack:
        lines = [stack.enter_context(server.connect()) for _ in range(SIGN_INS)]
        for number, line in enumerate(lines):
            line.sendall(sign_in_of(number, cookie, token[1].decode()))

        # Then: all others are answered while they wait
        body = payloads.webhook(payloads.text("hello"))
        assert server.get("/healthz").status == 200
        assert server.deliver(body).status == 200
        assert server.get(LOGIN).status == 200

        # Then: each has an answer; those that could not be hashed may try again
        answers = [read_answer(line) for line in lines]
    statuses = [answer.status for answer in answers]
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= AT_ONCE
    assert all(a.headers["retry-after"] for a in answers if a.status == 503)
    assert peak_kb(server) - before < OF_HASH * (AT_ONCE + 1) + BESIDES
    assert WAITING < SIGN_INS
