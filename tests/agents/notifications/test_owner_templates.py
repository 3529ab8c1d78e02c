"""Owners learn of their vouchers outside the 24-hour window, by approved templates."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from agents.language import texts
from agents.models import Announcement, Conversation, OutboundMessage
from agents.notifications import voucher_events
from agents.notifications.unrequested import TEMPLATE_LANGUAGES
from agents.notifications.voucher_messages import PARAMETERS
from agents.operations.system_checks import OWNER_TEMPLATES
from tests.agents.outbound.delivering import deliver, make_conversation
from tests.easymo.preflight.requests import look
from tests.processes import ROOT
from vouchers.actors import Actor
from vouchers.models import Profile, Station
from vouchers.money import Money
from vouchers.services.extend import extend_voucher
from vouchers.services.issue import Issued, issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.reverse import reverse_redemption
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from tests.fakes.graph import FakeGraph, Taken

NOTICES = ("redeemed", "reversed", "voided", "extended")


@pytest.fixture
def _on(switch: Callable[..., None], settings: SettingsWrapper) -> None:
    switch(chat=True, vouchers=True)
    for name in OWNER_TEMPLATES:
        setattr(settings, name, name.removeprefix("WA_TEMPLATE_").lower())


def issue(chat: Conversation) -> Issued:
    voucher = issue_voucher(
        customer=chat.profile,
        amount=Money(10_000, "RWF"),
        actor=Actor.of_profile(staff(), channel="whatsapp"),
        key=f"issue:{chat.pk}",
    )
    voucher_events.announce()
    return voucher


def staff() -> Profile:
    return Profile.objects.get_or_create(msisdn="+250788654321", role="staff")[0]


def attendant() -> Profile:
    station, _ = Station.objects.get_or_create(code="KIMIRONKO", name="Kimironko")
    return Profile.objects.get_or_create(
        msisdn="+250788000003", role="station", station=station
    )[0]


def odette() -> Actor:
    user, _ = User.objects.get_or_create(username="odette")
    rights = ("void_voucher", "extend_voucher", "reverse_redemption")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return Actor.of_user(User.objects.get(pk=user.pk))


def change(issued: Issued, notice: str) -> None:
    voucher = issued.voucher
    key = f"{notice}:{voucher.pk}"
    if notice in {"redeemed", "reversed"}:
        redeem_voucher(
            code=issued.code,
            station=attendant().station,
            actor=Actor.of_profile(attendant(), channel="whatsapp"),
            key=f"redeem:{voucher.pk}",
        )
        voucher.refresh_from_db()
    if notice == "reversed":
        voucher_events.announce()
        reverse_redemption(voucher=voucher, reason="Wrong", actor=odette(), key=key)
    if notice == "voided":
        void_voucher(
            voucher_id=voucher.public_id, reason="Lost", actor=odette(), key=key
        )
    if notice == "extended":
        day = timezone.localdate(voucher.expires_at) + timedelta(days=10)
        extend_voucher(
            voucher=voucher, last_day=day, reason="Closed", actor=odette(), key=key
        )
    voucher_events.announce()


def close_window(chat: Conversation) -> None:
    chat.window_closes_at = timezone.now() - timedelta(hours=1)
    chat.save(update_fields=["window_closes_at"])


def parameters(taken: Taken) -> list[str]:
    [component] = taken.body["template"]["components"]
    return [one["text"] for one in component["parameters"]]


def expected(issued: Issued, notice: str, language: str) -> list[str]:
    issued.voucher.refresh_from_db()
    last_day = texts.format_date(issued.voucher.expires_at, language)
    today = texts.format_date(timezone.now(), language)
    more = {
        "redeemed": ["Kimironko", today],
        "reversed": ["Kimironko", last_day],
        "voided": [],
        "extended": [last_day],
    }
    return ["RWF 10,000", issued.voucher.reference, *more[notice]]


@pytest.mark.usefixtures("graph", "_on")
def test_owner__each_window_and_language__text_or_template(graph: FakeGraph) -> None:
    # Given
    cases = list(product(NOTICES, TEMPLATE_LANGUAGES, ("closed",)))
    cases += [("reversed", "en", "closes"), ("reversed", "en", "open")]
    chats, vouchers = [], []
    for number, (notice, language, window) in enumerate(cases, 250_788_123_400):
        chat = make_conversation(msisdn=f"+{number}", language=language)
        issued = issue(chat)

        # When
        if window == "closed":
            close_window(chat)
        change(issued, notice)
        if window == "closes":
            close_window(chat)
        chats.append(chat)
        vouchers.append(issued)
    deliver(*chats)

    # Then
    last = {taken.to.lstrip("+"): taken for taken in graph.sent}
    for (notice, language, window), chat, issued in zip(
        cases, chats, vouchers, strict=True
    ):
        taken = last[chat.profile.msisdn.lstrip("+")]
        assert issued.code is not None
        assert issued.code.formatted not in str(taken.body)
        if window == "open":
            assert issued.voucher.reference in taken.text
        else:
            template = taken.body["template"]
            assert template["name"] == f"voucher_{notice}"
            assert template["language"]["code"] == TEMPLATE_LANGUAGES[language]
            assert parameters(taken) == expected(issued, notice, language)


@pytest.mark.django_db
@pytest.mark.usefixtures("whatsapp", "_on")
@pytest.mark.parametrize("notice", NOTICES)
def test_owner__no_template__unreached_and_pre_flight_names_the_setting(
    settings: SettingsWrapper, notice: str
) -> None:
    # Given
    settings.WA_TOKEN = "EAAtesttoken"
    chat = make_conversation(msisdn="+250788123456")
    issued = issue(chat)
    close_window(chat)
    name = f"WA_TEMPLATE_VOUCHER_{notice.upper()}"
    assert look("whatsapp.notices").status == "ok"
    setattr(settings, name, "")

    # When
    change(issued, notice)

    # Then
    sent = OutboundMessage.objects.filter(extra__name=f"voucher_{notice}")
    assert not sent.exists()
    told = Announcement.objects.latest("pk")
    assert told.outcome == Announcement.Outcome.UNREACHABLE
    found = look("whatsapp.notices")
    assert (found.status, found.setting) == ("warning", name)
    settings.WA_TOKEN = ""
    assert look("whatsapp.notices").status == "skipped"


def test_docs__text_of_each_template__is_what_owners_read_in_the_window() -> None:
    page = (ROOT / "docs/whatsapp.md").read_text(encoding="utf-8")
    for notice in NOTICES:
        key = f"notice.{notice}"
        marks = {name: f"<{n}>" for n, name in enumerate(PARAMETERS[key], 1)}
        for language, code in TEMPLATE_LANGUAGES.items():
            text = texts.render(key, language, **marks)
            for mark in marks.values():
                text = text.replace(mark, "{{" + mark[1:-1] + "}}")
            row = f"| `WA_TEMPLATE_VOUCHER_{notice.upper()}` | `{code}` | {text} |"
            assert row in page
