"""The fence between value and switches, and the one order in which locks are taken.

A transaction that creates or spends value holds the fence shared while it runs;
a change that turns something off holds it exclusively while it commits. So after
a kill has returned, nothing that was begun before it can still commit. Both are
transaction-scoped, which passes a transaction pooler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction

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

FENCE = 0x6561_7379_6D6F_0001  # "easymo", 1
WAIT = "2s"


def close_fence() -> bool:
    """Wait for running value transactions; False when they did not end in time."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
        try:
            with transaction.atomic():
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FENCE])
        except OperationalError:
            return False
    return True


def lock_flags() -> int:
    """Let one change of exposure run at a time; return the epoch it starts from."""
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
                "Another change holds the switches; try again in a moment."
            ) from error
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    return row[0] if row else 0


def mark_functions(*, removed: bool) -> int | None:
    """Take the functions away, or give them back; return the new epoch.

    None when they were so already. Every process hears of it like of a flip. The
    caller holds the switches.
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
    """Let one change of an incident run at a time; return its row as it is now."""
    return Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)


def lock_lease(*, wait: bool) -> EvaluatorLease | None:
    """Take the evaluator's row; None when somebody has it and we do not wait."""
    rows = EvaluatorLease.objects.select_for_update(skip_locked=not wait)
    return rows.filter(pk=1).first()


def lock_detectors(runs: Collection[int]) -> list[DetectorState]:
    """Take what the detectors of these stays have gathered, in the order of their pk."""
    rows = DetectorState.objects.select_for_update().filter(run_id__in=runs)
    return list(rows.order_by("pk"))


def lock_plan() -> Plan:
    """Let one move of the plan run at a time; taken after the switches, if both are."""
    rows = Plan.objects.select_for_update(of=("self",), no_key=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
        try:
            with transaction.atomic():
                plan = rows.select_related("run", "rollback").get(pk=1)
        except OperationalError as error:
            raise FlagsBusy(
                "Another change holds the plan; try again in a moment."
            ) from error
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    return plan


def lock_announcement(announcement: Announcement) -> Announcement:
    """Let one change of an announcement run at a time; return its row as it is now."""
    return Announcement.objects.select_for_update(no_key=True).get(pk=announcement.pk)


def lock_delivery(delivery_id: int) -> AnnouncementDelivery | None:
    """Take one recipient's row, unless she was told or somebody tells her now."""
    return (
        AnnouncementDelivery.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(pk=delivery_id, status=AnnouncementDelivery.Status.PENDING)
        .first()
    )
