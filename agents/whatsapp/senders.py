"""Senders: a message with its own contact, because a batch mixes people.

The field names differ between versions and partners; all known ones are read. developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.whatsapp.sanitise import clean_line
from vouchers.codes import blank_code_digits

if TYPE_CHECKING:
    from collections.abc import Iterable

USER_ID = ("from_user_id", "user_id")
PARENT_ID = ("from_parent_user_id", "parent_user_id")
LONGEST_NAME = 120
LONGEST_USERNAME = 64

type Contacts = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sender:
    """The identities of a sender; number or user id is not empty."""

    # E.164 with "+".
    number: str
    # Business-scoped user id: opaque, case and dots kept.
    bsuid: str
    name: str
    # Shared by several businesses of one owner; stored only.
    parent: str = ""
    # For display only: it can change owner.
    username: str = ""


def index_contacts(contacts: Iterable[object], *, messages: int) -> Contacts:
    """Index the contacts by number and user id.

    The key "" is the only contact of the only message.
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
    """Return the sender of an item, or None without any identity."""
    origin = identifier(item, "from", "wa_id")
    user_id = identifier(item, *USER_ID)
    # Some versions send the user id in `from`.
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
        name=blank_code_digits(clean_line(profile.get("name"), LONGEST_NAME)),
        parent=parent_in(
            identifier(item, *PARENT_ID) or identifier(contact, *PARENT_ID)
        ),
        username=blank_code_digits(clean_line(username, LONGEST_USERNAME)),
    )


LONGEST_ID = 512
LATEST_TIMESTAMP = 253_402_300_799

NUMBER = re.compile(r"\+?([1-9][0-9]{6,14})", re.ASCII)
BSUID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
PARENT = re.compile(r"[A-Z]{2}\.ENT\.[A-Za-z0-9]{1,128}", re.ASCII)


def identifier(parent: object, *names: str) -> str:
    """Return the first valid identifier under these names, unchanged, or ""."""
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
    """Return the number in E.164 with "+", or ""."""
    found = NUMBER.fullmatch(text)
    return f"+{found[1]}" if found else ""


def bsuid_in(text: str) -> str:
    """Return the text if it is a business-scoped user id, or ""."""
    return text if BSUID.fullmatch(text) else ""


def parent_in(text: str) -> str:
    return text if PARENT.fullmatch(text) else ""


def timestamp_of(item: dict[str, Any]) -> int | None:
    """Return the seconds since 1970, or None."""
    value = identifier(item, "timestamp")
    if re.fullmatch(r"[0-9]{1,12}", value, re.ASCII):
        seconds = int(value)
        return seconds if seconds <= LATEST_TIMESTAMP else None
    return None
