"""Calls without a worker are found; the provider's connection is kept open."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from agents.calls import watch
from agents.calls.lease import TIMING
from agents.models import Call
from agents.realtime import openai_realtime
from tests.agents.calls.callers import in_state

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.agents.cast import Cast

ALINE = "+250788100001"


def waiting_jobs() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
            " AND task_name = 'agents.tasks.call'"
        )
        return int(cursor.fetchone()[0])


def forget_jobs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.mark.parametrize("state", [str(state) for state in Call.State])
@pytest.mark.parametrize("is_late", [False, True])
def test_enqueue__each_state__only_those_without_a_worker(
    cast: Cast, state: str, *, is_late: bool
) -> None:
    call = in_state(state, ALINE)
    forget_jobs()
    if is_late and call.lease_token:
        Call.objects.filter(pk=call.pk).update(
            lease_expires_at=timezone.now() - timedelta(seconds=1)
        )
    if is_late and state == "ringing":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE agents_call DISABLE TRIGGER call_moves")
            cursor.execute("UPDATE agents_call SET received_at = now() - interval '4s'")

    found = watch.enqueue_free()

    is_free = is_late and state not in {"rejected", "ended"}
    assert (found, waiting_jobs()) == (int(is_free), int(is_free))
    # A second look adds no second job.
    watch.enqueue_free()
    assert waiting_jobs() == int(is_free)


def test_timing__a_dead_workers_call__found_within_12_seconds() -> None:
    """The lease ends, the next look finds it, and attaching has seconds left."""
    assert TIMING.span.total_seconds() + watch.INTERVAL_S <= 12.0 - 3.0
    # Two renewals may fail before the lease ends.
    assert TIMING.renew_s * 3 <= TIMING.span.total_seconds()


@pytest.mark.parametrize("key", ["", "sk-test"])
@pytest.mark.parametrize("is_simulated", [False, True])
async def test_watch__calls_may_come__imports_are_made_outside_of_the_loop(
    settings: SettingsWrapper,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    *,
    is_simulated: bool,
) -> None:
    settings.OPENAI_API_KEY, settings.SIMULATOR_ENABLED = key, is_simulated
    settings.DEMONSTRATION = False
    made_in: list[threading.Thread] = []
    monkeypatch.setattr(
        openai_realtime, "load", lambda: made_in.append(threading.current_thread())
    )
    looks = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        looks.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(watch.asyncio, "sleep", sleep)
    task = asyncio.create_task(watch.watch_forever())
    await looks.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert len(made_in) == bool(key or is_simulated)
    assert threading.current_thread() not in made_in
