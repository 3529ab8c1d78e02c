from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.db import Error, transaction

from easymo.observability.logs import get_logger
from easymo.sentences import translatable
from rollout import locks
from rollout.core import jobs
from rollout.core.change_reason import ChangeReason, valid_actor, valid_reason
from rollout.core.errors import InvalidChange
from rollout.core.ports import ports
from rollout.flags import acknowledgements, fence
from rollout.flags.flags import change_flag
from rollout.incidents import incidents
from rollout.models import (
    AgentFlag,
    FlagChange,
    Incident,
    RollbackEvent,
    TimelineEntry,
)
from rollout.notices import notices
from rollout.stages import plan_state

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from rollout.core.features import Feature
    from rollout.flags.acknowledgements import Acknowledgement

logger = get_logger(__name__)
Kind = RollbackEvent.Kind
SEVERITY = {
    Kind.PARTIAL: Incident.Severity.HIGH,
    Kind.QUICK: Incident.Severity.CRITICAL,
    Kind.FULL: Incident.Severity.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class RollbackOrder:
    """A rollback to carry out. `features`: those of a partial one."""

    kind: RollbackEvent.Kind
    reason: str
    actor: str
    source: str
    features: tuple[str, ...] = ()
    # Of an automatic rollback: its incident, its figures, the time of the decision.
    incident_key: str = ""
    severity: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    decided_at: datetime | None = None
    # Freezes the plan: two people resume it.
    freezes: bool = False

    @property
    def key(self) -> str:
        """Return the key of the incident."""
        if self.incident_key:
            return self.incident_key[:100]
        return ":".join(["rollback", self.kind.value, *self.features])[:100]

    @property
    def title(self) -> str:
        if self.kind == Kind.RESTORE:
            return "Functions restored"
        return f"{self.kind.value.capitalize()} rollback"


@dataclass(frozen=True, slots=True)
class CommittedRollback:
    """A committed rollback, before its acknowledgement.

    `fence_proven` False: a voucher transaction ran for too long; it may still commit.
    """

    turned_off: tuple[str, ...]
    epoch: int
    fence_proven: bool
    incident: Incident
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """A rollback and its acknowledgement; None when that could not be read."""

    rolled_back: CommittedRollback
    receipt: Acknowledgement | None


def rollback_quick(*, reason: str, actor: str, source: str) -> RollbackResult:
    """Turn every feature off, open an incident, and wait for the processes.

    Gates, approvals and running vouchers never block it; it is safe to repeat.
    """
    return finish(turn_all_off(reason=reason, actor=actor, source=source))


def rollback_partial(
    *, features: Collection[Feature], reason: str, actor: str, source: str
) -> RollbackResult:
    """Turn these features off; the others are not changed."""
    names = sorted(feature.value for feature in features)
    if not names:
        raise InvalidChange(translatable("Name at least one feature to turn off."))
    order = RollbackOrder(Kind.PARTIAL, reason, actor, source, tuple(names))
    return finish(carry_out(order))


def rollback_full(*, reason: str, actor: str, source: str) -> RollbackResult:
    """Turn every feature off and remove the functions until `restore`."""
    return finish(carry_out(RollbackOrder(Kind.FULL, reason, actor, source)))


def freeze(*, reason: str, actor: str, source: str) -> RollbackResult:
    """Turn every feature off and freeze the plan until two people resume it."""
    return finish(
        carry_out(RollbackOrder(Kind.QUICK, reason, actor, source, freezes=True))
    )


def restore(*, reason: str, actor: str, source: str) -> RollbackResult:
    """End a full rollback: the functions answer again. Turns nothing on."""
    reason, actor = valid_reason(reason), valid_actor(actor)
    order = RollbackOrder(Kind.RESTORE, reason, actor, source)
    with transaction.atomic():
        locks.lock_flags()
        epoch = locks.mark_functions(removed=False)
        last = RollbackEvent.objects.filter(kind=Kind.FULL).first()
        if epoch is None or last is None:
            raise InvalidChange(translatable("No full rollback is in force."))
        done = CommittedRollback((), epoch, True, last.incident)
        record(done, order)
        plan_state.enter_restored(ChangeReason(actor, reason, source))
    return finish(done)


def turn_all_off(*, reason: str, actor: str, source: str) -> CommittedRollback:
    """Do a quick rollback without waiting for the processes."""
    return carry_out(RollbackOrder(Kind.QUICK, reason, actor, source))


def carry_out(order: RollbackOrder) -> CommittedRollback:
    """Do a rollback in one transaction: fence, flags, incident, notice, plan."""
    order = replace(
        order, reason=valid_reason(order.reason), actor=valid_actor(order.actor)
    )
    with transaction.atomic():
        proven = fence.close_fence()
        epoch = locks.lock_flags()
        changes = [turn_off(flag, order) for flag in _flags_to_turn_off(order)]
        written = [change for change in changes if change is not None]
        if order.kind == Kind.FULL:
            epoch = locks.mark_functions(removed=True) or epoch
        epoch = max([epoch, *(change.epoch for change in written)])
        names = tuple(change.flag.name for change in written if change.flag)
        severity = order.severity or SEVERITY[order.kind]
        incident = incidents.open_incident(
            key=order.key,
            title=f"{order.title}: {order.reason}",
            severity=severity,
            opened_by=order.actor,
        )
        incidents.reopen_or_raise(incident, severity=severity, author=order.actor)
        done = CommittedRollback(
            names, epoch, proven, incident, order.kind == Kind.FULL
        )
        event = record(done, order)
        cause = ChangeReason(order.actor, order.reason, order.source)
        plan_state.enter_rolled_back(event, cause, frozen=order.freezes)
    return done


def _flags_to_turn_off(order: RollbackOrder) -> list[AgentFlag]:
    """Return the flags to turn off."""
    flags = agent_flags()
    if order.kind != Kind.PARTIAL:
        return flags
    return [flag for flag in flags if flag.name in order.features]


def agent_flags() -> list[AgentFlag]:
    """Return all flags, also those of features of older releases."""
    return list(AgentFlag.objects.order_by("pk"))


def turn_off(flag: AgentFlag, order: RollbackOrder) -> FlagChange | None:
    if flag.everyone is False and not flag.cohorts.exists():
        return None
    return change_flag(
        flag,
        everyone=False,
        percent=None,
        cohorts=[],
        audit={
            "actor": order.actor,
            "reason": order.reason,
            "source": FlagChange.Source.ROLLBACK,
        },
    )


def record(done: CommittedRollback, order: RollbackOrder) -> RollbackEvent:
    """Write the event, the entry of the incident and the notice."""
    event = RollbackEvent.objects.create(
        kind=order.kind,
        features=list(done.turned_off),
        incident=done.incident,
        actor=order.actor,
        source=order.source,
        reason=order.reason,
        evidence=dict(order.evidence),
        decided_at=order.decided_at,
        fence_proven=done.fence_proven,
        epoch=done.epoch,
    )
    proof = "" if done.fence_proven else " Fence not proven."
    what = _effect(done, order)
    incidents.write_entry(
        done.incident,
        kind=TimelineEntry.Kind.ROLLBACK,
        author=order.actor,
        text=f"{order.title}: {what}.{proof} Reason: {order.reason}",
        data={
            "epoch": done.epoch,
            "fence_proven": done.fence_proven,
            "evidence": dict(order.evidence),
        },
    )
    notices.queue_notice(
        incident=done.incident,
        text=(
            f"{order.title} by {order.actor}: {what}.{proof} "
            f"Reason: {order.reason} (incident {done.incident.pk})"
        ),
    )
    return event


def _effect(done: CommittedRollback, order: RollbackOrder) -> str:
    if order.kind == Kind.RESTORE:
        return "the functions answer again, every feature stays as it is"
    off = ", ".join(done.turned_off) or "nothing (all were off already)"
    removed = ", the functions are taken away" if order.kind == Kind.FULL else ""
    return f"turned off {off}{removed}"


def finish(rolled_back: CommittedRollback) -> RollbackResult:
    """Send the notices, and wait for the processes to acknowledge."""
    jobs.enqueue_notices()
    if rolled_back.is_full:
        _cancel_waiting(rolled_back)
    try:
        receipt = acknowledgements.await_acknowledgement(rolled_back.epoch)
        incidents.write_entry(
            rolled_back.incident,
            kind=TimelineEntry.Kind.AUTO,
            author="system",
            text=f"Flags: {receipt}.",
            data={"receipt": asdict(receipt)},
        )
    except Error:
        return RollbackResult(rolled_back=rolled_back, receipt=None)
    return RollbackResult(rolled_back=rolled_back, receipt=receipt)


def _cancel_waiting(rolled_back: CommittedRollback) -> None:
    """Cancel waiting messages; a failure does not affect the rollback."""
    cancel = ports.cancel_waiting
    if cancel is None:
        return
    try:
        number = cancel()
        incidents.write_entry(
            rolled_back.incident,
            kind=TimelineEntry.Kind.AUTO,
            author="system",
            text=f"Cancelled what waited: {number} replies and questions.",
            data={"cancelled": number},
        )
    except Error as error:
        logger.error(  # noqa: TRY400 - its traceback may quote rows
            "rollout.cancel.failed", error=type(error).__name__
        )
