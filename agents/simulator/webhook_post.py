"""Post a sandbox person's message to the webhook, as Meta would."""

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

from agents.identity.sandbox import bsuid_of
from agents.inbound.endpoint import FUNCTION, SIGNATURE_HEADER
from agents.whatsapp import signature
from agents.whatsapp.signature import sign
from easymo.sentences import translatable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from vouchers.models import Profile


@dataclass(frozen=True)
class Button:
    """A pressed reply button."""

    id: str
    title: str


@dataclass(frozen=True)
class Content:
    """The content of a message: Meta's type and the object of that type."""

    kind: str
    fields: dict[str, Any]


def envelope(
    *,
    profile: Profile,
    phone_number_id: str,
    text: str = "",
    button: Button | None = None,
    content: Content | None = None,
) -> bytes:
    """Return the webhook body for one text, pressed button, or any other content."""
    sent = content or _text_content(text, button)
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
                                "messages": [_message(profile, sent)],
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


def _message(profile: Profile, content: Content) -> dict[str, Any]:
    message: dict[str, Any] = {
        "id": "wamid." + urlsafe_b64encode(secrets.token_bytes(24)).decode(),
        "timestamp": str(int(time.time())),
        "from_user_id": bsuid_of(profile),
        "type": content.kind,
        content.kind: content.fields,
    }
    if profile.msisdn:
        message["from"] = profile.msisdn.removeprefix("+")
    return message


def _text_content(text: str, button: Button | None) -> Content:
    if button is None:
        return Content("text", {"body": text})
    reply = {"id": button.id, "title": button.title}
    return Content("interactive", {"type": "button_reply", "button_reply": reply})


TIMEOUT_S = 5.0


class NotAccepted(Exception):
    """The webhook did not accept the message; it can be sent again."""


def post_to_webhook(*, request: HttpRequest, body: bytes) -> None:
    """Post the body to the server that handles this request, signed and marked."""
    if not settings.WA_APP_SECRETS:
        raise NotAccepted(
            translatable("WA_APP_SECRET is not set, so nothing can be signed.")
        )
    signed = {SIGNATURE_HEADER: sign(body, settings.WA_APP_SECRETS[0])}
    post_here(request, reverse(FUNCTION), body, signed)


def post_here(
    request: HttpRequest, path: str, body: bytes, headers: Mapping[str, str]
) -> None:
    """Post a signed body to our own server, with our mark."""
    # Not the Host header: a header must not choose where we connect.
    url = f"http://127.0.0.1:{request.META['SERVER_PORT']}{path}"
    try:
        answer = httpx2.post(
            url,
            content=body,
            headers={
                "content-type": "application/json",
                "Host": request.get_host(),
                "X-Forwarded-Proto": request.scheme or "http",
                signature.SYNTHETIC_HEADER: signature.synthetic_mark(body),
                **headers,
            },
            timeout=TIMEOUT_S,
            trust_env=False,
        )
    except httpx2.HTTPError as error:
        raise NotAccepted(
            translatable("The webhook did not answer. Is the web process up?")
        ) from error
    if answer.status_code != httpx2.codes.OK:
        raise NotAccepted(
            translatable("The webhook answered {status}.", status=answer.status_code)
        )
