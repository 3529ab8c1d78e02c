from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from rollout import tasks
from rollout.check_runs import preflight, smoke
from rollout.models import CheckRun

if TYPE_CHECKING:
    from django.test import Client

LIST = "/admin/rollout/checkrun/"
pytestmark = pytest.mark.django_db


def test_list_and_page__a_run__told_line_by_line(pascal: Client) -> None:
    # Given
    run = CheckRun.objects.create(
        kind="preflight",
        passed=False,
        release="1.2.3",
        actor="odette",
        results=[
            {
                "name": "site.hosts",
                "title": "The site knows its names",
                "status": "failed",
                "detail": "It holds <*>.",
                "remedy": "Name them.",
                "setting": "ALLOWED_HOSTS",
                "duration_ms": 1,
            }
        ],
    )

    # Then
    listed = pascal.get(LIST).content.decode()
    assert "1 failed" in listed
    shown = pascal.get(f"{LIST}{run.pk}/change/").content.decode()
    for part in ("The site knows its names", "It holds &lt;*&gt;.", "ALLOWED_HOSTS"):
        assert part in shown


@pytest.mark.parametrize(
    ("button", "given", "arguments"),
    [
        ("run-preflight", {}, {"kind": "preflight", "live": False}),
        ("run-preflight", {"live": "on"}, {"kind": "preflight", "live": True}),
        ("run-smoke", {}, {"kind": "smoke", "live": True}),
    ],
)
def test_button__pressed_twice__one_job(
    odette: Client, button: str, given: dict[str, str], arguments: dict[str, object]
) -> None:
    # Given: looking at it does nothing
    assert odette.get(f"{LIST}{button}/").status_code == 200
    assert not ProcrastinateJob.objects.exists()

    # When
    for _ in range(2):
        answer = odette.post(
            f"{LIST}{button}/", {"key": uuid.uuid4(), **given}, follow=True
        )

    # Then
    assert "already waiting for a worker" in answer.content.decode()
    job = ProcrastinateJob.objects.get()
    assert job.args == arguments | {"actor": "odette"}


@pytest.mark.parametrize("button", ["run-preflight", "run-smoke"])
def test_button__who_may_only_look__refused(pascal: Client, button: str) -> None:
    assert pascal.post(f"{LIST}{button}/", {"key": uuid.uuid4()}).status_code == 403
    assert not ProcrastinateJob.objects.exists()


async def test_task__each_kind__runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    done: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(
        preflight, "run_preflight", lambda **given: done.append(("p", given))
    )
    monkeypatch.setattr(smoke, "run_smoke", lambda **given: done.append(("s", given)))

    # When
    await tasks.run_checks(kind="preflight", actor="odette", live=True)
    await tasks.run_checks(kind="smoke", actor="odette", live=True)

    # Then
    assert done == [
        ("p", {"live": True, "actor": "odette"}),
        ("s", {"url": None, "actor": "odette"}),
    ]
