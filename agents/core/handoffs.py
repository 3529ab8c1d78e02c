"""Open tasks for colleagues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from agents.models import ColleagueAct, HandOff, InboxEntry
from easymo.database.prepared import Prepared, slot
from easymo.observability.logs import get_logger
from rollout.core.jobs import enqueue_notices
from rollout.notices import notices

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from agents.models import Conversation
    from vouchers.models import Profile

logger = get_logger(__name__)

Kind = ColleagueAct.Kind
# The list of tasks and its pages decide them, not an answer.
DECIDED_ELSEWHERE = (HandOff.Kind.IDENTITY, HandOff.Kind.DEVICE)
# The person was told that a colleague will answer.
PROMISED = (HandOff.Kind.ASKED, HandOff.Kind.CAPPED)
# The latest promise to a person that is still open.
PROMISE = Prepared(
    lambda: HandOff.objects.filter(
        profile_id=slot("profile"), kind__in=PROMISED, closed_at=None
    ).order_by("-opened_at")[:1]
)


def open_handoff(
    *,
    kind: HandOff.Kind,
    profile: Profile,
    reason: str,
    conversation: Conversation | None = None,
) -> bool:
    """Open a task, once; return whether it is new.

    A person has one open task of a kind: the constraint decides. Call it inside the
    transaction of its cause.
    """
    entry = HandOff(
        kind=kind, profile=profile, conversation=conversation, reason=reason[:300]
    )
    HandOff.objects.bulk_create([entry], ignore_conflicts=True)
    is_new = HandOff.objects.filter(
        profile=profile, kind=kind, opened_at=entry.opened_at
    ).exists()
    if is_new:
        logger.warning("ai.hand_off.opened", profile_id=profile.pk, kind=str(kind))
        # Without name and number: the list of tasks shows them.
        label = HandOff.Kind(kind).label
        notices.queue_notice(
            text=f"Waiting for a colleague: {label} (profile {profile.pk})."
        )
        enqueue_notices()
    elif conversation is not None:
        # Asked again after a colleague's answer: the person waits again.
        InboxEntry.objects.filter(conversation=conversation, waiting_since=None).update(
            waiting_since=entry.opened_at
        )
    return is_new


def waits_for_colleague(profile: Profile) -> bool:
    """Tell whether a colleague was promised and has neither answered nor taken over."""
    task = PROMISE.first(profile=profile.pk)
    return (
        task is not None
        and not ColleagueAct.objects.filter(
            conversation__profile=profile,
            kind__in=(Kind.ANSWERED, Kind.PAUSED),
            created_at__gte=task.opened_at,
        ).exists()
    )


def open_tasks(conversation: Conversation) -> QuerySet[HandOff]:
    """Return the tasks that keep the conversation in the inbox."""
    rows = HandOff.objects.filter(conversation=conversation, closed_at=None)
    return rows.exclude(kind__in=DECIDED_ELSEWHERE).order_by("id")


def lock_tasks(conversation: Conversation) -> list[HandOff]:
    """Lock the open tasks, before the inbox entry, as a task that is closed does."""
    tasks = open_tasks(conversation).select_for_update(of=("self",), no_key=True)
    return list(tasks)


def record_times(conversation: Conversation, *, is_answer: bool) -> None:
    """Record that a colleague took the open tasks now, or answered; the first counts.

    The caller holds the conversation.
    """
    now = timezone.now()
    for task in lock_tasks(conversation):
        task.claimed_at = task.claimed_at or now
        if is_answer:
            task.first_answer_at = task.first_answer_at or now
        task.save(update_fields=["claimed_at", "first_answer_at"])
