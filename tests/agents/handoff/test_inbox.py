from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from agents.core.errors import ClaimedByOther, TextRefused
from agents.core.handoffs import open_handoff
from agents.handoff import handoff, inbox
from agents.models import (
    ColleagueAct,
    Conversation,
    HandOff,
    InboxEntry,
    OutboundMessage,
)
from vouchers.codes import new_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db
ROUNDS = 5


def key() -> str:
    return str(uuid.uuid4())


def asks(cast: Cast, kind: HandOff.Kind = HandOff.Kind.ASKED) -> HandOff:
    open_handoff(
        kind=kind,
        profile=cast.aline.profile,
        conversation=cast.aline.chat,
        reason="The customer asked for a person.",
    )
    return HandOff.objects.get(kind=kind, closed_at=None)


def entry(cast: Cast) -> InboxEntry | None:
    return InboxEntry.objects.filter(pk=cast.aline.chat.pk).first()


def shown(cast: Cast) -> InboxEntry:
    found = entry(cast)
    assert found is not None
    return found


def claim(cast: Cast, user: User, **given: Any) -> None:
    inbox.claim(conversation=cast.aline.chat, user=user, key=key(), **given)


def answer(cast: Cast, user: User, **given: Any) -> OutboundMessage:
    facts = {"text": "Come at nine.", "key": key()} | given
    return inbox.answer(conversation=cast.aline.chat, user=user, **facts)


def close(task: HandOff) -> None:
    handoff.close(hand_off=task, resolution="Done.", actor="odette")


def test_claim__free__assignee_agent_paused_and_recorded(
    cast: Cast, odette: User
) -> None:
    # Given
    asks(cast)

    # When
    claim(cast, odette)
    claim(cast, odette)

    # Then
    assert shown(cast).assignee == odette
    assert Conversation.objects.get(pk=cast.aline.chat.pk).is_paused(timezone.now())
    kinds = ColleagueAct.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["paused", "claimed"]


def test_claim__of_another__refused_and_nothing_changed(
    cast: Cast, odette: User, pascal: User
) -> None:
    # Given
    claim(cast, odette)
    acts = ColleagueAct.objects.count()

    # When
    with pytest.raises(ClaimedByOther, match="odette has claimed"):
        claim(cast, pascal)

    # Then
    assert shown(cast).assignee == odette
    assert ColleagueAct.objects.count() == acts


def test_claim__taken_over__only_from_the_colleague_that_was_shown(
    cast: Cast, odette: User, pascal: User
) -> None:
    # Given
    eve = User.objects.create_user("eve")
    claim(cast, odette)

    # When
    claim(cast, pascal, instead_of=odette.pk)
    with pytest.raises(ClaimedByOther, match="pascal"):
        claim(cast, eve, instead_of=odette.pk)

    # Then
    assert shown(cast).assignee == pascal


def test_release__own_and_anothers__only_the_own(
    cast: Cast, odette: User, pascal: User
) -> None:
    # Given
    claim(cast, odette)

    # When
    others = inbox.release(conversation=cast.aline.chat, user=pascal)
    own = inbox.release(conversation=cast.aline.chat, user=odette)

    # Then
    assert (others, own) == (False, True)
    assert shown(cast).assignee is None
    assert Conversation.objects.get(pk=cast.aline.chat.pk).paused_at is not None


def test_answer__free__claimed_by_who_answers(cast: Cast, odette: User) -> None:
    # Given
    asks(cast)

    # When
    message = answer(cast, odette)

    # Then
    assert message.written_by == "odette"
    found = shown(cast)
    assert (found.assignee, found.waiting_since) == (odette, None)


@pytest.mark.parametrize("action", ["answer", "hand_back"])
def test_action__claimed_by_another__asks_first_then_done(
    cast: Cast, odette: User, pascal: User, action: str
) -> None:
    # Given
    asks(cast)
    claim(cast, odette)
    sent, acts = OutboundMessage.objects.count(), ColleagueAct.objects.count()

    def act(**given: Any) -> None:
        if action == "answer":
            answer(cast, pascal, **given)
        else:
            inbox.hand_back(
                conversation=cast.aline.chat,
                user=pascal,
                key=key(),
                may_close=True,
                **given,
            )

    # When
    with pytest.raises(ClaimedByOther, match="odette"):
        act()

    # Then
    assert OutboundMessage.objects.count() == sent
    assert ColleagueAct.objects.count() == acts
    act(is_confirmed=True)
    assert OutboundMessage.objects.count() == sent + 1
    if action == "answer":
        assert shown(cast).assignee == odette


def test_answer__same_key_twice__written_once(cast: Cast, odette: User) -> None:
    same = key()
    assert answer(cast, odette, key=same) == answer(cast, odette, key=same)
    assert OutboundMessage.objects.count() == 1


@pytest.mark.parametrize("may_close", [True, False])
def test_hand_back__open_task__closed_by_who_may(
    cast: Cast, odette: User, may_close: bool
) -> None:
    # Given
    task = asks(cast)
    claim(cast, odette)

    # When
    inbox.hand_back(
        conversation=cast.aline.chat, user=odette, key=key(), may_close=may_close
    )

    # Then
    task.refresh_from_db()
    assert (task.closed_at is not None) == may_close
    assert Conversation.objects.get(pk=cast.aline.chat.pk).paused_at is None
    left = entry(cast)
    assert (left is None) == may_close
    assert left is None or left.assignee is None


def test_note__twice__stored_once_and_not_sent(cast: Cast, odette: User) -> None:
    # When
    for _ in range(2):
        inbox.note(conversation=cast.aline.chat, user=odette, text=" Call\nback. ")

    # Then
    act = ColleagueAct.objects.get()
    assert (act.kind, act.actor, act.reason) == ("noted", "odette", "Call back.")
    assert OutboundMessage.objects.count() == 0


@pytest.mark.parametrize(
    "text",
    ["", "  ", "x" * 501, "a\x07b", f"Code {new_code().formatted}"],
    ids=["empty", "blank", "long", "control", "code"],
)
def test_note__text_that_may_not_be_stored__refused(
    cast: Cast, odette: User, text: str
) -> None:
    with pytest.raises(TextRefused):
        inbox.note(conversation=cast.aline.chat, user=odette, text=text)
    assert ColleagueAct.objects.count() == 0


def at_once(run: Callable[[str], bool]) -> int:
    start = Barrier(2)

    def one(name: str) -> bool:
        try:
            start.wait(60)
            return run(name)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(one, ["odette", "pascal"]))


def winners(cast: Cast) -> int:
    """Let two colleagues claim at once, and count who was told that it is theirs."""

    def run(name: str) -> bool:
        try:
            claim(cast, User.objects.get(username=name))
        except ClaimedByOther:
            return False
        return True

    return at_once(run)


@pytest.mark.django_db(transaction=True)
def test_claim__two_at_once__one_has_it(
    committed_db: str, cast: Cast, odette: User, pascal: User
) -> None:
    for _ in range(ROUNDS):
        # Given
        InboxEntry.objects.update(assignee=None, claimed_at=None)

        # When, then
        assert winners(cast) == 1


@pytest.mark.django_db(transaction=True)
def test_claim__two_at_once_without_the_guard__both_have_it(
    committed_db: str,
    cast: Cast,
    odette: User,
    pascal: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Show that the race would be seen."""
    monkeypatch.setattr(
        inbox,
        "claimable",
        lambda chat, instead_of=None: InboxEntry.objects.filter(conversation=chat),
    )
    assert winners(cast) == 2
