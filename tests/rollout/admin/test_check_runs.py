from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from easymo.preflight import registry
from easymo.preflight.registry import Line, Section, failed, ok
from rollout.check_runs import preflight, requests
from rollout.models import CheckRequest, CheckRun

if TYPE_CHECKING:
    from django.test import Client

    from easymo.preflight.registry import Circumstances, LineResult
    from tests.rollout.plan_cases import Fake

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
    for page in (listed, shown):
        told = re.sub(r"\s+", " ", re.sub(r"<[^<>]*>", " ", page))
        assert " not passed " in told
        assert "(False" not in told


@pytest.mark.parametrize(
    ("button", "given", "circumstances"),
    [
        ("run-preflight", {}, ("preflight", False)),
        ("run-preflight", {"live": "on"}, ("preflight", True)),
        ("run-smoke", {}, ("smoke", True)),
    ],
)
def test_button__pressed_twice__one_run(
    odette: Client, button: str, given: dict[str, str], circumstances: tuple[str, bool]
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
    assert "under way already" in answer.content.decode()
    request = CheckRequest.objects.get()
    assert (request.kind, request.is_live, request.actor) == (*circumstances, "odette")
    job = ProcrastinateJob.objects.get()
    assert (job.task_name, job.args) == (requests.TASK, {"request_id": request.pk})


@pytest.mark.parametrize("button", ["run-preflight", "run-smoke"])
def test_button__who_may_only_look__refused(pascal: Client, button: str) -> None:
    assert pascal.post(f"{LIST}{button}/", {"key": uuid.uuid4()}).status_code == 403
    assert not ProcrastinateJob.objects.exists()


def test_live_page__each_moment_of_a_run__shows_its_lines(
    pascal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    shown: list[str] = []

    def shows() -> str:
        return pascal.get(
            reverse("check-runs"), headers={"X-Room-Live": "quick"}
        ).content.decode()

    def look(_: Circumstances) -> LineResult:
        shown.append(shows())
        return failed("No <b>.", "Mend it.", "SETTING")

    lines = [
        Line("database.reachable", "The database", Section.REST, lambda _: ok("Yes.")),
        Line("b", "Second", Section.REST, look),
    ]
    monkeypatch.setattr(registry, "lines", lambda: lines)
    assert "No run was asked for" in shows()

    # When
    made, _ = requests.ask_for_run(kind="preflight", actor="odette")
    waits = shows()
    requests.run_request(made.pk)

    # Then
    assert "It waits for a worker" in waits
    assert "1 of 3 lines. Now: Second" in shown[0]
    assert "Yes." in shown[0]
    assert "<nav" not in shown[0]
    ended = shows()
    for part in ("Not passed", "No &lt;b&gt;.", "Mend it.", "SETTING"):
        assert part in ended


def test_run__without_progress_for_long__can_be_asked_for_again(time: Fake) -> None:
    # Given: a worker that died, and one that never was
    first, _ = requests.ask_for_run(kind="smoke", actor="odette")
    CheckRequest.objects.update(began_at=time.at)
    time.advance(minutes=2)
    again, is_new = requests.ask_for_run(kind="smoke", actor="grace")
    assert (again.pk, is_new) == (first.pk, False)
    time.advance(minutes=2)
    assert requests.is_lost(again)

    # When
    second, is_new = requests.ask_for_run(kind="smoke", actor="grace")

    # Then
    assert is_new
    first.refresh_from_db()
    assert first.failure == requests.LOST
    # The job of the first comes late, or twice: nothing runs.
    assert requests.run_request(first.pk) is None
    assert requests.run_request(second.pk) is not None
    assert requests.run_request(second.pk) is None
    assert CheckRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_run__breaks__ends_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(**_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(preflight, "run_preflight", break_down)
    made, _ = requests.ask_for_run(kind="preflight", actor="odette")
    with pytest.raises(RuntimeError):
        requests.run_request(made.pk)
    made.refresh_from_db()
    assert made.failure == requests.BROKEN.format("RuntimeError")
    assert made.ended_at is not None
