"""Meta's untrusted JSON, read into frozen dataclasses; no dict travels further.

A webhook may hold a thousand items of many people. Each is read by itself, so that
a bad one (``Bad``) costs its siblings nothing. What we did not subscribe to, or do
not know, is ``Ignored``. Only bytes that are no JSON document at all raise.

The shapes: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.channels.whatsapp import preferences
from agents.channels.whatsapp.contents import content_of
from agents.channels.whatsapp.preferences import Preference
from agents.channels.whatsapp.sanitise import clean_line, clean_token

if TYPE_CHECKING:
    from collections.abc import Iterator

OBJECT = "whatsapp_business_account"
FIELD = "messages"
LONGEST_ID = 512
# Beyond these PostgreSQL and Python refuse a number; it means nothing to us then.
LONGEST_INTEGER = 18
LATEST_TIMESTAMP = 253_402_300_799

NUMBER = re.compile(r"\+?([1-9][0-9]{6,14})", re.ASCII)
BSUID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)


class UnreadableError(Exception):
    """The body is no JSON document that we can walk through."""


@dataclass(frozen=True, slots=True)
class Sender:
    """How the channel names who wrote; at least one of the two is not empty."""

    # E.164 with "+".
    number: str
    # Business-scoped user id: opaque, case and dots kept.
    bsuid: str
    name: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message of one person."""

    path: str
    phone_number_id: str
    provider_id: str
    sender: Sender
    kind: str
    text: str
    button_id: str
    # Seconds since 1970 by the provider's clock, when it told them.
    timestamp: int | None
    is_group: bool


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


@dataclass(frozen=True, slots=True)
class Ignored:
    """Signed, and not for the agent: an object or a field that we do not handle."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bad:
    """An item that has not the shape it must have."""

    path: str
    reason: str


type Item = Inbound | Status | Preference | Ignored | Bad


def read(body: bytes) -> Iterator[Item]:
    """Yield every item of a webhook, in its order; raise ``UnreadableError``."""
    document = _document(body)
    if not isinstance(document, dict) or document.get("object") != OBJECT:
        yield Ignored("", "unknown object")
        return
    for path, entry in _each(document, "entry", ""):
        if not isinstance(entry, dict):
            yield Bad(path, "entry is no object")
            continue
        for change_path, change in _each(entry, "changes", path):
            yield from _read_change(change, change_path)


def _document(body: bytes) -> object:
    try:
        return json.loads(body, parse_int=_integer)
    except UnicodeDecodeError:
        pass
    except RecursionError as error:
        raise UnreadableError("nested too deeply") from error
    except ValueError as error:
        raise UnreadableError("not JSON") from error
    try:
        return json.loads(body.decode("utf-8", "replace"), parse_int=_integer)
    except (RecursionError, ValueError) as error:
        raise UnreadableError("not JSON") from error


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_INTEGER else "?"


def _each(parent: dict[str, Any], name: str, path: str) -> Iterator[tuple[str, Any]]:
    items = parent.get(name)
    if isinstance(items, list):
        for index, item in enumerate(items):
            yield f"{path}/{name}/{index}", item


def _read_change(change: object, path: str) -> Iterator[Item]:
    if not isinstance(change, dict):
        yield Bad(path, "change is no object")
        return
    field = change.get("field")
    if field not in {FIELD, preferences.FIELD}:
        yield Ignored(path, "unknown field")
        return
    value = change.get("value")
    if not isinstance(value, dict):
        yield Bad(path, "value is no object")
        return
    path += "/value"
    if field == preferences.FIELD:
        for item in preferences.read_preferences(value, path):
            yield item if isinstance(item, Preference) else Bad(*item)
        return
    metadata = value.get("metadata")
    number_id = _id(metadata, "phone_number_id")
    contacts = [c for _, c in _each(value, "contacts", path) if isinstance(c, dict)]
    by_id = _index(contacts)
    for name, reader in (("messages", _read_message), ("statuses", _read_status)):
        if name in value and not isinstance(value[name], list):
            yield Bad(f"{path}/{name}", f"{name} is no list")
        for item_path, item in _each(value, name, path):
            if isinstance(item, dict):
                yield reader(item, item_path, number_id, by_id)
            else:
                yield Bad(item_path, "item is no object")


def _index(contacts: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Index the contacts by both their names; "" finds the only one there is."""
    found: dict[str, dict[str, Any]] = {}
    for contact in contacts:
        for name in ("wa_id", "user_id"):
            if value := _id(contact, name):
                found[value] = contact
    if len(contacts) == 1:
        found[""] = contacts[0]
    return found


def _read_message(
    item: dict[str, Any],
    path: str,
    number_id: str,
    contacts: dict[str, dict[str, Any]],
) -> Item:
    provider_id = _id(item, "id")
    if not provider_id:
        return Bad(path, "message without an id")
    sender = _sender(item, contacts)
    if sender is None:
        return Bad(path, "message without a sender")
    kind = clean_token(item.get("type")) or "unknown"
    content = content_of(kind, item)
    return Inbound(
        path=path,
        phone_number_id=number_id,
        provider_id=provider_id,
        sender=sender,
        kind=kind,
        text=content.text,
        button_id=content.button_id,
        timestamp=_timestamp(item),
        is_group=bool(item.get("group_id")),
    )


def _sender(item: dict[str, Any], contacts: dict[str, dict[str, Any]]) -> Sender | None:
    """Pair a message with its own contact: a batch mixes people."""
    origin = _id(item, "from")
    user_id = _id(item, "from_user_id") or _id(item, "user_id")
    # Some stacks saw a user id in `from` itself.
    if BSUID.fullmatch(origin):
        origin, user_id = "", user_id or origin
    names = [name for name in (user_id, origin) if name] or [""]
    contact = next((contacts[name] for name in names if name in contacts), {})
    number = NUMBER.fullmatch(origin or _id(contact, "wa_id"))
    bsuid = BSUID.fullmatch(user_id or _id(contact, "user_id"))
    if not number and not bsuid:
        return None
    profile = contact.get("profile")
    name = profile.get("name") if isinstance(profile, dict) else None
    return Sender(
        number="+" + number[1] if number else "",
        bsuid=bsuid[0] if bsuid else "",
        name=clean_line(name, 120),
    )


def _read_status(
    item: dict[str, Any], path: str, number_id: str, _: dict[str, dict[str, Any]]
) -> Item:
    provider_id = _id(item, "id")
    status = clean_token(item.get("status"))
    if not provider_id or not status:
        return Bad(path, "status without an id or a state")
    pricing = item.get("pricing")
    words = pricing.items() if isinstance(pricing, dict) else ()
    return Status(
        path=path,
        phone_number_id=number_id,
        provider_id=provider_id,
        status=status,
        opaque=clean_line(item.get("biz_opaque_callback_data"), 64),
        error_code=_error_code(item.get("errors")),
        pricing={
            clean_line(key, 40): clean_line(word, 40)
            for key, word in list(words)[:10]
            if isinstance(word, str | bool)
        },
        timestamp=_timestamp(item),
    )


def _error_code(errors: object) -> str:
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        code = errors[0].get("code")
        return clean_line(code, 40) if isinstance(code, int | str) else ""
    return ""


def _id(parent: object, name: str) -> str:
    """Return an identifier as it is, or "" when it is none."""
    if not isinstance(parent, dict):
        return ""
    value = parent.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > LONGEST_ID:
        return ""
    return value if value == clean_line(value, LONGEST_ID) else ""


def _timestamp(item: dict[str, Any]) -> int | None:
    value = _id(item, "timestamp")
    if re.fullmatch(r"[0-9]{1,12}", value, re.ASCII):
        seconds = int(value)
        return seconds if seconds <= LATEST_TIMESTAMP else None
    return None
