"""What calls may cost, before they are accepted and while they run."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.calls import budgets
from agents.calls.budgets import is_over_call, record_response, record_transcription
from agents.calls.finishing import finish
from agents.calls.reasons import EndReason
from agents.models import Call, CallUsage
from agents.outcomes import spending
from agents.realtime.provider import CallUsage as Used
from agents.realtime.provider import TranscriptionUsage
from tests.agents.calls.callers import attached
from tests.agents.cast import make_cast

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db
ALINE, BOSCO = "+250788100001", "+250788100002"
# One dollar of audio at 64 US dollars a million.
DOLLAR = Used(output_audio=15_625)


@pytest.fixture(autouse=True)
def cast() -> Cast:
    return make_cast()


@pytest.fixture(autouse=True)
def _no_limits(settings: SettingsWrapper) -> None:
    settings.OPENAI_REALTIME_MODEL = "gpt-realtime-2.1"
    settings.VOICE_CALL_COST_USD = 0
    settings.VOICE_CALLER_DAILY_COST_USD = 0
    settings.VOICE_DAILY_COST_USD = 0


def test_record__same_response_again__counted_once() -> None:
    ref = attached(ALINE)

    for _ in range(2):
        record_response(ref, "resp_1", DOLLAR)
    record_response(ref, "resp_2", DOLLAR)
    record_transcription(ref, "item_1", TranscriptionUsage(seconds=40.0))

    call = Call.objects.get(pk=ref.pk)
    assert call.counted_cost == Decimal("2.003")
    assert spending.since(timezone.now() - timedelta(hours=1)).usd == Decimal("2.003")


LIMITS = [
    "VOICE_CALL_COST_USD",
    "VOICE_CALLER_DAILY_COST_USD",
    "VOICE_DAILY_COST_USD",
]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("usd", [0.99, 1.0, 1.01, 0.0])
def test_running_call__each_budget__over_from_its_limit(
    settings: SettingsWrapper, limit: str, usd: float
) -> None:
    setattr(settings, limit, usd)

    over = record_response(attached(ALINE), "resp_1", DOLLAR)

    # 0 is no limit.
    assert over == (0 < usd <= 1.0)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("spender", ["this call", "own earlier call", "another's call"])
def test_running_call__each_budget__counts_its_own_calls(
    settings: SettingsWrapper, limit: str, spender: str
) -> None:
    setattr(settings, limit, 1.0)
    ref = attached(ALINE)
    spent = {
        "this call": lambda: ref,
        "own earlier call": lambda: attached(ALINE),
        "another's call": lambda: attached(BOSCO),
    }[spender]()

    record_response(spent, "resp_1", DOLLAR)

    counted = {
        "VOICE_CALL_COST_USD": {"this call"},
        "VOICE_CALLER_DAILY_COST_USD": {"this call", "own earlier call"},
        "VOICE_DAILY_COST_USD": {"this call", "own earlier call", "another's call"},
    }
    assert is_over_call(ref) == (spender in counted[limit])


@pytest.mark.parametrize("model", ["gpt-realtime-9", "gpt-live-1"])
def test_unknown_price__counts_in_budgets_and_is_no_zero(
    settings: SettingsWrapper, model: str
) -> None:
    settings.OPENAI_REALTIME_MODEL = model
    settings.VOICE_CALL_COST_USD = 1.0
    ref = attached(ALINE)

    over = record_response(ref, "resp_1", DOLLAR)
    assert finish(ref, EndReason.CALL_BUDGET)

    call = Call.objects.get(pk=ref.pk)
    assert over
    assert call.cost is None
    assert call.counted_cost >= 1
    assert call.outcome == "capped"
    assert CallUsage.objects.get().cost is None
    assert spending.since(timezone.now() - timedelta(hours=1)).unpriced == 1


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ([DOLLAR], Decimal(1)),
        ([DOLLAR, Used(is_known=False)], None),
        ([Used(is_known=False), DOLLAR], None),
        # The call was attached and nothing was reported: its cost is not known.
        ([], None),
    ],
)
def test_cost__known_only_when_every_part_is(
    used: list[Used], expected: Decimal | None
) -> None:
    ref = attached(ALINE)
    for number, each in enumerate(used):
        record_response(ref, f"resp_{number}", each)

    assert budgets.cost_of(Call.objects.get(pk=ref.pk)) == expected


def test_figures__cached_more_than_all__stored_within_it() -> None:
    record_response(attached(ALINE), "resp_1", Used(input_text=5, cached_text=9))

    found = CallUsage.objects.get()
    assert (found.text_input, found.cached_text_input) == (5, 5)
