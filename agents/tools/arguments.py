"""Find the voucher and the station that the arguments of a call name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from agents.language import texts
from agents.language.message_text import is_own_text
from agents.offline.slots import Slots, read_slots
from agents.tools.authority import Reach, may_act_on
from easymo.observability.privacy import mask_msisdn
from vouchers import selectors
from vouchers.errors import UnknownStation, VoucherNotFound
from vouchers.money import Money, format_money
from vouchers.names import plain_name
from vouchers.services import guesses
from vouchers.services.profiles import find_station

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from agents.tools.base import Call
    from vouchers.models import Profile, Station, Voucher

# How long a request is completed by answers to questions.
_RECENTLY = timedelta(hours=24)
_MOST_RECENT = 30
# Of a number, read out on the phone before a change.
LAST_DIGITS = 4
_PLACEHOLDER = re.compile(r"\[?\s*code\s+([0-9]{1,3})\s*\]?", re.IGNORECASE)


class VoucherNotNamed(Exception):
    """The call names no voucher, and there is not exactly one candidate."""


@dataclass(frozen=True)
class NamedVoucher:
    voucher: Voucher
    # 1 when the argument was "[code 1]".
    placeholder: int | None = None


def _is_within_reach(call: Call, voucher: Voucher) -> bool:
    is_own = voucher.owner_id == call.profile.pk
    return (is_own or call.rule.reach is not Reach.OWN) and may_act_on(
        call.profile, voucher.owner, spends=call.rule.station is not None
    )


def find_voucher(
    call: Call, *, is_within_reach: Callable[[Call, Voucher], bool] = _is_within_reach
) -> NamedVoucher:
    """Return the voucher that the call names, if the person may use it.

    Raises VoucherNotNamed, VoucherNotFound, Locked. A wrong code or reference counts as a
    guess. The answer is the same for an unknown voucher and for one of another customer.
    """
    named = call.arguments.get("voucher")
    if not isinstance(named, str) or not named.strip():
        return NamedVoucher(_only_one_of(call))
    if found := _PLACEHOLDER.fullmatch(named.strip()):
        return _by_code(call, int(found[1]), is_within_reach)
    needs_code = is_within_reach is _is_within_reach and not call.is_confirmed
    if call.rule.reach is Reach.CODE_IN_HAND and needs_code:
        raise VoucherNotNamed
    guesses.check_unknown(actor=call.actor)
    voucher = selectors.voucher_by_reference(named)
    if voucher is None or not is_within_reach(call, voucher):
        guesses.count_unknown(actor=call.actor)
        raise VoucherNotFound
    return NamedVoucher(voucher)


def _by_code(
    call: Call, placeholder: int, is_within_reach: Callable[[Call, Voucher], bool]
) -> NamedVoucher:
    code = call.context.codes.get(placeholder)
    if code is None:
        raise VoucherNotNamed
    guesses.check(actor=call.actor)
    voucher = selectors.voucher_by_code(code)
    if voucher is None or not is_within_reach(call, voucher):
        guesses.count_failure(actor=call.actor)
        raise VoucherNotFound
    return NamedVoucher(voucher, placeholder)


def _only_one_of(call: Call) -> Voucher:
    """Return the only usable voucher of a customer who asks to use "my voucher"."""
    if call.rule.reach is not Reach.OWN:
        raise VoucherNotNamed
    found = list(selectors.usable_vouchers_of(call.profile)[:2])
    if len(found) != 1:
        raise VoucherNotNamed
    return found[0]


def find_named_station(name: object) -> Station:
    """Return the station; "Kimironko station" means Kimironko. Raises UnknownStation."""
    wanted = name.strip() if isinstance(name, str) else ""
    shorter = re.sub(
        r"^(the|station|sitasiyo|kituo)\s+|\s+station$", "", wanted, flags=re.IGNORECASE
    )
    for spelling in (wanted, shorter, shorter.title()):
        try:
            return find_station(spelling)
        except UnknownStation:
            continue
    raise UnknownStation(wanted)


def name_of(profile: Profile, language: str) -> str:
    """Return the name as the model reads it; `texts.render` shows it to people."""
    return plain_name(profile.name) or texts.render("name.unknown", language)


def number_of(profile: Profile, language: str) -> str:
    if not profile.msisdn:
        return texts.render("msisdn.unknown", language)
    return mask_msisdn(profile.msisdn)


def amount_of(voucher: Voucher) -> str:
    return format_money(Money(voucher.amount_minor, voucher.currency))


def status_of(voucher: Voucher) -> str:
    return voucher.status_at(timezone.now())


def date_of(at: datetime | None, language: str) -> str:
    return texts.format_date(at, language) if at else ""


def number_in_question(call: Call, profile: Profile) -> str:
    """Return the number as the person wrote it, in full, for a question to them.

    A number that they did not write is masked, and the question says so: the model may
    have named another customer of the same name.
    """
    if call.context.channel == "voice" and profile.msisdn:
        # Nothing is written on the phone: the last digits are read out.
        digits = " ".join(profile.msisdn[-LAST_DIGITS:])
        return call.text("phone.last_digits", digits=digits)
    for slots in _written_slots(call):
        for number, written in zip(slots.numbers, slots.written_numbers, strict=True):
            if number == profile.msisdn:
                return written
    masked = number_of(profile, call.context.language)
    return call.text("msisdn.not_written", msisdn=masked) if profile.msisdn else masked


def reference_in_question(call: Call, named: NamedVoucher) -> str:
    """Return the reference, and say so when the person wrote neither it nor the code."""
    reference = named.voucher.reference
    if call.context.channel == "voice":
        return reference
    is_written = named.placeholder is not None or any(
        reference in slots.references for slots in _written_slots(call)
    )
    if is_written:
        return reference
    return call.text("reference.not_written", reference=reference)


def _written_slots(call: Call) -> Iterator[Slots]:
    """Read what the person wrote in this turn, then in recent messages of the chat."""
    yield from map(read_slots, call.context.own_text)
    yield read_slots("\n".join(call.context.own_text))
    recent = call.context.conversation.messages.filter(
        received_at__gte=call.context.now() - _RECENTLY, revoked_at__isnull=True
    ).order_by("-id")[:_MOST_RECENT]
    yield from (read_slots(message.text) for message in recent if is_own_text(message))
