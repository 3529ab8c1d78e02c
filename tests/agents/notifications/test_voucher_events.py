from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from agents.core.code_redaction import drop_delivered_codes
from agents.identity import consent
from agents.models import Announcement, Conversation, HandOff, OutboundMessage
from agents.notifications import voucher_events
from agents.outbound import next_to_send, simulated
from tests import payloads
from vouchers.actors import Actor
from vouchers.models import Envelope, Profile, Station
from vouchers.money import Money
from vouchers.services.extend import extend_voucher
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]


@pytest.fixture(autouse=True)
def _on(switch: Callable[..., None]) -> None:
    switch(chat=True, vouchers=True)


@pytest.fixture
def aline() -> Profile:
    return Profile.objects.create(msisdn="+250788123456", name="Aline")


@pytest.fixture
def diane() -> Profile:
    return Profile.objects.create(msisdn="+250788654321", name="Diane", role="staff")


def talk(person: Profile, *, hours: float = 20) -> Conversation:
    return Conversation.objects.create(
        profile=person,
        phone_number_id=payloads.PHONE_NUMBER_ID,
        window_closes_at=timezone.now() + timedelta(hours=hours),
    )


def issue(aline: Profile, diane: Profile):  # type: ignore[no-untyped-def]
    return issue_voucher(
        customer=aline,
        amount=Money(10_000, "RWF"),
        actor=Actor.of_profile(diane, channel="whatsapp"),
        key=f"test:{uuid4()}",
    )


def said(person: Profile) -> list[str]:
    messages = OutboundMessage.objects.filter(conversation__profile=person)
    return list(messages.order_by("pk").values_list("body", flat=True))


def test_announce__window_open__customer_is_sent_reference_and_code(
    aline: Profile, diane: Profile
) -> None:
    # Given
    conversation = talk(aline)
    talk(diane)
    issued = issue(aline, diane)

    # When
    voucher_events.announce()
    voucher_events.announce()

    # Then
    [body] = said(aline)
    assert issued.voucher.reference in body
    assert issued.code.formatted not in body
    assert said(diane) == []
    assert Announcement.objects.get().outcome == Announcement.Outcome.TOLD

    # When
    next_to_send.claim_next(conversation_id=conversation.pk)

    # Then
    message = OutboundMessage.objects.get()
    assert issued.code.formatted in simulated.open_delivery(message.simulated).body
    assert not Envelope.objects.exists()


def test_announce__window_closed__issuer_told_owner_not_reached(
    aline: Profile, diane: Profile
) -> None:
    # Given
    talk(aline, hours=-1)
    talk(diane)
    issue(aline, diane)

    # When
    voucher_events.announce()

    # Then
    assert said(aline) == []
    assert len(said(diane)) == 1
    assert "could not reach" in said(diane)[0]
    assert Announcement.objects.get().outcome == Announcement.Outcome.UNREACHABLE


def test_announce__window_closed_with_a_template__sent_by_it(
    aline: Profile, diane: Profile, settings: SettingsWrapper
) -> None:
    # Given
    settings.WA_TEMPLATE_VOUCHER_ISSUED = "voucher_issued"
    talk(diane)
    issue(aline, diane)

    # When
    voucher_events.announce()

    # Then
    message = OutboundMessage.objects.get(conversation__profile=aline)
    assert message.extra["name"] == "voucher_issued"
    assert message.extra["parameters"][0] == "RWF 10,000"
    assert said(diane) == []


def test_announce__opted_out__not_written_to(aline: Profile, diane: Profile) -> None:
    # Given
    talk(aline)
    consent.record_consent(
        profile=aline,
        kind=consent.Kind.STOP,
        source=consent.Source.WORDS,
        cause="message:1",
    )
    talk(diane)
    issue(aline, diane)

    # When
    voucher_events.announce()

    # Then
    assert said(aline) == []
    assert "could not reach" in said(diane)[0]


def test_announce__redeemed_by_the_owner__station_notified(
    aline: Profile, diane: Profile
) -> None:
    # Given
    station = Station.objects.create(code="KIMIRONKO", name="Kimironko")
    claudine = Profile.objects.create(
        msisdn="+250788000003", role="station", station=station
    )
    talk(claudine)
    issued = issue(aline, diane)
    voucher_events.announce()

    # When
    redeem_voucher(
        code=issued.code,
        owner=aline,
        station=station,
        actor=Actor.of_profile(aline, channel="whatsapp"),
        key="test:redeem",
    )
    voucher_events.announce()

    # Then
    assert len(said(claudine)) == 1
    assert issued.voucher.reference in said(claudine)[0]


@pytest.mark.parametrize("owner_wrote", [True, False])
@pytest.mark.parametrize("channel", ["whatsapp", "voice"])
@pytest.mark.parametrize("staff", ["none", "never wrote", "silent", "opted out"])
def test_announce__station_unreachable__task_only_where_it_uses_whatsapp(
    aline: Profile, diane: Profile, staff: str, channel: str, *, owner_wrote: bool
) -> None:
    # Given
    station = Station.objects.create(code="KIMIRONKO", name="Kimironko")
    if staff != "none":
        claudine = Profile.objects.create(
            msisdn="+250788000003", role="station", station=station
        )
    if staff in {"silent", "opted out"}:
        conversation = talk(claudine)
    if staff == "silent":
        conversation.window_closes_at = None
        conversation.save(update_fields=["window_closes_at"])
    if staff == "opted out":
        consent.record_consent(
            profile=claudine,
            kind=consent.Kind.STOP,
            source=consent.Source.WORDS,
            cause="message:1",
        )
    if owner_wrote:
        talk(aline)
    issued = issue(aline, diane)

    # When
    redeem_voucher(
        code=issued.code,
        owner=aline,
        station=station,
        actor=Actor.of_profile(aline, channel=channel),
        key="test:redeem",
    )
    voucher_events.announce()

    # Then
    kinds = list(HandOff.objects.values_list("kind", flat=True))
    assert kinds == ["undelivered"] * (staff in {"silent", "opted out"})
    assert not OutboundMessage.objects.filter(state="failed").exists()


def test_forget_codes__not_yet_announced__envelope_is_kept(
    aline: Profile, diane: Profile
) -> None:
    # Given
    conversation = talk(aline)
    issue(aline, diane)
    voucher_events.announce()
    Announcement.objects.all().delete()
    message = OutboundMessage.objects.get(conversation=conversation)

    # When
    drop_delivered_codes(message)

    # Then
    assert Envelope.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_announce__by_four_workers_at_once__notified_once(committed_db: str) -> None:
    # Given
    aline = Profile.objects.create(msisdn="+250788123456")
    diane = Profile.objects.create(msisdn="+250788654321", role="staff")
    talk(aline)
    for _ in range(3):
        issue(aline, diane)

    def announce(_: int) -> int:
        try:
            return voucher_events.announce()
        finally:
            connections.close_all()

    # When
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(announce, range(4)))

    # Then
    assert sum(counts) == 3
    assert len(said(aline)) == 3


def test_announce__extended__owner_is_told_the_new_last_day(
    aline: Profile, diane: Profile
) -> None:
    # Given
    talk(aline)
    issued = issue(aline, diane)
    voucher_events.announce()
    day = timezone.localdate(issued.voucher.expires_at) + timedelta(days=10)
    extend_voucher(
        voucher=issued.voucher,
        last_day=day,
        reason="The station was closed",
        actor=Actor.of_user(User.objects.create_user("odette")),
        key="extend",
    )

    # When
    voucher_events.announce()

    # Then
    [_, body] = said(aline)
    assert issued.voucher.reference in body
    assert f"{day.day} {day:%b %Y}" in body
