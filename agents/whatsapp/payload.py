"""Read Meta's webhooks into frozen dataclasses.

A webhook may hold a thousand items of many people. Each item is read separately, so
that a bad one (``BadItem``) does not affect the others. Unknown objects and fields are
``IgnoredItem``. Only a body that is not JSON raises.

The format: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from agents.whatsapp.contents import Content, content_of, kind_of
from agents.whatsapp.sanitise import clean_token
from agents.whatsapp.senders import (
    Sender,
    identifier,
    index_contacts,
    sender_of,
    timestamp_of,
)
from agents.whatsapp.statuses import Status, errors_in, read_status
from agents.whatsapp.user_updates import (
    CHANGES_FIELD,
    PREFERENCES_FIELD,
    IdentityChange,
    Preference,
    read_id_update,
    read_preference,
    read_system_message,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agents.whatsapp.contents import MediaRef
    from agents.whatsapp.senders import Contacts

OBJECT = "whatsapp_business_account"
FIELDS = {"messages", PREFERENCES_FIELD, CHANGES_FIELD}
# PostgreSQL and Python refuse longer integers, and Meta sends none.
LONGEST_INTEGER = 18


class UnreadableError(Exception):
    """The body is not a JSON document."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message of one person."""

    path: str
    phone_number_id: str
    provider_id: str
    sender: Sender
    kind: str
    content: Content
    # Seconds since 1970 by the provider's clock, if given.
    timestamp: int | None
    is_group: bool
    # Written from our own number: an echo.
    is_own: bool = False

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
    """Errors of the provider that concern no single message."""

    path: str
    phone_number_id: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class IgnoredItem:
    """An object or field that the agent does not handle."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class BadItem:
    """An item without the required shape."""

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
    """Yield the items of a webhook in their order; raise ``UnreadableError``."""
    document = _parse(body)
    if not isinstance(document, dict) or document.get("object") != OBJECT:
        yield IgnoredItem("", "unknown object")
        return
    for path, entry in _each(document, "entry", ""):
        if not isinstance(entry, dict):
            yield BadItem(path, "entry is no object")
            continue
        for change_path, change in _each(entry, "changes", path):
            yield from _read_change(change, change_path)


def _parse(body: bytes) -> object:
    try:
        text = body.decode(json.detect_encoding(body), "replace")
        return json.loads(text, parse_int=_integer, object_pairs_hook=_without_nulls)
    except RecursionError as error:
        raise UnreadableError("nested too deeply") from error
    except ValueError as error:
        raise UnreadableError("not JSON") from error


def _without_nulls(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Drop the null fields: null is absent. The nulls of a list keep its places."""
    return {name: value for name, value in pairs if value is not None}


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_INTEGER else "?"


def _each(parent: dict[str, Any], name: str, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the items of a list with their paths; a null is no item."""
    items = parent.get(name)
    if isinstance(items, list):
        for index, item in enumerate(items):
            if item is not None:
                yield f"{path}/{name}/{index}", item


def _read_change(change: object, path: str) -> Iterator[Item]:
    if not isinstance(change, dict):
        yield BadItem(path, "change is no object")
    elif identifier(change, "field") not in FIELDS:
        yield IgnoredItem(path, "unknown field")
    elif "value" not in change:
        yield IgnoredItem(path, "no value")
    elif not isinstance(change["value"], dict):
        yield BadItem(path, "value is no object")
    else:
        yield from _read_value(change["value"], f"{path}/value")


def _read_value(value: dict[str, Any], path: str) -> Iterator[Item]:
    metadata = value.get("metadata")
    number_id = identifier(metadata, "phone_number_id")
    own = _own_names(metadata, number_id)
    if errors := errors_in(value):
        yield ProviderErrors(f"{path}/errors", number_id, errors)
    messages = value.get("messages")
    contacts = index_contacts(
        (contact for _, contact in _each(value, "contacts", path)),
        messages=len(messages) if isinstance(messages, list) else 0,
    )
    for name, reader in (
        ("messages", _read_message),
        ("statuses", read_status),
        (CHANGES_FIELD, read_id_update),
        (PREFERENCES_FIELD, read_preference),
    ):
        if name in value and not isinstance(value[name], list):
            yield BadItem(f"{path}/{name}", f"{name} is no list")
        for item_path, item in _each(value, name, path):
            found: Item | str = "item is no object"
            if isinstance(item, dict):
                found = reader(item, item_path, number_id, contacts)
            if isinstance(found, Inbound) and identifier(item, "from", "wa_id") in own:
                found = replace(found, is_own=True)
            yield BadItem(item_path, found) if isinstance(found, str) else found


def _own_names(metadata: object, number_id: str) -> set[str]:
    """Return the forms of our own number as the sender of an echo."""
    shown = identifier(metadata, "display_phone_number")
    digits = re.sub(r"[^0-9]", "", shown)
    return {name for name in (number_id, digits, f"+{digits}") if len(name) > 1}


def _read_message(
    item: dict[str, Any], path: str, number_id: str, contacts: Contacts
) -> Inbound | IdentityChange | str:
    """Return a message, or why the item is bad."""
    if item.get("type") == "system" and (
        change := read_system_message(item, path, number_id)
    ):
        # About a person, not from them: it creates no customer.
        return change
    provider_id = identifier(item, "id")
    if not provider_id:
        return "message without an id"
    sender = sender_of(item, contacts)
    if sender is None:
        return "message without a sender"
    kind = clean_token(item.get("type")) or kind_of(item)
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
