"""A colleague sends the link for a PIN, and sees neither it nor the PIN."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.core import pin_tokens
from agents.core.handoffs import open_handoff
from agents.core.secret_digits import SecretDigits
from agents.identity import pin
from agents.models import Conversation, HandOff, OutboundMessage, PhonePin, PinLink
from tests.canaries import ALINE
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture
def aline(db: None, whatsapp: SettingsWrapper, switch: Callable[..., None]) -> Profile:
    switch(chat=True)
    person = Profile.objects.create(name=ALINE.name, msisdn=ALINE.msisdn)
    Conversation.objects.create(
        profile=person,
        phone_number_id=whatsapp.WA_PHONE_ID,
        window_closes_at=timezone.now() + timedelta(hours=24),
    )
    return person


def colleague(*names: str) -> Client:
    user = User.objects.create_user("odette", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


def pages(profile: Profile) -> dict[str, str]:
    """Return the pages from which a link is sent."""
    stored = pin.set_pin(profile=profile, pin=SecretDigits(ALINE.pin), by="tests")
    chat = Conversation.objects.get(profile=profile)
    return {
        "pin": reverse("admin:agents_phonepin_send_again", args=[stored.pk]),
        "chat": reverse("admin:agents_conversation_send_pin_link", args=[chat.pk]),
    }


VIEWS = ("view_phonepin", "view_conversation", "view_handoff")


@pytest.mark.parametrize("page", ["pin", "chat"])
def test_send__with_the_permission__sends_a_link_that_is_shown_nowhere(
    aline: Profile, page: str
) -> None:
    client = colleague(*VIEWS, "send_pin_link")
    address = pages(aline)[page]
    form = client.get(address).context["form"]
    data = {
        "reason": "asked on the phone",
        "key": form["key"].value(),
    }

    answer = client.post(address, data, follow=True)

    link = PinLink.objects.get()
    assert link.requested_by == "odette"
    assert OutboundMessage.objects.filter(cause=f"pin-link:{link.pk}").exists()
    shown = answer.content.decode()
    assert pin_tokens.token_of(link.public_id) not in shown
    assert ALINE.pin not in shown
    assert "argon2" not in shown


@pytest.mark.parametrize("page", ["pin", "chat"])
def test_send__without_the_permission__is_forbidden(aline: Profile, page: str) -> None:
    client = colleague(*VIEWS)

    answer = client.post(pages(aline)[page], {"reason": "x"})

    assert answer.status_code == 403
    assert not PinLink.objects.exists()


def test_list__of_pins__shows_no_hash(aline: Profile) -> None:
    pages(aline)
    client = colleague(*VIEWS)
    row = PhonePin.objects.get()

    for address in (
        reverse("admin:agents_phonepin_changelist"),
        reverse("admin:agents_phonepin_change", args=[row.pk]),
    ):
        page = client.get(address).content.decode()
        assert "argon2" not in page
        assert row.hash not in page


@pytest.mark.parametrize("may_see", [True, False])
def test_handoffs__callback__shows_the_number_with_the_permission(
    aline: Profile, may_see: bool
) -> None:
    open_handoff(
        kind=HandOff.Kind.CALLBACK, profile=aline, reason="The call broke off."
    )
    client = colleague(*VIEWS, *(["see_numbers"] if may_see else []))

    page = client.get(reverse("admin:agents_handoff_changelist")).content.decode()

    assert (ALINE.msisdn in page) is may_see
    assert "asked on the phone to be called back" in page
