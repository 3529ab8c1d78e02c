"""The audience of each feature before the rollback that is in force."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rollout.core.features import Feature
from rollout.flags.flags import OFF, WantedAudience
from rollout.flags.selectors import feature_states
from rollout.models import Cohort, FlagChange, PlanChange, RollbackEvent
from rollout.plan import plan as plans

if TYPE_CHECKING:
    from rollout.flags.selectors import FeatureState


def current_audiences() -> dict[Feature, WantedAudience]:
    """Return the present audience of each feature."""
    return {Feature(state.name): _of_state(state) for state in feature_states()}


def audiences_before_rollback() -> dict[Feature, WantedAudience]:
    """Return the audiences before the rollback; without one the present ones.

    What was turned on meanwhile for the smoke tests does not count.
    """
    found = current_audiences()
    first = first_rollback()
    if first is None:
        return found
    known = set(Cohort.objects.values_list("name", flat=True))
    for feature in found:
        changes = FlagChange.objects.filter(flag__name=feature)
        if feature in first.features:
            # Written in the transaction of the rollback, or before it.
            turned_off = changes.filter(
                epoch__lte=first.epoch, source=FlagChange.Source.ROLLBACK
            ).order_by("-id")
        else:
            turned_off = changes.filter(epoch__gt=first.epoch).order_by("id")
        if change := turned_off.first():
            found[feature] = _of_audit(change.before or {}, known)
    return found


def first_rollback() -> RollbackEvent | None:
    """Return the rollback that took the plan out of service; None in service."""
    change = went_down()
    if change is None or plans.current().state not in plans.DOWN:
        return None
    return RollbackEvent.objects.filter(pk=change.answered).first()


def went_down() -> PlanChange | None:
    """Return the last change that took the plan out of service."""
    down = [str(state) for state in plans.DOWN]
    return (
        PlanChange.objects.filter(after__state__in=down)
        .exclude(before__state__in=down)
        .order_by("-id")
        .first()
    )


def _of_state(state: FeatureState) -> WantedAudience:
    if not state.is_on:
        return OFF
    return WantedAudience(True, state.percent, state.cohorts)


def _of_audit(state: dict[str, Any], known: set[str]) -> WantedAudience:
    """Read a state of the audit log; a cohort that is gone serves no one."""
    if state.get("everyone") is not None:
        return WantedAudience(bool(state["everyone"]))
    share = state.get("percent")
    cohorts = tuple(name for name in state.get("cohorts", ()) if name in known)
    if share is None and not cohorts:
        return OFF
    return WantedAudience(True, None if share is None else Decimal(str(share)), cohorts)
