"""Does what the guide asks for at each stage, as an operator would."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from easymo.observability.models import ScannedLines
from rollout.checklists import checklists
from rollout.core import clock
from rollout.evidence import observations
from rollout.evidence.observations import FinishedConversation
from rollout.flags import cohorts
from rollout.models import (
    Announcement,
    ChecklistItem,
    Contact,
    Evaluation,
)
from rollout.plan import plan as plans
from rollout.policy.gates import unmet
from rollout.stages import stages
from tests.rollout.plan_cases import ODETTE, Fake, checked

DAY = timedelta(days=1)
# Later than any migration that a test database began with.
START = datetime.fromisoformat("2046-03-02T08:00:00+00:00")


def names() -> set[str]:
    return {gate.name.value for gate in unmet(stages.gates_now())}


def judged(*verdicts: dict[str, object]) -> None:
    Evaluation.objects.create(
        run=plans.current().run,
        verdicts=list(verdicts),
        action="none",
        severity="low",
        because="All guardrails hold.",
    )


def check_all() -> None:
    """Let every line that a check answers be answered with yes."""
    asked = ChecklistItem.objects.exclude(check_name="").values_list(
        "check_name", flat=True
    )
    results = [{"name": name, "title": name, "status": "ok"} for name in set(asked)]
    checked("preflight", results=results)
    checked("smoke")


def tick_all() -> None:
    for line in checklists.checklist_lines():
        if not line.is_automatic and line.item.cadence == "once":
            checklists.tick_line(item=line.item, by="odette", evidence="done")


def name_contacts() -> None:
    Contact.objects.update(
        name="Odette", phone="+250700000001", verified_at=clock.now()
    )


def announce(audience: str) -> None:
    now = clock.now()
    Announcement.objects.create(
        audience=audience,
        medium="other",
        subject="It comes",
        text="Soon.",
        status="sent",
        drafted_by="odette",
        approved_by="grace",
        approved_at=now,
        sent_at=now,
    )


def talk(number: int, **changed: object) -> None:
    now = clock.now()
    for n in range(number):
        facts = {
            "source_key": f"chat:{now.timestamp()}:{n}",
            "conversation_key": "k",
            "channel": "chat",
            "started_at": now,
            "finished_at": now,
            "calls": 5,
            "failed": 0,
            "turns": 3,
            "latencies_ms": [900, 1200, 2100],
            "cost": Decimal("0.05"),
        }
        observations.record_observation(FinishedConversation(**facts | changed))  # type: ignore[arg-type]


def watch(time: Fake, hours: int) -> None:
    item = ChecklistItem.objects.get(key=checklists.CLOSE_WATCH)
    for _ in range(hours):
        checklists.tick_line(item=item, by="odette", evidence="looked at the page")
        time.advance(hours=1)


def looked() -> None:
    ScannedLines.objects.get_or_create(
        minute=clock.now(), sink="log", defaults={"lines": 9000}
    )


def advance() -> str:
    stages.advance(reason="all green", **ODETTE)
    return plans.current().run.stage


def to_smoke() -> None:
    name_contacts()
    tick_all()
    check_all()
    assert names() == set()
    assert advance() == "smoke"


def to_beta(time: Fake) -> None:
    for name in ("smoke", "beta"):
        cohorts.make_cohort(name=name)
    for n in range(5):
        cohorts.add_member("beta", f"staff-{n}", "odette")
    announce("beta")
    tick_all()
    time.advance(days=1)
    check_all()
    judged()
    looked()
    assert names() == set()
    assert advance() == "beta"
