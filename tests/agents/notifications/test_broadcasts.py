from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from agents.identity import blocks, consent
from agents.models import Conversation, OutboundMessage
from agents.notifications import broadcasts
from agents.outbound import next_to_send
from rollout.core.ports import DeliveryResult
from tests import payloads
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]
SENT = DeliveryResult("sent")


@pytest.fixture
def aline() -> Profile:
    return Profile.objects.create(msisdn="+250788123456", name="Aline", language="rw")


def talk(person: Profile, *, hours: float) -> Conversation:
    return Conversation.objects.create(
        profile=person,
        phone_number_id=payloads.PHONE_NUMBER_ID,
        window_closes_at=timezone.now() + timedelta(hours=hours),
    )


def tell(person: Profile, cause: str = "announcement:1:x") -> DeliveryResult:
    return broadcasts.send(str(person.public_id), "News", "One.\n\nTwo.", cause)


def says_stop(person: Profile) -> None:
    consent.record_consent(
        profile=person,
        kind=consent.Kind.STOP,
        source=consent.Source.WORDS,
        cause=f"test:{person.pk}",
    )


def test_send__window_open__text_with_template_as_fallback(
    aline: Profile, settings: Settings
) -> None:
    settings.WA_TEMPLATE_ANNOUNCEMENT = "news"
    talk(aline, hours=5)

    assert tell(aline) == SENT

    message = OutboundMessage.objects.get()
    assert (message.kind, message.body) == ("text", "*News*\nOne.\n\nTwo.")
    assert message.extra["fallback"]["name"] == "news"


def test_send__window_closed__the_template_on_one_line_in_the_customers_language(
    aline: Profile, settings: Settings
) -> None:
    settings.WA_TEMPLATE_ANNOUNCEMENT = "news"

    assert tell(aline) == SENT

    message = OutboundMessage.objects.get()
    assert (message.kind, message.extra["parameters"]) == (
        "template",
        ["News: One. Two."],
    )
    assert message.extra["language"] == "rw_RW"


def test_send__window_closed_and_no_template__skipped(aline: Profile) -> None:
    talk(aline, hours=-1)

    assert tell(aline).status == "skipped"
    assert OutboundMessage.objects.exists() is False


def test_send__same_cause_twice__one_message(aline: Profile) -> None:
    talk(aline, hours=5)

    assert [tell(aline), tell(aline)] == [SENT, SENT]
    assert OutboundMessage.objects.count() == 1


def test_send__said_stop__skipped(aline: Profile) -> None:
    talk(aline, hours=5)
    says_stop(aline)

    assert tell(aline) == DeliveryResult("skipped", "said STOP")
    assert OutboundMessage.objects.exists() is False


def test_send__blocked_or_gone__skipped(aline: Profile) -> None:
    talk(aline, hours=5)
    blocks.block_profile(profile=aline, reason="abuse", actor="odette")
    assert tell(aline) == DeliveryResult("skipped", "blocked")
    Profile.objects.update(is_active=False)
    assert tell(aline) == DeliveryResult("skipped", "unknown person")
    assert broadcasts.send("x' OR 1=1", "a", "b", "c").status == "skipped"


def test_send__stop_before_it_was_sent__not_sent(
    aline: Profile, switch: Callable[..., None]
) -> None:
    chat = talk(aline, hours=5)
    tell(aline)
    says_stop(aline)

    next_to_send.claim_next(conversation_id=chat.pk)

    assert OutboundMessage.objects.get().state == "cancelled"


def test_send__chat_off__still_sent(aline: Profile) -> None:
    """Beta members are notified before beta begins."""
    chat = talk(aline, hours=5)
    tell(aline)

    next_to_send.claim_next(conversation_id=chat.pk)

    assert OutboundMessage.objects.get().state != "cancelled"


def test_audience__in_batches__without_those_who_opted_out(
    aline: Profile,
) -> None:
    # Given
    stopped = Profile.objects.create(msisdn="+250788000201")
    says_stop(stopped)
    Profile.objects.create(msisdn="+250788000202", is_sandbox=True)
    Profile.objects.create(msisdn="+250788000203", is_active=False)
    other = Profile.objects.create(msisdn="+250788000204")
    wanted = sorted([str(aline.public_id), str(other.public_id)])

    # When
    first = broadcasts.audience("", 1)
    second = broadcasts.audience(first[-1], 1)
    third = broadcasts.audience(second[-1], 1)

    # Then
    assert [*first, *second] == wanted
    assert third == []


def test_mail_addresses__login_with_an_address__only_those_who_did_not_opt_out(
    aline: Profile,
) -> None:
    people = []
    for number, email in enumerate(("a@example.rw", "b@example.rw", "")):
        login = User.objects.create_user(f"u{number}", email=email)
        people.append(
            Profile.objects.create(msisdn=f"+25078800030{number}", user=login)
        )
    says_stop(people[1])

    found = broadcasts.mail_addresses([str(p.public_id) for p in [aline, *people]])

    assert found == {str(people[0].public_id): "a@example.rw"}
