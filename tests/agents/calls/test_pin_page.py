"""The one-time page of a PIN, as a browser without JavaScript uses it."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from agents.core import pin_tokens
from agents.core.errors import PinNotPossible
from agents.identity import blocks, consent, pin, pin_links
from agents.language import texts
from agents.models import Conversation, OutboundMessage, PhonePin, PinLink
from agents.notifications import pin_messages
from easymo.observability.privacy import scrub
from tests.canaries import ALINE, BOSCO
from tests.undone import undone
from tests.vouchers.racing import race
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper
    from time_machine import TimeMachineFixture

GOOD = ALINE.pin


@pytest.fixture
def aline(db: None, whatsapp: SettingsWrapper, switch: Callable[..., None]) -> Profile:
    switch(chat=True, voice=True)
    person = Profile.objects.create(name=ALINE.name, msisdn=ALINE.msisdn, language="en")
    Conversation.objects.create(
        profile=person,
        phone_number_id=whatsapp.WA_PHONE_ID,
        window_closes_at=timezone.now() + timedelta(hours=24),
    )
    return person


def link_to(profile: Profile) -> str:
    """Send a link, and return the path that the person gets."""
    pin_messages.send_link(profile=profile, requested_by="Odette")
    link = PinLink.objects.filter(profile=profile).latest("id")
    return pin_tokens.address_of(link.public_id).removeprefix("http://localhost:8000")


def send(path: str, first: str = GOOD, again: str | None = None) -> Any:
    return Client().post(
        path, {"pin": first, "again": first if again is None else again}
    )


def test_link__sent__is_a_placeholder_in_every_stored_row(aline: Profile) -> None:
    path = link_to(aline)
    token = path.split("/")[2]

    message = OutboundMessage.objects.get()
    assert "{pin_link:" in message.body
    with connection.cursor() as cursor:
        for table in ("agents_pinlink", "agents_outboundmessage", "procrastinate_jobs"):
            cursor.execute(
                f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t"
            )
            assert token not in cursor.fetchone()[0]


def test_token__in_a_log_line__is_masked(aline: Profile) -> None:
    path = link_to(aline)

    assert path.split("/")[2] not in scrub(f"Forbidden (CSRF): {path}")


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_page__get__is_a_form_in_the_persons_language(
    aline: Profile, language: str
) -> None:
    Conversation.objects.update(language=language)

    answer = Client().get(link_to(aline))

    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in page
    assert texts.render("pin_page.submit", language) in page
    assert "<script" not in page
    assert ALINE.name not in page
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not answer.cookies


def test_page__opened_by_previews__is_not_used_up(aline: Profile) -> None:
    path = link_to(aline)

    for _ in range(5):
        assert Client().get(path).status_code == 200
        assert Client().head(path).status_code == 200

    assert send(path).status_code == 200
    assert PhonePin.objects.get().set_by == "the person"


def test_page__sent_once__is_used_up_and_tells_the_person(aline: Profile) -> None:
    path = link_to(aline)

    assert send(path).status_code == 200
    assert send(path, BOSCO.pin).status_code == 410
    assert Client().get(path).status_code == 410

    assert PhonePin.objects.count() == 1
    told = OutboundMessage.objects.filter(cause__startswith="pin-set:").get()
    assert told.body == texts.render("pin.was_set", "en")


REFUSED = {
    "different": (GOOD, "739155"),
    "repeated": ("0000", None),
    "sequence": ("1234", None),
    "year": ("1990", None),
    "own_number": ("90463", None),
    "shape": ("73", None),
}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_page__refused_pin__says_why_and_stays_open(
    aline: Profile, language: str
) -> None:
    Conversation.objects.update(language=language)
    Profile.objects.update(msisdn="+250788190463")
    for rule, (first, again) in REFUSED.items():
        with undone():
            path = link_to(aline)
            answer = send(path, first, again)

            assert answer.status_code == 422, rule
            page = answer.content.decode()
            assert (
                texts.render(f"pin_page.{rule}", language).replace("'", "&#x27;")
                in page
            )
            assert first not in re.sub(r"<[^>]*>", "", page) or rule == "shape"
            assert f'value="{first}"' not in page
            assert not PhonePin.objects.exists()
            assert send(path).status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "why", ["expired", "replaced", "invented", "pin set", "cleared"]
)
def test_page__link_that_is_not_valid__answers_alike_and_sets_nothing(
    aline: Profile, time_machine: TimeMachineFixture, why: str, method: str
) -> None:
    path = link_to(aline)
    if why == "expired":
        time_machine.move_to(timezone.now() + pin_links.VALID_FOR)
    elif why == "replaced":
        link_to(aline)
    elif why == "invented":
        path = f"/pin/{pin_tokens.PREFIX}{'x' * 43}/"
    elif why == "pin set":
        pin.set_pin(profile=aline, pin=_digits("2580"), by="command line")
    else:
        pin.clear_pin(profile=aline)
    before = list(PhonePin.objects.values_list("hash"))

    answer = getattr(Client(), method)(path, {"pin": GOOD, "again": GOOD})

    assert answer.status_code == 410
    assert texts.render("pin_page.gone", "en") in answer.content.decode()
    assert list(PhonePin.objects.values_list("hash")) == before


def test_page__ten_tries_of_one_link__are_enough(aline: Profile) -> None:
    path = link_to(aline)

    found = [send(path, "0000").status_code for _ in range(11)]

    assert found == [422] * 10 + [429]


def test_page__one_network__is_limited_over_all_links(aline: Profile) -> None:
    invented = [f"/pin/{pin_tokens.PREFIX}{number:043}/" for number in range(61)]

    found = [Client().get(path).status_code for path in invented]

    assert found == [410] * 60 + [429]
    assert Client(REMOTE_ADDR="10.1.2.3").get(invented[0]).status_code == 410


def test_send_link__fourth_in_an_hour__is_refused(aline: Profile) -> None:
    for _ in range(3):
        link_to(aline)

    with pytest.raises(PinNotPossible, match="3 links"):
        link_to(aline)

    assert PinLink.objects.count() == 3


REASONS: dict[str, Callable[[Profile], object]] = {
    "window": lambda _person: Conversation.objects.update(window_closes_at=None),
    "stop": lambda person: consent.record_consent(
        profile=person,
        kind=consent.Kind.STOP,
        source=consent.Source.WORDS,
        cause="tests",
    ),
    "blocked": lambda person: blocks.block_profile(
        profile=person, reason="tests", actor="tests", expires_at=None
    ),
    "inactive": lambda _person: Profile.objects.update(is_active=False),
    "no chat": lambda _person: Conversation.objects.all().delete(),
}


@pytest.mark.parametrize("reason", REASONS)
def test_send_link__person_who_may_not_be_written_to__is_refused_in_a_sentence(
    aline: Profile, reason: str
) -> None:
    REASONS[reason](aline)
    aline.refresh_from_db()

    with pytest.raises(PinNotPossible, match=r"^[A-Z].*[nN]o link was sent\.$"):
        pin_messages.send_link(profile=aline, requested_by="Odette")

    assert not PinLink.objects.exists()
    assert not OutboundMessage.objects.exists()


def test_send_link__window_closed_with_template__sends_the_template(
    aline: Profile, settings: SettingsWrapper
) -> None:
    settings.WA_TEMPLATE_PIN_LINK = "pin_link"
    Conversation.objects.update(window_closes_at=None)

    pin_messages.send_link(profile=aline, requested_by="Odette")

    message = OutboundMessage.objects.get()
    assert (message.kind, message.extra["name"]) == ("template", "pin_link")


def test_page__sent_twice_at_once__sets_one_pin(
    committed_db: str, whatsapp: SettingsWrapper, switch: Callable[..., None]
) -> None:
    switch(chat=True)
    person = Profile.objects.create(name=ALINE.name, msisdn=ALINE.msisdn)
    Conversation.objects.create(
        profile=person,
        phone_number_id=whatsapp.WA_PHONE_ID,
        window_closes_at=timezone.now() + timedelta(hours=24),
    )
    for _ in range(3):
        path = link_to(person)
        before = PinLink.objects.exclude(used_at=None).count()

        found = race(*[partial(send, path, GOOD)] * 4)

        assert sorted(answer.status_code for answer in found) == [200, 410, 410, 410]
        assert PinLink.objects.exclude(used_at=None).count() == before + 1


def _digits(text: str) -> Any:
    from agents.core.secret_digits import SecretDigits

    return SecretDigits(text)
