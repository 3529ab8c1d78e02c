from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from agents.models import WebhookEvent
from vouchers.models import Profile

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def diane() -> Profile:
    return Profile.objects.create(
        name="Diane", msisdn="+250788000004", role="staff", is_sandbox=True
    )


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
    settings.WA_APP_SECRETS = ["a-secret-of-the-test"]


def test_page__simulator_not_enabled__is_not_found(
    client: Client, odette: User, settings: SettingsWrapper
) -> None:
    settings.SIMULATOR_ENABLED = False
    settings.DEMONSTRATION = False
    client.force_login(odette)

    assert client.get(reverse("simulator:home")).status_code == 404


def test_page__nobody_signed_in__asks_for_login(client: Client) -> None:
    answer = client.get(reverse("simulator:home"))

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/")


def test_page__staff_without_the_permission__is_refused(client: Client) -> None:
    client.force_login(User.objects.create_user("pascal", is_staff=True))

    assert client.get(reverse("simulator:home")).status_code == 403


def test_page__permission_without_staff__is_refused(
    client: Client, odette: User
) -> None:
    odette.is_staff = False
    odette.save(update_fields=["is_staff"])
    client.force_login(odette)

    assert client.get(reverse("simulator:home")).status_code == 403


def test_page__a_real_person__cannot_be_played(
    client: Client, odette: User, diane: Profile
) -> None:
    diane.is_sandbox = False
    diane.save(update_fields=["is_sandbox"])
    client.force_login(odette)

    answer = client.get(reverse("simulator:person", args=[diane.public_id]))

    assert answer.status_code == 404


def test_page__a_sandbox_person__is_shown_with_suggestions(
    client: Client, odette: User, diane: Profile
) -> None:
    client.force_login(odette)

    answer = client.get(reverse("simulator:person", args=[diane.public_id]))

    assert answer.status_code == 200
    assert "create voucher 10000 for +250788000000" in answer.content.decode()


def test_chat__nothing_changed__answers_not_modified(
    client: Client, odette: User, diane: Profile
) -> None:
    client.force_login(odette)
    url = reverse("simulator:chat", args=[diane.public_id])
    first = client.get(url)

    second = client.get(url, headers={"If-None-Match": first.headers["ETag"]})

    assert second.status_code == 304


def test_send__empty_text__is_refused_and_posts_nothing(
    client: Client, odette: User, diane: Profile
) -> None:
    client.force_login(odette)

    answer = client.post(
        reverse("simulator:send", args=[diane.public_id]), {"text": " "}
    )

    assert answer.status_code == 400
    assert WebhookEvent.objects.exists() is False


def test_send__webhook_not_reachable__says_so(
    client: Client, odette: User, diane: Profile
) -> None:
    client.force_login(odette)

    answer = client.post(
        reverse("simulator:send", args=[diane.public_id]),
        {"text": "hello"},
        SERVER_PORT="1",
    )

    assert answer.status_code == 502
    assert answer.json() == {
        "error": "The webhook did not answer. Is the web process up?"
    }


def test_features__without_permission_to_switch__are_refused(
    client: Client, odette: User
) -> None:
    client.force_login(odette)

    answer = client.post(
        reverse("simulator:features"), {"action": "off", "reason": "drill"}
    )

    assert answer.status_code == 403


@pytest.mark.django_db
def test_features__after_a_rollback__come_back_by_override_only(
    client: Client, django_user_model: type[User]
) -> None:
    client.force_login(django_user_model.objects.create_superuser("odette"))
    url = reverse("simulator:features")
    client.post(url, {"action": "off", "reason": "drill"})

    refused = client.post(url, {"action": "on", "reason": "over"})
    done = client.post(url, {"action": "on", "reason": "over", "override": "1"})

    assert refused.status_code == 400
    assert "nothing is turned on yet" in refused.json()["error"]
    assert done.json() == {"said": "All four features are on for everyone."}


@pytest.mark.django_db(transaction=True)
def test_send__one_text__arrives_through_the_signed_webhook(
    live_server: LiveServer, client: Client, odette: User, diane: Profile
) -> None:
    client.force_login(odette)
    port = live_server.url.rsplit(":", 1)[1]

    answer = client.post(
        reverse("simulator:send", args=[diane.public_id]),
        {"text": "hello"},
        SERVER_PORT=port,
    )

    assert answer.json() == {"sent": True}
    assert WebhookEvent.objects.get().is_synthetic is True
