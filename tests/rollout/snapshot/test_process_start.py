"""A process counts from its start on, not from its first question."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from rollout.models import Epoch, ServingProcess
from rollout.snapshot import reading, refreshers
from rollout.snapshot.refreshers import Refreshers
from tests.live import until
from tests.processes import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

WEB = ("-c", "import time, easymo.wsgi; time.sleep(600)")
WORKER = ("manage.py", "procrastinate", "worker")


@pytest.fixture(params=[("web", WEB), ("worker", WORKER)], ids=["web", "worker"])
def role(request: pytest.FixtureRequest, committed_db: str) -> Iterator[str]:
    """Start one process, and ask it nothing."""
    name, command = request.param
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment(DATABASE_URL=committed_db),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield name
        process.kill()


def test_start__nobody_asked_anything__is_counted(role: str) -> None:
    until(ServingProcess.objects.exists)

    process = ServingProcess.objects.get()
    assert (process.role, process.version_seen) == (role, Epoch.objects.get().version)


@pytest.mark.usefixtures("committed_db")
def test_unregister__poller_writes_once_more__row_is_deleted_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given: a poller that writes once more after it was stopped
    monkeypatch.setattr(refreshers, "UNREGISTER_WAIT_S", 60.0)
    process = Refreshers()

    def last_sign() -> None:
        with reading.own_connection() as own:
            process.acknowledge(own)
            process.stopping.wait(60)
            own.execute("SELECT pg_sleep(0.5)")
            process.acknowledge(own)

    process.threads = [threading.Thread(target=last_sign)]
    process.threads[0].start()

    # When
    process.unregister()

    # Then
    process.threads[0].join(60)
    assert ServingProcess.objects.count() == 0
    assert process.wake_up.is_set() is True
