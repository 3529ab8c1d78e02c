"""What Meta would post for a sandbox person's message."""

from __future__ import annotations

import json
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
from django.conf import settings
from django.urls import reverse

from agents.inbound.endpoint import FUNCTION, SIGNATURE_HEADER
from agents.whatsapp import signature
from agents.whatsapp.signature import sign

if TYPE_CHECKING:
    from django.http import HttpRequest

    from vouchers.models import Profile

# A business-scoped user id is a country code, a dot and up to 128 letters or digits.
BSUID_PREFIX = "RW.sandbox"


@dataclass(frozen=True)
class Button:
    """A pressed reply button, as the telephone sends it back."""

    id: str
    title: str


@dataclass(frozen=True)
class Content:
    """What a message holds besides whose it is: Meta's type, and the part of it."""

    kind: str
    fields: dict[str, Any]


def bsuid_of(profile: Profile) -> str:
    """Return the WhatsApp user id that this sandbox person has for ever."""
    return f"{BSUID_PREFIX}{profile.public_id.hex}"


def envelope(
    *,
    profile: Profile,
    phone_number_id: str,
    text: str = "",
    button: Button | None = None,
    content: Content | None = None,
) -> bytes:
    """Return the webhook body for one text, pressed button, or any other content."""
    said = content or _words(text, button)
    return json.dumps(
        {
            "object": "whatsapp_business_account",
            "entry": [
                {
                    "id": "sandbox",
                    "changes": [
                        {
                            "field": "messages",
                            "value": {
                                "messaging_product": "whatsapp",
                                "metadata": {
                                    "display_phone_number": "sandbox",
                                    "phone_number_id": phone_number_id,
                                },
                                "contacts": [_contact(profile)],
                                "messages": [_message(profile, said)],
                            },
                        }
                    ],
                }
            ],
        }
    ).encode()


def _contact(profile: Profile) -> dict[str, Any]:
    contact: dict[str, Any] = {
        "profile": {"name": profile.name},
        "user_id": bsuid_of(profile),
    }
    if profile.msisdn:
        contact["wa_id"] = profile.msisdn.removeprefix("+")
    return contact


def _message(profile: Profile, said: Content) -> dict[str, Any]:
    message: dict[str, Any] = {
        "id": "wamid." + urlsafe_b64encode(secrets.token_bytes(24)).decode(),
        "timestamp": str(int(time.time())),
        "from_user_id": bsuid_of(profile),
        "type": said.kind,
        said.kind: said.fields,
    }
    if profile.msisdn:
        message["from"] = profile.msisdn.removeprefix("+")
    return message


def _words(text: str, button: Button | None) -> Content:
    if button is None:
        return Content("text", {"body": text})
    reply = {"id": button.id, "title": button.title}
    return Content("interactive", {"type": "button_reply", "button_reply": reply})


TIMEOUT_S = 5.0


class NotTaken(Exception):
    """The webhook did not take the message; it can be sent again."""


def post_to_webhook(*, request: HttpRequest, body: bytes) -> None:
    """Post ``body`` as Meta would, to the server that answers this very request."""
    if not settings.WA_APP_SECRETS:
        raise NotTaken("WA_APP_SECRET is not set, so nothing can be signed.")
    # Our own socket, not the Host header: a header must not choose where we connect.
    url = f"http://127.0.0.1:{request.META['SERVER_PORT']}{reverse(FUNCTION)}"
    try:
        answer = httpx2.post(
            url,
            content=body,
            headers={
                "Content-Type": "application/json",
                "Host": request.get_host(),
                "X-Forwarded-Proto": request.scheme or "http",
                SIGNATURE_HEADER: sign(body, settings.WA_APP_SECRETS[0]),
                signature.SYNTHETIC_HEADER: signature.synthetic_mark(body),
            },
            timeout=TIMEOUT_S,
            trust_env=False,
        )
    except httpx2.HTTPError as error:
        raise NotTaken("The webhook did not answer. Is the web process up?") from error
    if answer.status_code != httpx2.codes.OK:
        raise NotTaken(f"The webhook answered {answer.status_code}.")
