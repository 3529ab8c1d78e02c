"""Where the rollout stands, in one sentence, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.core import clock
from rollout.core.display_formatting import count, span
from rollout.dashboard.features import ON, PARTLY
from rollout.models import Plan, StageName
from rollout.policy.verdicts import Level
from rollout.stages import overrides

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rollout.dashboard.features import Row
    from rollout.dashboard.guardrails import Guards
    from rollout.dashboard.incidents import Trouble
    from rollout.flags.acknowledgements import Propagation

GOOD, WARN, BAD, QUIET = "good", "warn", "bad", "quiet"
GRAVE = {"high", "critical"}
NEXT = {
    Plan.State.ACTIVE: "",
    Plan.State.HELD: "People are served as before; the stage does not advance.",
    Plan.State.ROLLED_BACK: (
        "To go on: mitigate the incident, pass pre-flight and smoke, then resume."
    ),
    Plan.State.RECOVERY: "On again after a rollback, and watched more closely.",
    Plan.State.FROZEN: "Nothing is turned on before two people resume.",
}
RESTORE_FIRST = "Restore the functions first."
TONES = {
    Plan.State.HELD: WARN,
    Plan.State.RECOVERY: WARN,
    Plan.State.ROLLED_BACK: BAD,
    Plan.State.FROZEN: BAD,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The banner: stage, state, why, since when, and how it looks."""

    stage: str
    stages: tuple[tuple[str, str], ...]
    state: str
    state_words: str
    reason: str
    next_step: str
    since: datetime | None
    entered_at: datetime | None
    time_in_stage: str
    time_in_state: str
    exposure: str
    hold: str
    tone: str


def standing(
    rows: Sequence[Row],
    spread: Propagation,
    found: Sequence[Trouble],
    watched: Guards,
) -> Standing:
    """Read the plan and what holds it: two queries."""
    now = clock.now()
    plan = Plan.objects.select_related("run").filter(pk=1).first()
    hold = overrides.active(now).first()
    held = ""
    if hold is not None:
        left = span(hold.expires_at - now)
        held = f"{hold.by} holds automatic rollback back for {left}: {hold.reason}"
    stage = plan.run.stage if plan else ""
    state = Plan.State(plan.state) if plan else Plan.State.ACTIVE
    return Standing(
        stage=stage,
        stages=_steps(stage),
        state=state.value,
        state_words=str(state.label),
        reason=_sentence(plan.state_reason) if plan else "No plan: run migrate.",
        next_step=f"{RESTORE_FIRST if spread.functions_removed else ''}"
        f" {NEXT[state]}".strip(),
        since=plan.state_since if plan else None,
        entered_at=plan.run.entered_at if plan else None,
        time_in_stage=span(now - plan.run.entered_at) if plan else "",
        time_in_state=span(now - plan.state_since) if plan else "",
        exposure=exposure_words(rows, functions_removed=spread.functions_removed),
        hold=held,
        tone=_tone(state, rows, spread, found, watched),
    )


def _sentence(text: str) -> str:
    """End it, where whoever wrote it did not."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _steps(current: str) -> tuple[tuple[str, str], ...]:
    """Return each stage with where it lies: done, now, or ahead."""
    names = list(StageName.values)
    place = names.index(current) if current in names else -1
    return tuple(
        (name, "now" if index == place else "done" if index < place else "ahead")
        for index, name in enumerate(names)
    )


def exposure_words(rows: Sequence[Row], *, functions_removed: bool) -> str:
    """Say in a few words what is on, gravest first."""
    if functions_removed:
        return "A full rollback is in force: the functions are taken away."
    on = [row.label for row in rows if row.state == ON]
    partly = [row.label for row in rows if row.state == PARTLY]
    if not on and not partly:
        return "All features are off: nobody is answered."
    parts = []
    if on:
        parts.append(f"{_and(on)} on for everyone")
    if partly:
        parts.append(f"{_and(partly)} on for some")
    if off := [row.label for row in rows if row.state not in {ON, PARTLY}]:
        parts.append(f"{_and(off)} off")
    return "; ".join(parts) + "."


def _and(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _tone(
    state: Plan.State,
    rows: Sequence[Row],
    spread: Propagation,
    found: Sequence[Trouble],
    watched: Guards,
) -> str:
    levels = {card.level for card in watched.cards}
    served = any(row.state in {ON, PARTLY} for row in rows)
    grave = any(each.severity in GRAVE and each.status == "open" for each in found)
    if spread.functions_removed or grave or TONES.get(state) == BAD:
        return BAD
    if Level.BREACH in levels:
        return BAD
    silent = any(process.is_silent for process in spread.processes)
    unwatched = served and watched.tick.is_late
    if found or silent or unwatched or state in TONES or Level.WARN in levels:
        return WARN
    return GOOD if served else QUIET


def attention(
    spread: Propagation, found: Sequence[Trouble], watched: Guards
) -> list[str]:
    """Return what a banner must add, gravest first: each a short sentence."""
    words = [
        f"{card.title}{f' on {card.channel}' if card.channel else ''}:"
        f" {card.level_words}, now {card.now}"
        for level in (Level.BREACH, Level.WARN)
        for card in watched.cards
        if card.level == level
    ]
    if found:
        words.append(f"{count(len(found), 'incident')} not resolved: {found[0].title}")
    if silent := sum(process.is_silent for process in spread.processes):
        words.append(f"{count(silent, 'process is', 'processes are')} silent")
    if watched.tick.is_late:
        words.append(watched.tick.sentence[0].upper() + watched.tick.sentence[1:])
    return words
