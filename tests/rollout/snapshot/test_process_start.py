"""A process counts from its start on, not from its first question."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rollout.models import Epoch, ServingProcess
from tests.processes import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

WEB = ("-c", "import time, easymo.wsgi; time.sleep(60)")
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
    deadline = time.monotonic() + 30
    while not ServingProcess.objects.exists():
        assert time.monotonic() < deadline, "the process never told of itself"
        time.sleep(0.05)

    process = ServingProcess.objects.get()
    assert (process.role, process.version_seen) == (role, Epoch.objects.get().version)
