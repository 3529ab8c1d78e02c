"""Meta's untrusted JSON, read into frozen dataclasses; no dict travels further.

A webhook may hold a thousand items of many people. Each is read by itself, so that
a bad one (``Bad``) costs its siblings nothing. What we did not subscribe to, or do
not know, is ``Ignored``. Only bytes that are no JSON document at all raise.

The shapes: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.whatsapp import user_updates
from agents.whatsapp.contents import Content, content_of
from agents.whatsapp.sanitise import clean_token
from agents.whatsapp.senders import (
    Sender,
    identifier,
    index_contacts,
    sender_of,
    timestamp_of,
)
from agents.whatsapp.statuses import Status, errors_in, read_status
from agents.whatsapp.user_updates import IdentityChange, Preference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agents.whatsapp.contents import MediaRef
    from agents.whatsapp.senders import Contacts


OBJECT = "whatsapp_business_account"
FIELD = "messages"
# Beyond these PostgreSQL and Python refuse a number; it means nothing to us then.
LONGEST_INTEGER = 18


class UnreadableError(Exception):
    """The body is no JSON document that we can walk through."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message of one person."""

    path: str
    phone_number_id: str
    provider_id: str
    sender: Sender
    kind: str
    content: Content
    # Seconds since 1970 by the provider's clock, when it told them.
    timestamp: int | None
    is_group: bool

    @property
    def text(self) -> str:
        return self.content.text

    @property
    def button_id(self) -> str:
        return self.content.button_id

    @property
    def media(self) -> MediaRef | None:
        return self.content.media


@dataclass(frozen=True, slots=True)
class ProviderErrors:
    """What the provider could not tell us, and why."""

    path: str
    errors: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class IgnoredItem:
    """Signed, and not for the agent: an object or a field that we do not handle."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class BadItem:
    """An item that has not the shape it must have."""

    path: str
    reason: str


type Item = (
    Inbound
    | Status
    | Preference
    | IdentityChange
    | ProviderErrors
    | IgnoredItem
    | BadItem
)


def read(body: bytes) -> Iterator[Item]:
    """Yield every item of a webhook, in its order; raise ``UnreadableError``."""
    document = _document(body)
    if not isinstance(document, dict) or document.get("object") != OBJECT:
        yield IgnoredItem("", "unknown object")
        return
    for path, entry in _each(document, "entry", ""):
        if not isinstance(entry, dict):
            yield BadItem(path, "entry is no object")
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
        yield BadItem(path, "change is no object")
        return
    field_name = change.get("field")
    if field_name not in {
        FIELD,
        user_updates.PREFERENCES_FIELD,
        user_updates.CHANGES_FIELD,
    }:
        yield IgnoredItem(path, "unknown field")
        return
    value = change.get("value")
    if not isinstance(value, dict):
        yield BadItem(path, "value is no object")
        return
    path += "/value"
    if field_name == user_updates.PREFERENCES_FIELD:
        for item in user_updates.read_preferences(value, path):
            yield item if isinstance(item, Preference) else BadItem(*item)
        return
    yield from _read_value(value, path)


def _read_value(value: dict[str, Any], path: str) -> Iterator[Item]:
    if errors := errors_in(value):
        yield ProviderErrors(f"{path}/errors", errors)
    number_id = identifier(value.get("metadata"), "phone_number_id")
    messages = value.get("messages")
    contacts = index_contacts(
        (contact for _, contact in _each(value, "contacts", path)),
        messages=len(messages) if isinstance(messages, list) else 0,
    )
    for name, reader in (
        ("messages", _read_message),
        ("statuses", _read_status),
        (user_updates.CHANGES_FIELD, _read_id_update),
    ):
        if name in value and not isinstance(value[name], list):
            yield BadItem(f"{path}/{name}", f"{name} is no list")
        for item_path, item in _each(value, name, path):
            if isinstance(item, dict):
                yield reader(item, item_path, number_id, contacts)
            else:
                yield BadItem(item_path, "item is no object")


def _read_message(
    item: dict[str, Any], path: str, number_id: str, contacts: Contacts
) -> Item:
    if item.get("type") == "system" and (
        change := user_updates.read_system(item, path, number_id)
    ):
        # About a person, and not by her: it makes nobody a customer.
        return change
    provider_id = identifier(item, "id")
    if not provider_id:
        return BadItem(path, "message without an id")
    sender = sender_of(item, contacts)
    if sender is None:
        return BadItem(path, "message without a sender")
    kind = clean_token(item.get("type")) or "unknown"
    return Inbound(
        path=path,
        phone_number_id=number_id,
        provider_id=provider_id,
        sender=sender,
        kind=kind,
        content=content_of(kind, item),
        timestamp=timestamp_of(item),
        is_group=bool(item.get("group_id")),
    )


def _read_status(
    item: dict[str, Any], path: str, number_id: str, _: Contacts
) -> Status | BadItem:
    status = read_status(item, path, number_id)
    return status or BadItem(path, "status without an id or a state")


def _read_id_update(
    item: dict[str, Any], path: str, number_id: str, contacts: Contacts
) -> IdentityChange | BadItem:
    change = user_updates.read_id_update(item, path, number_id, contacts)
    return change or BadItem(path, "change without a user id")
