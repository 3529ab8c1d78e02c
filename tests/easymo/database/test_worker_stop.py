"""How a worker stops, without a database."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from easymo.database.management.commands import procrastinate as command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest
    from pytest_django.fixtures import SettingsWrapper

ended: list[str] = []


def end() -> None:
    ended.append("ended")
    raise RuntimeError


class Connector:
    def hurry(self) -> None:
        ended.append("hurried")


class App:
    """An app whose worker is told to stop after a new release came into the folder."""

    def __init__(self, settings: SettingsWrapper) -> None:
        self.settings = settings

    @asynccontextmanager
    async def open_async(self) -> AsyncIterator[None]:
        yield

    async def run_worker_async(self, **options: Any) -> None:
        await asyncio.sleep(0)
        self.settings.WORKER_ENDS = ("agents.calls.not_there_any_more.begin",)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(60)


def test_work__told_to_stop__ends_with_the_code_it_began_with(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    ended.clear()
    settings.WORKER_ENDS, settings.WORKER_LOOPS = (f"{__name__}.end",), ()
    monkeypatch.setattr(command, "app", App(settings))

    # When
    asyncio.run(asyncio.wait_for(command.work(Connector(), {}), 5))  # type: ignore[arg-type]

    # Then
    assert ended == ["ended", "hurried"]
