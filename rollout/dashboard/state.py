"""The banner of the dashboard: stage, state, and what needs attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from easymo.sentences import counted
from rollout.core import clock
from rollout.core.formatting import duration
from rollout.dashboard.features import ON, PARTLY
from rollout.models import Plan, StageName
from rollout.policy.verdicts import Level
from rollout.stages import waivers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rollout.dashboard.features import FeatureRow
    from rollout.dashboard.guardrails import GuardrailCards
    from rollout.dashboard.incidents import OpenIncident
    from rollout.flags.acknowledgements import Propagation

GOOD, WARN, BAD, QUIET = "good", "warn", "bad", "quiet"
SEVERE = {"high", "critical"}
NEXT_STEPS = {
    Plan.State.ACTIVE: "",
    Plan.State.HELD: _("People are served as before; the stage does not advance."),
    Plan.State.ROLLED_BACK: (
        _("To go on: mitigate the incident, pass pre-flight and smoke, then resume.")
    ),
    Plan.State.RECOVERY: _("On again after a rollback, and watched more closely."),
    Plan.State.FROZEN: _("Nothing is turned on before two people resume."),
}
TONES = {
    Plan.State.HELD: WARN,
    Plan.State.RECOVERY: WARN,
    Plan.State.ROLLED_BACK: BAD,
    Plan.State.FROZEN: BAD,
}


@dataclass(frozen=True, slots=True)
class RolloutState:
    """Stage and state of the plan, since when and why, and the colour of the banner."""

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


def rollout_state(
    rows: Sequence[FeatureRow],
    spread: Propagation,
    incidents: Sequence[OpenIncident],
    cards: GuardrailCards,
) -> RolloutState:
    """Read the plan and its override: two queries."""
    now = clock.now()
    plan = Plan.objects.select_related("run").filter(pk=1).first()
    state = Plan.State(plan.state) if plan else Plan.State.ACTIVE
    stage = plan.run.stage if plan else ""
    restore = (
        gettext("Restore the functions first. ") if spread.functions_removed else ""
    )
    return RolloutState(
        stage=stage,
        stages=_steps(stage),
        state=state.value,
        state_words=str(state.label),
        reason=_sentence(plan.state_reason)
        if plan
        else gettext("No plan: run migrate."),
        next_step=f"{restore}{NEXT_STEPS[state]}".strip(),
        since=plan.state_since if plan else None,
        entered_at=plan.run.entered_at if plan else None,
        time_in_stage=duration(now - plan.run.entered_at) if plan else "",
        time_in_state=duration(now - plan.state_since) if plan else "",
        exposure=exposure_words(rows, functions_removed=spread.functions_removed),
        hold=_override_words(now),
        tone=_tone(state, rows, spread, incidents, cards),
    )


def _override_words(now: datetime) -> str:
    override = waivers.active_overrides(now).first()
    if override is None:
        return ""
    left = duration(override.expires_at - now)
    return gettext("{by} suspends automatic rollback for {left}: {reason}").format(
        by=override.by, left=left, reason=override.reason
    )


def _sentence(text: str) -> str:
    """Add a full stop where the author left it out."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _steps(current: str) -> tuple[tuple[str, str], ...]:
    """Return each stage with its place: `done`, `now` or `ahead`."""
    names = list(StageName.values)
    place = names.index(current) if current in names else -1
    return tuple(
        (name, "now" if index == place else "done" if index < place else "ahead")
        for index, name in enumerate(names)
    )


def exposure_words(rows: Sequence[FeatureRow], *, functions_removed: bool) -> str:
    """Say which features are on, in one sentence."""
    if functions_removed:
        return gettext("A full rollback is in force: the functions are disabled.")
    on = [row.label for row in rows if row.state == ON]
    partly = [row.label for row in rows if row.state == PARTLY]
    off = [row.label for row in rows if row.state not in {ON, PARTLY}]
    if not on and not partly:
        return gettext("All features are off: no customer is answered.")
    groups = (
        (on, gettext("on for everyone")),
        (partly, gettext("on for some")),
        (off, gettext("off")),
    )
    return "; ".join(f"{_and(names)} {words}" for names, words in groups if names) + "."


def _and(names: Sequence[str]) -> str:
    *first, last = names
    return (
        gettext("{first} and {last}").format(first=", ".join(first), last=last)
        if first
        else last
    )


def _tone(
    state: Plan.State,
    rows: Sequence[FeatureRow],
    spread: Propagation,
    incidents: Sequence[OpenIncident],
    cards: GuardrailCards,
) -> str:
    levels = {card.level for card in cards.cards}
    is_served = any(row.state in {ON, PARTLY} for row in rows)
    is_severe = any(
        each.severity in SEVERE and each.status == "open" for each in incidents
    )
    tone = TONES.get(state)
    if spread.functions_removed or is_severe or tone == BAD or Level.BREACH in levels:
        return BAD
    is_silent = any(process.is_silent for process in spread.processes)
    is_unwatched = is_served and cards.tick.is_late
    if incidents or is_silent or is_unwatched or tone or Level.WARN in levels:
        return WARN
    return GOOD if is_served else QUIET


def attention(
    spread: Propagation, incidents: Sequence[OpenIncident], cards: GuardrailCards
) -> list[str]:
    """Return what the banner adds, most severe first: one short sentence each."""
    words = [
        gettext("{title}{value}: {level_words}, now {now}").format(
            title=card.title,
            value=gettext(" on {channel}").format(channel=gettext(card.channel))
            if card.channel
            else "",
            level_words=card.level_words,
            now=card.now,
        )
        for level in (Level.BREACH, Level.WARN)
        for card in cards.cards
        if card.level == level
    ]
    if incidents:
        words.append(
            ngettext(
                "{number} incident not resolved: {title}",
                "{number} incidents not resolved: {title}",
                len(incidents),
            ).format(number=len(incidents), title=incidents[0].title)
        )
    if silent := sum(process.is_silent for process in spread.processes):
        words.append(
            counted(
                silent, "{number} process is silent", "{number} processes are silent"
            )
        )
    if cards.tick.is_late:
        words.append(cards.tick.sentence[0].upper() + cards.tick.sentence[1:])
    return words
