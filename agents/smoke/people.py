"""The sandbox people of the smoke tests and probes, created on first use.

Their public ids carry the probes' mark, so they are served whenever a feature is on.
The staff have no number; the customers' numbers are next to the guide's. No other
person is used, so that no voucher of a test stays with a person of the demonstration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from agents.identity import sandbox
from agents.smoke.deployment import SmokeFailure
from rollout.core.probes import is_probe, new_subject
from vouchers.limits import cap
from vouchers.models import Profile, Voucher
from vouchers.services.roles import Giver, give_role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchers.money import Money

NUMBERS = tuple(f"+25078800009{digit}" for digit in range(10))
STAFF = 6
# The author of the roles of the smoke tests' staff.
SMOKE = "smoke tests"
# "Ikizamini" is a test.
CUSTOMER = "Solange Ikizamini"


def staff_member(kind: str) -> Profile:
    """Return the staff member who has been silent for the longest time."""
    people = [_staff_member(f"{kind} {number}") for number in range(1, STAFF + 1)]
    spoke = dict(
        Profile.objects.filter(pk__in=[one.pk for one in people])
        .annotate(spoke_at=Max("conversations__last_inbound_at"))
        .values_list("pk", "spoke_at")
    )
    return min(people, key=lambda one: (spoke[one.pk] is not None, spoke[one.pk] or 0))


def customer(amount: Money | None = None) -> Profile:
    """Return a sandbox customer who may still be issued this much today."""
    own = [person for person in map(_customer, NUMBERS) if _fits(person)]
    if not own:
        raise SmokeFailure(
            f"The numbers of the smoke tests, {NUMBERS[0][:-1]}…, belong to other people.",
            "EASYMO_KEYS here and at the deployment must be the same.",
        )
    for person in own:
        if amount is None or _has_room(person, amount):
            return person
    raise SmokeFailure(
        "Every sandbox customer has been issued as much today as the limit allows.",
        "Run the smoke tests again tomorrow, or raise VOUCHER_CUSTOMER_DAILY.",
    )


def _fits(person: Profile) -> bool:
    return (
        person.is_sandbox
        and person.is_active
        and person.role == Profile.Role.CUSTOMER
        and bool(person.name)
        # Made under keys that are gone, it would not be known as a probe.
        and is_probe(str(person.public_id))
    )


def _has_room(person: Profile, amount: Money) -> bool:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today: int | None = Voucher.objects.filter(
        owner=person, currency=amount.currency, created_at__gte=midnight
    ).aggregate(total=Sum("amount_minor"))["total"]
    return (today or 0) + amount.minor <= cap("customer_daily", amount.currency)


def _staff_member(name: str) -> Profile:
    full = f"Smoke test staff, {name}"
    known: Iterable[Profile] = Profile.objects.filter(
        is_sandbox=True, is_active=True, name=full, role=Profile.Role.STAFF
    )
    for person in known:
        # Made under keys that are gone, it would not be known as a probe.
        if is_probe(str(person.public_id)):
            return person
    with transaction.atomic():
        person, _ = Profile.objects.get_or_create(
            public_id=new_subject(f"staff/{full}".encode()),
            defaults={
                "name": full,
                "language": Profile.Language.ENGLISH,
                "is_sandbox": True,
            },
        )
        give_role(
            person,
            role=Profile.Role.STAFF,
            station=None,
            giver=Giver(SMOKE, source=SMOKE),
        )
        sandbox.bind(person)
    return person


def _customer(number: str) -> Profile:
    """Return the person with the number; create it when there is none."""
    return Profile.objects.get_or_create(
        msisdn=number,
        defaults={
            "public_id": new_subject(f"customer/{number}".encode()),
            "name": CUSTOMER,
            "language": Profile.Language.ENGLISH,
            "is_sandbox": True,
        },
    )[0]
