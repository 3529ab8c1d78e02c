from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import OuterRef, Subquery

from easymo.sentences import translatable
from rollout.models import AgentFlag, CheckRun, Epoch, FlagChange, RollbackEvent
from rollout.policy.stages import SMOKE_COHORT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class FeatureState:
    """The state of one feature, with the effect of the environment."""

    name: str
    is_on: bool
    percent: Decimal | None
    cohorts: tuple[str, ...]
    forced_off: bool
    change: FlagChange | None
    is_on_for_everyone: bool = False

    @property
    def is_limited_to_smoke(self) -> bool:
        """Tell whether only the people of the smoke tests may be served."""
        is_wider = self.is_on_for_everyone or self.percent
        return not is_wider and set(self.cohorts) <= {SMOKE_COHORT}


def feature_states(names: Iterable[str] | None = None) -> list[FeatureState]:
    """Return the features with their last change, in three queries."""
    newest = FlagChange.objects.filter(flag=OuterRef("pk")).order_by("-id")
    flags = AgentFlag.objects.order_by("pk").annotate(
        newest=Subquery(newest.values("pk")[:1])
    )
    if names is not None:
        flags = flags.filter(name__in=list(names))
    found = list(flags.prefetch_related("cohorts"))
    changes = FlagChange.objects.in_bulk([flag.newest for flag in found if flag.newest])
    return [
        FeatureState(
            name=flag.name,
            is_on=flag.everyone is not False,
            percent=flag.percent,
            cohorts=tuple(sorted(cohort.name for cohort in flag.cohorts.all())),
            forced_off=flag.name in settings.FEATURES_FORCED_OFF,
            change=changes.get(flag.newest),
            is_on_for_everyone=bool(flag.everyone),
        )
        for flag in found
    ]


def full_rollback() -> RollbackEvent | None:
    """Return the full rollback that is in force."""
    if not Epoch.objects.filter(functions_removed=True).exists():
        return None
    return RollbackEvent.objects.filter(kind=RollbackEvent.Kind.FULL).first()


def latest_check(kind: CheckRun.Kind) -> CheckRun | None:
    """Return the newest check run of this kind."""
    return CheckRun.objects.filter(kind=kind).order_by("-id").first()


def percent_text(percent: Decimal) -> str:
    """Format 25.00 as `25 %`, 0.50 as `0.5 %`."""
    return f"{percent.normalize():f} %"


def state_text(state: dict[str, Any] | None) -> str:
    """Format a state of the audit log."""
    if not state:
        return "—"
    if state.get("everyone") is not None:
        return translatable("on") if state["everyone"] else translatable("off")
    share = [f"{state['percent']:g} %"] if state.get("percent") else []
    people = ", ".join([*share, *state.get("cohorts", ())])
    return translatable("on for {people}", people=people)
