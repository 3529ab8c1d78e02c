"""Who may use the telephone page, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from agents.core.secret_digits import SecretDigits
from agents.identity import pin
from agents.models import Call
from agents.operations.demonstration import ALINE, BY, PINS
from agents.simulator.phone import client as phone_client
from agents.simulator.phone import exchange, page_data
from vouchers.models import Profile

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

ROUTES = [
    ("get", "phone"),
    ("get", "phone-screen"),
    ("get", "phone-behind"),
    ("post", "phone-call"),
    ("post", "phone-act"),
]
every_route = pytest.mark.parametrize(("method", "route"), ROUTES)


@pytest.fixture
def aline() -> Profile:
    return Profile.objects.create(name="Aline", msisdn=ALINE.msisdn, is_sandbox=True)


@pytest.fixture
def odette() -> User:
    user = User.objects.create_user(
        "odette", password="a long enough word", is_staff=True
    )
    user.user_permissions.add(Permission.objects.get(codename="use_simulator"))
    return user


@pytest.fixture(autouse=True)
def switched_on(settings: SettingsWrapper) -> None:
    settings.SIMULATOR_ENABLED = True


def ask(client: Client, method: str, route: str, person: Profile, **data: str) -> Any:
    address = reverse(f"simulator:{route}", args=[person.public_id])
    return getattr(client, method)(address, data)


@every_route
def test_phone__simulator_off__is_not_found(
    client: Client,
    odette: User,
    aline: Profile,
    settings: SettingsWrapper,
    method: str,
    route: str,
) -> None:
    settings.SIMULATOR_ENABLED = settings.DEMONSTRATION = False
    client.force_login(odette)

    assert ask(client, method, route, aline).status_code == 404


@every_route
def test_phone__no_login__is_sent_to_the_sign_in(
    client: Client, aline: Profile, method: str, route: str
) -> None:
    assert ask(client, method, route, aline).status_code == 302


@every_route
def test_phone__without_the_permission__is_refused(
    client: Client, aline: Profile, method: str, route: str
) -> None:
    client.force_login(User.objects.create_user("pascal", is_staff=True))

    assert ask(client, method, route, aline).status_code == 403


@every_route
def test_phone__a_real_person__cannot_be_played(
    client: Client, odette: User, aline: Profile, method: str, route: str
) -> None:
    aline.is_sandbox = False
    aline.save(update_fields=["is_sandbox"])
    client.force_login(odette)

    assert ask(client, method, route, aline).status_code == 404
    assert not Call.objects.exists()


def test_call__person_without_a_number__is_refused(
    client: Client, odette: User
) -> None:
    person = Profile.objects.create(name="No number", is_sandbox=True)
    client.force_login(odette)

    answer = ask(client, "post", "phone-call", person)

    assert answer.status_code == 409
    assert ask(client, "get", "phone", person).status_code == 200


def test_call__without_a_webhook_secret__says_which_setting(
    client: Client, odette: User, aline: Profile, settings: SettingsWrapper
) -> None:
    settings.OPENAI_WEBHOOK_SECRETS = []
    client.force_login(odette)

    answer = ask(client, "post", "phone-call", aline)

    assert answer.status_code == 502
    assert "OPENAI_WEBHOOK_SECRET" in answer.json()["error"]
    assert not any(line.is_running for line in exchange.here().lines.values())


def test_act__without_a_call__is_refused(
    client: Client, odette: User, aline: Profile
) -> None:
    client.force_login(odette)

    assert ask(client, "post", "phone-act", aline, act="say").status_code == 409


def test_pin__of_the_demo_data__is_shown_until_it_is_changed(aline: Profile) -> None:
    assert page_data.pin_shown(aline) == ""

    pin.set_pin(profile=aline, pin=SecretDigits(PINS[ALINE.msisdn]), by=BY)
    assert page_data.pin_shown(aline) == PINS[ALINE.msisdn]

    pin.set_pin(profile=aline, pin=SecretDigits("295174"), by="aline")
    assert page_data.pin_shown(aline) == ""


def test_kill_worker__outside_of_make_run__is_refused(
    client: Client, odette: User, aline: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_data, "last_call", lambda _: Call())
    client.force_login(odette)

    answer = ask(client, "post", "phone-act", aline, act="kill_worker")

    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("press", ""),
        ("press", "12a"),
        ("press", "1" * 21),
        ("press", "pin"),
        ("say", " "),
        ("speak_over", ""),
        ("", "hello"),
        ("accept", ""),
    ],
)
def test_act__not_possible__is_refused_and_nothing_is_sent(
    client: Client,
    odette: User,
    aline: Profile,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
    words: str,
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(page_data, "last_call", lambda _: Call(call_id="rtc_1"))
    monkeypatch.setattr(phone_client, "act", lambda *_: sent.append("sent"))
    client.force_login(odette)

    answer = ask(client, "post", "phone-act", aline, act=act, words=words)

    assert answer.status_code == 400
    assert sent == []
