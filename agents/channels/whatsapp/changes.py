"""What the channel tells about people's names: numbers and ids that changed.

developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from agents.channels.whatsapp.ids import BSUID, bsuid_in, identifier, number_in

if TYPE_CHECKING:
    from agents.channels.whatsapp.senders import Contacts

FIELD = "user_id_update"
# Meta's own sample names the earlier id in the sentence only.
FROM_TO = re.compile(rf"from ({BSUID.pattern}) to ({BSUID.pattern})")


class What(StrEnum):
    NUMBER = "number"
    USER_ID = "user_id"
    DEVICE = "device"


# Meta's word -> ours; the older ones are those of versions before 2026.
WORDS = {
    "user_changed_number": What.NUMBER,
    "customer_changed_number": What.NUMBER,
    "user_changed_user_id": What.USER_ID,
    "customer_identity_changed": What.DEVICE,
    "user_identity_changed": What.DEVICE,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One person's names before and after, as far as they are told."""

    path: str
    phone_number_id: str
    what: What
    old_number: str = ""
    old_bsuid: str = ""
    number: str = ""
    bsuid: str = ""


def read_system(item: dict[str, Any], path: str, number_id: str) -> Change | None:
    """Return what a system message tells about names; None when nothing."""
    system = item.get("system")
    what = WORDS.get(identifier(system, "type"))
    if what is None or not isinstance(system, dict):
        return None
    origin = identifier(item, "from")
    old_bsuid, new_bsuid = bsuid_in(origin), ""
    if what is What.USER_ID:
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
    return Change(
        path=path,
        phone_number_id=number_id,
        what=what,
        old_number=number_in(origin) or old_number,
        old_bsuid=old_bsuid,
        number=number_in(told) if what is What.NUMBER else "",
        bsuid=new_bsuid,
    )


def read_id_update(
    item: dict[str, Any], path: str, number_id: str, contacts: Contacts
) -> Change | None:
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
    return Change(
        path=path,
        phone_number_id=number_id,
        what=What.USER_ID,
        old_number=number_in(number),
        old_bsuid=bsuid_in(old),
        bsuid=bsuid_in(new),
    )
