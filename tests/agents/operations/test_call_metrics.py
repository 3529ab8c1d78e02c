from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db.models import F

from agents.calls.accepting import _record_rejected
from agents.calls.reasons import EndReason
from agents.models import Call
from tests.agents.calls.callers import attached, decided, ended, in_state, ring
from tests.agents.cast import make_cast
from tests.agents.operations.test_metrics import figures
from vouchers.models import Profile

if TYPE_CHECKING:
    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db
ALINE = "+250788100001"


@pytest.fixture(autouse=True)
def cast() -> Cast:
    return make_cast()


@pytest.mark.parametrize("state", ["ringing", "accepting", "accepted", "attached"])
def test_calls_now__each_open_state__one(state: str) -> None:
    in_state(state, ALINE)

    found = figures()

    assert found[f'agent_calls{{state="{state}"}}'] == 1
    assert sum(v for k, v in found.items() if k.startswith("agent_calls{")) == 1


def test_finished__by_reason_cost_and_length() -> None:
    first = ended(ALINE, EndReason.GOODBYE)
    ended(ALINE, EndReason.CALLER_HUNG_UP)
    for call in (ring(ALINE), ring(ALINE)):
        decided(call, has_key=False)
        _record_rejected(call.pk)
    attached(ALINE)
    Call.objects.filter(pk=first.pk).update(
        cost=Decimal("0.25"), accept_ms=F("accept_provider_ms") + 120
    )

    found = figures()

    labels = 'reason="goodbye",result="ended",synthetic="false"'
    assert found[f"agent_calls_finished_total{{{labels}}}"] == 1
    labels = 'reason="not_configured",result="rejected",synthetic="false"'
    assert found[f"agent_calls_finished_total{{{labels}}}"] == 2
    model = '{model="gpt-realtime-2.1"}'
    assert found[f"agent_call_cost_usd_total{model}"] == 0.25
    # The other call was attached and nothing is known of its cost.
    assert found[f"agent_call_price_unknown_total{model}"] == 1
    assert found["agent_call_accept_seconds_count"] == 2
    assert found['agent_call_accept_seconds_bucket{le="0.15"}'] >= 1
    assert found["agent_call_duration_seconds_count"] == 2


def test_synthetic__calls__not_in_cost_and_latency(cast: Cast) -> None:
    Profile.objects.filter(pk=cast.bosco.profile.pk).update(is_sandbox=True)
    ended(str(cast.bosco.profile.msisdn), is_synthetic=True)
    Call.objects.update(cost=Decimal("0.25"))

    found = figures()

    labels = 'reason="goodbye",result="ended",synthetic="true"'
    assert found[f"agent_calls_finished_total{{{labels}}}"] == 1
    assert found["agent_call_duration_seconds_count"] == 0
    assert not any(name.startswith("agent_call_cost_usd_total") for name in found)
