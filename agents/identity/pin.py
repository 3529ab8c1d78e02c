"""The PIN of a person for phone calls: set, cleared and checked.

A wrong PIN counts for the person and for the calling number. The third one locks both
for 15 minutes, and each further lock lasts twice as long. Both rows are locked while a
PIN is checked, so that calls at the same time check three PINs together and no more.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import argon2
from django.db import transaction
from django.utils import timezone

from agents.core.errors import PinNotPossible
from agents.core.locks import lock_caller_pin_count, lock_phone_pin
from agents.identity import caller_digest, pin_policy
from agents.models import CallerPinCount, Identity, PhonePin, PinLink
from agents.models.pin import MOST_FAILURES
from easymo import keys
from easymo.observability.logs import get_logger
from easymo.sentences import translatable
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from agents.core.secret_digits import SecretDigits

logger = get_logger(__name__)

PURPOSE = "phone-pin"
FIRST_LOCK = timedelta(minutes=15)
# The lock of 32 hours is not doubled again.
MOST_DOUBLINGS = 7
# One hash takes about 30 ms and 19 MB. The HMAC below it is what stops guessing with a
# copy of the database: there are only a million PINs.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(2)
# Of no PIN: a caller without one waits as long as for a wrong one.
_NO_PIN = (
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

type Counter = PhonePin | CallerPinCount


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class PinCheck:
    verdict: Verdict
    # How many more may be tried before the lock.
    tries_left: int = 0
    # How long the lock lasts from now, rounded up.
    minutes: int = 0


def set_pin(*, profile: Profile, pin: SecretDigits, by: str) -> PhonePin:
    """Set the PIN, end the locks and replace the link that is open.

    Raises PinRefused for a PIN that is easy to guess, and PinNotPossible.
    """
    pin_policy.check(pin, msisdn=profile.msisdn)
    if not profile.is_active or profile.erased_at is not None:
        raise PinNotPossible(
            translatable("This person is not active. Nothing was changed.")
        )
    key_id = keys.writing_key_id()
    with _AT_ONCE:
        hashed = _HASHER.hash(pin.mac(PURPOSE, str(profile.public_id), key_id=key_id))
    with transaction.atomic():
        Profile.objects.select_for_update(no_key=True).get(pk=profile.pk)
        # Not deleted: an entry at the same moment waits for this row and reads it.
        CallerPinCount.objects.filter(caller_hmac__in=_callers_of(profile)).update(
            failures=0, locks=0, locked_until=None, changed_at=timezone.now()
        )
        stored, _ = PhonePin.objects.update_or_create(
            profile=profile,
            defaults={
                "hash": hashed,
                "key_id": key_id,
                "length": len(pin),
                "set_at": timezone.now(),
                "set_by": by[:150],
                "failures": 0,
                "locks": 0,
                "locked_until": None,
            },
        )
        replace_link(profile)
    logger.info("ai.identity.pin.set", profile_id=profile.pk)
    return stored


def clear_pin(*, profile: Profile) -> bool:
    """Delete the PIN; return whether there was one."""
    with transaction.atomic():
        replace_link(profile)
        deleted, _ = PhonePin.objects.filter(profile=profile).delete()
    logger.info("ai.identity.pin.cleared", profile_id=profile.pk)
    return bool(deleted)


def replace_link(profile: Profile) -> None:
    """Make the open link of the person invalid, if there is one."""
    PinLink.objects.filter(profile=profile, used_at=None, replaced_at=None).update(
        replaced_at=timezone.now()
    )


def length_of(profile: Profile | None) -> int:
    """Return how many digits complete an entry; the most without a PIN."""
    if profile is None:
        return pin_policy.MOST
    lengths = PhonePin.objects.filter(profile=profile).values_list("length", flat=True)
    return lengths.first() or pin_policy.MOST


def check_pin(
    *, profile: Profile | None, caller: bytes | None, entered: SecretDigits
) -> PinCheck:
    """Check an entry for the person whose number is calling, and count it.

    `caller` is the digest of the calling number; None when it is withheld.
    A number without a person or without a PIN gets the same answers as a wrong PIN.
    Call it inside `atomic`, with the rows that it verifies.
    """
    now = timezone.now()
    count = _lock_caller(caller, now)
    pin = lock_phone_pin(profile) if profile is not None else None
    counters: list[Counter] = [count] if pin is None else [count, pin]
    if locked := _locked(counters, now):
        return locked
    if _is_right(pin, entered):
        for counter in counters:
            _write(counter, now, failures=0, locks=0, locked_until=None)
        return PinCheck(Verdict.RIGHT)
    for counter in counters:
        _count_failure(counter, now)
    logger.info("ai.identity.pin.wrong", profile_id=profile.pk if profile else None)
    left = min(MOST_FAILURES - counter.failures for counter in counters)
    return _locked(counters, now) or PinCheck(Verdict.WRONG, left)


def _is_right(pin: PhonePin | None, entered: SecretDigits) -> bool:
    key_id = keys.writing_key_id()
    hashed, context = _NO_PIN, ""
    if pin is not None and keys.holds(pin.key_id):
        hashed, key_id = pin.hash, pin.key_id
        context = str(pin.profile.public_id)
    mac = entered.mac(PURPOSE, context, key_id=key_id)
    try:
        with _AT_ONCE:
            return _HASHER.verify(hashed, mac)
    except argon2.exceptions.VerifyMismatchError:
        return False


def _locked(counters: Iterable[Counter], now: datetime) -> PinCheck | None:
    ends = [counter.locked_until for counter in counters if counter.locked_until]
    seconds = max((end - now).total_seconds() for end in ends) if ends else 0
    if seconds <= 0:
        return None
    return PinCheck(Verdict.LOCKED, minutes=int(-(-seconds // 60)))


def _count_failure(counter: Counter, now: datetime) -> None:
    if counter.failures + 1 < MOST_FAILURES:
        _write(counter, now, failures=counter.failures + 1)
        return
    lasts = FIRST_LOCK * 2 ** min(counter.locks, MOST_DOUBLINGS)
    locks = min(counter.locks + 1, 30_000)
    _write(counter, now, failures=0, locks=locks, locked_until=now + lasts)
    logger.warning("ai.identity.pin.locked", locks=locks, kind=type(counter).__name__)


def _write(counter: Counter, now: datetime, **values: object) -> None:
    if isinstance(counter, CallerPinCount):
        values["changed_at"] = now
    for name, value in values.items():
        setattr(counter, name, value)
    counter.save(update_fields=list(values))


def _lock_caller(caller: bytes | None, now: datetime) -> CallerPinCount:
    digest = caller or caller_digest.digest_of_withheld()
    row = CallerPinCount(caller_hmac=digest, changed_at=now)
    # Of two first entries at the same time the second waits here for the first.
    CallerPinCount.objects.bulk_create([row], ignore_conflicts=True)
    return lock_caller_pin_count(digest)


def _callers_of(profile: Profile) -> list[bytes]:
    """Return the digests of the person's own numbers."""
    rows = Identity.objects.filter(
        profile=profile, kind=Identity.Kind.WA_ID, superseded_at=None
    )
    numbers = set(rows.values_list("value", flat=True))
    if profile.msisdn:
        numbers.add(profile.msisdn)
    return [digest for number in numbers for digest in caller_digest.digests_of(number)]
