from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from easymo.sentences import joined, translatable
from rollout import locks
from rollout.core.change_reason import ChangeReason, valid_change_reason
from rollout.core.errors import (
    ChangedMeanwhile,
    FullRollback,
    InvalidChange,
    UnknownCohort,
    UnknownFeature,
)
from rollout.core.features import Feature
from rollout.flags import fence
from rollout.models import AgentFlag, Cohort, Epoch, FlagChange
from rollout.notices import notices
from rollout.plan import resume_requirements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SMALLEST = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class FlagsChanged:
    """The result of a change. `fence_proven`: no older voucher transaction can commit."""

    changes: tuple[FlagChange, ...]
    epoch: int
    fence_proven: bool


@dataclass(frozen=True, slots=True)
class WantedAudience:
    """Who a feature is to serve: no one, everyone, or a percentage and cohorts."""

    on: bool
    percent: Decimal | int | None = None
    cohorts: tuple[str, ...] = ()

    @property
    def is_limited(self) -> bool:
        return self.on and (self.percent is not None or bool(self.cohorts))


OFF = WantedAudience(False)


def set_features(
    changes: Mapping[Feature, bool],
    *,
    actor: str,
    reason: str,
    source: str,
    percent: Decimal | int | None = None,
    cohorts: Sequence[str] = (),
    override: bool = False,
) -> FlagsChanged:
    """Turn features on or off in one transaction, each with its audit row.

    `percent` and `cohorts` limit those that are turned on; without them they are on for
    everyone. After a rollback the resume requirements must be met, unless `override`.
    Raises RolloutError and writes nothing when any part is refused.
    """
    wanted = valid_features(changes)
    if (percent is not None or cohorts) and not any(wanted.values()):
        raise InvalidChange(
            translatable("A percentage or cohort needs a feature to turn on.")
        )
    limit = WantedAudience(True, percent, tuple(cohorts))
    return set_audiences(
        {feature: limit if on else OFF for feature, on in wanted.items()},
        cause=ChangeReason(actor, reason, source, override),
    )


def set_audiences(
    wanted: Mapping[Feature, WantedAudience],
    *,
    cause: ChangeReason,
    seen_epoch: int | None = None,
) -> FlagsChanged:
    """Set the audience of each feature in one transaction; see ``set_features``.

    ``seen_epoch``: the epoch that the person saw. A later one refuses the change.
    """
    cause = valid_change_reason(
        reason=cause.reason,
        actor=cause.actor,
        source=cause.source,
        override=cause.override,
    )
    shares = {feature: valid_percent(each.percent) for feature, each in wanted.items()}
    on = [each for each in wanted.values() if each.on]
    narrows = len(on) < len(wanted) or any(each.is_limited for each in on)
    with transaction.atomic():
        proven = fence.close_fence() if narrows else True
        epoch = locks.lock_flags()
        if seen_epoch is not None and epoch != seen_epoch:
            raise ChangedMeanwhile(
                translatable(
                    "The features have changed since this page was shown. Check them, and send the form again."
                )
            )
        if on:
            refuse_after_full_rollback()
            _refuse_unmet_requirements(
                [feature for feature, each in wanted.items() if each.on],
                limited_to=_only_cohorts(on),
                cause=cause,
            )
        written = tuple(
            _set_audience(flag, wanted[feature], shares[feature], cause)
            for flag in flags_named(wanted)
            for feature in (Feature(flag.name),)
        )
    return FlagsChanged(
        changes=written,
        epoch=max(change.epoch for change in written),
        fence_proven=proven,
    )


def _only_cohorts(on: Sequence[WantedAudience]) -> list[str] | None:
    """Return the cohorts when no one else is served, else None."""
    if any(each.percent is not None or not each.cohorts for each in on):
        return None
    return [name for each in on for name in each.cohorts]


def _set_audience(
    flag: AgentFlag,
    wanted: WantedAudience,
    share: Decimal | None,
    cause: ChangeReason,
) -> FlagChange:
    return change_flag(
        flag,
        everyone=None if wanted.is_limited else wanted.on,
        percent=share,
        cohorts=known_cohorts(wanted.cohorts),
        audit={
            "actor": cause.actor,
            "reason": cause.reason,
            "source": cause.source,
            "override": cause.override,
        },
    )


def refuse_after_full_rollback() -> None:
    """Refuse while the functions are removed. The caller holds the flags."""
    if Epoch.objects.filter(functions_removed=True).exists():
        raise FullRollback(
            translatable(
                "A full rollback is in force: nothing is turned on before `rollback restore`."
            )
        )


def _refuse_unmet_requirements(
    turned_on: Sequence[Feature],
    *,
    limited_to: Sequence[str] | None,
    cause: ChangeReason,
) -> None:
    """Refuse unmet resume requirements; an override is announced."""
    missing = resume_requirements.allow_turning_on(limited_to=limited_to, cause=cause)
    if missing:
        names = ", ".join(turned_on)
        notices.queue_notice(
            text=(
                f"{cause.actor} turns on {names} after a rollback, by override."
                f" {' '.join(missing)} Reason: {cause.reason}"
            )
        )


def change_flag(
    flag: AgentFlag,
    *,
    everyone: bool | None,
    percent: Decimal | None,
    cohorts: Sequence[Cohort],
    audit: Mapping[str, Any],
) -> FlagChange:
    """Write the new state of a flag and its audit row."""
    before = state_of(flag)
    flag.everyone = everyone
    flag.percent = percent
    flag.save(update_fields=["everyone", "percent"])
    flag.cohorts.set(cohorts)
    return FlagChange.objects.create(
        flag=flag, before=before, after=state_of(flag), **audit
    )


def state_of(flag: AgentFlag) -> dict[str, Any]:
    """Return the state as the database compares it with the audit row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rollout_flag_state(%s)::text", [flag.pk])
        state: dict[str, Any] = json.loads(cursor.fetchone()[0])
    return state


def flags_named(names: Mapping[Feature, WantedAudience]) -> list[AgentFlag]:
    flags = list(AgentFlag.objects.filter(name__in=[f.value for f in names]))
    if len(flags) < len(names):
        raise UnknownFeature(translatable("A feature is not registered; run migrate."))
    return flags


def known_cohorts(names: Sequence[str]) -> list[Cohort]:
    found = list(Cohort.objects.filter(name__in=set(names)))
    if missing := sorted(set(names) - {cohort.name for cohort in found}):
        raise UnknownCohort(
            translatable(
                "There is no cohort called {name}.", name=repr(missing[0][:60])
            )
        )
    return found


def valid_features(changes: Mapping[Feature, bool]) -> dict[Feature, bool]:
    if not changes:
        raise InvalidChange(
            translatable("Name at least one feature to turn on or off.")
        )
    try:
        return {Feature(name): bool(on) for name, on in changes.items()}
    except ValueError as error:
        raise UnknownFeature(joined("", [str(error), "."])) from error


def valid_percent(percent: Decimal | int | None) -> Decimal | None:
    if percent is None:
        return None
    share = Decimal(percent)
    if not share.is_finite() or not SMALLEST <= share <= 100:
        raise InvalidChange(translatable("A percentage is a number from 0.01 to 100."))
    if share != share.quantize(SMALLEST):
        raise InvalidChange(translatable("A percentage has at most two decimals."))
    return share
