from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db import transaction

from vouchers import msisdn as numbers
from vouchers.errors import InvalidProfile, UnknownStation
from vouchers.models import Profile, Station

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e]")
MAX_NAME = 120
_STATION_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,31}")


def create_or_change_profile(
    *,
    msisdn: str | None = None,
    profile: Profile | None = None,
    name: str | None = None,
    role: str | None = None,
    station: Station | str | None = None,
    language: str | None = None,
    is_sandbox: bool | None = None,
    is_active: bool | None = None,
    user: User | None = None,
) -> Profile:
    """Store a person, or change what is given of the one with this number.

    Neither number nor profile: a new person known only by a channel's own id.
    Raises InvalidMsisdn, InvalidProfile, UnknownStation; nothing is then changed.
    """
    given: dict[str, Any] = {
        "name": None if name is None else clean_name(name),
        "role": role,
        "station": find_station(station) if isinstance(station, str) else station,
        "language": language,
        "is_sandbox": is_sandbox,
        "is_active": is_active,
        "user": user,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    with transaction.atomic():
        if profile is None and msisdn is not None:
            number = numbers.parse(msisdn)
            known, _ = Profile.objects.update_or_create(msisdn=number, defaults=changes)
        elif profile is None:
            known = Profile.objects.create(**changes)
        else:
            known = _changed(profile, msisdn, changes)
        _refuse_impossible(known)
    return known


def lookup(*, msisdn: str) -> Profile | None:
    """Return the active person with this number; raises InvalidMsisdn."""
    number = numbers.parse(msisdn)
    return Profile.objects.filter(msisdn=number, is_active=True).first()


def add_station(*, code: str, name: str) -> Station:
    """Store a station, or rename the one with this code."""
    spelled = code.strip().upper()
    if not spelled.isascii() or not _STATION_CODE.fullmatch(spelled):
        raise InvalidProfile(
            "A station's code is letters, digits, dashes and underscores."
        )
    title = clean_name(name)
    if not title:
        raise InvalidProfile("A station needs a name.")
    if Station.objects.filter(name=title).exclude(code=spelled).exists():
        raise InvalidProfile(f"Another station is called {title}.")
    station, _ = Station.objects.update_or_create(
        code=spelled, defaults={"name": title}
    )
    return station


def find_station(code_or_name: str) -> Station:
    """Return the active station with this code or exact name."""
    wanted = code_or_name.strip()
    if "\x00" not in wanted and wanted.isprintable():
        active = Station.objects.filter(is_active=True)
        for condition in ({"code": wanted.upper()}, {"name": wanted}):
            if found := active.filter(**condition).first():
                return found
    raise UnknownStation(wanted)


def clean_name(name: str) -> str:
    """Return the name without control characters, cut to what is stored."""
    return " ".join(_CONTROL.sub(" ", name).split())[:MAX_NAME]


def _changed(profile: Profile, msisdn: str | None, changes: dict[str, Any]) -> Profile:
    if msisdn is not None:
        changes = {**changes, "msisdn": numbers.parse(msisdn)}
    for field, value in changes.items():
        setattr(profile, field, value)
    if changes:
        profile.save(update_fields=list(changes))
    return profile


def _refuse_impossible(profile: Profile) -> None:
    if profile.role not in Profile.Role.values:
        raise InvalidProfile(f"A role is one of {', '.join(Profile.Role.values)}.")
    if profile.language and profile.language not in Profile.Language.values:
        raise InvalidProfile(
            f"A language is one of {', '.join(Profile.Language.values)}."
        )
    if profile.role == Profile.Role.STATION and profile.station_id is None:
        raise InvalidProfile("Station staff need a station.")
