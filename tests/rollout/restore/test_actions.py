"""The way back into service: each step in its order, and a new rollback in between."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from rollout.check_runs import preflight, requests
from rollout.core.change_reason import ChangeReason
from rollout.core.errors import (
    AlreadyDone,
    ChangedMeanwhile,
    InvalidChange,
    ResumeRequirementsUnmet,
    RolloutError,
)
from rollout.core.features import Feature
from rollout.core.ports import CaseResult, ports
from rollout.flags import cohorts, flags
from rollout.flags.flags import OFF, WantedAudience
from rollout.incidents import incidents
from rollout.models import CheckRequest, CheckRun, FlagChange
from rollout.plan import plan as plans
from rollout.plan.resume_requirements import newest_rollback
from rollout.restore import actions, before, steps
from rollout.stages import plan_state, rollback, waivers
from tests.rollout.plan_cases import Fake, checked, go

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
ODETTE = {"actor": "odette", "source": "cli"}
GRACE = {"actor": "grace", "source": "cli"}
CAUSE = ChangeReason("odette", "It works again.", "admin")
BEFORE = {
    Feature.CHAT: WantedAudience(True, Decimal(25), ("beta",)),
    Feature.VOICE: OFF,
    Feature.VOUCHERS: WantedAudience(True),
    Feature.CUSTOMER_LOOKUP: WantedAudience(True, cohorts=("beta", "smoke")),
}


@dataclass(frozen=True)
class Case:
    """A smoke test whose result the test decides."""

    name: str = "whatsapp.hello"
    title: str = "hello is greeted"
    needs: tuple[Feature, ...] = (Feature.CHAT, Feature.VOUCHERS)
    is_read_only: bool = False
    passes: bool = True

    def why_skipped(self) -> str:
        return ""

    def run(self, url: str | None, *, is_probe: bool = False) -> CaseResult:
        return CaseResult(self.name, self.title, self.passes, "Seen.", "Mend it.", 1)


@pytest.fixture(autouse=True)
def _as_before(time: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve people in different ways, each feature by itself."""
    monkeypatch.setattr(ports, "smoke_cases", lambda: [Case()])
    go("production")
    cohorts.make_cohort(name="beta")
    flags.set_audiences(BEFORE, cause=ChangeReason("odette", "as planned", "cli"))
    time.advance(minutes=1)


def audiences() -> dict[Feature, WantedAudience]:
    return before.current_audiences()


def seen() -> int:
    newest = newest_rollback()
    assert newest is not None
    return newest.pk


def states() -> dict[str, str]:
    return {step.name: step.state for step in steps.read_restore().steps}


def quick() -> None:
    rollback.rollback_quick(reason="outage", **ODETTE)


def partial() -> None:
    rollback.rollback_partial(features=[Feature.CHAT], reason="echo", **ODETTE)


def partial_then_quick() -> None:
    partial()
    quick()


def full() -> None:
    rollback.rollback_full(reason="a leak", **ODETTE)


def freeze() -> None:
    rollback.freeze(reason="a leak", **ODETTE)


def mend_freeze() -> None:
    """Write the root cause and let a second person agree."""
    event = newest_rollback()
    assert event is not None
    incidents.write_lessons(
        incident=event.incident, author="odette", root_cause="A bad release."
    )
    asked = waivers.ask_for_waiver(gate="resume", reason="mended", actor="odette")
    waivers.approve_waiver(waiver=asked, actor="grace")
    plan_state.resume(reason="mended", **GRACE)


ROLLBACKS = (quick, partial, partial_then_quick, full, freeze)


def do(name: str, time: Fake) -> None:
    """Do one step as the page does it."""
    time.advance(minutes=1)
    match name:
        case "mitigate":
            actions.mitigate(note="The release is back.", actor="odette", seen=seen())
        case "preflight":
            checked("preflight")
        case "functions":
            rollback.restore(reason="mended", **GRACE)
        case "unfreeze":
            mend_freeze()
        case "smoke":
            actions.run_smoke(actor="odette", seen=seen())
            run_open()
        case "turn_on":
            actions.turn_on(
                wanted=before.audiences_before_rollback(), cause=CAUSE, seen=seen()
            )


def run_open() -> CheckRequest | None:
    """Do what the worker does with the open request."""
    found = CheckRequest.objects.get(ended_at=None)
    return requests.run_request(found.pk)


@pytest.mark.parametrize("roll_back", ROLLBACKS, ids=lambda each: each.__name__)
def test_steps__one_after_the_other__lead_back_to_what_was_before(
    roll_back: Callable[[], None], time: Fake
) -> None:
    # Given
    roll_back()
    names = list(states())
    done: list[str] = []

    # When: at each moment one step is the next one, and it can be done
    while (current := steps.read_restore().current) is not None:
        if current.name == "unfreeze":
            assert current.missing
        else:
            assert current.state == "open", (current, done)
        assert steps.read_restore().next_sentence
        do(current.name, time)
        assert current.name not in done
        done.append(current.name)

    # Then
    assert done == names
    assert audiences() == BEFORE
    assert plans.current().state == "recovery"
    told = steps.read_restore()
    assert {step.state for step in told.steps} == {"passed"}
    assert all(step.by and step.at for step in told.steps)
    assert "Recovery: " in told.next_sentence


@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize("again", [quick, full])
def test_new_rollback__after_each_step__sets_back_to_the_first(
    number: int, again: Callable[[], None], time: Fake
) -> None:
    # Given
    quick()
    was_seen = seen()
    for name in ["mitigate", "preflight", "smoke", "turn_on"][:number]:
        do(name, time)
    time.advance(minutes=1)

    # When
    again()
    time.advance(seconds=1)

    # Then
    assert states()["mitigate"] == "open"
    assert {state for name, state in states().items() if name != "mitigate"} <= {
        "waiting",
        "open",
    }
    stale: list[Callable[[], Any]] = [
        lambda: actions.mitigate(note="done", actor="grace", seen=was_seen),
        lambda: actions.run_preflight(actor="grace", seen=was_seen),
        lambda: actions.run_smoke(actor="grace", seen=was_seen),
        lambda: actions.turn_on(wanted=BEFORE, cause=CAUSE, seen=was_seen),
    ]
    counted = FlagChange.objects.count()
    for each in stale:
        with pytest.raises(RolloutError):
            each()
    assert FlagChange.objects.count() == counted
    assert all(not each.on for each in audiences().values())
    assert states()["mitigate"] == "open"
    # Also what was before is still known, unless it was turned on meanwhile.
    assert before.audiences_before_rollback() == BEFORE


def test_step__too_early__refused_and_nothing_changed(time: Fake) -> None:
    quick()
    counted = FlagChange.objects.count()
    for step in ("smoke", "turn_on"):
        with pytest.raises(ResumeRequirementsUnmet):
            do(step, time)
    do("mitigate", time)
    for step in ("smoke", "turn_on"):
        with pytest.raises(ResumeRequirementsUnmet):
            do(step, time)
    with pytest.raises(AlreadyDone):
        do("mitigate", time)
    assert FlagChange.objects.count() == counted
    assert not CheckRequest.objects.exists()


def test_audiences_before__second_rollback__are_those_before_the_second(
    time: Fake,
) -> None:
    # Given: after the first rollback others are served than before it
    quick()
    for step in ("mitigate", "preflight", "smoke"):
        do(step, time)
    served = dict.fromkeys(Feature, OFF) | {
        Feature.CHAT: WantedAudience(True, Decimal(10)),
        Feature.VOUCHERS: WantedAudience(True, cohorts=("beta",)),
    }
    actions.turn_on(wanted=served, cause=CAUSE, seen=seen())
    time.advance(minutes=1)

    # When
    quick()

    # Then
    assert before.audiences_before_rollback() == served


def test_turn_on__pressed_twice__changes_once(time: Fake) -> None:
    quick()
    for step in ("mitigate", "preflight", "smoke"):
        do(step, time)
    wanted, epoch = before.audiences_before_rollback(), seen()
    do("turn_on", time)
    counted = FlagChange.objects.count()
    assert actions.turn_on(wanted=wanted, cause=CAUSE, seen=epoch) is None
    assert FlagChange.objects.count() == counted


def test_turn_on__features_changed_meanwhile__refused(time: Fake) -> None:
    quick()
    for step in ("mitigate", "preflight", "smoke"):
        do(step, time)
    wanted = before.audiences_before_rollback()
    with pytest.raises(ChangedMeanwhile):
        actions.turn_on(wanted=wanted, cause=CAUSE, seen=seen(), seen_epoch=1)
    with pytest.raises(InvalidChange, match="at least one"):
        actions.turn_on(wanted=dict.fromkeys(Feature, OFF), cause=CAUSE, seen=seen())


def test_turn_on__only_for_the_smoke_tests_before__begins_recovery(time: Fake) -> None:
    # Given: nothing differs from what the smoke tests turned on
    smoke = WantedAudience(True, cohorts=("smoke",))
    wanted = {Feature.CHAT: smoke, Feature.VOUCHERS: smoke}
    flags.set_audiences(dict.fromkeys(Feature, OFF) | wanted, cause=CAUSE)
    quick()
    # When
    for step in ("mitigate", "preflight", "smoke", "turn_on"):
        do(step, time)
    # Then
    assert plans.current().state == "recovery"
    assert audiences() == dict.fromkeys(Feature, OFF) | wanted


def test_run__fails__page_says_which_line_and_how_to_mend(
    time: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick()
    monkeypatch.setattr(ports, "smoke_cases", lambda: [Case(), Case("b", passes=False)])
    for step in ("mitigate", "preflight", "smoke"):
        do(step, time)
    failed = steps.read_restore().by_name["smoke"]
    assert failed.state == "failed"
    assert [(each["name"], each["remedy"]) for each in failed.failed_lines] == [
        ("b", "Mend it.")
    ]
    assert states()["turn_on"] == "waiting"
    # Run again it passes.
    monkeypatch.setattr(ports, "smoke_cases", lambda: [Case()])
    do("smoke", time)
    assert states()["smoke"] == "passed"


def test_everything__in_a_demonstration__is_done_by_one_press(
    time: Fake, settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    quick()
    time.advance(minutes=1)
    with pytest.raises(InvalidChange, match="demonstration"):
        actions.restore_all(note="go", actor="odette", seen=seen())
    settings.DEMONSTRATION = True
    monkeypatch.setattr(
        preflight, "run_preflight", lambda **_: checked("preflight", actor="odette")
    )

    # When
    actions.restore_all(note="go", actor="odette", seen=seen())
    for kind in ("preflight", "smoke"):
        assert CheckRequest.objects.get(ended_at=None).kind == kind
        done = run_open()
        assert done is not None
        time.advance(seconds=5)
        actions.continue_restore(done)

    # Then
    assert audiences() == BEFORE
    assert plans.current().state == "recovery"
    assert {step.by for step in steps.read_restore().steps} == {"odette"}


@pytest.mark.parametrize("passes", [True, False])
def test_everything__rolled_back_or_failed_meanwhile__stops(
    passes: bool, time: Fake, settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    settings.DEMONSTRATION = True
    quick()
    time.advance(minutes=1)
    monkeypatch.setattr(
        preflight, "run_preflight", lambda **_: checked("preflight", passed=passes)
    )
    actions.restore_all(note="go", actor="odette", seen=seen())
    done = run_open()
    assert done is not None

    # When
    if passes:
        time.advance(minutes=1)
        quick()
    actions.continue_restore(done)

    # Then
    assert not CheckRequest.objects.filter(ended_at=None).exists()
    assert all(not each.on for each in audiences().values())
    assert CheckRun.objects.filter(kind="smoke").count() == 0
    done.refresh_from_db()
    assert ("another rollback" in done.failure) is passes
