from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rollout.core import clock
from rollout.incidents import incidents
from rollout.models import RollbackEvent
from rollout.reports.postmortem import postmortem
from rollout.stages import rollback
from tests.canaries import ALINE
from tests.rollout.incidents.test_incidents import FOUR

if TYPE_CHECKING:
    from rollout.models import Incident
    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db
NOON = datetime(2027, 1, 4, 10, 0, tzinfo=UTC)


@dataclass
class At:
    moment: datetime

    def now(self) -> datetime:
        return self.moment


def at(**later: float) -> At:
    return At(NOON + timedelta(**later))


def rolled_back_by_evidence(switch: Switch) -> Incident:
    """Harm from noon, enough evidence after 4 minutes, carried out 5 s later."""
    with clock.use(at(seconds=-60)):
        switch(CHAT=True)
    with clock.use(at(minutes=4, seconds=5)):
        done = rollback.rollback_quick(
            reason="success 50 %", actor="evaluator", source="system"
        )
        incident = done.rolled_back.incident
        RollbackEvent.objects.create(
            kind="quick",
            features=["FEATURE_AGENT_CHAT"],
            incident=incidents.open_incident(
                key="evaluator", title="x", severity="high", opened_by="evaluator"
            ),
            actor="evaluator",
            source="system",
            reason="success 50 %",
            evidence={
                "guardrail": "success",
                "value": 0.5,
                "n": 40,
                "began_at": NOON.isoformat(),
                "fired_at": (NOON + timedelta(minutes=3)).isoformat(),
            },
            decided_at=NOON + timedelta(minutes=4),
            fence_proven=True,
            epoch=1,
        )
    return incident


def test_postmortem__rolled_back_by_a_person__times_from_the_rows(
    switch: Switch,
) -> None:
    # Given
    incident = rolled_back_by_evidence(switch)
    with clock.use(at(minutes=20)):
        incidents.take_command(incident=incident, commander="odette", author="odette")
        incidents.set_status(
            incident=incident, status="mitigated", reason="off", author="odette"
        )
    with clock.use(at(hours=2)):
        incidents.set_status(
            incident=incident, status="resolved", reason="fixed", author="odette"
        )
        incidents.write_lessons(incident=incident, author="odette", **FOUR)
        incidents.add_action(
            incident=incident,
            text="Ask in pre-flight",
            owner="pascal",
            due=date(2027, 2, 1),
            author="odette",
        )

    # When
    told = postmortem(incident)

    # Then
    assert "- Led by: odette" in told
    assert "| Mitigated | 04 Jan 2027 12:20:00 | 15 min 55 s |" in told
    assert "| Resolved | 04 Jan 2027 14:00:00 | 1 h 55 min |" in told
    assert re.search(r"Taken in by \d+ of \d+ processes \| — \| \d+ ms", told)
    assert "- [ ] Ask in pre-flight (pascal, by 01 Feb 2027)" in told
    for lesson in FOUR.values():
        assert lesson in told
    assert "FEATURE\\_AGENT\\_CHAT" in told or "FEATURE_AGENT_CHAT" in told


def test_postmortem__evidence_decided__detection_decision_and_commit_told(
    switch: Switch,
) -> None:
    # Given
    rolled_back_by_evidence(switch)
    automatic = RollbackEvent.objects.get(decided_at__isnull=False).incident

    # When
    told = postmortem(automatic)

    # Then
    assert "| The harm began | 04 Jan 2027 12:00:00 |  |" in told
    assert "| Detected | 04 Jan 2027 12:03:00 | 3 min |" in told
    assert "| Decided | 04 Jan 2027 12:04:00 | 1 min |" in told
    assert "- guardrail: success" in told
    assert "- n: 40" in told
    assert "| quick rollback committed | 04 Jan 2027 12:04:05 | 5.0 s |" in told
    assert "| Taken in by every process | — | not known |" in told
    assert "*not written yet*" in told


def test_postmortem__only_held__times_from_the_story() -> None:
    # Given
    with clock.use(at(minutes=10)):
        incident = incidents.open_incident(
            key="evaluator:cost", title="x", severity="medium", opened_by="evaluator"
        )
        incidents.write_entry(
            incident,
            kind="auto",
            author="evaluator",
            text="Held",
            data={
                "evidence": {"guardrail": "cost", "began_at": NOON.isoformat()},
                "decided_at": (NOON + timedelta(minutes=9)).isoformat(),
            },
        )

    # When
    told = postmortem(incident)

    # Then
    assert "| Detected | 04 Jan 2027 12:09:00 | 9 min |" in told
    assert "rollback committed" not in told


def test_postmortem__hostile_words__stay_inert_on_one_line() -> None:
    incident = incidents.report_incident(
        title="# <b>x</b> | [a](javascript:b)",
        severity="low",
        text=f"- a\n# b {ALINE.msisdn}",
        by="odette",
    )

    told = postmortem(incident)

    assert "\\# \\<b\\>x\\</b\\> \\| \\[a\\](javascript:b)" in told.splitlines()[0]
    assert "- a \\# b" in told
    assert ALINE.msisdn[4:] not in told


def test_postmortem__text_for_customers__has_no_cause_and_no_names(
    switch: Switch,
) -> None:
    incident = rolled_back_by_evidence(switch)
    incidents.write_lessons(incident=incident, author="odette", **FOUR)

    told = postmortem(incident).partition("## To be told to customers")[2]

    assert FOUR["customer_impact"] in told
    assert FOUR["prevention"] in told
    assert FOUR["root_cause"] not in told
    assert "odette" not in told
    assert "evaluator" not in told


def test_postmortem__evidence_without_a_beginning__begins_with_its_detection() -> None:
    done = rollback.carry_out(
        rollback.RollbackOrder(
            RollbackEvent.Kind.FULL,
            "a leak",
            "evaluator",
            "system",
            evidence={"began_at": ""},
            decided_at=NOON,
        )
    )

    told = postmortem(done.incident)

    assert "Detected" in told
    assert "The harm began" not in told
