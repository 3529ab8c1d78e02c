"""Which feature is on for whom, and why it is on for one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.core.features import Feature
from rollout.flags import exposure
from rollout.flags.selectors import percent_text

if TYPE_CHECKING:
    from datetime import datetime

    from rollout.flags.selectors import FeatureState

LABELS = {
    Feature.CHAT: "Chat",
    Feature.VOICE: "Voice",
    Feature.VOUCHERS: "Vouchers",
    Feature.CUSTOMER_LOOKUP: "Customer lookup",
}
OFF, PARTLY, ON, FORCED = "off", "partly", "on", "forced"
STATE_WORDS = {
    OFF: "off",
    PARTLY: "on for some",
    ON: "on for everyone",
    FORCED: "forced off by the environment",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One feature: its state, each audience, and the last hand on it."""

    feature: str
    label: str
    state: str
    state_words: str
    everyone: bool
    percent: str
    cohorts: tuple[str, ...]
    changed_at: datetime | None
    changed_by: str
    reason: str
    # For the person looked up; None when nobody was.
    on_for_person: bool | None
    why: str


def matrix(
    states: list[FeatureState], *, asked: bool = False, subject: str | None = None
) -> tuple[Row, ...]:
    """Return a row for each feature; ``asked``: decide for the subject, too.

    A subject of None is somebody nobody knows yet.
    """
    decided = exposure.exposure_of(subject) if asked else None
    found = []
    for row in states:
        feature = Feature(row.name)
        why = decided.reasons[feature] if decided else ""
        on = exposure.is_on(feature, subject) if decided else None
        found.append(_row(row, feature, on, str(why)))
    return tuple(found)


def _row(state: FeatureState, feature: Feature, on: bool | None, why: str) -> Row:
    kind = kind_of(state)
    served = kind in {ON, PARTLY}
    return Row(
        feature=state.name,
        label=LABELS[feature],
        state=kind,
        state_words=STATE_WORDS[kind],
        everyone=kind == ON,
        percent=percent_text(state.percent) if served and state.percent else "",
        cohorts=state.cohorts if served else (),
        changed_at=state.change.at if state.change else None,
        changed_by=state.change.actor if state.change else "",
        reason=state.change.reason if state.change else "",
        on_for_person=on,
        why=why,
    )


def kind_of(state: FeatureState) -> str:
    """Return what the switch amounts to: off, partly, on or forced off."""
    if state.forced_off:
        return FORCED
    if not state.is_on:
        return OFF
    return PARTLY if state.percent is not None or state.cohorts else ON
