"""Row locks, always taken in this order: fence, flags, plan.

The fence is in `rollout/flags/fence.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction

from easymo.sentences import translatable
from rollout.core.errors import FlagsBusy
from rollout.models import (
    Announcement,
    AnnouncementDelivery,
    DetectorState,
    EvaluatorLease,
    Incident,
    Plan,
)

if TYPE_CHECKING:
    from collections.abc import Collection

WAIT = "2s"
FENCE_NOT_PROVEN = "Fence not proven: a running voucher operation may still commit."


def lock_flags() -> int:
    """Serialise changes of exposure; return the current epoch."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
        try:
            with transaction.atomic():
                cursor.execute(
                    "SELECT version FROM rollout_epoch WHERE id = 1 FOR UPDATE"
                )
                row = cursor.fetchone()
        except OperationalError as error:
            raise FlagsBusy(
                translatable("Another change holds the flags; try again in a moment.")
            ) from error
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    return row[0] if row else 0


def mark_functions(*, removed: bool) -> int | None:
    """Remove or restore the functions; return the new epoch, None without a change.

    Notifies all processes like a change of a flag. The caller holds the flags.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE rollout_epoch SET functions_removed = %s, version = version + 1,"
            " changed_at = clock_timestamp()"
            " WHERE id = 1 AND functions_removed <> %s RETURNING version",
            [removed, removed],
        )
        row = cursor.fetchone()
        if row is not None:
            cursor.execute("SELECT pg_notify('rollout', '')")
    return row[0] if row else None


def lock_incident(incident: Incident) -> Incident:
    """Lock an incident; return its current row."""
    return Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)


def lock_lease(*, wait: bool) -> EvaluatorLease | None:
    """Lock the lease of the evaluator; None when it is locked and `wait` is False."""
    rows = EvaluatorLease.objects.select_for_update(skip_locked=not wait)
    return rows.filter(pk=1).first()


def lock_detectors(runs: Collection[int]) -> list[DetectorState]:
    """Lock the detector states of these stage runs, ordered by pk."""
    rows = DetectorState.objects.select_for_update().filter(run_id__in=runs)
    return list(rows.order_by("pk"))


def lock_plan() -> Plan:
    """Serialise changes of the plan; return it with its stage run and rollback."""
    rows = Plan.objects.select_for_update(of=("self",), no_key=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
        try:
            with transaction.atomic():
                plan = rows.select_related("run", "rollback").get(pk=1)
        except OperationalError as error:
            raise FlagsBusy(
                translatable("Another change holds the plan; try again in a moment.")
            ) from error
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    return plan


def lock_announcement(announcement: Announcement) -> Announcement:
    """Lock an announcement; return its current row."""
    return Announcement.objects.select_for_update(no_key=True).get(pk=announcement.pk)


def lock_delivery(delivery_id: int) -> AnnouncementDelivery | None:
    """Lock a delivery that is pending and not locked by another process."""
    return (
        AnnouncementDelivery.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(pk=delivery_id, status=AnnouncementDelivery.Status.PENDING)
        .first()
    )
