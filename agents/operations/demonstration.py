"""Create the people, stations and vouchers of the demonstration, once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import timezone

from agents.core.secret_digits import SecretDigits
from agents.identity import pin, sandbox
from agents.models import Conversation
from agents.notifications.unrequested import conversation_with
from easymo.backoffice import demo_logins
from rollout.core.features import Feature
from rollout.flags import cohorts, flags
from rollout.models import FlagChange
from vouchers.actors import Actor
from vouchers.models import Profile, Station
from vouchers.money import Money
from vouchers.services import profiles
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.roles import Giver
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REASON = "demo data"
BY = "demonstration"
LOGIN = "operator"
BETA = "beta"
# How long free text may be sent after a person's last message.
CONVERSATION_WINDOW = timedelta(hours=24)
STATIONS = {"KIMIRONKO": "Kimironko", "NYABUGOGO": "Nyabugogo"}


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person to play in the simulator."""

    msisdn: str
    name: str
    role: str = Profile.Role.CUSTOMER
    station: str | None = None
    language: str = "en"


# The guide's own number belongs to Grace.
GRACE = DemoPerson("+250788000000", "Grace Uwimana")
ALINE = DemoPerson("+250788000001", "Aline Mukamana", language="rw")
BOSCO = DemoPerson("+250788000002", "Bosco Habimana")
CLAUDINE = DemoPerson(
    "+250788000003", "Claudine Ingabire", Profile.Role.STATION, station="KIMIRONKO"
)
DIANE = DemoPerson("+250788000004", "Diane Umutoni", Profile.Role.STAFF)
EMILE = DemoPerson("+250788000005", "Emile Nkurunziza", Profile.Role.SUPPORT)
PEOPLE = (GRACE, ALINE, BOSCO, CLAUDINE, DIANE, EMILE)
# For the simulator's telephone, which shows them. Sandbox people only: a real call of
# such a number is not served.
PINS = {ALINE.msisdn: "482615", DIANE.msisdn: "739154"}


def seed() -> None:
    """Create what is missing; keep what users changed since."""
    with transaction.atomic():
        if FlagChange.objects.filter(reason=REASON).exists():
            return
        for code, name in STATIONS.items():
            if not Station.objects.filter(code=code).exists():
                profiles.add_station(code=code, name=name)
        people = {person.msisdn: _profile(person) for person in PEOPLE}
        cohorts.make_cohort(name=BETA, description="Beta members")
        cohorts.add_member(BETA, str(people[ALINE.msisdn].public_id), BY, reason=REASON)
        flags.set_features(
            dict.fromkeys(Feature, True),
            actor=BY,
            reason=REASON,
            source=FlagChange.Source.DEMO,
        )
        _vouchers(people)
        for msisdn, digits in PINS.items():
            if people[msisdn].is_sandbox:
                pin.set_pin(profile=people[msisdn], pin=SecretDigits(digits), by=BY)


def open_chats() -> None:
    """Let the sandbox people be written to, as if they had just written.

    Else the first receipt would say that the customer could not be reached.
    """
    closes_at = timezone.now() + CONVERSATION_WINDOW
    numbers = [person.msisdn for person in PEOPLE]
    for profile in Profile.objects.filter(msisdn__in=numbers, is_sandbox=True):
        chat = conversation_with(profile, may_create=True)
        if chat is not None and chat.is_synthetic:
            Conversation.objects.filter(pk=chat.pk).update(window_closes_at=closes_at)


def pin_of(profile: Profile) -> str:
    """Return the PIN that the demo data gave this sandbox person, if any."""
    return PINS.get(str(profile.msisdn), "") if profile.is_sandbox else ""


def open_login(password: str | None = None) -> tuple[User, str | None]:
    """Return the operator, and the password if it is new or was given."""
    user, is_new = get_user_model().objects.get_or_create(
        username=LOGIN, defaults={"is_staff": True}
    )
    if is_new:
        password = password or new_password()
    user.groups.add(*Group.objects.filter(name="operator"))
    if password is not None and not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user, password


def open_role_logins(passwords: dict[str, str]) -> dict[str, str]:
    """Create an account for each role; return all passwords, new ones included."""
    found = dict(passwords)
    for role in demo_logins.ROLES:
        password = found.setdefault(role.username, new_password())
        user, _ = get_user_model().objects.get_or_create(
            username=role.username, defaults={"is_staff": not role.is_station}
        )
        user.groups.add(*Group.objects.filter(name__in=role.groups))
        user.user_permissions.add(
            *Permission.objects.filter(codename__in=role.permissions)
        )
        if not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        if role.is_station:
            Profile.objects.filter(
                msisdn=CLAUDINE.msisdn, is_sandbox=True, user=None
            ).update(user=user)
    return found


def new_password() -> str:
    """Return a password that is easy to read and type."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join(
        "".join(secrets.choice(letters) for _ in range(4)) for _ in range(4)
    )


def _profile(person: DemoPerson) -> Profile:
    known = Profile.objects.filter(msisdn=person.msisdn).first()
    if known is not None:
        return known
    made = profiles.create_or_change_profile(
        msisdn=person.msisdn,
        name=person.name,
        role=person.role,
        station=person.station,
        language=person.language,
        is_sandbox=True,
        giver=Giver(BY, source=BY),
    )
    # Their first message needs no colleague who confirms the device.
    sandbox.bind(made)
    return made


def _vouchers(people: dict[str, Profile]) -> None:
    """Create a voucher in each state."""
    diane = Actor.of_profile(people[DIANE.msisdn], channel="whatsapp")
    claudine = people[CLAUDINE.msisdn]
    for number, (person, francs) in enumerate(
        ((ALINE, 10_000), (ALINE, 5_000), (BOSCO, 8_000), (BOSCO, 3_000))
    ):
        issued = issue_voucher(
            customer=people[person.msisdn],
            amount=Money(francs, "RWF"),
            actor=diane,
            key=f"demo:issue:{number}",
        )
        if number == 1 and issued.code is not None and claudine.station is not None:
            redeem_voucher(
                code=issued.code,
                station=claudine.station,
                actor=Actor.of_profile(claudine, channel="whatsapp"),
                key="demo:redeem",
            )
        if number == 3:
            void_voucher(
                voucher_id=issued.voucher.public_id,
                reason="Issued to the wrong person",
                actor=diane,
                key="demo:void",
            )
    issue_voucher(
        customer=people[BOSCO.msisdn],
        amount=Money(30_000, "RWF"),
        actor=diane,
        key="demo:pending",
    )
