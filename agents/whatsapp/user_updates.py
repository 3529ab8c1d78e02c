"""What the channel tells about people's names: numbers and ids that changed.

developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from agents.whatsapp.sanitise import clean_line, clean_token
from agents.whatsapp.senders import BSUID, bsuid_in, identifier, number_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agents.whatsapp.senders import Contacts

CHANGES_FIELD = "user_id_update"
# Meta's own sample names the earlier id in the sentence only.
FROM_TO = re.compile(rf"from ({BSUID.pattern}) to ({BSUID.pattern})")


class ChangeKind(StrEnum):
    NUMBER = "number"
    USER_ID = "user_id"
    DEVICE = "device"


# Meta's word -> ours; the older ones are those of versions before 2026.
CHANGE_KINDS = {
    "user_changed_number": ChangeKind.NUMBER,
    "customer_changed_number": ChangeKind.NUMBER,
    "user_changed_user_id": ChangeKind.USER_ID,
    "customer_identity_changed": ChangeKind.DEVICE,
    "user_identity_changed": ChangeKind.DEVICE,
}


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """One person's names before and after, as far as they are told."""

    path: str
    phone_number_id: str
    what: ChangeKind
    old_number: str = ""
    old_bsuid: str = ""
    number: str = ""
    bsuid: str = ""


def read_system(
    item: dict[str, Any], path: str, number_id: str
) -> IdentityChange | None:
    """Return what a system message tells about names; None when nothing."""
    system = item.get("system")
    what = CHANGE_KINDS.get(identifier(system, "type"))
    if what is None or not isinstance(system, dict):
        return None
    origin = identifier(item, "from")
    old_bsuid, new_bsuid = bsuid_in(origin), ""
    if what is ChangeKind.USER_ID:
        said = FROM_TO.search(identifier(system, "body"))
        old_bsuid = (
            bsuid_in(identifier(system, "previous_user_id", "old_user_id"))
            or (said[1] if said else "")
            or old_bsuid
        )
        new_bsuid = bsuid_in(
            identifier(system, "user_id", "new_user_id") or (said[2] if said else "")
        )
    else:
        old_bsuid = bsuid_in(identifier(item, "from_user_id")) or old_bsuid
        new_bsuid = bsuid_in(identifier(system, "user_id"))
    told = identifier(system, "wa_id", "new_wa_id")
    old_number = number_in(identifier(system, "customer") or origin)
    return IdentityChange(
        path=path,
        phone_number_id=number_id,
        what=what,
        old_number=number_in(origin) or old_number,
        old_bsuid=old_bsuid,
        number=number_in(told) if what is ChangeKind.NUMBER else "",
        bsuid=new_bsuid,
    )


def read_id_update(
    item: dict[str, Any], path: str, number_id: str, contacts: Contacts
) -> IdentityChange | None:
    """Return the change that the field ``user_id_update`` tells."""
    ids = item.get("user_id")
    if isinstance(ids, dict):
        old = identifier(ids, "previous", "old")
        new = identifier(ids, "current", "new")
    else:
        old = identifier(item, "previous_user_id", "old_user_id")
        new = identifier(item, "user_id", "new_user_id")
    if not bsuid_in(new):
        return None
    contact = contacts.get(new) or contacts.get(old) or {}
    number = identifier(item, "wa_id") or identifier(contact, "wa_id")
    return IdentityChange(
        path=path,
        phone_number_id=number_id,
        what=ChangeKind.USER_ID,
        old_number=number_in(number),
        old_bsuid=bsuid_in(old),
        bsuid=bsuid_in(new),
    )


PREFERENCES_FIELD = "user_preferences"
NUMBER = re.compile(r"\+?([1-9][0-9]{6,14})", re.ASCII)
WANTS = {"stop": False, "resume": True}


@dataclass(frozen=True, slots=True)
class Preference:
    """Whether a person wants what nobody asked us for."""

    path: str
    phone_number_id: str
    number: str
    bsuid: str
    wants: bool
    timestamp: str


def read_preferences(
    value: dict[str, Any], path: str
) -> Iterator[Preference | tuple[str, str]]:
    """Yield each preference of a change; a path and a reason for one that is bad."""
    metadata = value.get("metadata")
    number_id = metadata.get("phone_number_id") if isinstance(metadata, dict) else ""
    items = value.get(PREFERENCES_FIELD)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        where = f"{path}/{PREFERENCES_FIELD}/{index}"
        word = clean_token(item.get("value")) if isinstance(item, dict) else ""
        number = NUMBER.fullmatch(clean_line(item.get("wa_id"), 20)) if word else None
        bsuid = clean_line(item.get("user_id"), 160) if word else ""
        if word not in WANTS or not (number or bsuid):
            yield where, "preference without a person or a word that we know"
            continue
        yield Preference(
            path=where,
            phone_number_id=clean_line(number_id, 64),
            number="+" + number[1] if number else "",
            bsuid=bsuid,
            wants=WANTS[word],
            timestamp=clean_line(item.get("timestamp"), 20),
        )
