"""What a switch costs to ask, and how fast it moves: one JSON line per figure.

`python -m tests.bench.rollout [check|flip|kill …]`; the comparison of each figure is
measured in the same run, on the same database.
"""

from __future__ import annotations

# Django must be set up before our code is imported.
# ruff: noqa: E402
import inspect
import json
import os
import statistics
import sys
import time
import timeit
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

import waffle
import waffle.models
from django.contrib.auth.models import AnonymousUser
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection
from django.test import RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from waffle.models import AbstractUserFlag

from rollout.core.features import Feature
from rollout.flags import exposure, flags
from rollout.models import AgentFlag
from rollout.snapshot import refreshers
from tests import databases
from tests.roles import confirmed_roles
from tests.rollout import processes
from tests.rollout.flags import test_exposure
from tests.rollout.flags.test_owner_fence import remove_lock
from vouchers.models import Voucher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKS = 20_000
ROUNDS = 5
FLIPS = 40
PROCESSES = 8
KILLS = 200


def told(figure: str, value: float, **others: Any) -> None:
    sys.stdout.write(json.dumps({"figure": figure, "value": value, **others}) + "\n")
    sys.stdout.flush()


def switch(*, on: bool, percent: int | None = None) -> None:
    flags.set_features(
        {Feature.CHAT: on},
        actor="bench",
        reason="bench",
        source="cli",
        percent=percent,
        override=True,
    )


def fastest(check: Callable[[], object]) -> float:
    """Return microseconds for one call: the best of several rounds."""
    rounds = timeit.repeat(check, number=CHECKS, repeat=ROUNDS)
    return min(rounds) / CHECKS * 1e6


@contextmanager
def stock_waffle() -> Iterator[None]:
    """Let waffle answer in its own way, from a cache in this process's memory."""
    cache = LocMemCache("waffle", {})
    names = ("get", "is_active", "is_active_for_user")
    ours = {name: AgentFlag.__dict__[name] for name in names}
    stock = inspect.getattr_static(AbstractUserFlag, "get").__func__
    AgentFlag.get = classmethod(stock)  # type: ignore[assignment, method-assign]
    AgentFlag.is_active = AbstractUserFlag.is_active  # type: ignore[assignment, method-assign]
    setattr(AgentFlag, names[2], AbstractUserFlag.is_active_for_user)
    before = waffle.models.get_cache
    waffle.models.get_cache = lambda: cache
    try:
        yield
    finally:
        waffle.models.get_cache = before
        for name, value in ours.items():
            setattr(AgentFlag, name, value)


def check() -> None:
    """One check in a warm process, against waffle's with a local-memory cache."""
    request = RequestFactory().get("/")
    request.user = AnonymousUser()

    def of_issuer_once() -> object:
        # A choice kept on the request would be no check any more.
        request.__dict__.pop("waffles", None)
        return waffle.flag_is_active(request, Feature.CHAT.value)

    for name, percent, goal in (("everyone", None, 20), ("percentage", 50, 10)):
        switch(on=True, percent=percent)
        refreshers.stop()
        exposure.is_on(Feature.CHAT, "a subject")
        with CaptureQueriesContext(connection) as queries:
            ours = fastest(lambda: exposure.is_on(Feature.CHAT, "a subject"))
        with stock_waffle():
            of_issuer_once()
            of_issuer = fastest(of_issuer_once)
        told(
            f"feature check, {name}",
            round(ours, 3),
            unit="us",
            waffle_locmem_us=round(of_issuer, 2),
            times_faster=round(of_issuer / ours, 1),
            goal_times=goal,
            queries=len(queries),
        )


def flip(url: str) -> None:
    """From the return of a flip to the slowest of the processes that see it."""
    pooled = url + ("&" if "?" in url else "?") + "pgbouncer=true"
    for name, address, goal in (("LISTEN", url, 50), ("polling", pooled, 700)):
        switch(on=False)
        slowest = []
        with processes.asking(address, count=PROCESSES) as asking:
            for number in range(FLIPS):
                on = number % 2 == 0
                processes.seen(asking, "on" if on else "off")
                # Not in step with any poll.
                time.sleep(0.05 + (number * 37 % 100) / 500)
                switch(on=on)
                flipped_at = time.monotonic_ns()
                seen = max(processes.moments(asking))
                slowest.append(max(0, seen - flipped_at) / 1e6)
        told(
            f"flip to the slowest of {PROCESSES} processes, {name}",
            round(max(slowest), 1),
            unit="ms",
            median=round(statistics.median(slowest), 1),
            flips=FLIPS,
            goal_ms=goal,
        )


def _kills() -> tuple[int, int]:
    """Return how many vouchers were committed, and how many of them after a kill."""
    before = Voucher.objects.count()
    late = sum(test_exposure.kills(KILLS))
    return Voucher.objects.count() - before, late


def kill() -> None:
    """Vouchers committed after a kill returned, with the fence and without."""
    limits = {
        "VOUCHER_CUSTOMER_DAILY": 10_000_000,
        "VOUCHER_ISSUER_DAILY": 10_000_000,
    }
    with confirmed_roles(), override_settings(**limits):
        vouchers, late = _kills()
    remove_lock()
    unfenced = "tests.rollout.flags.test_exposure.unfenced"
    with confirmed_roles(), override_settings(**limits, VOUCHER_GUARD=unfenced):
        others, others_late = _kills()
    told(
        f"vouchers committed after a kill returned, {KILLS} kills, 8 writers",
        late,
        vouchers=vouchers,
        without_fence=others_late,
        without_fence_vouchers=others,
        goal=0,
    )


def main() -> None:
    wanted = sys.argv[1:] or ["check", "flip", "kill"]
    databases.start_server()
    template = databases.template()
    with databases.clone(template, label="bench") as name, databases.using(name):
        with override_settings(ROLLOUT_REFRESH="threads"):
            if "check" in wanted:
                check()
                refreshers.stop()
        if "flip" in wanted:
            flip(databases.url())
        if "kill" in wanted:
            kill()


if __name__ == "__main__":
    main()
