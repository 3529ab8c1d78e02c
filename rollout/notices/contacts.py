"""Contacts and on-call shifts: the order of calls, and what is missing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from easymo.sentences import translatable
from rollout.core import clock
from rollout.core.change_reason import valid_actor
from rollout.core.errors import InvalidChange
from rollout.models import Contact, OnCallShift

# A number not tried for longer may belong to another person.
VERIFIED_FOR = timedelta(days=30)
LONGEST_SHIFT = timedelta(days=31)
SEPARATORS = str.maketrans("", "", " \t-./()\u00a0")
MOST_ORDER = 99
# Texts that people enter instead of a name.
PLACEHOLDERS = frozenset({"", "contact info", "todo", "tbd", "changeme", "xxx", "n/a"})


def on_call(now: datetime | None = None) -> list[Contact]:
    """Return the contacts in the order to call: on shift first, then the usual order."""
    moment = now or clock.now()
    on_shift = OnCallShift.objects.filter(
        starts_at__lte=moment, ends_at__gt=moment, contact__is_active=True
    ).select_related("contact")
    usual = Contact.objects.filter(is_active=True, order__gt=0)
    ordered = [shift.contact for shift in on_shift] + list(usual)
    return list({contact.pk: contact for contact in ordered}.values())


NO_ADDRESS = _("Enter a name with a number or an address first.")


def is_placeholder(contact: Contact) -> bool:
    """Tell whether the row names no person who can be reached."""
    name = contact.name.strip().lower()
    is_named = name not in PLACEHOLDERS and not name.startswith("[")
    return not (is_named and (contact.phone or contact.email))


def problems(now: datetime | None = None) -> list[str]:
    """Return the problems of the on-call contacts, one sentence each."""
    moment = now or clock.now()
    called = on_call(moment)
    if not called:
        return [translatable("No contact is on call.")]
    return problems_of(called, moment)


def problems_of(called: list[Contact], moment: datetime) -> list[str]:
    """Return the problems of these contacts."""
    found: list[str] = []
    for contact in called:
        if is_placeholder(contact):
            found.append(translatable("{role} names no person yet.", role=contact.role))
        elif not contact.phone:
            found.append(
                translatable("{role} has no telephone number.", role=contact.role)
            )
        elif contact.verified_at is None:
            found.append(translatable("{role} was never verified.", role=contact.role))
        elif contact.verified_at < moment - VERIFIED_FOR:
            found.append(
                translatable(
                    "{role} was last verified over 30 days ago.", role=contact.role
                )
            )
    return found


def save_contact(*, contact: Contact | None, **values: Any) -> Contact:
    """Create or change a contact; a new number or address must be verified again."""
    row = contact or Contact()
    before = (row.name, row.phone, row.email)
    row.role = one_line(values["role"], translatable("A role"), 80)
    row.name = one_line(values.get("name", ""), translatable("A name"), 100, least=0)
    row.phone = valid_phone(values.get("phone", ""))
    row.email = valid_address(values.get("email", ""))
    row.order = int(values.get("order") or 0)
    row.is_active = bool(values.get("is_active", True))
    if not 0 <= row.order <= MOST_ORDER:
        raise InvalidChange(
            translatable("The order is 1 for who is called first, 0 for not on call.")
        )
    if contact is not None and before != (row.name, row.phone, row.email):
        row.verified_at = None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise InvalidChange(
            translatable("There is a contact {role} already.", role=repr(row.role))
        ) from error
    return row


def verify(*, contact: Contact) -> None:
    """Record that the contact answered just now."""
    if is_placeholder(contact):
        raise InvalidChange(NO_ADDRESS)
    contact.verified_at = clock.now()
    contact.save(update_fields=["verified_at"])


def add_shift(
    *, contact: Contact, starts_at: datetime, ends_at: datetime, by: str
) -> OnCallShift:
    """Let a contact be called first for some time."""
    if not starts_at < ends_at <= starts_at + LONGEST_SHIFT:
        raise InvalidChange(
            translatable("A shift ends after it began, and lasts a month at most.")
        )
    if is_placeholder(contact):
        raise InvalidChange(NO_ADDRESS)
    return OnCallShift.objects.create(
        contact=contact, starts_at=starts_at, ends_at=ends_at, added_by=valid_actor(by)
    )


def end_shift(*, shift: OnCallShift) -> None:
    """End a shift now; delete one that has not begun."""
    now = clock.now()
    if shift.starts_at >= now:
        shift.delete()
    elif shift.ends_at > now:
        shift.ends_at = now
        shift.save(update_fields=["ends_at"])


def valid_phone(text: str) -> str:
    """Return a number in international form, or an empty text."""
    number = text.strip().translate(SEPARATORS)
    if number.startswith("00"):
        number = "+" + number[2:]
    digits = number[1:]
    is_number = digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15
    if number and not (number.startswith("+") and is_number and digits[0] != "0"):
        raise InvalidChange(translatable("Give the number with its country: +250 …"))
    return number


def valid_address(text: str) -> str:
    address = text.strip()
    try:
        if address:
            validate_email(address)
    except ValidationError as error:
        raise InvalidChange(translatable("This is not an e-mail address.")) from error
    return address


def one_line(text: str, what: str, longest: int, *, least: int = 1) -> str:
    stripped = text.strip()
    if not least <= len(stripped) <= longest or not (
        not stripped or stripped.isprintable()
    ):
        raise InvalidChange(
            translatable(
                "{what} has {least} to {longest} printable characters.",
                what=what,
                least=least,
                longest=longest,
            )
        )
    return stripped
