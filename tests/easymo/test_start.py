"""The web process, killed as the system does when memory runs out."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.processes import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(120),
]
PATIENCE_S = 90


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def children_of(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").glob("*/children")
        for child in task.read_text().split()
    ]


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as line:
        line.settimeout(2)
        line.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        return b"200" in line.recv(64)
    return False


def comes(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_web_worker__granian_killed__ends_too(committed_db: str) -> None:
    # Given
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "easymo.web.server"],
        cwd=ROOT,
        env=environment(DATABASE_URL=committed_db, PORT=str(port), HOST="127.0.0.1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    workers: list[int] = []
    try:
        assert comes(lambda: answers(port), PATIENCE_S)
        workers = children_of(process.pid)
        assert workers

        # When
        process.kill()
        process.wait()

        # Then
        assert comes(lambda: not answers(port), PATIENCE_S)
        assert comes(lambda: not any(map(is_running, workers)), PATIENCE_S)
    finally:
        process.kill()
        process.wait()
        for pid in filter(is_running, workers):
            os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Tell whether it runs; a dead process may not have been reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
