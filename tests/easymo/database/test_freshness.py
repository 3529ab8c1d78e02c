from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg_pool import ConnectionPool

from easymo.database import freshness

if TYPE_CHECKING:
    import pytest


class Asked:
    """Stands where a connection does; only its identity matters."""


def test_check__within_a_second__asks_once_and_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    asked: list[object] = []
    now = [100.0]
    monkeypatch.setattr(ConnectionPool, "check_connection", asked.append)
    monkeypatch.setattr(freshness.time, "monotonic", lambda: now[0])
    first, second = Asked(), Asked()

    # When
    for connection in (first, first, second, first):
        freshness.check(connection)  # type: ignore[arg-type]
    now[0] += freshness.FRESH_S
    freshness.check(first)  # type: ignore[arg-type]

    # Then
    assert asked == [first, second, first]
