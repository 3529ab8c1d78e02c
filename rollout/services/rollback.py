from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import Error, transaction

from rollout import locks, wakes
from rollout.models import (
    AgentFlag,
    FlagChange,
    Incident,
    RollbackEvent,
    TimelineEntry,
)
from rollout.services import incidents, notify, receipts
from rollout.services.flags import apply, valid_actor, valid_reason

if TYPE_CHECKING:
    from rollout.services.receipts import Receipt

QUICK = "rollback:quick"


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a rollback did, before anybody acknowledged it.

    `fence_proven` False: a value transaction ran on for too long and was not
    waited for; it may still commit.
    """

    turned_off: tuple[str, ...]
    epoch: int
    fence_proven: bool
    incident: Incident


@dataclass(frozen=True, slots=True)
class Done:
    """A rollback and who has taken it in; None when that could not be read."""

    rolled_back: RolledBack
    receipt: Receipt | None


def rollback_quick(*, reason: str, actor: str, source: str) -> Done:
    """Turn every feature off, open an incident, and wait for the processes.

    Never blocked by gates, approvals or running vouchers; safe to repeat.
    """
    rolled_back = turn_all_off(reason=reason, actor=actor, source=source)
    wakes.wake_notices()
    try:
        receipt = receipts.await_receipt(rolled_back.epoch)
    except Error:
        return Done(rolled_back=rolled_back, receipt=None)
    return Done(rolled_back=rolled_back, receipt=receipt)


def turn_all_off(*, reason: str, actor: str, source: str) -> RolledBack:
    """Do the whole rollback in one transaction: fence, flags, incident, notice."""
    reason, actor = valid_reason(reason), valid_actor(actor)
    with transaction.atomic():
        proven = locks.close_fence()
        epoch = locks.lock_switches()
        changes = [turn_off(flag, reason=reason, actor=actor) for flag in agent_flags()]
        written = [change for change in changes if change is not None]
        epoch = max([epoch, *(change.epoch for change in written)])
        names = tuple(change.flag.name for change in written if change.flag)
        incident = incidents.open_incident(
            key=QUICK,
            title=f"Quick rollback: {reason}",
            severity=Incident.Severity.CRITICAL,
            opened_by=actor,
        )
        record(
            RolledBack(names, epoch, proven, incident),
            reason=reason,
            actor=actor,
            source=source,
        )
    return RolledBack(names, epoch, proven, incident)


def agent_flags() -> list[AgentFlag]:
    """Return every feature there is, whatever a release once called it."""
    return list(AgentFlag.objects.order_by("pk"))


def turn_off(flag: AgentFlag, *, reason: str, actor: str) -> FlagChange | None:
    if flag.everyone is False and not flag.cohorts.exists():
        return None
    return apply(
        flag,
        everyone=False,
        percent=None,
        cohorts=[],
        audit={
            "actor": actor,
            "reason": reason,
            "source": FlagChange.Source.ROLLBACK,
        },
    )


def record(done: RolledBack, *, reason: str, actor: str, source: str) -> None:
    """Write the event, the incident's line and the notice for those on call."""
    RollbackEvent.objects.create(
        kind=RollbackEvent.Kind.QUICK,
        features=list(done.turned_off),
        incident=done.incident,
        actor=actor,
        source=source,
        reason=reason,
        fence_proven=done.fence_proven,
        epoch=done.epoch,
    )
    off = ", ".join(done.turned_off) or "nothing (all were off already)"
    proof = "" if done.fence_proven else " Fence not proven."
    incidents.write(
        done.incident,
        kind=TimelineEntry.Kind.ROLLBACK,
        author=actor,
        text=f"Quick rollback turned off {off}.{proof} Reason: {reason}",
        data={"epoch": done.epoch, "fence_proven": done.fence_proven},
    )
    notify.queue(
        incident=done.incident,
        text=(
            f"Quick rollback by {actor}: {off} off.{proof} Reason: {reason} "
            f"(incident {done.incident.pk})"
        ),
    )
