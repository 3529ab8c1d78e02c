from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rollout.check_runs import smoke
from rollout.core import clock
from rollout.core.features import Feature
from rollout.core.ports import CaseResult, ports
from rollout.models import CheckRun, MetricRollup
from rollout.stages import rollback
from tests.rollout.guardrail_cases import NOON, FakeClock, enter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import SettingsWrapper

    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db


@dataclass
class Case:
    """A test that goes as it is told, one answer after the other."""

    name: str = "whatsapp.hello"
    title: str = "hello"
    needs: tuple[Feature, ...] = (Feature.CHAT,)
    is_read_only: bool = True
    answers: list[bool] = field(default_factory=lambda: [True])
    asked: list[tuple[str | None, bool]] = field(default_factory=list)
    then: Callable[[], object] = lambda: None
    skipped: str = ""

    def why_skipped(self) -> str:
        return self.skipped

    def run(self, url: str | None, *, is_probe: bool = False) -> CaseResult:
        self.asked.append((url, is_probe))
        self.then()
        passed = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return CaseResult(self.name, self.title, passed, "said", "mend", 7)


@pytest.fixture
def time() -> Iterator[FakeClock]:
    fake = FakeClock()
    with clock.use(fake):
        yield fake


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch, time: FakeClock, switch: Switch) -> Case:
    """One test in the stage smoke, chat on for one cohort only."""
    made = Case()
    writes = Case(name="whatsapp.create", is_read_only=False)
    voice = Case(name="voice.call", is_read_only=False, skipped="Voice is not set up.")
    monkeypatch.setattr(ports, "smoke_cases", lambda: [made, writes, voice])
    enter("smoke")
    switch(CHAT=True, percent=1)
    return made


@pytest.mark.parametrize(
    ("stage", "is_due"),
    [("infrastructure", False), ("smoke", True), ("beta", True), ("production", True)],
)
def test_is_due__each_stage(case: Case, stage: str, is_due: bool) -> None:
    enter(stage)

    assert smoke.is_due() is is_due


def test_is_due__features_off__never(case: Case, switch: Switch) -> None:
    switch(CHAT=False)

    assert smoke.is_due() is False


def test_is_due__rolled_back__never(case: Case) -> None:
    rollback.rollback_quick(reason="test", actor="odette", source="cli")

    assert smoke.is_due() is False


def test_is_due__slots_unfilled__never(case: Case) -> None:
    ports.smoke_cases = tuple

    assert smoke.is_due() is False


@pytest.mark.parametrize(
    ("stage", "calls", "is_due"),
    [("production", 299, True), ("production", 300, False), ("beta", 5_000, True)],
)
def test_is_due__traffic__only_where_it_is_thin(
    case: Case, time: FakeClock, stage: str, calls: int, is_due: bool
) -> None:
    enter(stage)
    MetricRollup.objects.create(
        minute=NOON - timedelta(minutes=30), channel="chat", calls=calls
    )
    MetricRollup.objects.create(
        minute=NOON - timedelta(minutes=90), channel="chat", calls=10_000
    )

    assert smoke.is_due() is is_due


def test_run__passes__kept_with_what_changes_nothing(
    case: Case, settings: SettingsWrapper
) -> None:
    settings.PROBE_URL = "http://127.0.0.1:9"

    done = smoke.run_probe(sleep=lambda _: None)

    assert done is not None
    assert (done.kind, done.passed) == ("probe", True)
    assert [one["name"] for one in done.results] == ["whatsapp.hello"]
    assert case.asked == [("http://127.0.0.1:9", True)]


def test_run__fails_once__tried_again_after_five_seconds(case: Case) -> None:
    case.answers = [False, True]
    slept: list[float] = []

    done = smoke.run_probe(sleep=slept.append)

    assert done is not None
    assert done.passed
    assert (len(case.asked), slept) == (2, [5.0])


def test_run__fails_twice__failed(case: Case) -> None:
    case.answers = [False]

    done = smoke.run_probe(sleep=lambda _: None)

    assert done is not None
    assert done.passed is False
    assert len(case.asked) == 2
    assert CheckRun.objects.get(kind="probe").results[0]["status"] == "failed"


def test_run__killed_meanwhile__says_nothing(case: Case, switch: Switch) -> None:
    """A probe that could not be answered must not roll anything back."""
    case.answers = [False]
    case.then = lambda: switch(CHAT=False)

    assert smoke.run_probe(sleep=lambda _: None) is None
    assert not CheckRun.objects.filter(kind="probe").exists()


def test_smoke__all_pass__passed_with_voice_skipped(case: Case) -> None:
    done = smoke.run_smoke(url="http://127.0.0.1:9", actor="odette")

    assert done.passed
    assert [one["status"] for one in done.results] == ["ok", "ok", "skipped"]
    assert case.asked == [("http://127.0.0.1:9", False)]


def test_smoke__one_fails__not_passed(case: Case) -> None:
    case.answers = [False]

    assert smoke.run_smoke().passed is False


def test_smoke__nothing_to_test__not_passed(case: Case) -> None:
    ports.smoke_cases = tuple

    assert smoke.run_smoke().passed is False
