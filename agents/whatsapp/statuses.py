"""Delivery statuses and errors in webhooks.

developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.whatsapp.error_table import deciding_code
from agents.whatsapp.sanitise import clean_line, clean_token
from agents.whatsapp.senders import (
    bsuid_in,
    identifier,
    number_in,
    parent_in,
    timestamp_of,
)
from easymo.observability.privacy import scrub

if TYPE_CHECKING:
    from agents.whatsapp.senders import Contacts

MOST_ERRORS = 5
LONGEST_TITLE = 200
# The names in Meta's versions and at partners.
RECIPIENT_ID = ("recipient_user_id", "user_id")
PARENT_ID = (
    "parent_recipient_user_id",
    "recipient_parent_user_id",
    "parent_user_id",
)


@dataclass(frozen=True, slots=True)
class Status:
    """A delivery status of one of our messages."""

    path: str
    phone_number_id: str
    provider_id: str
    status: str
    # Our `biz_opaque_callback_data`, returned.
    opaque: str
    error_code: str
    pricing: dict[str, str]
    timestamp: int | None
    errors: list[dict[str, str]] = field(default_factory=list)
    # number, bsuid, parent: those that are given.
    recipient: dict[str, str] = field(default_factory=dict)


def read_status(
    item: dict[str, Any], path: str, number_id: str, _: Contacts
) -> Status | str:
    """Return a status, or why the item is bad."""
    provider_id = identifier(item, "id")
    status = clean_token(item.get("status"))
    if not provider_id or not status:
        return "status without an id or a state"
    errors = errors_in(item)
    return Status(
        path=path,
        phone_number_id=number_id,
        provider_id=provider_id,
        status=status[:16],
        opaque=clean_line(item.get("biz_opaque_callback_data"), 64),
        error_code=deciding_code([error["code"] for error in errors]),
        pricing=_pricing(item.get("pricing")),
        timestamp=timestamp_of(item),
        errors=errors,
        recipient=_recipient(item),
    )


def errors_in(item: dict[str, Any]) -> list[dict[str, str]]:
    """Return the provider's errors, without personal data in their texts."""
    errors = item.get("errors")
    if not isinstance(errors, list):
        return []
    found = []
    for error in errors[:MOST_ERRORS]:
        code = error.get("code") if isinstance(error, dict) else None
        if not isinstance(code, int | str) or isinstance(code, bool):
            continue
        data = error.get("error_data")
        details = data.get("details") if isinstance(data, dict) else ""
        title = clean_line(error.get("title") or error.get("message"), 120)
        text = f"{title} {clean_line(details, 200)}".strip()
        found.append(
            {"code": clean_line(code, 40), "title": scrub(text)[:LONGEST_TITLE]}
        )
    return found


def _pricing(pricing: object) -> dict[str, str]:
    parts = pricing.items() if isinstance(pricing, dict) else ()
    return {
        clean_line(key, 40): clean_line(value, 40)
        for key, value in list(parts)[:10]
        if isinstance(value, str | bool)
    }


def _recipient(item: dict[str, Any]) -> dict[str, str]:
    recipient = identifier(item, "recipient_id")
    ids = {
        "number": number_in(recipient),
        "bsuid": bsuid_in(identifier(item, *RECIPIENT_ID)) or bsuid_in(recipient),
        "parent": parent_in(identifier(item, *PARENT_ID)),
    }
    return {key: value for key, value in ids.items() if value}
