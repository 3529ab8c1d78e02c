"""What a colleague does in the inbox: claim, release, answer, note, hand back.

A conversation has one assignee. One guarded UPDATE decides between two colleagues.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.core.errors import ClaimedByOther, TextRefused
from agents.core.handoffs import lock_tasks, record_times
from agents.core.locks import lock_conversation
from agents.handoff import handoff, templates
from agents.models import ColleagueAct, InboxEntry
from easymo.backoffice.reason import InvalidReason, clean_reason
from easymo.sentences import translatable
from vouchers.codes import blank_code_digits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from agents.models import ApprovedTemplate, Conversation, OutboundMessage

Kind = ColleagueAct.Kind
ANSWERED_HERE = "Written in the inbox."
CLAIMED_HERE = "Claimed in the inbox."
HANDED_BACK = "Handed back to the agent in the inbox."
# The same note within this time is the same press of the button.
REPEATED_WITHIN = timedelta(minutes=1)


def claim(
    *, conversation: Conversation, user: User, key: str, instead_of: int | None = None
) -> None:
    """Become the assignee, and pause the agent.

    With ``instead_of`` the conversation is taken over from that user. Raises
    ClaimedByOther when another colleague has it; nothing is then changed.
    """
    with transaction.atomic():
        handoff.pause(
            conversation=conversation,
            reason=CLAIMED_HERE,
            actor=user.get_username(),
            key=key,
        )
        if _is_assignee(conversation, user):
            return
        record_times(conversation, is_answer=False)
        taken = claimable(conversation, instead_of).update(
            assignee=user, claimed_at=timezone.now()
        )
        if not taken:
            raise ClaimedByOther(assignee_name(conversation) or "Another colleague")
        _record(conversation, Kind.CLAIMED, user)


def claimable(
    conversation: Conversation, instead_of: int | None = None
) -> QuerySet[InboxEntry]:
    """Return the entry while its assignee is the expected one, by default none."""
    return InboxEntry.objects.filter(conversation=conversation, assignee_id=instead_of)


def release(*, conversation: Conversation, user: User) -> bool:
    """Give the conversation back to the other colleagues; the agent stays paused.

    False when the user had not claimed it.
    """
    with transaction.atomic():
        released = InboxEntry.objects.filter(
            conversation=conversation, assignee=user
        ).update(assignee=None, claimed_at=None)
        if released:
            _record(conversation, Kind.RELEASED, user)
    return released == 1


def answer(
    *,
    conversation: Conversation,
    user: User,
    text: str,
    key: str,
    is_confirmed: bool = False,
) -> OutboundMessage:
    """Write to the customer; claims the conversation if it is free.

    Raises ClaimedByOther where another colleague has it and the user has not confirmed
    to answer nevertheless, and what `handoff.answer` raises.
    """
    with _answering(conversation, user, is_confirmed=is_confirmed) as held:
        return handoff.answer(
            conversation=held,
            text=text,
            reason=ANSWERED_HERE,
            actor=user.get_username(),
            key=key,
        )


def answer_by_template(
    *,
    conversation: Conversation,
    user: User,
    template: ApprovedTemplate,
    parameters: Sequence[str],
    key: str,
    is_confirmed: bool = False,
) -> OutboundMessage:
    """Write by an approved template, also after the window; else as `answer`."""
    with _answering(conversation, user, is_confirmed=is_confirmed) as held:
        return templates.send(
            conversation=held,
            template=template,
            parameters=parameters,
            reason=ANSWERED_HERE,
            actor=user.get_username(),
            key=key,
        )


@contextmanager
def _answering(
    conversation: Conversation, user: User, *, is_confirmed: bool
) -> Iterator[Conversation]:
    with transaction.atomic():
        held = lock_conversation(conversation.pk)
        lock_tasks(held)
        _check_assignee(held, user, is_confirmed=is_confirmed)
        yield held
        claimable(held).update(assignee=user, claimed_at=timezone.now())
        mark_read(held)


def hand_back(
    *,
    conversation: Conversation,
    user: User,
    key: str,
    may_close: bool,
    is_confirmed: bool = False,
) -> None:
    """Let the agent answer again, and close the tasks that an answer has done.

    Raises ClaimedByOther as `answer` does.
    """
    actor = user.get_username()
    with transaction.atomic():
        held = lock_conversation(conversation.pk)
        tasks = lock_tasks(held)
        _check_assignee(held, user, is_confirmed=is_confirmed)
        handoff.resume(conversation=held, reason=HANDED_BACK, actor=actor, key=key)
        for task in tasks if may_close else ():
            handoff.close(hand_off=task, resolution=HANDED_BACK, actor=actor)
        # With tasks that stay open, the entry does too.
        InboxEntry.objects.filter(conversation=held).update(
            assignee=None, claimed_at=None
        )


def note(*, conversation: Conversation, user: User, text: str) -> None:
    """Write a note that only colleagues read; TextRefused says why not."""
    line = " ".join(text.split())
    # A cleaned reason has no code left.
    if blank_code_digits(line) != line:
        raise TextRefused(translatable("A note must not contain a voucher code."))
    try:
        cleaned = clean_reason(line)
    except InvalidReason as error:
        raise TextRefused(
            translatable("A note has 1 to 500 characters, on one line.")
        ) from error
    with transaction.atomic():
        held = lock_conversation(conversation.pk)
        repeated = ColleagueAct.objects.filter(
            conversation=held,
            kind=Kind.NOTED,
            actor=user.get_username(),
            reason=cleaned,
            created_at__gt=timezone.now() - REPEATED_WITHIN,
        )
        if not repeated.exists():
            _record(held, Kind.NOTED, user, cleaned)


def mark_read(conversation: Conversation) -> None:
    """Record that a colleague has read what was written so far."""
    InboxEntry.objects.filter(conversation=conversation).update(read_at=timezone.now())


def assignee_name(conversation: Conversation) -> str:
    """Return the user name of the colleague who has the conversation, or nothing."""
    rows = InboxEntry.objects.filter(conversation=conversation)
    return rows.values_list("assignee__username", flat=True).first() or ""


def _is_assignee(conversation: Conversation, user: User) -> bool:
    return InboxEntry.objects.filter(conversation=conversation, assignee=user).exists()


def _check_assignee(
    conversation: Conversation, user: User, *, is_confirmed: bool
) -> None:
    """Refuse where another has claimed it; the lock keeps that true until the commit."""
    entry = (
        InboxEntry.objects.select_for_update(of=("self",), no_key=True)
        .filter(conversation=conversation)
        .first()
    )
    if entry is None or entry.assignee_id in {None, user.pk} or is_confirmed:
        return
    raise ClaimedByOther(assignee_name(conversation))


def _record(
    conversation: Conversation, kind: ColleagueAct.Kind, user: User, reason: str = ""
) -> None:
    ColleagueAct.objects.create(
        conversation=conversation, kind=kind, actor=user.get_username(), reason=reason
    )
