"""What a message of each of Meta's types says.

developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agents.whatsapp.contact_cards import proven_number, read_cards
from agents.whatsapp.sanitise import (
    clean_line,
    clean_text,
    clean_token,
    plain_json,
    plain_parts,
)
from agents.whatsapp.senders import identifier
from agents.whatsapp.statuses import errors_in

LONGEST_BUTTON_ID = 256

# Never a turn: nothing is asked. An edit changes the message that it is about.
SILENT_KINDS = frozenset(
    {"reaction", "sticker", "system", "edit", "revoke", "ephemeral", "unsupported"}
)
# Messages all the same: free text may be sent for a day after them.
OPENS_WINDOW = frozenset({"sticker", "unsupported"})
# Answered without waiting for more.
BUTTON_KINDS = frozenset({"interactive", "button"})
MEDIA_KINDS = frozenset({"image", "video", "audio", "document"})
REFERRAL = ("source_type", "source_id", "headline", "body", "ctwa_clid")
# Replies of a form, a permission or a payment: data, never a person's own words.
FORM_REPLIES = frozenset({"nfm_reply", "call_permission_reply", "payment_method"})


@dataclass(frozen=True, slots=True)
class MediaRef:
    """Where the provider keeps what was sent."""

    id: str
    mime_type: str
    sha256: str
    filename: str
    is_voice: bool


@dataclass(frozen=True, slots=True)
class Content:
    """The words, the id of the button that was pressed, and what else it says."""

    text: str = ""
    button_id: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    media: MediaRef | None = None
    # The provider's id of the message that this one is about.
    about: str = ""
    # A number that the channel itself vouches for (a contact request's answer).
    proven_number: str = ""
    error_code: str = ""


def content_of(kind: str, item: dict[str, Any]) -> Content:
    """Read a message; a shape that we do not know has no words."""
    part = item.get(kind)
    content = _content(kind, part)
    detail = content.detail | _around(item)
    errors = errors_in(item) or (errors_in(part) if isinstance(part, dict) else [])
    if errors:
        detail["errors"] = errors
    return Content(
        text=content.text,
        button_id=content.button_id,
        detail=detail,
        media=content.media,
        about=content.about,
        proven_number=content.proven_number,
        error_code=errors[0]["code"] if errors else "",
    )


def _content(kind: str, part: object) -> Content:
    if not isinstance(part, dict):
        return _cards(part) if kind == "contacts" else Content()
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
            return _aside(kind, part)


def _cards(part: object) -> Content:
    return Content(
        detail={"cards": read_cards(part)}, proven_number=proven_number(part)
    )


def _aside(kind: str, part: dict[str, Any]) -> Content:
    """Return what stands beside the talk."""
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
            text = _new_words(part)
            about = identifier(part, "original_message_id")
        case "unsupported" | "system":
            detail = {"type": clean_token(part.get("type"))}
    return Content(text=text, detail=detail, about=about)


def _new_words(part: dict[str, Any]) -> str:
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


def _around(item: dict[str, Any]) -> dict[str, Any]:
    """Return the advertisement it came from, and what it answers or passes on."""
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
