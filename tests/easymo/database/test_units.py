from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections

from easymo.database import units

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

marker: contextvars.ContextVar[str] = contextvars.ContextVar("marker", default="none")


async def test_run__a_query__is_off_the_loop_and_keeps_the_context(
    committed_db: str,
) -> None:
    # Given
    marker.set("here")

    # When
    thread, seen = await units.run(
        lambda: (threading.current_thread().name, marker.get())
    )
    await units.run(Group.objects.create, name="made in a unit")

    # Then
    assert thread.startswith("database")
    assert seen == "here"
    names = await units.run(list, Group.objects.values_list("name", flat=True))
    assert "made in a unit" in names


async def test_run__after_the_unit__the_connection_is_handed_back(
    committed_db: str,
) -> None:
    # When
    used = await units.run(_use_connection)

    # Then
    assert used.connection is None


async def test_run__raises__hands_back_and_raises(committed_db: str) -> None:
    # Given
    seen = []

    def fail() -> None:
        seen.append(_use_connection())
        raise ValueError("refused")

    # When
    with pytest.raises(ValueError, match="refused"):
        await units.run(fail)

    # Then
    assert seen[0].connection is None


async def test_run__many_at_once__run_side_by_side(committed_db: str) -> None:
    # Given: each call waits for all others
    all_there = threading.Barrier(8, timeout=60)

    # When
    places = await asyncio.gather(*(units.run(all_there.wait) for _ in range(8)))

    # Then
    assert sorted(places) == list(range(8))


def _use_connection() -> BaseDatabaseWrapper:
    connection.ensure_connection()
    return connections["default"]
