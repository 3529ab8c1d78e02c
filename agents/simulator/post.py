"""The sandbox telephone's way to us: over HTTP, signed, through the real webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
from django.conf import settings
from django.urls import reverse

from agents import synthetic
from agents.channels.whatsapp.signature import sign
from agents.webhooks.receiving import SIGNATURE
from agents.webhooks.whatsapp import FUNCTION

if TYPE_CHECKING:
    from django.http import HttpRequest

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
                SIGNATURE: sign(body, settings.WA_APP_SECRETS[0]),
                synthetic.HEADER: synthetic.mark(body),
            },
            timeout=TIMEOUT_S,
            trust_env=False,
        )
    except httpx2.HTTPError as error:
        raise NotTaken("The webhook did not answer. Is the web process up?") from error
    if answer.status_code != httpx2.codes.OK:
        raise NotTaken(f"The webhook answered {answer.status_code}.")
