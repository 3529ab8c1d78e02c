"""The features of the dashboard: who is served, and why one person is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from rollout.core.features import Feature
from rollout.flags import exposure
from rollout.flags.selectors import percent_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rollout.flags.selectors import FeatureState

OFF, PARTLY, ON, FORCED = "off", "partly", "on", "forced"
STATE_WORDS = {
    OFF: _("off"),
    PARTLY: _("on for some"),
    ON: _("on for everyone"),
    FORCED: _("forced off by the environment"),
}


@dataclass(frozen=True, slots=True)
class LookedUpPerson:
    """The person whose features are explained. `subject` None: an unknown person."""

    subject: str | None
    label: str


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One feature: its state, its audience and its last change."""

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
    # None when no person was looked up.
    on_for_person: bool | None
    why: str


def feature_rows(
    states: Sequence[FeatureState], person: LookedUpPerson | None
) -> tuple[FeatureRow, ...]:
    """Return one row per feature, decided for `person` if there is one."""
    reasons = exposure.exposure_of(person.subject).reasons if person else {}
    return tuple(_row(state, person, reasons) for state in states)


def _row(
    row: FeatureState, person: LookedUpPerson | None, reasons: Mapping[Feature, str]
) -> FeatureRow:
    feature, state = Feature(row.name), state_of(row)
    is_served = state in {ON, PARTLY}
    return FeatureRow(
        feature=row.name,
        label=feature.label,
        state=state,
        state_words=str(STATE_WORDS[state]),
        everyone=state == ON,
        percent=percent_text(row.percent) if is_served and row.percent else "",
        cohorts=row.cohorts if is_served else (),
        changed_at=row.change.at if row.change else None,
        changed_by=row.change.actor if row.change else "",
        reason=row.change.reason if row.change else "",
        on_for_person=exposure.is_on(feature, person.subject) if person else None,
        why=reasons.get(feature, ""),
    )


def state_of(row: FeatureState) -> str:
    """Return `off`, `partly`, `on` or `forced`."""
    if row.forced_off:
        return FORCED
    if not row.is_on:
        return OFF
    return PARTLY if row.percent is not None or row.cohorts else ON


def label_of(name: str) -> str:
    """Return the label of a feature; a feature of an earlier release keeps its name."""
    return Feature(name).label if name in set(Feature) else name
