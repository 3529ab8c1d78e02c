"""Deliver the webhook of a call as OpenAI does: signed, and perhaps more than once."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from agents.api.realtime_endpoint import FUNCTION
from agents.simulator.realtime_server import webhooks
from agents.simulator.webhook_post import NotAccepted, post_here
from easymo.sentences import translatable

if TYPE_CHECKING:
    from django.http import HttpRequest

    from agents.models import Call

TIMES = 2


def deliver(request: HttpRequest, *, call_id: str, caller: str, twice: bool) -> None:
    """Tell our webhook that the call rings; `twice`: two deliveries at the same time."""
    event = webhooks.incoming(call_id, caller, int(time.time()))
    body = json.dumps(event).encode()
    webhook_id = f"wh_{call_id}"
    with ThreadPoolExecutor(TIMES) as pool:
        sent = [
            pool.submit(_post, request, body, webhook_id)
            for _ in range(TIMES if twice else 1)
        ]
    for one in sent:
        one.result()


def deliver_again(request: HttpRequest, call: Call) -> None:
    """Deliver the stored bytes again: with their id, and with a new one."""
    body = bytes(call.event.body or b"")
    if not body:
        raise NotAccepted(
            translatable("The webhook of this call is not kept any more.")
        )
    _post(request, body, call.event.webhook_id)
    _post(request, body, f"{call.event.webhook_id}_{int(time.time() * 1_000)}")


def _post(request: HttpRequest, body: bytes, webhook_id: str) -> None:
    if not settings.OPENAI_WEBHOOK_SECRETS:
        raise NotAccepted(
            translatable("OPENAI_WEBHOOK_SECRET is not set, so nothing can be signed.")
        )
    headers = webhooks.signed_headers(
        body,
        webhook_id,
        int(time.time()),
        secret=settings.OPENAI_WEBHOOK_SECRETS[0],
    )
    post_here(request, reverse(FUNCTION), body, headers)
