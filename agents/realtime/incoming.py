"""The webhook of an incoming call.

https://platform.openai.com/docs/api-reference/webhook-events/realtime/call
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

INCOMING = "realtime.call.incoming"
# The id becomes part of a URL.
CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
MAX_HEADERS = 64
MAX_VALUE = 512
_USER = re.compile(r"(?:sips?:([^@;>\s]{1,64})@|tel:([^;>\s]{1,64}))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A signed event that is no incoming call; it is stored and answered 200."""

    event_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A call that rings. Every value but the id is a claim of the caller's network."""

    event_id: str
    call_id: str
    # The user part of From, as it was sent; empty when there is none.
    caller: str = field(default="", repr=False)
    created_at: int = 0


def parse(body: bytes) -> IncomingCall | ProviderEvent:
    """Read a signed body; one that is no incoming call is a `ProviderEvent`."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return ProviderEvent("", "unreadable")
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return ProviderEvent("", "unreadable")
    event_id = event.get("id") if isinstance(event.get("id"), str) else ""
    kind = event["type"][:64]
    data = event.get("data")
    if kind != INCOMING or not isinstance(data, dict):
        return ProviderEvent(str(event_id)[:255], kind)
    call_id = data.get("call_id")
    if not isinstance(call_id, str) or not CALL_ID.fullmatch(call_id):
        return ProviderEvent(str(event_id)[:255], kind)
    return _incoming(event, str(event_id)[:255], data, call_id)


def _incoming(
    event: dict[str, Any], event_id: str, data: dict[str, Any], call_id: str
) -> IncomingCall:
    headers = _headers(data.get("sip_headers"))
    created_at = event.get("created_at")
    return IncomingCall(
        event_id=event_id,
        call_id=call_id,
        caller=_user(headers, "from"),
        created_at=created_at if type(created_at) is int else 0,
    )


def _headers(given: Any) -> list[tuple[str, str]]:
    if not isinstance(given, list):
        return []
    return [
        (header["name"].lower(), header["value"][:MAX_VALUE])
        for header in given[:MAX_HEADERS]
        if isinstance(header, dict)
        and isinstance(header.get("name"), str)
        and isinstance(header.get("value"), str)
    ]


def _user(headers: list[tuple[str, str]], name: str) -> str:
    """Return the user part of the first header of this name.

    A display name may hold anything, an address too: what follows the quotes counts.
    """
    for found, value in headers:
        if found in {name, name[0]}:
            address = value.rpartition('"')[2]
            if "<" in address:
                address = address.rpartition("<")[2]
            match = _USER.search(address)
            user = (match.group(1) or match.group(2)) if match else ""
            return user.partition(":")[0]
    return ""
