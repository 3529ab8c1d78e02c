"""News of vouchers, told to whom it concerns: read from their events, once each.

Nobody calls this from the place where a voucher changes: whoever changed it, over the
admin, a tool or the API, the event is there, and it is read.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from agents.models import Announcement, Turn
from agents.notifications.messages import tell, tell_issuer
from easymo.database.errors import is_passing
from easymo.observability import correlation
from easymo.observability.logs import get_logger
from vouchers.models import VoucherEvent

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from vouchers.models import Voucher

logger = get_logger(__name__)

# An id is given before its transaction commits: a smaller one may appear later.
OVERLAP = 1_000
# What a receipt tells is told out of turn, ahead of all that waits while no worker is
# there: once a minute somebody looks further back.
FAR = 20_000
MOST = 500
# Who could not be told for so long learns it elsewhere.
STALE = timedelta(hours=24)

Outcome = Announcement.Outcome
RELATED = ("voucher__owner", "voucher__created_by_profile", "station")

# Asked after every turn, and nearly always no.
HAS_NEWS = """
WITH last AS (SELECT max(event_id) AS id FROM agents_announcement)
SELECT EXISTS (
    SELECT FROM voucher_event event, last
    WHERE event.id > coalesce(last.id - %s, 0)
      AND NOT EXISTS (
          SELECT FROM agents_announcement told WHERE told.event_id = event.id
      )
)
"""


def announce(*, limit: int = MOST, overlap: int = OVERLAP) -> int:
    """Tell the events that nobody has been told of; return how many there were."""
    done = 0
    if not has_news(overlap):
        return done
    for event in _untold(overlap)[:limit]:
        with correlation.bound(event.correlation_id, voucher_event_id=event.pk):
            try:
                done += _tell_both(event)
            except Exception as error:
                if is_passing(error):
                    raise
                # It is tried again for a day; the others' news does not wait for it.
                logger.exception("ai.voucher.announced.error")
    return done


def _tell_both(event: VoucherEvent) -> bool:
    """Tell the owner, or else the issuer; False when somebody else does."""
    with transaction.atomic():
        claimed = _announce(event)
        if claimed is not None and claimed.outcome == Outcome.UNREACHABLE:
            tell_issuer(event)
    return claimed is not None


def announce_left_behind() -> int:
    """Tell what lies further behind the last one told than is looked at each time."""
    total = 0
    while done := announce(overlap=FAR):
        total += done
    return total


def announce_issue(voucher: Voucher) -> Announcement.Outcome:
    """Tell a voucher's owner of it now, and return whether she can be reached.

    For the issuer's receipt, which then says so itself, in one transaction with it.
    """
    events = voucher.events.filter(kind=VoucherEvent.Kind.ISSUED)
    event = events.select_related(*RELATED).order_by("-seq").first()
    if event is None:
        return Outcome.NOBODY
    done = _announce(event) or Announcement.objects.get(pk=event.pk)
    return Outcome(done.outcome)


def has_news(overlap: int = OVERLAP) -> bool:
    """Tell whether an event may be untold."""
    with connection.cursor() as cursor:
        cursor.execute(HAS_NEWS, [overlap])
        return bool(cursor.fetchone()[0])


def _untold(overlap: int) -> QuerySet[VoucherEvent]:
    """Return the events without an announcement, from a little before the last one."""
    last = Announcement.objects.aggregate(last=Max("event_id"))["last"]
    if last is None:
        last = _begin()
    told = Announcement.objects.filter(event_id__gt=last - overlap)
    # Whoever is just being answered reads it in her receipt (`announce_issue`).
    answering = Turn.objects.filter(
        status=Turn.Status.RUNNING,
        conversation__profile=OuterRef("voucher__created_by_profile"),
    )
    return (
        VoucherEvent.objects.filter(pk__gt=last - overlap)
        .exclude(pk__in=told.values("event_id"))
        .exclude(Exists(answering), kind=VoucherEvent.Kind.ISSUED, channel="whatsapp")
        .select_related(*RELATED)
        .order_by("pk")
    )


def _begin() -> int:
    """Start behind what is too old to tell: an import is no news."""
    old = VoucherEvent.objects.filter(created_at__lt=timezone.now() - STALE)
    last: int = old.aggregate(last=Max("pk"))["last"] or 0
    if last:
        Announcement.objects.bulk_create(
            [Announcement(event_id=last, outcome=Outcome.NOBODY)], ignore_conflicts=True
        )
        return last + OVERLAP
    return 0


def _announce(event: VoucherEvent) -> Announcement | None:
    """Claim the event by its row, then tell it within the same transaction.

    None: somebody else has told it.
    """
    claim = Announcement(event_id=event.pk, outcome=Outcome.NOBODY)
    Announcement.objects.bulk_create([claim], ignore_conflicts=True)
    claimed = (
        Announcement.objects.select_for_update()
        .filter(pk=event.pk, created_at=claim.created_at)
        .first()
    )
    if claimed is None:
        return None
    is_news = event.channel != "import" and timezone.now() - event.created_at < STALE
    outcome = tell(event) if is_news else Outcome.NOBODY
    if outcome != Outcome.NOBODY:
        claimed.outcome = outcome
        claimed.save(update_fields=["outcome"])
        logger.info("ai.voucher.announced", outcome=str(outcome), kind=event.kind)
    return claimed
