"""The connection modes, through a real pooler."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests import databases
from tests.easymo.database import pgbouncer
from tests.processes import ROOT, environment, manage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pooler")]
MODES = {"session": "", "transaction": "?pgbouncer=true"}
IN_PUBLIC = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
WORKS = """
from django.core.management import call_command
from easymo.database import queue_connector
call_command("check", tags=["database"], databases=["default"], fail_level="WARNING")
call_command("flags", "set", "FEATURE_AGENT_CHAT=on", reason="trial")
print("listens:", queue_connector.connect_parameters() is not None)
"""


@pytest.fixture(autouse=True)
def _own_connections(
    template_database: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.mark.parametrize("mode", MODES)
def test_pooler__from_an_empty_database__migrates_and_works(mode: str) -> None:
    with pgbouncer.running(mode) as pooler, databases.empty(label=mode) as name:
        url = f"{pooler}/{name}{MODES[mode]}"

        # When: the pooler holds connections from before, with the old path
        manage("migrate", "--verbosity", "0", DATABASE_URL=url)

        # Then
        with databases.server(name) as inside:
            assert inside.execute(IN_PUBLIC).fetchone() == (0,)
        said = manage("shell", "-v", "0", "-c", WORKS, DATABASE_URL=url)
        assert f"listens: {mode == 'session'}" in said
        assert "FEATURE_AGENT_CHAT" in said


@pytest.mark.parametrize("with_listening", [True, False])
def test_worker__behind_a_transaction_pooler__takes_jobs(
    template_database: str, with_listening: bool
) -> None:
    with (
        pgbouncer.running("transaction") as pooler,
        databases.clone(template_database, label="pooler") as name,
    ):
        given = {"DATABASE_URL": f"{pooler}/{name}?pgbouncer=true"}
        if with_listening:
            given["DATABASE_LISTEN_URL"] = databases.url(name)
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "procrastinate", "worker"],
            cwd=ROOT,
            env=environment(**given),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            # Given: it works, and is idle
            assert awaited(name, "SELECT 1 FROM procrastinate_workers")

            # Then: each of five jobs in turn is done
            for _ in range(5):
                defer_and_wait(name)
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(timeout=90) == 0


def defer_and_wait(name: str) -> None:
    with databases.server(name) as inside:
        inside.execute(
            "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('trial', "
            "'rollout.tasks.sweep_notices', 0, NULL, NULL, %s, NULL)"
            "::procrastinate_job_to_defer_v1])",
            ['{"timestamp": 1}'],
        )
    assert awaited(name, "SELECT 1 WHERE NOT EXISTS (SELECT FROM procrastinate_jobs)")


def awaited(name: str, query: str, seconds: float = 90.0) -> bool:
    deadline = time.monotonic() + seconds
    with databases.server(name) as inside:
        while time.monotonic() < deadline:
            if inside.execute(query).fetchone():  # type: ignore[arg-type]
                return True
            time.sleep(0.02)
    return False
