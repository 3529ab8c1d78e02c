"""Split Meta's envelope into items, and build an envelope around some of them.

A batch mixes senders, and the previous workflow must receive only its own: each item
is stored with the fields of its envelope and its own contact, and items of one sender
from one webhook are sent together. Unknown fields are kept, and numbers are kept digit
by digit. Of duplicate keys the last one counts, and NaN becomes null.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.whatsapp.payload import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Marks a number that Python would write differently.
_MARK = f"\ue000{secrets.token_hex(8)}:"
_MARKED = re.compile(re.escape(json.dumps(_MARK)[:-1]) + r"([-+.0-9eE]+)\"")
LONGEST_INTEGER = 18
# The lists in the value of a change; its other fields belong to all items.
LISTS = ("messages", "statuses", "user_preferences", "user_id_update")
PER_ITEM = frozenset({*LISTS, "contacts"})
# The fields that name the sender or recipient, the permanent id first.
ID_FIELDS = {
    "messages": ("from_user_id", "user_id", "from"),
    "statuses": ("recipient_user_id", "user_id", "recipient_id"),
    "user_preferences": ("user_id", "wa_id"),
    "user_id_update": ("wa_id",),
}
CONTACT_ID_FIELDS = ("user_id", "wa_id")
# Only these are forwarded.
KINDS = {"messages": "message", "statuses": "status"}

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EnvelopeItem:
    """One item with the fields of its envelope, without those of other people."""

    # message, status, other
    kind: str
    # Our number and the sender or recipient.
    lane: str
    # Equal when the same item arrives again.
    key: str
    content: bytes
    # Of a status: the message and its recipient.
    provider_id: str = ""
    recipient: str = ""
    opaque: str = ""


class Envelope:
    """The document of one webhook."""

    def __init__(self, body: bytes) -> None:
        self.document = _loads(body)

    def item_at(self, path: str) -> EnvelopeItem | None:
        """Return the item at a path of `payload.read`.

        Return None when it is missing, or holds neither a message nor a status.
        """
        steps = path.split("/")[1:]
        document = self.document
        if not steps:
            return _whole(document) if _document_holds_any(document) else None
        match steps:
            case ["entry", entry_index, "changes", change_index, *rest]:
                entry = _at(document, "entry", entry_index)
                change = _at(entry, "changes", change_index)
            case _:
                return None
        if not isinstance(change, dict) or not _holds_any(change):
            return None
        head = {
            "object": _without(document, "entry"),
            "entry": _without(entry, "changes"),
        }
        match rest:
            case []:
                return _change(head, change)
            case ["value", str(name), index] if name in KINDS:
                return _item(head, change, name, index)
        return None

    def paths_of(self, provider_ids: set[str]) -> list[str]:
        """Return the paths of the messages with these ids."""
        found = []
        for entry_index, entry in _enumerated(self.document, "entry"):
            for change_index, change in _enumerated(entry, "changes"):
                value = change.get("value") if isinstance(change, dict) else None
                for index, item in _enumerated(value, "messages"):
                    if isinstance(item, dict) and _text(item.get("id")) in provider_ids:
                        head = f"/entry/{entry_index}/changes/{change_index}"
                        found.append(f"{head}/value/messages/{index}")
        return found


def build_body(contents: Sequence[bytes]) -> tuple[int, bytes]:
    """Return the number of leading items with the same envelope, and their body."""
    first = _loads(contents[0])
    head = first["head"]
    body = _envelope(head)
    if "list" not in first:
        return 1, _dumps(body)
    count = 0
    for content in contents:
        part = _loads(content)
        if "list" not in part or part["head"] != head:
            break
        _add(body, part["list"], part["item"], part["contact"])
        count += 1
    return count, _dumps(body)


def _document_holds_any(document: object) -> bool:
    return any(
        _holds_any(change)
        for _, entry in _enumerated(document, "entry")
        for _, change in _enumerated(entry, "changes")
    )


def _holds_any(change: object) -> bool:
    """Tell whether a change holds a message or a status, also a malformed one."""
    value = change.get("value") if isinstance(change, dict) else None
    return isinstance(value, dict) and any(value.get(name) for name in KINDS)


def _whole(document: Json) -> EnvelopeItem | None:
    content = _dumps({"head": {"object": document}})
    return EnvelopeItem("other", "", content.decode(), content)


def _change(head: Json, change: Json) -> EnvelopeItem:
    content = _dumps({"head": head | {"change": change}})
    return EnvelopeItem("other", _number_id(change), content.decode(), content)


def _item(head: Json, change: Json, name: str, index: str) -> EnvelopeItem | None:
    value = change.get("value")
    item = _at(value, name, index)
    if not isinstance(item, dict) or not isinstance(value, dict):
        return None
    siblings = sum(len(value[key]) for key in LISTS if isinstance(value.get(key), list))
    rest = _without(value, *PER_ITEM, *(() if siblings == 1 else ("errors",)))
    head |= {"change": _without(change, "value"), "value": rest}
    contact = _contact_of(item, name, value.get("contacts"))
    content = _dumps({"head": head, "list": name, "item": item, "contact": contact})
    person = _first_text(item, ID_FIELDS[name]) or _first_text(
        contact, CONTACT_ID_FIELDS
    )
    kind = KINDS[name]
    provider_id = _text(item.get("id"))
    parts = (
        [kind, provider_id, _text(item.get("status"))]
        if provider_id
        else [content.decode()]
    )
    return EnvelopeItem(
        kind=kind,
        lane=f"{_number_id(change)}/{person.lstrip('+')}",
        key="/".join(parts),
        content=content,
        provider_id=provider_id,
        recipient=_text(item.get("recipient_id")).lstrip("+"),
        opaque=_text(item.get("biz_opaque_callback_data")),
    )


def _contact_of(item: Json, name: str, contacts: object) -> Json | None:
    """Return the item's contact; a single contact needs no matching id."""
    among = contacts if isinstance(contacts, list) else []
    found = [each for each in among if isinstance(each, dict)]
    names = [_text(item.get(key)).lstrip("+") for key in ID_FIELDS[name]]
    names = [each for each in names if each]
    for own in names:
        for contact in found:
            theirs = (_text(contact.get(key)).lstrip("+") for key in CONTACT_ID_FIELDS)
            if own in theirs:
                return contact
    return found[0] if len(found) == 1 and name == "messages" and not names else None


def _envelope(head: Json) -> Json:
    """Return the envelope without items; a head without an entry is the whole body."""
    if "entry" not in head:
        return dict(head["object"])
    change = dict(head["change"])
    if "value" in head:
        change["value"] = dict(head["value"])
    return {**head["object"], "entry": [{**head["entry"], "changes": [change]}]}


def _add(body: Json, name: str, item: Json, contact: Json | None) -> None:
    value = body["entry"][0]["changes"][0]["value"]
    if contact is not None and contact not in value.setdefault("contacts", []):
        value["contacts"].append(contact)
    value.setdefault(name, []).append(item)


def _number_id(change: Json) -> str:
    value = change.get("value")
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(metadata, dict):
        return ""
    return _text(metadata.get("phone_number_id"))


def _first_text(item: Json | None, names: Sequence[str]) -> str:
    return next((_text(item[name]) for name in names if item and item.get(name)), "")


def _at(parent: object, name: str, index: str) -> object:
    items = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(items, list) or not index.isdecimal():
        return None
    return items[int(index)] if int(index) < len(items) else None


def _enumerated(parent: object, name: str) -> Iterable[tuple[int, Any]]:
    items = parent.get(name) if isinstance(parent, dict) else None
    return enumerate(items) if isinstance(items, list) else ()


def _without(parent: object, *names: str) -> Json:
    if not isinstance(parent, dict):
        return {}
    return {key: value for key, value in parent.items() if key not in names}


def _text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _loads(body: bytes) -> Any:
    hooks: Json = {
        "parse_float": _marked,
        "parse_int": _integer,
        "parse_constant": lambda _: None,
    }
    try:
        try:
            return json.loads(body, **hooks)
        except UnicodeDecodeError:
            return json.loads(body.decode("utf-8", "replace"), **hooks)
    except (RecursionError, ValueError) as error:
        raise UnreadableError("not JSON") from error


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_INTEGER else _marked(digits)


def _marked(literal: str) -> str:
    return _MARK + literal


def _dumps(value: object) -> bytes:
    """Write JSON with spaces.

    Meta writes none, so a forwarded body never equals the bytes of a received one.
    """
    return _MARKED.sub(r"\1", json.dumps(value)).encode()
