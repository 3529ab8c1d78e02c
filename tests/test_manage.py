from __future__ import annotations

import sys

import pytest
import structlog

import manage


@pytest.mark.parametrize(
    ("command", "is_bound"), [("flags", True), ("procrastinate", False)]
)
def test_main__command__gives_its_log_lines_one_id(
    monkeypatch: pytest.MonkeyPatch, command: str, is_bound: bool
) -> None:
    seen: list[bool] = []

    def execute(arguments: list[str]) -> None:
        seen.append("correlation_id" in structlog.contextvars.get_contextvars())

    structlog.contextvars.clear_contextvars()
    monkeypatch.setattr(sys, "argv", ["manage.py", command])
    monkeypatch.setattr(manage, "load_settings", lambda: None)
    monkeypatch.setattr(manage.embedded, "hold", lambda: None)
    monkeypatch.setattr(manage, "execute_from_command_line", execute)

    manage.main()

    assert seen == [is_bound]
    assert "correlation_id" not in structlog.contextvars.get_contextvars()
