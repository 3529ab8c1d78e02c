"""Who wrote: a message paired with its own contact, for a batch mixes people.

The fields have drifted over versions and partners; all spellings that were seen are
read. developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.whatsapp.sanitise import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable

USER_ID = ("from_user_id", "user_id")
PARENT_ID = ("from_parent_user_id", "parent_user_id")
LONGEST_NAME = 120
LONGEST_USERNAME = 64

type Contacts = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sender:
    """How the channel names who wrote; number or user id is not empty."""

    # E.164 with "+".
    number: str
    # Business-scoped user id: opaque, case and dots kept.
    bsuid: str
    name: str
    # Over several businesses of one owner. Noted only.
    parent: str = ""
    # For the eye only: people change it, and others take it over.
    username: str = ""


def index_contacts(contacts: Iterable[object], *, messages: int) -> Contacts:
    """Index the contacts by both their names.

    "" finds the only contact of the only message: nobody else can be meant.
    """
    found: Contacts = {}
    known = [contact for contact in contacts if isinstance(contact, dict)]
    for contact in known:
        for name in ("wa_id", "user_id"):
            if value := identifier(contact, name):
                found[value] = contact
    if len(known) == 1 and messages == 1:
        found[""] = known[0]
    return found


def sender_of(item: dict[str, Any], contacts: Contacts) -> Sender | None:
    """Return who sent this item; None when nothing names anybody."""
    origin = identifier(item, "from", "wa_id")
    user_id = identifier(item, *USER_ID)
    # Some stacks saw a user id in `from` itself.
    if bsuid_in(origin):
        origin, user_id = "", user_id or origin
    names = [name for name in (user_id, origin) if name] or [""]
    contact = next((contacts[name] for name in names if name in contacts), {})
    number = number_in(origin or identifier(contact, "wa_id"))
    bsuid = bsuid_in(user_id or identifier(contact, "user_id"))
    if not number and not bsuid:
        return None
    profile = contact.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    username = profile.get("username") or contact.get("username")
    return Sender(
        number=number,
        bsuid=bsuid,
        name=clean_line(profile.get("name"), LONGEST_NAME),
        parent=parent_in(
            identifier(item, *PARENT_ID) or identifier(contact, *PARENT_ID)
        ),
        username=clean_line(username, LONGEST_USERNAME),
    )


LONGEST_ID = 512
LATEST_TIMESTAMP = 253_402_300_799

NUMBER = re.compile(r"\+?([1-9][0-9]{6,14})", re.ASCII)
BSUID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
PARENT = re.compile(r"[A-Z]{2}\.ENT\.[A-Za-z0-9]{1,128}", re.ASCII)


def identifier(parent: object, *names: str) -> str:
    """Return the first identifier under these names as it is, or "" for none."""
    if not isinstance(parent, dict):
        return ""
    for name in names:
        value = parent.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value or len(value) > LONGEST_ID:
            continue
        if value == clean_line(value, LONGEST_ID):
            return value
    return ""


def number_in(text: str) -> str:
    """Return E.164 with "+", or "" when the text is no number."""
    found = NUMBER.fullmatch(text)
    return f"+{found[1]}" if found else ""


def bsuid_in(text: str) -> str:
    """Return a business-scoped user id: opaque, its case and dots kept."""
    return text if BSUID.fullmatch(text) else ""


def parent_in(text: str) -> str:
    return text if PARENT.fullmatch(text) else ""


def timestamp_of(item: dict[str, Any]) -> int | None:
    """Return seconds since 1970, when the provider told them in its way."""
    value = identifier(item, "timestamp")
    if re.fullmatch(r"[0-9]{1,12}", value, re.ASCII):
        seconds = int(value)
        return seconds if seconds <= LATEST_TIMESTAMP else None
    return None
