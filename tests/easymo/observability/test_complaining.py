from __future__ import annotations

import logging
import sys

import pytest

from easymo.observability import logs


@pytest.mark.parametrize("name", ["psycopg.pool", "rollout.snapshot.refreshers"])
def test_configure__a_command_that_prints_results__leaves_it_to_say_what_failed(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["manage.py", "flags"])
    monkeypatch.setattr(logging.config, "dictConfig", lambda _: None)
    complaining = logging.getLogger(name)
    before = complaining.level
    try:
        complaining.setLevel(logging.NOTSET)
        logs.configure({})
        is_heard = complaining.isEnabledFor(logging.ERROR)
    finally:
        complaining.setLevel(before)

    assert not is_heard
