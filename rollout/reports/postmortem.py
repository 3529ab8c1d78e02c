"""The post-mortem of an incident, written from its rows.

The text is in `templates/rollout/reports/postmortem.md`; this module reads its values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rollout.evidence import figures
from rollout.incidents.incidents import LESSONS
from rollout.models import FlagChange, Incident, RollbackEvent, TimelineEntry
from rollout.reports.markdown import render, since

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOT_YET = "*not written yet*"
MOST_ENTRIES = 1_000
MOST_CHANGES = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One step from the harm to its end, and the time since the step before."""

    what: str
    at: datetime | None
    took: str = ""


def postmortem(incident: Incident) -> str:
    """Return the post-mortem as Markdown, as far as it is known."""
    rollbacks = list(incident.rollbacks.order_by("id"))
    entries = list(incident.timeline.order_by("id")[:MOST_ENTRIES])
    evidence, decided_at = decision(rollbacks[0] if rollbacks else None, entries)
    mitigated_at = incident.mitigated_at or incident.resolved_at
    changes = FlagChange.objects.filter(
        kind=FlagChange.Kind.FLAG, at__gte=incident.opened_at - figures.MINUTE
    ).select_related("flag")
    if incident.resolved_at:
        changes = changes.filter(at__lte=incident.resolved_at)
    values = {
        "incident": incident,
        "not_yet": NOT_YET,
        "mitigated_at": mitigated_at,
        "steps": list(_steps(incident, rollbacks, entries, evidence, decided_at)),
        "evidence": {
            name: value
            for name, value in evidence.items()
            if value != "" and isinstance(value, str | int | float)
        },
        "traffic": figures.window(incident.opened_at - figures.HOUR, mitigated_at),
        "lessons": [
            (label, getattr(incident, name))
            for name, label in LESSONS.items()
            if name != "customer_impact"
        ],
        "actions": incident.action_items.all(),
        "entries": entries,
        "rollbacks": rollbacks,
        "changes": changes.order_by("id")[:MOST_CHANGES],
    }
    return render("postmortem.md", values)


def decision(
    first: RollbackEvent | None, entries: Sequence[TimelineEntry]
) -> tuple[dict[str, Any], datetime | None]:
    """Return the evaluator's evidence and the time of its decision.

    A person's decision has no evidence.
    """
    if first is not None and first.evidence:
        return first.evidence, first.decided_at
    # A hold has no rollback; the timeline has the evidence.
    for entry in entries:
        if entry.data.get("evidence"):
            return entry.data["evidence"], _moment(entry.data, "decided_at")
    return {}, first.decided_at if first else None


def _steps(
    incident: Incident,
    rollbacks: Sequence[RollbackEvent],
    entries: Sequence[TimelineEntry],
    evidence: dict[str, Any],
    decided_at: datetime | None,
) -> Iterator[Step]:
    first = rollbacks[0] if rollbacks else None
    began, fired = _moment(evidence, "began_at"), _moment(evidence, "fired_at")
    known = [at for at in (incident.opened_at, fired, decided_at) if at is not None]
    detected = min(known)
    if began:
        yield Step("The harm began", began)
    yield Step("Detected", detected, since(detected, began))
    decided = decided_at or (first.at if first else None)
    if decided is not None:
        yield Step("Decided", decided, since(decided, detected))
    if first is not None:
        what = f"{first.kind} rollback committed"
        yield Step(what, first.at, since(first.at, decided))
        yield _propagation_step(entries)
    for what, at in (
        ("Mitigated", incident.mitigated_at),
        ("Resolved", incident.resolved_at),
        ("Closed", incident.closed_at),
    ):
        if at is not None:
            yield Step(what, at, since(at, detected))


def _propagation_step(entries: Sequence[TimelineEntry]) -> Step:
    receipt = next((e.data["receipt"] for e in entries if "receipt" in e.data), None)
    if receipt is None:
        return Step("Taken in by every process", None, "not known")
    counts = f"{receipt['acknowledged']} of {receipt['processes']}"
    return Step(f"Taken in by {counts} processes", None, f"{receipt['ms']} ms")


def _moment(data: dict[str, Any], name: str) -> datetime | None:
    """Read a time from JSON; it is empty when one evaluation was enough."""
    text = data.get(name)
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
