"""An incident written up from its rows: what happened when, and what is learned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rollout.core.formatting import lasted, markdown_line, moment, share, usd
from rollout.evidence import figures
from rollout.incidents.incidents import LESSONS
from rollout.models import FlagChange, Incident, RollbackEvent, TimelineEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_YET = "*not written yet*"
MOST_ENTRIES = 1_000
MOST_CHANGES = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way back, when it was and how long after the one before."""

    what: str
    at: datetime | None
    after: str = ""


def postmortem(incident: Incident) -> str:
    """Return the post-mortem as Markdown, as far as it is known by now."""
    rollbacks = list(incident.rollbacks.order_by("id"))
    entries = list(incident.timeline.order_by("id")[:MOST_ENTRIES])
    return "\n".join(
        [
            f"# Post-mortem of incident {incident.pk}: {markdown_line(incident.title)}",
            "",
            *_head(incident),
            "",
            "## Times",
            "",
            *_times(incident, rollbacks, entries),
            "",
            "## Measured",
            "",
            *_measured(rollbacks, entries),
            "",
            "## Impact",
            "",
            incident.customer_impact or NOT_YET,
            "",
            *_traffic(incident),
            "",
            *_lessons(incident),
            *_actions(incident),
            "## Timeline",
            "",
            *(
                f"- {moment(e.at)} **{e.author}**: {markdown_line(e.text)}"
                for e in entries
            ),
            "",
            *_exposure(incident, rollbacks),
            "## To be told to customers",
            "",
            *customer_text(incident),
            "",
        ]
    )


def _head(incident: Incident) -> Iterator[str]:
    yield f"- Severity: {incident.severity}"
    yield f"- Status: {incident.status}"
    yield f"- Opened by: {incident.opened_by}"
    yield f"- Led by: {incident.commander or 'nobody'}"


def _times(
    incident: Incident, rollbacks: list[RollbackEvent], entries: list[TimelineEntry]
) -> Iterator[str]:
    yield "| step | at | took |"
    yield "| --- | --- | --- |"
    for step in steps(incident, rollbacks, entries):
        yield f"| {step.what} | {moment(step.at)} | {step.after} |"


def steps(
    incident: Incident, rollbacks: list[RollbackEvent], entries: list[TimelineEntry]
) -> list[Step]:
    """Return the way from the first harm to the end, each step with its time."""
    first = rollbacks[0] if rollbacks else None
    evidence, decided = judged(first, entries)
    began, fired = told_at(evidence, "began_at"), told_at(evidence, "fired_at")
    detected = min(at for at in (incident.opened_at, fired, decided) if at is not None)
    found = [Step("The harm began", began)] if began else []
    found.append(Step("Detected", detected, since(began, detected)))
    decided = decided or (first.at if first else None)
    if decided is not None:
        found.append(Step("Decided", decided, since(detected, decided)))
    if first is not None:
        committed = f"{first.kind} rollback committed"
        found += [
            Step(committed, first.at, since(decided, first.at)),
            _propagated(entries),
        ]
    for what, at in (
        ("Mitigated", incident.mitigated_at),
        ("Resolved", incident.resolved_at),
        ("Closed", incident.closed_at),
    ):
        if at is not None:
            found.append(Step(what, at, since(detected, at)))
    return found


def judged(
    first: RollbackEvent | None, entries: list[TimelineEntry]
) -> tuple[dict[str, Any], datetime | None]:
    """Return what the evaluator saw and when it decided; nothing, of a person's."""
    if first is not None and first.evidence:
        return first.evidence, first.decided_at
    # What was only held has no rollback; the story tells it.
    for entry in entries:
        if entry.data.get("evidence"):
            return entry.data["evidence"], told_at(entry.data, "decided_at")
    return {}, first.decided_at if first else None


def told_at(data: dict[str, Any], name: str) -> datetime | None:
    """Return a moment written in JSON; empty, where one look was enough."""
    told = data.get(name)
    return datetime.fromisoformat(told) if isinstance(told, str) and told else None


def _measured(
    rollbacks: list[RollbackEvent], entries: list[TimelineEntry]
) -> Iterator[str]:
    evidence, _ = judged(rollbacks[0] if rollbacks else None, entries)
    if not evidence:
        yield "By a person; no figures were kept with the decision."
        return
    for name, value in evidence.items():
        if value not in ("", None) and isinstance(value, str | int | float):
            yield f"- {markdown_line(f'{name}: {value}')}"


def since(before: datetime | None, after: datetime) -> str:
    return "" if before is None else lasted(after - before)


def _propagated(entries: list[TimelineEntry]) -> Step:
    receipts: list[Any] = [
        entry.data["receipt"] for entry in entries if "receipt" in entry.data
    ]
    if not receipts:
        return Step("Taken in by every process", None, "not known")
    first = receipts[0]
    return Step(
        f"Taken in by {first['acknowledged']} of {first['processes']} processes",
        None,
        f"{first['ms']} ms",
    )


def _traffic(incident: Incident) -> Iterator[str]:
    end = incident.mitigated_at or incident.resolved_at
    during = figures.window(incident.opened_at - figures.HOUR, end)
    yield (
        f"From an hour before until {'it was mitigated' if end else 'now'}:"
        f" {during.conversations} conversations, {during.failed_conversations} failed"
        f" ({share(during.success)} of the calls succeeded), {usd(during.cost)} spent."
    )


def _lessons(incident: Incident) -> Iterator[str]:
    for name, label in LESSONS.items():
        if name == "customer_impact":
            continue
        yield f"## {label.capitalize()}"
        yield ""
        yield getattr(incident, name) or NOT_YET
        yield ""


def _actions(incident: Incident) -> Iterator[str]:
    yield "## Action items"
    yield ""
    items = list(incident.action_items.all())
    for item in items:
        box = "x" if item.done_at else " "
        done = f", done by {item.done_by}" if item.done_at else ""
        yield (
            f"- [{box}] {markdown_line(item.text)}"
            f" ({item.owner}, by {item.due:%d %b %Y}{done})"
        )
    if not items:
        yield "None."
    yield ""


def _exposure(incident: Incident, rollbacks: list[RollbackEvent]) -> Iterator[str]:
    yield "## Rollbacks and changes of exposure"
    yield ""
    for event in rollbacks:
        proof = "" if event.fence_proven else ", fence not proven"
        off = ", ".join(event.features) or "nothing that was on"
        yield (
            f"- {moment(event.at)} {event.kind} by {event.actor} ({event.source}):"
            f" {off}{proof}. {markdown_line(event.reason)}"
        )
    changes = FlagChange.objects.filter(
        kind=FlagChange.Kind.FLAG, at__gte=incident.opened_at - figures.MINUTE
    ).select_related("flag")
    if incident.resolved_at:
        changes = changes.filter(at__lte=incident.resolved_at)
    for change in changes.order_by("id")[:MOST_CHANGES]:
        state = "off" if (change.after or {}).get("everyone") is False else "changed"
        yield (
            f"- {moment(change.at)} {change.flag} {state} by {change.actor}:"
            f" {markdown_line(change.reason)}"
        )
    yield ""


def customer_text(incident: Incident) -> list[str]:
    """Return what customers may be told: no names, no causes inside, no figures."""
    end = incident.mitigated_at or incident.resolved_at
    until = f" until {moment(end)}" if end else ""
    return [
        f"From {moment(incident.opened_at)}{until} our service by WhatsApp and telephone"
        " did not work as it should.",
        "",
        incident.customer_impact or NOT_YET,
        "",
        incident.resolution or NOT_YET,
        "",
        f"So that it does not happen again: {incident.prevention or NOT_YET}",
        "",
        "We are sorry for the trouble.",
    ]
