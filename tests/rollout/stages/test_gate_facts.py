"""What the gates make of the rows."""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from easymo.observability.models import LeakFinding
from rollout.core import clock
from rollout.core.features import Feature
from rollout.core.ports import ports
from rollout.flags.flags import set_features
from rollout.models import (
    Incident,
)
from rollout.policy.stages import GateName
from rollout.stages import stages
from tests.rollout.plan_cases import ODETTE, Fake, checked
from tests.rollout.promotion import START, judged, looked, talk, to_beta, to_smoke

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    monkeypatch.setattr(
        ports, "is_staff", lambda subjects: dict.fromkeys(subjects, True)
    )
    fake = Fake(START)
    with clock.use(fake):
        yield fake


@pytest.fixture
def beta(time: Fake) -> Fake:
    to_smoke()
    to_beta(time)
    set_features({Feature.CHAT: True}, reason="beta", cohorts=["beta"], **ODETTE)
    talk(100)
    looked()
    judged()
    return time


def gate(name: str) -> tuple[str, str]:
    found = next(gate for gate in stages.gates_now() if gate.name == name)
    return found.verdict.value, found.value


def test_figures__healthy__are_met_with_their_values(beta: Fake) -> None:
    assert gate("volume") == ("pass", "100 of 100 conversations")
    assert gate("success")[0] == "pass"
    assert gate("latency")[0] == "pass"
    assert gate("cost") == ("pass", "chat $0.0500")
    assert gate("pii") == ("pass", "none in 9,000 lines: fewer than 1 in 3000")
    assert gate("guardrails") == ("pass", "no warning")


@contextmanager
def undone() -> Iterator[None]:
    """Take back what the block wrote: the way to beta is long."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


BAD: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"failed": 5}, "success", "fail"),
    ({"outcome": "failed"}, "success", "fail"),
    ({"latencies_ms": [900, 4000, 2100]}, "latency", "fail"),
    ({"cost": Decimal("0.50")}, "cost", "fail"),
    ({"cost": None}, "cost", "no_data"),
)


def test_figures__some_go_bad__their_gate_says_so(beta: Fake) -> None:
    beta.advance(minutes=1)
    for talked, name, verdict in BAD:
        with undone():
            talk(40, **talked)
            assert gate(name)[0] == verdict, talked
        assert gate(name)[0] == "pass"


def test_figures__synthetic_and_of_an_earlier_stay__do_not_count(beta: Fake) -> None:
    talk(50, is_synthetic=True, source_key="voice:1")
    assert gate("volume")[1] == "100 of 100 conversations"
    beta.advance(hours=3)
    stages.set_stage("smoke", reason="again", **ODETTE)
    beta.advance(hours=3)
    stages.set_stage("beta", reason="again", override=True, **ODETTE)
    assert gate("volume") == ("pending", "0 of 100 conversations")


def test_leak__confirmed__fails_the_gate_and_a_candidate_does_not(beta: Fake) -> None:
    found = {"kind": "msisdn", "sink": "log", "digest": b"x", "at": beta.at}
    LeakFinding.objects.create(level="candidate", **found)
    assert gate("pii")[0] == "pass"
    LeakFinding.objects.create(level="confirmed", **found)
    assert gate("pii") == ("fail", "1 confirmed")


def test_guardrails__warned_silent_or_unjudged__hold_up(beta: Fake) -> None:
    chat = {"guardrail": "success", "channel": "chat"}
    judged(chat | {"level": "warn"})
    assert gate("guardrails") == ("fail", "success on chat")
    judged(chat | {"level": "no_data"})
    assert gate("guardrails") == ("no_data", "no data: success on chat")
    # Voice is off, so no figures are expected there.
    judged({"guardrail": "success", "channel": "voice", "level": "no_data"})
    assert gate("guardrails")[0] == "pass"
    beta.advance(minutes=4)
    assert gate("guardrails") == ("no_data", "the evaluator has not run for 4 min")


def test_incidents__open_and_serious__hold_up(beta: Fake) -> None:
    for severity, status, verdict in (
        ("high", "open", "fail"),
        ("critical", "open", "fail"),
        ("medium", "open", "pass"),
        ("critical", "mitigated", "pass"),
    ):
        with undone():
            Incident.objects.create(
                dedupe_key="k",
                title="Slow",
                severity=severity,
                status=status,
                opened_by="odette",
            )
            assert gate(GateName.INCIDENTS)[0] == verdict, (severity, status)


def test_preflight__another_release__is_none_of_this_one(beta: Fake) -> None:
    checked("preflight", release="older")
    assert gate("preflight")[0] == "fail"
    checked("preflight")
    assert gate("preflight")[0] == "pass"
    beta.advance(hours=1)
    assert gate("preflight")[0] == "fail"


def test_contacts__verified_long_ago__hold_up(beta: Fake) -> None:
    beta.advance(days=31)
    verdict, value = gate("contacts")
    assert verdict == "fail"
    assert "over 30 days ago" in value


def test_members__nobody_tells_who_is_staff__is_no_data(
    time: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_smoke()
    monkeypatch.setattr(ports, "is_staff", None)
    assert gate("members")[0] == "no_data"


def test_gates__more_rows_behind__same_number_of_queries(beta: Fake) -> None:
    with CaptureQueriesContext(connection) as few:
        stages.gates_now()
    for _ in range(5):
        beta.advance(hours=1)
        talk(5)
        judged()
        checked("smoke")
    with CaptureQueriesContext(connection) as many:
        stages.gates_now()
    assert len(many) == len(few)
    assert len(few) < 25
