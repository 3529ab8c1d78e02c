"""Find the person whose number is calling.

The number is a claim of the caller's network and proves nothing: it chooses a language
and whose PIN is asked for. Callers without a usable number share one profile, which has
neither vouchers nor a PIN, and which a colleague can block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from agents.identity.resolution import profile_by_number
from agents.models import Identity
from rollout.core.features import Feature
from rollout.flags.exposure import is_on_for_everyone
from vouchers.models import Profile
from vouchers.msisdn import InvalidMsisdn, parse

if TYPE_CHECKING:
    from collections.abc import Callable

WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class ResolvedCaller:
    """The person of a caller, or why the caller is not served."""

    profile: Profile | None
    # feature_disabled, sandbox
    refusal: str = ""


def number_of(caller: str) -> str:
    """Return the caller's number as E.164; "" when it is withheld or invalid."""
    try:
        return parse(caller)
    except InvalidMsisdn:
        return ""


def resolve_caller(number: str, *, is_synthetic: bool) -> ResolvedCaller:
    """Return the person of a number; create one when VOICE is on for everyone."""
    known = profile_by_number(number)
    if known is not None:
        if known.is_sandbox != is_synthetic:
            return ResolvedCaller(None, "sandbox")
        return ResolvedCaller(known)
    if is_synthetic:
        return ResolvedCaller(None, "sandbox")
    if not is_on_for_everyone(Feature.VOICE):
        return ResolvedCaller(None, "feature_disabled")
    created = _once(lambda: _create_customer(number)) if number else None
    return ResolvedCaller(created or profile_by_number(number) or withheld_profile())


def withheld_profile() -> Profile:
    """Return the profile of all callers without a usable number."""
    if found := _withheld():
        return found
    return _once(_create_withheld) or _withheld_or_fail()


def is_withheld(profile: Profile) -> bool:
    return Identity.objects.filter(
        profile=profile, kind=Identity.Kind.WITHHELD, superseded_at=None
    ).exists()


def _withheld() -> Profile | None:
    identity = (
        Identity.objects.filter(
            kind=Identity.Kind.WITHHELD, value=WITHHELD, superseded_at=None
        )
        .select_related("profile")
        .first()
    )
    return identity.profile if identity else None


def _withheld_or_fail() -> Profile:
    found = _withheld()
    assert found is not None
    return found


def _create_withheld() -> Profile:
    profile = Profile.objects.create(name="Withheld number")
    Identity.objects.create(
        profile=profile, kind=Identity.Kind.WITHHELD, value=WITHHELD
    )
    return profile


def _create_customer(number: str) -> Profile:
    """Create a customer; fails where the number was given up or belongs to a person."""
    profile = Profile.objects.create(msisdn=number)
    Identity.objects.create(profile=profile, kind=Identity.Kind.WA_ID, value=number)
    return profile


def _once(create: Callable[[], Profile]) -> Profile | None:
    """Create the person; None when another call created them, or the number is taken."""
    try:
        with transaction.atomic():
            return create()
    except IntegrityError:
        return None
