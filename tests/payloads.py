"""Webhooks as Meta builds and signs them.

body = webhook(text("hello", sender="+250788123456"))
client.post(URL, body, content_type="application/json", headers=signed(body))
"""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

from django.conf import settings

from agents.whatsapp import signature
from agents.whatsapp.signature import sign

URL = "/functions/v1/ai-whatsapp-webhook"
PHONE_NUMBER_ID = "106540352242922"
SENDER = "+250788123456"
_numbers = itertools.count(1)


def message_id() -> str:
    """Return a new id in the provider's format."""
    return f"wamid.TEST{time.time_ns()}{next(_numbers):06d}"


def message(kind: str, content: object, **fields: Any) -> dict[str, Any]:
    """Return one message; ``sender``, ``bsuid`` and ``name`` become its contact."""
    sender = fields.pop("sender", SENDER)
    at = fields.pop("at", None)
    item: dict[str, Any] = {
        "id": fields.pop("id", None) or message_id(),
        "timestamp": str(int(time.time() if at is None else at)),
        "type": kind,
        "_bsuid": fields.pop("bsuid", None),
        "_name": fields.pop("name", "Aline"),
        **fields,
    }
    if sender:
        item["from"] = sender.removeprefix("+")
    if content is not None:
        item[kind] = content
    return item


def text(body: str, **fields: Any) -> dict[str, Any]:
    return message("text", {"body": body}, **fields)


def button(button_id: str, title: str = "Yes", **fields: Any) -> dict[str, Any]:
    reply = {"type": "button_reply", "button_reply": {"id": button_id, "title": title}}
    return message("interactive", reply, **fields)


def status(
    provider_id: str, state: str = "delivered", *, opaque: str = "", **fields: Any
) -> dict[str, Any]:
    """Return Meta's status of one of our messages."""
    at = fields.pop("at", None)
    code = fields.pop("error", None)
    item: dict[str, Any] = {
        "id": provider_id,
        "status": state,
        "timestamp": str(int(time.time() if at is None else at)),
        "recipient_id": fields.pop("recipient", SENDER).removeprefix("+"),
        "_status": True,
        **fields,
    }
    if opaque:
        item["biz_opaque_callback_data"] = opaque
    if code is not None:
        item["errors"] = [{"code": code, "title": "scripted"}]
    return item


def envelope(
    *items: dict[str, Any],
    phone_number_id: str = PHONE_NUMBER_ID,
    field: str = "messages",
) -> dict[str, Any]:
    """Return Meta's envelope around messages and statuses, with their contacts."""
    contacts: dict[tuple[Any, Any], dict[str, Any]] = {}
    messages, statuses = [], []
    for original in items:
        item = dict(original)
        if item.pop("_status", False):
            statuses.append(item)
            continue
        bsuid, name = item.pop("_bsuid", None), item.pop("_name", "")
        contact: dict[str, Any] = {"profile": {"name": name}}
        if "from" in item:
            contact["wa_id"] = item["from"]
        if bsuid:
            contact["user_id"] = item["from_user_id"] = bsuid
        contacts[(item.get("from"), bsuid)] = contact
        messages.append(item)
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": "250700000000",
            "phone_number_id": phone_number_id,
        },
    }
    if messages:
        value |= {"contacts": list(contacts.values()), "messages": messages}
    if statuses:
        value["statuses"] = statuses
    return {
        "object": "whatsapp_business_account",
        "entry": [
            {"id": "102290129340398", "changes": [{"field": field, "value": value}]}
        ],
    }


def dumps(document: object) -> bytes:
    return json.dumps(document).encode()


def webhook(*items: dict[str, Any], **fields: Any) -> bytes:
    """Return the bytes of one webhook."""
    return dumps(envelope(*items, **fields))


def signed(body: bytes, *, secret: str = "", marked: bool = False) -> dict[str, str]:
    """Return Meta's signature header of ``body``, and the synthetic mark on request."""
    secret = secret or settings.WA_APP_SECRETS[0]
    headers = {"X-Hub-Signature-256": sign(body, secret)}
    if marked:
        headers[signature.SYNTHETIC_HEADER] = signature.synthetic_mark(body)
    return headers
