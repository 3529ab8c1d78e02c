"""The logs of `make run`: all of them in a bounded file, errors on the terminal."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from easymo.development import run_log

if TYPE_CHECKING:
    from pathlib import Path


def line(level: str) -> bytes:
    return json.dumps({"level": level, "event": "x"}).encode() + b"\n"


LINES = {
    line("debug"): False,
    line("info"): False,
    line("warning"): False,
    line("error"): True,
    line("critical"): True,
    b"Traceback (most recent call last):\n": True,
    b'["no", "log"]\n': True,
    b"\n": False,
}


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("shows", ["", "1"])
def test_lines__each_level__all_in_the_file_and_errors_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shows: str, *, is_terminal: bool
) -> None:
    written = io.BytesIO()
    kind = Terminal if is_terminal else io.TextIOWrapper
    monkeypatch.setattr(sys, "stdout", kind(written))
    monkeypatch.setenv("LOG", shows)
    log = run_log.RunLog(tmp_path / "easymo.log")

    log._copy(io.BytesIO(b"".join(LINES)))
    log.close()

    all_of_them = b"".join(LINES)
    assert (tmp_path / "easymo.log").read_bytes() == all_of_them
    errors = b"".join(text for text, is_shown in LINES.items() if is_shown)
    is_quiet = is_terminal and not shows
    assert written.getvalue() == (errors if is_quiet else all_of_them)


def test_file__grows__is_bounded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run_log, "LARGEST", 1_000)
    log = run_log.RunLog(tmp_path / "easymo.log")

    log._copy(io.BytesIO(line("info") * 500))
    log.close()

    sizes = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    assert sizes.keys() == {"easymo.log", "easymo.log.1"}
    assert max(sizes.values()) <= 1_000
