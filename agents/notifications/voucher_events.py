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
# A receipt announces its event at once, ahead of all that waits while no worker runs:
# once a minute a worker looks this far back.
LONG_OVERLAP = 20_000
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

# Executed after every turn; the answer is nearly always no. Both bounds are numbers, so
# that only the last entries of the two indexes are read.
HAS_UNANNOUNCED = """
SELECT EXISTS (
    SELECT FROM voucher_event event
    WHERE event.id > %(after)s
      AND NOT EXISTS (
          SELECT FROM agents_announcement done
          WHERE done.event_id = event.id AND done.event_id > %(after)s
      )
)
"""


def announce(*, limit: int = BATCH_SIZE, overlap: int = OVERLAP) -> int:
    """Announce the events that were not announced yet; return how many there were."""
    done = 0
    if not has_unannounced(overlap):
        return done
    for event in _unannounced(overlap)[:limit]:
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
    while done := announce(overlap=LONG_OVERLAP):
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


def has_unannounced(overlap: int = OVERLAP) -> bool:
    """Tell whether there may be an event to announce."""
    last = _last_announced() or 0
    with connection.cursor() as cursor:
        cursor.execute(HAS_UNANNOUNCED, {"after": last - overlap})
        return bool(cursor.fetchone()[0])


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


def _unannounced(overlap: int) -> QuerySet[VoucherEvent]:
    """Return the events without an announcement, from a little before the last one."""
    last = _last_announced()
    if last is None:
        last = _begin()
    announced = Announcement.objects.filter(event_id__gt=last - overlap)
    # An issuer whose turn is running reads it in their receipt (`announce_issue`).
    answering = Turn.objects.filter(
        status=Turn.Status.RUNNING,
        conversation__profile=OuterRef("voucher__created_by_profile"),
    )
    return (
        VoucherEvent.objects.filter(pk__gt=last - overlap)
        .exclude(pk__in=announced.values("event_id"))
        .exclude(Exists(answering), kind=VoucherEvent.Kind.ISSUED, channel="whatsapp")
        .select_related(*RELATED)
        .order_by("pk")
    )


def _last_announced() -> int | None:
    last: int | None = Announcement.objects.aggregate(last=Max("event_id"))["last"]
    return last


def _begin() -> int:
    """Start after the events that are too old, such as those of an import."""
    old = VoucherEvent.objects.filter(created_at__lt=timezone.now() - MAX_AGE)
    last: int = old.aggregate(last=Max("pk"))["last"] or 0
    if last:
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
