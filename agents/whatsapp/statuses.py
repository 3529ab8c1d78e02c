"""What Meta tells about one message of ours.

developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agents.whatsapp.sanitise import clean_line, clean_token
from agents.whatsapp.senders import (
    bsuid_in,
    identifier,
    number_in,
    parent_in,
    timestamp_of,
)
from easymo.observability.privacy import scrub

MOST_ERRORS = 5
LONGEST_TITLE = 200
# As told in turns by Meta's own versions and by partners.
RECIPIENT_ID = ("recipient_user_id", "user_id")
PARENT_ID = (
    "parent_recipient_user_id",
    "recipient_parent_user_id",
    "parent_user_id",
)


@dataclass(frozen=True, slots=True)
class Status:
    """What became of one message of ours."""

    path: str
    phone_number_id: str
    provider_id: str
    status: str
    # Our own `biz_opaque_callback_data`, echoed.
    opaque: str
    error_code: str
    pricing: dict[str, str]
    timestamp: int | None
    errors: list[dict[str, str]] = field(default_factory=list)
    # number, bsuid, parent: those that it names.
    recipient: dict[str, str] = field(default_factory=dict)


def read_status(item: dict[str, Any], path: str, number_id: str) -> Status | None:
    """Return the status; None when it says neither of what nor what."""
    provider_id = identifier(item, "id")
    status = clean_token(item.get("status"))
    if not provider_id or not status:
        return None
    errors = errors_in(item)
    return Status(
        path=path,
        phone_number_id=number_id,
        provider_id=provider_id,
        status=status[:16],
        opaque=clean_line(item.get("biz_opaque_callback_data"), 64),
        error_code=errors[0]["code"] if errors else "",
        pricing=_pricing(item.get("pricing")),
        timestamp=timestamp_of(item),
        errors=errors,
        recipient=_recipient(item),
    )


def errors_in(item: dict[str, Any]) -> list[dict[str, str]]:
    """Return the provider's errors; what they quote of a person is taken out."""
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
        said = error.get("title") or error.get("message")
        words = " ".join(
            filter(None, (clean_line(said, 120), clean_line(details, 200)))
        )
        found.append(
            {"code": clean_line(code, 40), "title": scrub(words)[:LONGEST_TITLE]}
        )
    return found


def _pricing(pricing: object) -> dict[str, str]:
    words = pricing.items() if isinstance(pricing, dict) else ()
    return {
        clean_line(key, 40): clean_line(word, 40)
        for key, word in list(words)[:10]
        if isinstance(word, str | bool)
    }


def _recipient(item: dict[str, Any]) -> dict[str, str]:
    told = identifier(item, "recipient_id")
    names = {
        "number": number_in(told),
        "bsuid": bsuid_in(identifier(item, *RECIPIENT_ID)) or bsuid_in(told),
        "parent": parent_in(identifier(item, *PARENT_ID)),
    }
    return {key: value for key, value in names.items() if value}
