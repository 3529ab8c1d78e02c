"""The worker, when its database goes away under it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.outage import private_cluster, processes_of
from tests.processes import ROOT, environment, manage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easymo.development.embedded import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("embedded")]
# How long the database is away: tried with 45, too.
OUTAGE_SECONDS = float(os.environ.get("EASYMO_TEST_OUTAGE", "4"))
DEFER = (
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('trial', "
    "'rollout.tasks.sweep_notices', 0, NULL, NULL, '{\"timestamp\": 1}', NULL)"
    "::procrastinate_job_to_defer_v1])"
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give a migrated server that each test takes away, and brings back."""
    with private_cluster(tmp_path_factory.mktemp("worker") / "postgres") as found:
        manage("migrate", "--verbosity", "0", DATABASE_URL=found.url("easymo"))
        yield found


@pytest.mark.timeout(400)
def test_worker__database_away__waits_and_goes_on(cluster: Cluster) -> None:
    # Given
    url = cluster.url("easymo")
    worker = start_worker(url)
    assert defer_and_await(url, 90)

    # When
    keeper, server = processes_of(cluster)
    os.kill(keeper, signal.SIGSTOP)
    os.kill(server, signal.SIGQUIT)
    time.sleep(OUTAGE_SECONDS)
    assert worker.poll() is None
    os.kill(keeper, signal.SIGCONT)

    # Then
    assert defer_and_await(url, 90)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=90) == 0


@pytest.mark.timeout(400)
def test_worker__told_to_stop_while_the_database_is_away__stops(
    cluster: Cluster,
) -> None:
    # Given
    url = cluster.url("easymo")
    worker = start_worker(url)
    assert defer_and_await(url, 90)
    keeper, server = processes_of(cluster)
    os.kill(keeper, signal.SIGSTOP)
    os.kill(server, signal.SIGQUIT)
    time.sleep(1)

    # When
    worker.send_signal(signal.SIGTERM)

    # Then
    with suppress(subprocess.TimeoutExpired):
        worker.wait(timeout=90)
    assert worker.returncode is not None
    os.kill(keeper, signal.SIGCONT)


def start_worker(url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "procrastinate", "worker"],
        cwd=ROOT,
        env=environment(DATABASE_URL=url),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def defer_and_await(url: str, seconds: float) -> bool:
    """Tell whether a job that is deferred now is done in time."""
    deadline = time.monotonic() + seconds
    is_deferred = False
    while time.monotonic() < deadline:
        with suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
            if not is_deferred:
                connection.execute(DEFER)
                connection.commit()
                is_deferred = True
            left = connection.execute("SELECT 1 FROM procrastinate_jobs").fetchone()
            if left is None:
                return True
        time.sleep(0.1)
    return False
