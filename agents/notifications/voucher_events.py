"""Notify people of voucher events, once each; read from the events' rows.

The code that changes a voucher does not call this. Whether it was changed in the admin,
by a tool or over the API, the event is there and is read here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from agents.models import Announcement, OutboundMessage, Turn
from agents.notifications.voucher_messages import notify, notify_issuer
from easymo.database.errors import is_transient
from easymo.observability import correlation
from easymo.observability.logs import get_logger
from vouchers.models import VoucherEvent

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from vouchers.models import Voucher

logger = get_logger(__name__)

# An id is given before its transaction commits: a smaller one may appear later.
OVERLAP = 1_000
# A receipt announces its event at once, before older events that wait while no worker
# runs. Once a minute a worker looks this many times as far back, one part after
# another.
PARTS = 20
BATCH_SIZE = 500
# Older events are not announced any more.
MAX_AGE = timedelta(hours=24)
# Older failed messages are not reported to the issuer any more.
MAX_FAILURE_AGE = timedelta(hours=48)
MAX_FAILURES = 200
# The cause of the message that brings an owner the code: told:<event>:issued.
TOLD, ISSUED = "told:", ":issued"

Outcome = Announcement.Outcome
RELATED = ("voucher__owner", "voucher__created_by_profile", "station")

# Executed after every turn; the answer is nearly always no. All bounds are numbers, so that
# only a few entries of the two indexes are read. Of the events after the last announced
# one none is announced: the limit leaves none out for ever.
UNANNOUNCED = """
SELECT event.id
FROM (
    SELECT id FROM voucher_event WHERE id > %(after)s AND id <= %(upto)s
    ORDER BY id LIMIT %(window)s
) event
WHERE event.id NOT IN (
    SELECT event_id FROM agents_announcement
    WHERE event_id > %(after)s AND event_id <= %(upto)s
    ORDER BY event_id LIMIT %(window)s
)
ORDER BY event.id LIMIT %(limit)s
"""
WINDOW = 2 * OVERLAP
NO_END = 2**62


def announce(*, limit: int = BATCH_SIZE, part: int = 0) -> int:
    """Announce the events that were not announced yet; return how many there were.

    Part 0 are the newest events, part 1 the thousand before them, and so on.
    """
    done = 0
    for event in _unannounced(part)[:limit]:
        with correlation.bound(event.correlation_id, voucher_event_id=event.pk):
            try:
                with transaction.atomic():
                    claimed = _announce(event)
                    if claimed is not None and claimed.outcome == Outcome.UNREACHABLE:
                        notify_issuer(event)
                done += claimed is not None
            except Exception as error:
                if is_transient(error):
                    raise
                # It is tried again for a day; the other events are still announced.
                logger.exception("ai.voucher.announced.error")
    return done


def announce_left_behind() -> int:
    """Announce events that lie further back than `announce` usually looks."""
    total = 0
    for part in range(PARTS):
        while done := announce(part=part):
            total += done
    return total


def announce_issue(voucher: Voucher) -> Announcement.Outcome:
    """Notify a voucher's owner now, and return whether they can be reached.

    For the issuer's receipt, which then says so itself, in the same transaction.
    """
    events = voucher.events.filter(kind=VoucherEvent.Kind.ISSUED)
    event = events.select_related(*RELATED).order_by("-seq").first()
    if event is None:
        return Outcome.NOT_NEEDED
    done = _announce(event) or Announcement.objects.get(pk=event.pk)
    return Outcome(done.outcome)


def notify_issuers_of_failures() -> int:
    """Tell issuers that the message with the code was sent but did not arrive.

    Where that is known at once, the receipt says so already.
    """
    failed = OutboundMessage.objects.filter(
        state=OutboundMessage.State.FAILED,
        given_up_at=None,
        created_at__gt=timezone.now() - MAX_FAILURE_AGE,
        cause__startswith=TOLD,
        cause__endswith=ISSUED,
    ).values_list("cause", flat=True)
    ids = [int(cause.removeprefix(TOLD).removesuffix(ISSUED)) for cause in failed]
    done = 0
    with transaction.atomic():
        announcements = list(
            Announcement.objects.select_for_update(skip_locked=True)
            .filter(pk__in=ids, outcome=Outcome.TOLD)
            .order_by("pk")[:MAX_FAILURES]
        )
        events = VoucherEvent.objects.select_related(*RELATED).in_bulk(
            [announcement.pk for announcement in announcements]
        )
        for announcement in announcements:
            announcement.outcome = Outcome.UNREACHABLE
            announcement.save(update_fields=["outcome"])
            if event := events.get(announcement.pk):
                notify_issuer(event)
                done += 1
    return done


def _unannounced(part: int) -> QuerySet[VoucherEvent]:
    """Return the events of a part without an announcement."""
    last = _last_announced()
    ids = _unannounced_ids(last or 0, part)
    if not ids:
        return VoucherEvent.objects.none()
    if last is None:
        ids = _unannounced_ids(_begin(), part)
    # An issuer whose turn is running reads it in their receipt (`announce_issue`).
    answering = Turn.objects.filter(
        status=Turn.Status.RUNNING,
        conversation__profile=OuterRef("voucher__created_by_profile"),
    )
    return (
        VoucherEvent.objects.filter(pk__in=ids)
        .exclude(Exists(answering), kind=VoucherEvent.Kind.ISSUED, channel="whatsapp")
        .select_related(*RELATED)
        .order_by("pk")
    )


def _unannounced_ids(last: int, part: int) -> list[int]:
    """Return ids from a part of the events; part 0 begins a little before the last."""
    bounds = {
        "after": last - (part + 1) * OVERLAP,
        "upto": last - part * OVERLAP if part else NO_END,
        "window": WINDOW,
        "limit": OVERLAP,
    }
    with connection.cursor() as cursor:
        cursor.execute(UNANNOUNCED, bounds)
        return [pk for (pk,) in cursor.fetchall()]


def _last_announced() -> int | None:
    last: int | None = Announcement.objects.aggregate(last=Max("event_id"))["last"]
    return last


def _begin() -> int:
    """Start after the events that are too old, such as those of an import."""
    old = VoucherEvent.objects.filter(created_at__lt=timezone.now() - MAX_AGE)
    # Read from the newest event back: Max("pk") would read all events.
    last = old.order_by("-pk").values_list("pk", flat=True).first()
    if last is not None:
        Announcement.objects.bulk_create(
            [Announcement(event_id=last, outcome=Outcome.NOT_NEEDED)],
            ignore_conflicts=True,
        )
        return last + OVERLAP
    return 0


def _announce(event: VoucherEvent) -> Announcement | None:
    """Claim the event by its row and notify, in one transaction; None when claimed."""
    claim = Announcement(event_id=event.pk, outcome=Outcome.NOT_NEEDED)
    Announcement.objects.bulk_create([claim], ignore_conflicts=True)
    claimed = (
        Announcement.objects.select_for_update()
        .filter(pk=event.pk, created_at=claim.created_at)
        .first()
    )
    if claimed is None:
        return None
    is_recent = timezone.now() - event.created_at < MAX_AGE
    if event.channel != "import" and is_recent:
        outcome = notify(event)
        if outcome != Outcome.NOT_NEEDED:
            claimed.outcome = outcome
            claimed.save(update_fields=["outcome"])
            logger.info("ai.voucher.announced", outcome=str(outcome), kind=event.kind)
    return claimed
