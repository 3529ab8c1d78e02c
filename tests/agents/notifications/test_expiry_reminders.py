"""Owners are reminded seven days and one day before the end, once, by day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from agents.identity import blocks, consent
from agents.models import Conversation, OutboundMessage, ReminderRun
from agents.notifications import expiry_reminders
from agents.notifications.expiry_reminders import remind
from agents.outbound import next_to_send
from tests import payloads
from tests.vouchers.racing import race
from vouchers.actors import Actor
from vouchers.models import Profile, Station, Voucher
from vouchers.money import Money
from vouchers.services.extend import extend_voucher
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]
KIGALI = ZoneInfo("Africa/Kigali")
VALID = 30


@pytest.fixture(autouse=True)
def _on(switch: Callable[..., None], settings: SettingsWrapper) -> None:
    switch(chat=True, vouchers=True)
    settings.VOUCHER_REMINDERS = True
    settings.WA_TEMPLATE_EXPIRY_REMINDER = "expiry"
    settings.VOUCHER_VALID_DAYS = VALID


@pytest.fixture
def aline() -> Profile:
    return Profile.objects.create(msisdn="+250788123456", name="Aline", language="fr")


@pytest.fixture
def diane() -> Profile:
    return Profile.objects.create(msisdn="+250788654321", name="Diane", role="staff")


@pytest.fixture
def voucher(aline: Profile, diane: Profile) -> Voucher:
    return issue(aline, diane)


def issue(owner: Profile, by: Profile, amount: int = 10_000) -> Voucher:
    return issue_voucher(
        customer=owner,
        amount=Money(amount, "RWF"),
        actor=Actor.of_profile(by, channel="whatsapp"),
        key=f"test:{uuid4()}",
    ).voucher


def moment(days: int, hour: int = 12, minute: int = 0, *, of: Voucher) -> datetime:
    """Return a time of the day that lies this number of days before the last day."""
    last = timezone.localdate(of.expires_at, KIGALI) - timedelta(days=days)
    return datetime(last.year, last.month, last.day, hour, minute, tzinfo=KIGALI)


def reminders() -> list[OutboundMessage]:
    found = OutboundMessage.objects.filter(cause__startswith="told:expiring:")
    return list(found.order_by("pk"))


def test_remind__each_day_and_hour__only_when_due_and_once(voucher: Voucher) -> None:
    # When
    sent = {
        (days, hour, minute): remind(moment(days, hour, minute, of=voucher))
        for days in (8, 7, 6, 2, 1, 0, -1)
        for hour, minute in ((8, 59), (9, 0), (12, 0), (17, 59), (18, 0))
    }

    # Then
    assert {when for when, count in sent.items() if count} == {(7, 9, 0), (1, 9, 0)}
    first, second = reminders()
    assert first.extra["name"] == second.extra["name"] == "expiry"
    amount, reference, last_day = first.extra["parameters"]
    assert (amount, reference) == ("RWF 10,000", voucher.reference)
    assert str(voucher.expires_at.astimezone(KIGALI).year) in last_day
    assert voucher.reference in first.body
    assert first.extra["language"] == "fr"


@pytest.mark.parametrize("minute", [0, 59])
def test_remind__last_minute__is_by_the_clock_of_kigali(
    voucher: Voucher, minute: int
) -> None:
    at = moment(7, 17, minute, of=voucher)
    assert remind(at.astimezone(ZoneInfo("Asia/Tokyo"))) == 1


def test_remind__switched_off__does_nothing(
    voucher: Voucher, settings: SettingsWrapper
) -> None:
    settings.VOUCHER_REMINDERS = False
    assert remind(moment(7, of=voucher)) == 0
    assert not ReminderRun.objects.exists()


@pytest.mark.parametrize("end", ["redeemed", "void", "requested", "extended"])
def test_remind__nothing_to_remind_of__is_left_out(
    voucher: Voucher, aline: Profile, diane: Profile, end: str
) -> None:
    at = moment(7, of=voucher)
    by = {"actor": Actor.of_profile(diane, channel="whatsapp"), "key": "end"}
    if end == "redeemed":
        station = Station.objects.create(code="K", name="Kimironko")
        redeem_voucher(voucher_id=voucher.public_id, owner=aline, station=station, **by)
    elif end == "void":
        void_voucher(voucher_id=voucher.public_id, reason="x", **by)
    elif end == "requested":
        void_voucher(voucher_id=voucher.public_id, reason="x", **by)
        assert issue(aline, diane, 30_000).status == "pending_approval"
    else:
        day = timezone.localdate(voucher.expires_at, KIGALI) + timedelta(days=3)
        user = User.objects.create_user("odette")
        extend_voucher(
            voucher=voucher,
            last_day=day,
            reason="x",
            actor=Actor.of_user(user),
            key="end",
        )
    assert remind(at) == 0
    assert reminders() == []
    if end == "extended":
        # It is reminded of before its new end.
        assert remind(at + timedelta(days=3)) == 1


@pytest.mark.parametrize(
    "why", ["stop", "blocked", "inactive", "no number", "chat off", "vouchers off"]
)
def test_remind__person_who_may_not_be_told__is_not(
    voucher: Voucher,
    aline: Profile,
    diane: Profile,
    switch: Callable[..., None],
    why: str,
) -> None:
    # Given: another owner of the same day is still told
    other = issue(diane, diane)
    assert other.expires_at == voucher.expires_at
    if why == "stop":
        consent.record_consent(
            profile=aline,
            kind=consent.Kind.STOP,
            source=consent.Source.WORDS,
            cause="message:1",
        )
    elif why == "blocked":
        blocks.block_profile(profile=aline, reason="x", actor="odette")
    elif why == "inactive":
        Profile.objects.filter(pk=aline.pk).update(is_active=False)
    elif why == "no number":
        Profile.objects.filter(pk=aline.pk).update(msisdn=None)

    # When
    if why in {"chat off", "vouchers off"}:
        switch(chat=why != "chat off", vouchers=why != "vouchers off")
        assert remind(moment(7, of=voucher)) == 0
        switch(chat=True, vouchers=True)
        # A rollback only pauses: the same day goes on.
        assert remind(moment(7, of=voucher)) == 2
    else:
        assert remind(moment(7, of=voucher)) == 1


@pytest.mark.parametrize(
    ("is_open", "template", "kind"),
    [
        (True, "expiry", "text"),
        (True, "", "text"),
        (False, "expiry", "template"),
        (False, "", None),
    ],
)
def test_remind__window_and_template__text_or_template_or_nothing(
    voucher: Voucher,
    aline: Profile,
    settings: SettingsWrapper,
    is_open: bool,
    template: str,
    kind: str | None,
) -> None:
    settings.WA_TEMPLATE_EXPIRY_REMINDER = template
    hours = 5 if is_open else -1
    Conversation.objects.create(
        profile=aline,
        phone_number_id=payloads.PHONE_NUMBER_ID,
        window_closes_at=timezone.now() + timedelta(hours=hours),
    )
    assert remind(moment(7, of=voucher)) == (kind is not None)
    assert [message.kind for message in reminders()] == ([kind] if kind else [])


def test_reminder__rollback_before_it_is_sent__is_cancelled(
    voucher: Voucher, switch: Callable[..., None]
) -> None:
    remind(moment(7, of=voucher))
    [message] = reminders()
    switch(chat=False, vouchers=False)
    next_to_send.claim_next(conversation_id=message.conversation_id)
    message.refresh_from_db()
    assert message.state == "cancelled"


def test_remind__many__a_run_is_bounded_and_the_next_one_continues(
    aline: Profile, diane: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(expiry_reminders, "PAGE", 2)
    monkeypatch.setattr(expiry_reminders, "MOST_PAGES", 2)
    made = [issue(aline, diane, 100) for _ in range(7)]
    at = moment(7, of=made[0])

    # When: a failure takes back its own page only
    remind_one = expiry_reminders._remind
    monkeypatch.setattr(
        expiry_reminders,
        "_remind",
        lambda row, *rest: 1 / 0 if row == made[3] else remind_one(row, *rest),
    )
    with pytest.raises(ZeroDivisionError):
        remind(at)
    assert len(reminders()) == 2
    monkeypatch.setattr(expiry_reminders, "_remind", remind_one)

    # Then
    assert [remind(at) for _ in range(3)] == [4, 1, 0]
    assert len({message.cause for message in reminders()}) == 7
    run = ReminderRun.objects.get(days=7)
    assert run.sent == 7
    assert run.finished_at is not None


@pytest.mark.django_db(transaction=True)
def test_remind__four_workers_at_once__each_voucher_once(
    committed_db: None, voucher: Voucher
) -> None:
    at = moment(7, of=voucher)
    results = race(*[lambda: remind(at) for _ in range(4)])
    assert len(reminders()) == 1
    assert sorted(results) == [0, 0, 0, 1]
