"""Which calls are taken, and the reason on the row of each that is not."""

from __future__ import annotations

import threading
import time as clock
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import connection, connections
from django.utils import timezone

from agents.calls import decision, lease
from agents.calls.decision import decide, is_within_hours
from agents.identity.blocks import block_profile
from agents.identity.callers import withheld_profile
from agents.models import Call, CallClaim, CallEvent, CallUsage, Conversation, Identity
from rollout.core.features import Feature
from rollout.flags.cohorts import make_cohort
from rollout.flags.flags import set_features
from tests.agents.calls.callers import attached, body_of, decided, ended, ring
from tests.agents.cast import make_cast
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from tests.agents.cast import Cast

ALINE = "+250788100001"
UNKNOWN = "+250788999888"


@pytest.fixture(autouse=True)
def _key(settings: SettingsWrapper) -> None:
    settings.OPENAI_API_KEY = "sk-test"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def voice(*, on: bool, **limits: Any) -> None:
    set_features({Feature.VOICE: on}, actor="t", reason="t", source="command", **limits)


def spend(caller: str, usd: str, *, is_synthetic: bool = False) -> None:
    """Let an earlier call of today cost this much."""
    call = ended(caller)
    CallUsage.objects.create(
        call=call,
        kind="response",
        provider_id="resp",
        model="gpt-realtime-2.1",
        counted_cost=Decimal(usd),
        at=timezone.now(),
    )


def out_of_hours(settings: SettingsWrapper) -> None:
    local = timezone.localtime()
    settings.VOICE_HOURS = (
        (local + timedelta(hours=2)).time(),
        (local + timedelta(hours=3)).time(),
    )


def block(_: SettingsWrapper) -> None:
    block_profile(
        profile=Profile.objects.get(msisdn=ALINE), reason="rude", actor="odette"
    )


def deactivate(_: SettingsWrapper) -> None:
    Profile.objects.filter(msisdn=ALINE).update(is_active=False)


def make_sandbox(_: SettingsWrapper) -> None:
    Profile.objects.filter(msisdn=ALINE).update(is_sandbox=True)


def fill(settings: SettingsWrapper) -> None:
    settings.VOICE_MAX_CALLS = 1
    attached("+250788100002")


def spend_callers_day(settings: SettingsWrapper) -> None:
    settings.VOICE_CALLER_DAILY_COST_USD = 2.0
    spend(ALINE, "2")


def spend_day(settings: SettingsWrapper) -> None:
    settings.VOICE_DAILY_COST_USD = 2.0
    spend("+250788100002", "2")


REFUSALS: dict[str, tuple[Callable[[SettingsWrapper], None], int]] = {
    "feature_disabled": (lambda _: voice(on=False), 503),
    "blocked": (block, 603),
    "inactive": (deactivate, 503),
    "sandbox": (make_sandbox, 503),
    "outside_hours": (out_of_hours, 503),
    "max_calls": (fill, 503),
    "caller_budget": (spend_callers_day, 503),
    "day_budget": (spend_day, 503),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_decide__each_reason_alone__rejects_with_it(
    cast: Cast, settings: SettingsWrapper, reason: str
) -> None:
    arrange, status = REFUSALS[reason]
    arrange(settings)
    conversations = Conversation.objects.count()

    found = decide(ring(ALINE).pk)

    assert found is not None
    call = Call.objects.get(pk=found.call.pk)
    assert (call.state, call.reason, call.reject_status) == (
        "rejecting",
        reason,
        status,
    )
    # Nothing but the row, its claim and its timeline.
    assert call.conversation is None
    assert Conversation.objects.count() == conversations
    assert list(call.events.values_list("kind", flat=True)) == ["rang", "decided"]


@pytest.mark.parametrize("reason", [*REFUSALS, "nothing"])
def test_decide__blocked_as_well__603_first(
    cast: Cast, settings: SettingsWrapper, reason: str
) -> None:
    if reason != "nothing":
        REFUSALS[reason][0](settings)
    if reason != "blocked":
        block(settings)

    found = decide(ring(ALINE).pk)

    assert found is not None
    # A sandbox person is not resolved for a real call.
    expected = ("sandbox", 503) if reason == "sandbox" else ("blocked", 603)
    assert (found.call.reason, found.call.reject_status) == expected


def test_decide__nothing_against_it__accepts_with_conversation(cast: Cast) -> None:
    found = decide(ring(ALINE).pk)

    assert found is not None
    call = Call.objects.get(pk=found.call.pk)
    assert found.accepts
    assert call.state == "accepting"
    assert call.profile == cast.aline.profile
    assert call.conversation.channel == "voice"
    assert call.conversation != cast.aline.chat
    assert call.language == "en"


def test_decide__no_provider__rejects(cast: Cast) -> None:
    found = decided(ring(ALINE), has_key=False)

    assert (found.call.reason, found.call.reject_status) == ("not_configured", 503)


@pytest.mark.parametrize(
    ("caller", "number"),
    [
        (UNKNOWN, UNKNOWN),
        ("0788999888", UNKNOWN),
        ("00250788999888", UNKNOWN),
        ("+14155552671", "+14155552671"),
        ("anonymous", None),
        ("", None),
        ("+999123", None),
    ],
)
def test_decide__unknown_caller_and_voice_for_all__served(
    cast: Cast, caller: str, number: str | None
) -> None:
    first = decide(ring(caller).pk)
    again = decide(ring(caller).pk)

    assert first is not None
    assert again is not None
    assert first.accepts, first.refusal
    assert again.accepts, again.refusal
    # One person for a number, and one for all without a usable number.
    assert first.call.profile == again.call.profile
    assert first.call.profile.msisdn == number
    assert (first.call.profile == withheld_profile()) == (number is None)


@pytest.mark.parametrize("caller", [UNKNOWN, "anonymous"])
@pytest.mark.parametrize("limits", [{"percent": 50}, {"cohorts": []}, None])
def test_decide__unknown_caller_and_voice_limited__rejected(
    cast: Cast, caller: str, limits: dict[str, Any] | None
) -> None:
    profiles = Profile.objects.count()
    if limits and "cohorts" in limits:
        make_cohort(name="first")
        limits = {"cohorts": ["first"]}
    voice(on=limits is not None, **(limits or {}))

    found = decide(ring(caller).pk)

    assert found is not None
    assert found.call.reason == "feature_disabled"
    assert Profile.objects.count() <= profiles + (caller == "anonymous")


def test_decide__number_that_was_given_up__treated_as_withheld(cast: Cast) -> None:
    Identity.objects.create(
        profile=cast.aline.profile, kind=Identity.Kind.LEFT_NUMBER, value=ALINE
    )

    found = decide(ring(ALINE).pk)

    assert found is not None
    assert found.call.profile == withheld_profile()


def test_decide__withheld_callers_blocked__603(cast: Cast) -> None:
    block_profile(profile=withheld_profile(), reason="spam", actor="odette")

    found = decide(ring("anonymous").pk)

    assert found is not None
    assert found.call.reject_status == 603


def test_decide__late_webhook__nothing_is_asked_of_the_provider(cast: Cast) -> None:
    call = ring(ALINE)
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        found = decide(call.pk)

    call.refresh_from_db()
    assert found is not None
    assert (call.state, call.reason) == ("ended", "late")


def test_decide__created_long_before_delivery__late(cast: Cast) -> None:
    call = ring(ALINE)
    created = int(timezone.now().timestamp()) - 3_600
    call.event.body = body_of(ALINE, call.call_id, created_at=created)
    call.event.save(update_fields=["body"])

    found = decide(call.pk)

    assert found is not None
    assert found.call.reason == "late"


@pytest.mark.parametrize(
    ("hours", "now", "within"),
    [
        (None, "03:00", True),
        (("08:00", "18:00"), "08:00", True),
        (("08:00", "18:00"), "17:59", True),
        (("08:00", "18:00"), "18:00", False),
        (("08:00", "18:00"), "07:59", False),
        (("22:00", "06:00"), "23:30", True),
        (("22:00", "06:00"), "05:59", True),
        (("22:00", "06:00"), "06:00", False),
        (("22:00", "06:00"), "12:00", False),
    ],
)
def test_hours__each_side_of_both_ends(
    hours: tuple[str, str] | None, now: str, *, within: bool
) -> None:
    parsed = None
    if hours is not None:
        parsed = (time.fromisoformat(hours[0]), time.fromisoformat(hours[1]))

    assert is_within_hours(parsed, time.fromisoformat(now)) == within


def test_hours__are_those_of_kigali(cast: Cast, settings: SettingsWrapper) -> None:
    settings.VOICE_HOURS = (time(8), time(18))
    with time_machine.travel(datetime(2026, 12, 1, 6, 30, tzinfo=UTC), tick=False):
        found = decide(ring(ALINE).pk)

    assert found is not None
    assert found.accepts


@pytest.mark.parametrize("days_ago", [0, 1])
def test_budget__of_today__counts(
    cast: Cast, settings: SettingsWrapper, days_ago: int
) -> None:
    spend_callers_day(settings)
    CallUsage.objects.update(at=timezone.now() - timedelta(days=days_ago))

    found = decide(ring(ALINE).pk)

    assert found is not None
    assert found.accepts == (days_ago == 1)


def in_parallel(work: Callable[[], object], threads: int) -> list[object]:
    """Run the work in threads that begin together; return their results."""
    barrier = threading.Barrier(threads)
    results: list[object] = []

    def one() -> None:
        try:
            barrier.wait(30)
            results.append(work())
        finally:
            connections.close_all()

    running = [threading.Thread(target=one) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    return results


def test_decide__many_workers__one_claims(committed_db: str) -> None:
    make_cast()
    calls = [ring(ALINE) for _ in range(6)]

    for call in calls:
        found = in_parallel(lambda pk=call.pk: decide(pk), 4)
        assert len([one for one in found if one is not None]) == 1
    assert CallClaim.objects.count() == len(calls)
    assert CallEvent.objects.filter(kind="decided").count() == len(calls)


def test_decide__without_lock_and_constraint__two_claim(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what the insert of the claim and the trigger prevent."""
    make_cast()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE agents_callclaim DISABLE TRIGGER call_claimed")
        cursor.execute("ALTER TABLE agents_call DISABLE TRIGGER call_moves")
        for name in ("call_claim_once_per_ordinal", "call_claim_begins_with_webhook"):
            cursor.execute(f"ALTER TABLE agents_callclaim DROP CONSTRAINT {name}")
        cursor.execute("DROP INDEX call_claim_once_per_cause")
    monkeypatch.setattr(decision, "_wait_for_other_decisions", lambda: None)
    take = lease.take

    def slow_take(*args: Any) -> Any:
        clock.sleep(0.05)
        return take(*args)

    monkeypatch.setattr(lease, "take", slow_take)
    twice = 0
    for _ in range(4):
        call = ring(ALINE)
        found = in_parallel(lambda pk=call.pk: decide(pk), 3)
        twice += len([one for one in found if one]) > 1
    assert twice > 0


def test_decide__last_free_place__one_takes_it(
    committed_db: str, settings: SettingsWrapper
) -> None:
    make_cast()
    settings.VOICE_MAX_CALLS = 2
    waiting = [ring(ALINE).pk for _ in range(6)]

    in_parallel(lambda: decide(waiting.pop()), 6)

    assert Call.objects.filter(state="accepting").count() == 2
    assert Call.objects.filter(reason="max_calls").count() == 4


def test_decide__last_free_place_without_the_lock__too_many(
    committed_db: str, settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    make_cast()
    settings.VOICE_MAX_CALLS = 2
    monkeypatch.setattr(decision, "_wait_for_other_decisions", lambda: None)
    store = decision._store

    def slow_store(*args: Any) -> None:
        clock.sleep(0.2)
        store(*args)

    monkeypatch.setattr(decision, "_store", slow_store)
    waiting = [ring(ALINE).pk for _ in range(6)]

    in_parallel(lambda: decide(waiting.pop()), 6)

    assert Call.objects.filter(state="accepting").count() > 2
