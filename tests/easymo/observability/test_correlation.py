from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
import structlog

from easymo.observability import correlation

if TYPE_CHECKING:
    from django.test import Client


def test_middleware__a_uuid_is_given__answers_with_it(client: Client) -> None:
    given = str(uuid.uuid4())
    answer = client.get("/healthz", headers={"X-Correlation-ID": given})
    assert answer["X-Correlation-ID"] == given


@pytest.mark.parametrize(
    "given",
    [
        "",
        "7",
        "x" * 36,
        "+250788123456",
        f"{uuid.UUID(int=7)}\t1",
        uuid.UUID(int=8).hex,
    ],
)
def test_middleware__no_uuid__makes_one(client: Client, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Correlation-ID": given})
    made = answer["X-Correlation-ID"]
    assert str(uuid.UUID(made)) == made
    assert made not in given


def test_middleware__refused_by_django__has_it_on_the_line_too(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    given = str(uuid.uuid4())
    client.get("/nowhere/250788123456", headers={"X-Correlation-ID": given})
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["event"] == "Not Found: unknown address"
    assert line["correlation_id"] == given


def test_bound__inside_another__gives_the_outer_back() -> None:
    structlog.contextvars.clear_contextvars()
    with correlation.bound() as outer:
        with correlation.bound() as inner:
            assert correlation.current() == inner != outer
        assert correlation.current() == outer


def test_current__none_in_force__makes_and_keeps_one() -> None:
    structlog.contextvars.clear_contextvars()
    assert correlation.current() == correlation.current()
