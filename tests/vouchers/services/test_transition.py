from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError
from psycopg import errors as database

from vouchers import errors, sql
from vouchers.services import transition

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let the database refuse the next calls; return the list of all calls."""

    def _failing(*refusals: type[database.Error]) -> list[str]:
        calls: list[str] = []

        def run(name: str, *_: Any) -> sql.Row:
            calls.append(name)
            if len(calls) <= len(refusals):
                raise IntegrityError from refusals[len(calls) - 1]()
            return sql.Row("void", None, None, None)

        monkeypatch.setattr(sql, "run", run)
        return calls

    return _failing


def perform() -> sql.Row:
    return transition.perform("void", owner=None, fenced=False, values=dict)


def test_perform__code_taken_four_times__succeeds_at_the_fifth_attempt(
    failing: Callable[..., list[str]],
) -> None:
    calls = failing(*[database.UniqueViolation] * 4)

    assert perform().outcome == "void"
    assert len(calls) == 5


def test_perform__code_always_taken__raises_the_error_of_the_database(
    failing: Callable[..., list[str]],
) -> None:
    calls = failing(*[database.UniqueViolation] * 9)

    with pytest.raises(IntegrityError):
        perform()

    assert len(calls) == 5


def test_perform__other_violation__is_not_tried_again(
    failing: Callable[..., list[str]],
) -> None:
    calls = failing(database.CheckViolation)

    with pytest.raises(IntegrityError):
        perform()

    assert len(calls) == 1


@pytest.mark.parametrize(("detail", "seconds"), [("90", 90), (None, 1)])
def test_refusal__locked__says_when_to_try_again(
    detail: str | None, seconds: int
) -> None:
    # The lock can end between the refusal and the reading of its end.
    refused = transition.refusal(sql.Row("locked", detail, None, None))

    assert isinstance(refused, errors.Locked)
    assert refused.retry_after == seconds
