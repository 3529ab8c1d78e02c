from __future__ import annotations

import math
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from psycopg import sql

from agents.models import WebhookEvent
from easymo import health
from rollout.models import EvaluatorLease
from tests.databases import server

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a token for figures"


@dataclass
class SmallDisk:
    """A file system of 1 MB where PostgreSQL writes its temporary files."""

    folder: Path

    def fill(self) -> None:
        with suppress(OSError), (self.folder / "filler").open("wb", 0) as filler:
            for _ in range(1_024):
                filler.write(b"x" * 1_024)

    def free(self) -> None:
        (self.folder / "filler").unlink()


@pytest.fixture
def small_disk(db: None) -> Iterator[SmallDisk]:
    folder = Path(tempfile.mkdtemp(prefix="easymo-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        folder.rmdir()
        pytest.skip("A small file system cannot be mounted here.")
    name = sql.Identifier(folder.name)
    space = folder / "space"
    space.mkdir()
    with server() as maintenance:
        data = maintenance.execute("SHOW data_directory").fetchone()
        owner = Path(data[0]).stat() if data else folder.stat()
        os.chown(space, owner.st_uid, owner.st_gid)
        folder.chmod(0o755)
        maintenance.execute(
            sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(name, str(space))
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(f'SET LOCAL temp_tablespaces = "{folder.name}"')
            yield SmallDisk(folder)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL temp_tablespaces = DEFAULT")
            maintenance.execute(sql.SQL("DROP TABLESPACE {}").format(name))
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
            folder.rmdir()


def worker_reported(seconds_ago: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - make_interval(secs => %s))",
            [seconds_ago],
        )


def test_healthz__no_database__is_live(client: Client) -> None:
    # No database mark: the test itself forbids a query.
    assert client.get("/healthz").json() == {"status": "live"}


@pytest.mark.django_db
def test_readyz__all_in_order__is_ready(client: Client) -> None:
    worker_reported(5)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["failing"]) == (200, [])


@pytest.mark.django_db
def test_readyz__read_only__names_the_database(client: Client) -> None:
    # A standby, or a provider's answer to a full disk: every webhook is refused.
    worker_reported(5)
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["failing"][0] == "database"
    assert answer.json()["parts"]["database"] == "read only"


@pytest.mark.django_db
def test_readyz__no_worker_and_old_messages__is_ready(client: Client) -> None:
    # A balancer that asks here must not take the webhooks away when workers are gone.
    worker_reported(3_000)
    event = WebhookEvent.objects.create(
        body=b"{}", sha256=b"x" * 32, correlation_id=uuid4()
    )
    WebhookEvent.objects.filter(pk=event.pk).update(
        received_at=timezone.now() - timedelta(seconds=2_000)
    )
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["parts"] == {
        "database": "ok",
        "migrations": "ok",
        "disk": "ok",
    }


@pytest.mark.django_db
def test_readyz__disk_full__names_it_until_it_has_room(
    client: Client, monkeypatch: pytest.MonkeyPatch, small_disk: SmallDisk
) -> None:
    # Given
    monkeypatch.setattr(health, "_disk_tried_at", -math.inf)
    small_disk.fill()

    # When
    full = client.get("/readyz")
    small_disk.free()
    roomy = client.get("/readyz")

    # Then
    assert (full.status_code, full.json()["failing"]) == (503, ["disk"])
    assert full.json()["parts"]["disk"] == "full"
    assert roomy.status_code == 200


@pytest.mark.django_db
def test_readyz_workers__worker_silent__names_it(client: Client) -> None:
    worker_reported(300)
    answer = client.get("/readyz/workers")
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["worker"]
    assert answer.json()["parts"]["worker"] == "silent for 300 s"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seconds", "says"), [(60, "ok"), (240, "silent for 240 s"), (None, "has never")]
)
def test_readyz_workers__evaluator_silent__stays_ready(
    client: Client, seconds: int | None, says: str
) -> None:
    # Given
    worker_reported(5)
    if seconds is not None:
        EvaluatorLease.objects.update(
            ticked_at=Now() - timedelta(seconds=seconds),
        )

    # When
    answer = client.get("/readyz/workers")

    # Then
    assert (answer.status_code, answer.json()["failing"]) == (200, [])
    assert answer.json()["parts"]["evaluator"].startswith(says)


@pytest.mark.django_db
def test_readyz_workers__webhook_waits_too_long__names_it(client: Client) -> None:
    # Given
    worker_reported(5)
    event = WebhookEvent.objects.create(
        body=b"{}", sha256=b"x" * 32, correlation_id=uuid4()
    )
    WebhookEvent.objects.filter(pk=event.pk).update(
        received_at=timezone.now() - timedelta(seconds=200)
    )

    # When
    answer = client.get("/readyz/workers")

    # Then
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["oldest_waiting_message"]
    said = answer.json()["parts"]["oldest_waiting_message"]
    assert said.startswith("webhook waiting for 20")


@pytest.mark.django_db
def test_readyz__migration_missing__names_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(health, "_migrated", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'observability'")

    # When
    answer = client.get("/readyz")

    # Then
    assert answer.json()["failing"] == ["migrations", "disk"]
    assert answer.json()["parts"]["migrations"] == "not applied"


@pytest.mark.django_db
def test_readyz__database_away__names_it_and_no_more(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    def refuse() -> str:
        raise OperationalError("could not connect as easymo with password hunter2")

    monkeypatch.setattr(health, "_database", refuse)

    # When
    answer = client.get("/readyz")

    # Then
    assert answer.status_code == 503
    assert answer.json()["failing"][0] == "database"
    assert answer.json()["parts"]["database"] == "unreachable"
    assert b"hunter2" not in answer.content


@pytest.mark.django_db
def test_readyz_workers__database_hangs__gives_up_after_two_seconds(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    def hang() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        return health.OK

    monkeypatch.setattr(health, "SLOWEST_MS", 100)
    monkeypatch.setattr(health, "_worker", hang)

    # When
    answer = client.get("/readyz/workers")

    # Then
    assert answer.json()["parts"]["worker"] == "cannot be read"


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/readyz/workers", "/metrics", "/"]
)
def test_pages__written_to__refuse(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(path).status_code == 405


@pytest.mark.parametrize(
    ("token", "header", "status"),
    [
        ("", "", 404),
        ("", "Bearer ", 404),
        (TOKEN, "", 401),
        (TOKEN, f"Bearer {TOKEN}x", 401),
        (TOKEN, f"bearer{TOKEN}", 401),
        (TOKEN, "Bearer é", 401),
    ],
)
def test_metrics__without_the_right_token__shows_nothing(
    client: Client, settings: Any, token: str, header: str, status: int
) -> None:
    settings.METRICS_TOKEN = token
    answer = client.get("/metrics", headers={"Authorization": header})
    assert answer.status_code == status
    assert b"agent_" not in answer.content


@pytest.mark.django_db
def test_metrics__right_token__shows_the_figures(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    assert b"agent_webhooks_waiting 0.0" in answer.content
    assert b"} 1.0" not in b"".join(
        line for line in answer.content.splitlines() if b"collector_failed{" in line
    )


@pytest.mark.django_db
def test_metrics__database_away__asks_once_and_gives_up(
    client: Client, settings: Any
) -> None:
    # Given
    settings.METRICS_TOKEN = TOKEN
    asked = []

    def refuse(_: object, query: str, *__: object) -> None:
        asked.append(query)
        raise OperationalError("could not connect as easymo with password hunter2")

    # When
    with connection.execute_wrapper(refuse):
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    # Then
    assert (answer.status_code, len(asked)) == (503, 1)
    assert answer.content == b"The database cannot be reached.\n"


def test_landing__anyone__shows_where_to_go_and_no_data(
    client: Client, settings: Any
) -> None:
    settings.SIMULATOR_ENABLED = settings.DEMONSTRATION = False
    assert b'href="/simulator/' not in client.get("/").content
    settings.SIMULATOR_ENABLED = True
    assert b'href="/simulator/' in client.get("/").content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/readyz/workers"])
def test_probe__foreign_host__is_answered(client: Client, path: str) -> None:
    worker_reported(5)
    answer = client.get(path, headers={"Host": "10.0.0.7:8000"})
    assert answer.status_code == 200
    assert client.get(path, headers={"Host": "a b"}).status_code == 200
    assert client.post(path, headers={"Host": "10.0.0.7"}).status_code == 405


@pytest.mark.parametrize("path", ["/", "/metrics", "/admin/login/", "/healthz/", "/no"])
def test_other_page__foreign_host__is_refused(client: Client, path: str) -> None:
    assert client.get(path, headers={"Host": "10.0.0.7"}).status_code == 400
