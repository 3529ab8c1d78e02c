"""OpenAI's webhook of an incoming call, signed as OpenAI signs."""

from __future__ import annotations

from typing import Any

from agents.realtime import signature


def incoming(
    call_id: str, caller: str, moment: int, *, from_header: str | None = None
) -> dict[str, Any]:
    """Return the event of a call that rings now."""
    sender = from_header or f'"Caller" <sip:{caller}@trunk.example>;tag=1'
    headers = [
        {"name": "From", "value": sender},
        {"name": "To", "value": "<sip:proj_local@sip.api.openai.com>"},
        {"name": "Call-ID", "value": f"{call_id}@trunk.example"},
    ]
    return {
        "id": f"evt_{call_id}",
        "object": "event",
        "created_at": moment,
        "type": "realtime.call.incoming",
        "data": {"call_id": call_id, "sip_headers": headers},
    }


def signed_headers(
    body: bytes, webhook_id: str, moment: int, *, secret: str
) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": signature.sign(
            body, webhook_id, str(moment), secret=secret
        ),
    }
