"""Read the content of each message type.

developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from agents.whatsapp.sanitise import (
    clean_line,
    clean_text,
    clean_token,
    plain_json,
    plain_parts,
)
from agents.whatsapp.senders import identifier, number_in
from agents.whatsapp.statuses import errors_in
from vouchers.reading.signs import without_separators

LONGEST_BUTTON_ID = 256

# Never a turn. An edit or revocation changes another message.
SILENT_KINDS = frozenset(
    {"reaction", "sticker", "system", "edit", "revoke", "ephemeral", "unsupported"}
)
# These also open the 24-hour window.
OPENS_WINDOW = frozenset({"sticker", "unsupported"})
# Answered without quiet time.
BUTTON_KINDS = frozenset({"interactive", "button"})
MEDIA_KINDS = frozenset({"image", "video", "audio", "document"})
# The types that carry what a customer says.
TYPES = ("text", "interactive", *sorted(MEDIA_KINDS), "location", "contacts", "order")
REFERRAL = ("source_type", "source_id", "headline", "body", "ctwa_clid")
# Replies of a form, permission or payment: data, never typed text.
FORM_REPLIES = frozenset({"nfm_reply", "call_permission_reply", "payment_method"})


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A medium at the provider."""

    id: str
    mime_type: str
    sha256: str
    filename: str
    is_voice: bool


@dataclass(frozen=True, slots=True)
class Content:
    """The text, the pressed button and other data of a message."""

    text: str = ""
    button_id: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    media: MediaRef | None = None
    # The provider's id of the message that this one is about.
    about: str = ""
    # The sender's number, proven by the answer to a contact request.
    proven_number: str = ""
    error_code: str = ""


def kind_of(item: dict[str, Any]) -> str:
    """Return the type of a message without one, by the content that it has."""
    found = (kind for kind in TYPES if isinstance(item.get(kind), dict | list))
    return next(found, "unknown")


def content_of(kind: str, item: dict[str, Any]) -> Content:
    """Read a message; an unknown shape has no text."""
    part = item.get(kind)
    errors = errors_in(item)
    if isinstance(part, dict):
        content = _content(kind, part)
        errors = errors or errors_in(part)
    elif kind == "contacts":
        content = Content(
            detail={"cards": read_cards(part)}, proven_number=proven_number(part)
        )
    else:
        content = Content()
    detail = content.detail | _context(item)
    if errors:
        detail["errors"] = errors
    error_code = errors[0]["code"] if errors else ""
    return replace(content, detail=detail, error_code=error_code)


def _content(kind: str, part: dict[str, Any]) -> Content:
    match kind:
        case "text":
            return Content(text=clean_text(part.get("body")))
        case "interactive":
            return _interactive(part)
        case "button":
            # A template's quick reply.
            return Content(
                text=clean_text(part.get("text")), button_id=_button(part, "payload")
            )
        case "image" | "video" | "document" | "audio":
            return Content(text=clean_text(part.get("caption")), media=_media(part))
        case _:
            return _data(kind, part)


def _data(kind: str, part: dict[str, Any]) -> Content:
    """Read the types that carry data rather than text."""
    detail: dict[str, Any] = {}
    text = about = ""
    match kind:
        case "location":
            names = ("latitude", "longitude", "name", "address", "url")
            detail = {"place": plain_parts(part, names)}
        case "order":
            text = clean_text(part.get("text"))
            detail = {"order": plain_json(part.get("product_items"))}
        case "sticker":
            detail = plain_parts(part, ("animated", "mime_type"))
        case "reaction":
            detail = {"emoji": clean_line(part.get("emoji"), 16)}
            about = identifier(part, "message_id")
        case "edit" | "revoke":
            text = _new_text(part)
            about = identifier(part, "original_message_id")
        case "unsupported" | "system":
            detail = {"type": clean_token(part.get("type"))}
    return Content(text=text, detail=detail, about=about)


def _new_text(part: dict[str, Any]) -> str:
    changed = part.get("message")
    if not isinstance(changed, dict):
        return ""
    kind = clean_token(changed.get("type"))
    return "" if kind in {"edit", "revoke"} else content_of(kind, changed).text


def _interactive(part: dict[str, Any]) -> Content:
    for name in ("button_reply", "list_reply"):
        reply = part.get(name)
        if isinstance(reply, dict):
            return Content(
                text=clean_text(reply.get("title")), button_id=_button(reply, "id")
            )
    for name in sorted(FORM_REPLIES):
        reply = part.get(name)
        if isinstance(reply, dict):
            detail: dict[str, Any] = {"reply": name}
            if name == "nfm_reply":
                detail["form"] = plain_json(reply.get("response_json"))
            else:
                detail["answer"] = plain_json(reply)
            return Content(text=clean_text(reply.get("body")), detail=detail)
    return Content()


def _media(part: dict[str, Any]) -> MediaRef:
    media_id = identifier(part, "id")
    return MediaRef(
        id=media_id if media_id.isascii() and media_id.isdigit() else "",
        mime_type=clean_line(part.get("mime_type"), 80),
        sha256=clean_line(part.get("sha256"), 80),
        filename=clean_line(part.get("filename"), 120),
        is_voice=part.get("voice") is True,
    )


def _context(item: dict[str, Any]) -> dict[str, Any]:
    """Return the referral and context of a message."""
    found: dict[str, Any] = {}
    referral, context = item.get("referral"), item.get("context")
    if isinstance(referral, dict):
        found["referral"] = plain_parts(referral, REFERRAL)
    if isinstance(context, dict):
        for name in ("forwarded", "frequently_forwarded"):
            if context.get(name) is True:
                found["forwarded"] = name
        if isinstance(product := context.get("referred_product"), dict):
            names = ("catalog_id", "product_retailer_id")
            found["product"] = plain_parts(product, names)
    return found


def _button(part: dict[str, Any], name: str) -> str:
    return clean_line(part.get(name), LONGEST_BUTTON_ID)


REQUESTED = "contact_request"
MOST_CARDS = 5
MOST_NUMBERS = 3
LONGEST_VCARD = 4_096
TEL = re.compile(
    r"^TEL[^:\r\n]{0,200}:([^\r\n:;]{6,40})\s*$", re.MULTILINE | re.IGNORECASE
)
WAID = re.compile(r"waid=([0-9]{7,15})", re.IGNORECASE)


def read_cards(part: object) -> list[dict[str, Any]]:
    """Return the names and numbers of the contact cards, bounded."""
    return [
        {
            "name": _name(card),
            "numbers": _numbers(card),
            "origin": clean_line(card.get("origin"), 24),
        }
        for card in _cards(part)
    ]


def proven_number(part: object) -> str:
    """Return the sender's number, proven by the answer to our contact request.

    Such an answer is a single card with ``origin: contact_request``. A forwarded card
    proves nothing.
    """
    cards = _cards(part)
    if len(cards) != 1 or cards[0].get("origin") != REQUESTED:
        return ""
    numbers = set(_numbers(cards[0]))
    return numbers.pop() if len(numbers) == 1 else ""


def _cards(part: object) -> list[dict[str, Any]]:
    if not isinstance(part, list):
        return []
    return [card for card in part[:MOST_CARDS] if isinstance(card, dict)]


def _name(card: dict[str, Any]) -> str:
    name = card.get("name")
    return clean_line(name.get("formatted_name"), 120) if isinstance(name, dict) else ""


def _numbers(card: dict[str, Any]) -> list[str]:
    """Return the numbers of a card in E.164; WhatsApp's own spelling comes first."""
    phones = card.get("phones")
    found = [
        _number(phone.get("wa_id")) or _number(phone.get("phone"))
        for phone in (phones if isinstance(phones, list) else ())
        if isinstance(phone, dict)
    ]
    vcard = card.get("vcard")
    if isinstance(vcard, str):
        vcard = vcard[:LONGEST_VCARD]
        named = WAID.findall(vcard)
        found += [number_in(value) for value in named] or [
            _number(value) for value in TEL.findall(vcard)
        ]
    return list(dict.fromkeys(filter(None, found)))[:MOST_NUMBERS]


def _number(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return number_in(without_separators(value[:40]))
