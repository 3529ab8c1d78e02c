"""The clock of rollout, which tests can replace."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


SYSTEM = SystemClock()
_clock: ContextVar[Clock] = ContextVar("rollout_clock")


def now() -> datetime:
    return _clock.get(SYSTEM).now()


@contextmanager
def use(clock: Clock) -> Iterator[None]:
    """Use `clock` inside the block."""
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)
