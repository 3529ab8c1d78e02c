"""Updates about a person: a changed number, user id or device, and their preferences.

developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from agents.whatsapp.senders import BSUID, bsuid_in, identifier, number_in

if TYPE_CHECKING:
    from agents.whatsapp.senders import Contacts

CHANGES_FIELD = "user_id_update"
PREFERENCES_FIELD = "user_preferences"
# Meta's own sample has the former user id in the text only.
FROM_TO = re.compile(rf"from ({BSUID.pattern}) to ({BSUID.pattern})")


class ChangeKind(StrEnum):
    NUMBER = "number"
    USER_ID = "user_id"
    DEVICE = "device"


# Meta's types, of this year's version and of older ones.
CHANGE_KINDS = {
    "user_changed_number": ChangeKind.NUMBER,
    "customer_changed_number": ChangeKind.NUMBER,
    "user_changed_user_id": ChangeKind.USER_ID,
    "customer_identity_changed": ChangeKind.DEVICE,
    "user_identity_changed": ChangeKind.DEVICE,
}
WANTS = {"stop": False, "resume": True}


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """A person's identities before and after a change, as far as they are given."""

    path: str
    phone_number_id: str
    kind: ChangeKind
    old_number: str = ""
    old_bsuid: str = ""
    number: str = ""
    bsuid: str = ""


@dataclass(frozen=True, slots=True)
class Preference:
    """Whether a person wants unrequested messages."""

    path: str
    phone_number_id: str
    number: str
    bsuid: str
    wants: bool
    timestamp: str


def read_system_message(
    item: dict[str, Any], path: str, number_id: str
) -> IdentityChange | None:
    """Return the identity change of a system message, if it reports one."""
    system = item.get("system")
    kind = CHANGE_KINDS.get(identifier(system, "type"))
    if kind is None:
        return None
    origin = identifier(item, "from")
    if kind is ChangeKind.USER_ID:
        ids = FROM_TO.search(identifier(system, "body")) or ("", "", "")
        old_bsuid = bsuid_in(
            identifier(system, "previous_user_id", "old_user_id") or ids[1]
        )
        new_bsuid = bsuid_in(identifier(system, "user_id", "new_user_id") or ids[2])
    else:
        old_bsuid = bsuid_in(identifier(item, "from_user_id"))
        new_bsuid = bsuid_in(identifier(system, "user_id"))
    new_number = number_in(identifier(system, "wa_id", "new_wa_id"))
    return IdentityChange(
        path=path,
        phone_number_id=number_id,
        kind=kind,
        old_number=number_in(origin) or number_in(identifier(system, "customer")),
        old_bsuid=old_bsuid or bsuid_in(origin),
        number=new_number if kind is ChangeKind.NUMBER else "",
        bsuid=new_bsuid,
    )


def read_id_update(
    item: dict[str, Any], path: str, number_id: str, contacts: Contacts
) -> IdentityChange | str:
    """Return a changed user id, or why the item is bad."""
    ids = item.get("user_id")
    if isinstance(ids, dict):
        old = identifier(ids, "previous", "old")
        new = identifier(ids, "current", "new")
    else:
        old = identifier(item, "previous_user_id", "old_user_id")
        new = identifier(item, "user_id", "new_user_id")
    if not bsuid_in(new):
        return "change without a user id"
    contact = contacts.get(new) or contacts.get(old) or {}
    number = identifier(item, "wa_id") or identifier(contact, "wa_id")
    return IdentityChange(
        path=path,
        phone_number_id=number_id,
        kind=ChangeKind.USER_ID,
        old_number=number_in(number),
        old_bsuid=bsuid_in(old),
        bsuid=bsuid_in(new),
    )


def read_preference(
    item: dict[str, Any], path: str, number_id: str, _: Contacts
) -> Preference | str:
    """Return a preference, or why the item is bad."""
    wants = WANTS.get(identifier(item, "value"))
    number = number_in(identifier(item, "wa_id"))
    bsuid = identifier(item, "user_id")
    if wants is None or not (number or bsuid):
        return "preference without a person or a known value"
    return Preference(
        path=path,
        phone_number_id=number_id,
        number=number,
        bsuid=bsuid,
        wants=wants,
        timestamp=identifier(item, "timestamp"),
    )
