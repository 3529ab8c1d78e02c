from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def asking(url: str, *, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Run that many processes that ask the switches of the database at `url`."""
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "easymo.settings",
    }
    with ExitStack() as stack:
        processes = []
        for _ in range(count):
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.rollout.asking_process"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env=environment,
                )
            )
            stack.callback(process.kill)
            processes.append(process)
        for process in processes:
            assert process.stdout is not None
            while process.stdout.readline() != "ready\n":
                assert process.poll() is None
        yield processes


def seen(processes: list[subprocess.Popen[str]], value: str) -> None:
    """Tell all processes what to wait for."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{value}\n")
        process.stdin.flush()


def moments(processes: list[subprocess.Popen[str]]) -> list[int]:
    """Return when each of them saw it."""
    found = []
    for process in processes:
        assert process.stdout is not None
        line = process.stdout.readline()
        while not line.strip().isdigit():
            assert line, "the process is gone"
            line = process.stdout.readline()
        found.append(int(line))
    return found
