"""Meta's envelope around what is not for the agent: taken apart, put together again.

A batch mixes senders, and the other side must see only whom it serves: so one item at
a time is picked out, with what its envelope says and its own contact, and those of one
sender that came together go on together. What we do not know stays as it was, numbers
to the last digit; of duplicate keys the last one counts, and NaN, which is no JSON,
becomes null.
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

# Around a number that Python would write otherwise than it came.
_MARK = f"\ue000{secrets.token_hex(8)}:"
_MARKED = re.compile(re.escape(json.dumps(_MARK)[:-1]) + r"([-+.0-9eE]+)\"")
LONGEST_INTEGER = 18
# In the value of a change, besides what holds for all of it.
LISTS = ("messages", "statuses", "user_preferences", "user_id_update")
OF_ONE = frozenset({*LISTS, "contacts"})
# How items name whose they are, and how contacts do; the id that lasts comes first.
NAMES = {
    "messages": ("from_user_id", "user_id", "from"),
    "statuses": ("recipient_user_id", "user_id", "recipient_id"),
    "user_preferences": ("user_id", "wa_id"),
    "user_id_update": ("wa_id",),
}
CONTACT_NAMES = ("user_id", "wa_id")
# What goes on; all else that we are told is between the provider and us.
KINDS = {"messages": "message", "statuses": "status"}

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EnvelopeItem:
    """One item, with all of its envelope that is not about somebody else."""

    # message, status, other
    kind: str
    # Which number of ours, and whose item.
    lane: str
    # What makes it the same item when it comes again.
    name: str
    content: bytes
    # The message that a status is about, and to whom it went.
    about: str = ""
    number: str = ""
    opaque: str = ""


class Envelope:
    """One webhook's document, from which items are picked by their path."""

    def __init__(self, body: bytes) -> None:
        self.document = _loads(body)

    def pick(self, path: str) -> EnvelopeItem | None:
        """Return what is at ``path`` of `payload.read`.

        None where there is nothing, or neither a message nor a status in it.
        """
        steps = path.split("/")[1:]
        document = self.document
        if not steps:
            return _whole(document) if _document_holds_any(document) else None
        match steps:
            case ["entry", entry_at, "changes", change_at, *rest]:
                entry = _at(document, "entry", entry_at)
                change = _at(entry, "changes", change_at)
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
            case ["value", str(name), place] if name in KINDS:
                return _item(head, change, name, place)
        return None

    def paths_of(self, provider_ids: set[str]) -> list[str]:
        """Return the paths of the messages with these ids."""
        found = []
        for entry_at, entry in _enumerated(self.document, "entry"):
            for change_at, change in _enumerated(entry, "changes"):
                value = change.get("value") if isinstance(change, dict) else None
                for place, item in _enumerated(value, "messages"):
                    if isinstance(item, dict) and _text(item.get("id")) in provider_ids:
                        head = f"/entry/{entry_at}/changes/{change_at}"
                        found.append(f"{head}/value/messages/{place}")
        return found


def build_body(contents: Sequence[bytes]) -> tuple[int, bytes]:
    """Return how many of the items go on together, from the first, and their body.

    Items under one head share an envelope, as they did when they came.
    """
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
    """Tell whether a change holds a message or a status, in whatever shape."""
    value = change.get("value") if isinstance(change, dict) else None
    return isinstance(value, dict) and any(value.get(name) for name in KINDS)


def _whole(document: Json) -> EnvelopeItem | None:
    content = _dumps({"head": {"object": document}})
    return EnvelopeItem("other", "", content.decode(), content)


def _change(head: Json, change: Json) -> EnvelopeItem:
    content = _dumps({"head": head | {"change": change}})
    return EnvelopeItem("other", _number_id(change), content.decode(), content)


def _item(head: Json, change: Json, name: str, place: str) -> EnvelopeItem | None:
    value = change.get("value")
    item = _at(value, name, place)
    if not isinstance(item, dict) or not isinstance(value, dict):
        return None
    siblings = sum(len(value[key]) for key in LISTS if _is_list(value.get(key)))
    rest = _without(value, *OF_ONE, *(() if siblings == 1 else ("errors",)))
    head |= {"change": _without(change, "value"), "value": rest}
    contact = _contact_of(item, name, value.get("contacts"))
    content = _dumps({"head": head, "list": name, "item": item, "contact": contact})
    whose = _first_name(item, NAMES[name]) or _first_name(contact, CONTACT_NAMES)
    kind = KINDS[name]
    about = _text(item.get("id"))
    parts = [kind, about, _text(item.get("status"))] if about else [content.decode()]
    return EnvelopeItem(
        kind=kind,
        lane=f"{_number_id(change)}/{whose.lstrip('+')}",
        name="/".join(parts),
        content=content,
        about=about,
        number=_text(item.get("recipient_id")).lstrip("+"),
        opaque=_text(item.get("biz_opaque_callback_data")),
    )


def _contact_of(item: Json, name: str, contacts: object) -> Json | None:
    """Return the item's own contact; the only one there is must be it."""
    among = contacts if isinstance(contacts, list) else []
    found = [each for each in among if isinstance(each, dict)]
    names = [_text(item.get(key)).lstrip("+") for key in NAMES[name]]
    names = [each for each in names if each]
    for own in names:
        for contact in found:
            theirs = (_text(contact.get(key)).lstrip("+") for key in CONTACT_NAMES)
            if own in theirs:
                return contact
    return found[0] if len(found) == 1 and name == "messages" and not names else None


def _envelope(head: Json) -> Json:
    """Return the envelope with nothing in it; a head without an entry is all of it."""
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


def _first_name(item: Json | None, names: Sequence[str]) -> str:
    return next((_text(item[name]) for name in names if item and item.get(name)), "")


def _at(parent: object, name: str, place: str) -> object:
    items = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(items, list) or not place.isdecimal():
        return None
    return items[int(place)] if int(place) < len(items) else None


def _enumerated(parent: object, name: str) -> Iterable[tuple[int, Any]]:
    items = parent.get(name) if isinstance(parent, dict) else None
    return enumerate(items) if isinstance(items, list) else ()


def _is_list(value: object) -> bool:
    return isinstance(value, list)


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
    """Write JSON. The blanks are on purpose: Meta writes none.

    So no body of ours is ever the same bytes as one of hers that came before.
    """
    return _MARKED.sub(r"\1", json.dumps(value)).encode()
