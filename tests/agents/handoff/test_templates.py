"""Answers by an approved template, after the 24-hour window too."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from agents.core.errors import (
    ClaimedByOther,
    HandOffError,
    OptedOut,
    PersonErased,
    TextRefused,
    WindowClosed,
)
from agents.handoff import handoff, inbox, templates
from agents.models import (
    ApprovedTemplate,
    ColleagueAct,
    Conversation,
    InboxEntry,
    OutboundMessage,
)
from agents.outbound import next_to_send
from tests.agents.handoff.test_inbox import asks, key
from vouchers.codes import new_code
from vouchers.models import Profile

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def follow_up(db: None) -> ApprovedTemplate:
    return ApprovedTemplate.objects.create(
        name="follow_up",
        language="rw",
        text="Muraho {{1}}, ikibazo cya {{2}} cyakemutse.",
        changed_by="odette",
    )


@pytest.fixture(autouse=True)
def _closed(cast: Cast) -> None:
    Conversation.objects.update(window_closes_at=timezone.now() - timedelta(hours=1))


def write(
    cast: Cast, user: User, template: ApprovedTemplate, *given: str, **more: Any
) -> OutboundMessage:
    return inbox.answer_by_template(
        conversation=cast.aline.chat,
        user=user,
        template=template,
        parameters=given,
        **{"key": key()} | more,
    )


def test_template__window_closed__sent_as_approved_and_agent_paused(
    cast: Cast, odette: User, follow_up: ApprovedTemplate
) -> None:
    # Given
    asks(cast)
    with pytest.raises(WindowClosed):
        inbox.answer(
            conversation=cast.aline.chat, user=odette, text="Hello.", key=key()
        )

    # When
    same = key()
    sent = [
        write(cast, odette, follow_up, " Aline ", "V7-KQ3M-82", key=same)
        for _ in range(2)
    ]
    next_to_send.claim_next(conversation_id=cast.aline.chat.pk)

    # Then
    assert sent[0] == sent[1]
    message = OutboundMessage.objects.get()
    assert message.state == OutboundMessage.State.DELIVERED
    assert message.body == "Muraho Aline, ikibazo cya V7-KQ3M-82 cyakemutse."
    assert (message.kind, message.extra) == (
        "template",
        {
            "name": "follow_up",
            "language": "rw_RW",
            "parameters": ["Aline", "V7-KQ3M-82"],
        },
    )
    entry = InboxEntry.objects.get()
    assert (entry.assignee, entry.waiting_since) == (odette, None)
    assert Conversation.objects.get(pk=cast.aline.chat.pk).is_paused(timezone.now())


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (("Aline",), TextRefused),
        (("Aline", "x", "y"), TextRefused),
        (("Aline", " "), TextRefused),
        (("Aline", "x" * 301), TextRefused),
        (("Aline", "a\x07b"), TextRefused),
        (("Aline", "{reference}"), TextRefused),
        (("Aline", "CODE"), TextRefused),
        (("Aline", "claimed"), ClaimedByOther),
        (("Aline", "stopped"), OptedOut),
        (("Aline", "erased"), PersonErased),
    ],
)
def test_template__not_possible__nothing_written(
    cast: Cast,
    odette: User,
    pascal: User,
    follow_up: ApprovedTemplate,
    given: tuple[str, ...],
    error: type[HandOffError],
) -> None:
    # Given
    asks(cast)
    now = timezone.now()
    if "claimed" in given:
        InboxEntry.objects.update(assignee=pascal, claimed_at=now)
    elif "stopped" in given:
        Conversation.objects.update(stopped_at=now)
    elif "erased" in given:
        erased = {"name": "", "msisdn": None, "is_active": False, "erased_at": now}
        Profile.objects.filter(pk=cast.aline.profile.pk).update(**erased)
    given = tuple(new_code().formatted if each == "CODE" else each for each in given)

    # When
    with pytest.raises(error):
        write(cast, odette, follow_up, *given)

    # Then
    assert not OutboundMessage.objects.exists()
    assert not ColleagueAct.objects.exists()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("No parameter", 0),
        ("{{1}}", 1),
        ("{{2}} {{1}} {{1}}", 2),
        ("{{2}}", None),
        ("{{0}} {{1}}", None),
        (" ".join(f"{{{{{n}}}}}" for n in range(1, 12)), None),
    ],
)
def test_parameter_count__each_text__numbered_without_a_gap(
    text: str, count: int | None
) -> None:
    if count is None:
        with pytest.raises(TextRefused):
            templates.parameter_count(text)
    else:
        assert templates.parameter_count(text) == count


def test_templates__of_two_languages__the_customers_first(
    follow_up: ApprovedTemplate,
) -> None:
    for language in ("en", "sw"):
        ApprovedTemplate.objects.create(
            name="follow_up", language=language, text="x", changed_by="odette"
        )
    for language in ("en", "rw", "sw"):
        found = [each.language for each in templates.templates_for(language)]
        assert (found[0], sorted(found)) == (language, ["en", "rw", "sw"])


def test_answer__variable_left__refused(cast: Cast, odette: User) -> None:
    Conversation.objects.update(window_closes_at=timezone.now() + timedelta(hours=9))
    for left in ("{name}", "{reference}"):
        with pytest.raises(TextRefused, match=left):
            handoff.answer(
                conversation=cast.aline.chat,
                text=f"Hello {left}.",
                reason="x",
                actor="odette",
                key=key(),
            )
    assert not OutboundMessage.objects.exists()
