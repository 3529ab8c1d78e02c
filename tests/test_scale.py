"""The tables of docs/scale.md are what the script prints."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from easymo.paths import BASE_DIR

SCRIPT = BASE_DIR / "scripts" / "scale.py"


def printed(*arguments: str) -> list[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=120
    )
    return [line for line in done.stdout.splitlines() if line]


def test_scale__tables_of_the_page__are_printed_by_the_script() -> None:
    page = (BASE_DIR / "docs" / "scale.md").read_text(encoding="utf-8").splitlines()

    assert [line for line in printed() if line not in page] == []


def test_waits__one_processor__are_those_of_queueing_theory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import scale

    _, p99 = scale.waits(processors=1, busy=0.6)

    # M/M/1: P(wait > t) = busy * exp(-(1 - busy) * t / mean); t for 1 %.
    expected = math.log(0.6 / 0.01) * scale.WORKER_MS / (1 - 0.6)
    assert p99 == pytest.approx(expected, rel=0.1)
