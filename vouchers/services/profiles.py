from __future__ import annotations

import re
from copy import copy
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from easymo.sentences import translatable
from vouchers import msisdn as numbers
from vouchers.errors import InvalidProfile, UnknownStation
from vouchers.models import Profile, Station
from vouchers.services.roles import Giver, give_role, take_role_back

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e]")
MAX_NAME = 120
# What a violated constraint of the table means.
_SENTENCES: dict[str | None, str] = {
    "profile_station_staff_has_station": translatable("Station staff need a station."),
    "profiles_msisdn_key": translatable("Another person has this number."),
}
# What customers are told about a station besides its name.
PLACE_LENGTHS = {"town": 60, "address": 120, "opening": 80}
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
    is_new: bool = False,
    is_user_cleared: bool = False,
    giver: Giver | None = None,
) -> Profile:
    """Create a person, or change the given fields of the one with this number.

    Without number and profile it creates a person who has only a channel's own id.
    With ``is_new`` it changes no one: a known number is refused. A role above customer
    waits for a second person when it is given in the back office.
    Raises InvalidMsisdn, InvalidProfile, UnknownStation, and then changes nothing.
    """
    given: dict[str, Any] = {
        "name": None if name is None else clean_name(name),
        "station": find_station(station) if isinstance(station, str) else station,
        "language": language,
        "is_sandbox": is_sandbox,
        "is_active": is_active,
        "user": user,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    if is_user_cleared:
        changes["user"] = None
    _refuse_unknown_choices(role, language)
    try:
        with transaction.atomic():
            if is_new and msisdn is not None:
                _refuse_known(msisdn)
            stored, was = _store(profile, msisdn, role, changes)
            wanted = role or stored.role
            place = given["station"] or stored.station
            by = giver or Giver()
            if was is not None:
                take_role_back(stored, was=was, giver=by)
            give_role(stored, role=wanted, station=place, giver=by)
            return stored
    except IntegrityError as error:
        raise _profile_error(error) from error


def lookup(*, msisdn: str) -> Profile | None:
    """Return the active person with this number. Raises InvalidMsisdn."""
    number = numbers.parse(msisdn)
    return Profile.objects.filter(msisdn=number, is_active=True).first()


def add_station(*, code: str, name: str, is_new: bool = False, **place: str) -> Station:
    """Create a station, or change the one with this code; not with ``is_new``.

    ``place`` is its town, address and opening hours, as customers read them.
    """
    spelled = code.strip().upper()
    if not _STATION_CODE.fullmatch(spelled):
        raise InvalidProfile(
            translatable("A station's code is letters, digits, dashes and underscores.")
        )
    title = _station_name(name, spelled)
    facts = {"name": title, **_cleaned(place)}
    if not is_new:
        return Station.objects.update_or_create(code=spelled, defaults=facts)[0]
    station, created = Station.objects.get_or_create(code=spelled, defaults=facts)
    if not created:
        raise InvalidProfile(
            translatable(
                "There is already a station {code}: {name}. Open it to change it.",
                code=spelled,
                name=station.name,
            )
        )
    return station


def change_station(
    *, station: Station, name: str, is_active: bool, **place: str
) -> Station:
    """Rename a station, change its place, close it or open it again. Its code stays."""
    station.name = _station_name(name, station.code)
    station.is_active = is_active
    cleaned = _cleaned(place)
    for field, value in cleaned.items():
        setattr(station, field, value)
    station.save(update_fields=["name", "is_active", *cleaned])
    return station


def _cleaned(place: dict[str, str]) -> dict[str, str]:
    """Return town, address and opening hours without control characters."""
    return {
        field: clean_name(written)[: PLACE_LENGTHS[field]]
        for field, written in place.items()
    }


def _station_name(name: str, code: str) -> str:
    title = clean_name(name)
    if not title:
        raise InvalidProfile(translatable("A station needs a name."))
    # People write a code or a name: each must stand for one station.
    others = Station.objects.exclude(code=code)
    taken = {
        title: others.filter(Q(name=title) | Q(code=title.upper())),
        code: others.filter(name__iexact=code),
    }
    for called, stations in taken.items():
        if stations.exists():
            raise InvalidProfile(
                translatable("Another station is called {name}.", name=called)
            )
    return title


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
    """Return the name without control characters, cut to the stored length."""
    return " ".join(_CONTROL.sub(" ", name).split())[:MAX_NAME]


def _refuse_known(msisdn: str) -> None:
    known = Profile.objects.filter(msisdn=numbers.parse(msisdn)).first()
    if known is not None:
        raise InvalidProfile(
            translatable(
                "There is already a person with this number: {known}. Open that person to change them.",
                known=known,
            )
        )


def _store(
    profile: Profile | None,
    msisdn: str | None,
    role: str | None,
    changes: dict[str, Any],
) -> tuple[Profile, Profile | None]:
    """Store all fields but the role; create a person as a customer.

    Return the person, and as they were before.
    """
    number = None if msisdn is None else numbers.parse(msisdn)
    if profile is None and number is not None:
        profile = Profile.objects.select_for_update().filter(msisdn=number).first()
    if profile is None:
        return Profile.objects.create(msisdn=number, **changes), None
    profile = Profile.objects.select_for_update().get(pk=profile.pk)
    if profile.erased_at is not None:
        raise InvalidProfile(
            translatable("This person was erased: nothing can be changed.")
        )
    if Profile.Role.STATION in {profile.role, role}:
        # The station of station staff changes with their role.
        changes = {field: changes[field] for field in changes if field != "station"}
    if number is not None:
        changes = {**changes, "msisdn": number}
    was = copy(profile)
    for field, value in changes.items():
        setattr(profile, field, value)
    if changes:
        profile.save(update_fields=list(changes))
    return profile, was


def _refuse_unknown_choices(role: str | None, language: str | None) -> None:
    if role is not None and role not in Profile.Role.values:
        raise InvalidProfile(
            translatable(
                "A role is one of {roles}.", roles=", ".join(Profile.Role.values)
            )
        )
    if language and language not in Profile.Language.values:
        known = ", ".join(Profile.Language.values)
        raise InvalidProfile(translatable("A language is one of {known}.", known=known))


def _profile_error(error: IntegrityError) -> Exception:
    """Return the refusal for a violated constraint, or the error when it has none."""
    diagnostics = getattr(error.__cause__, "diag", None)
    sentence = _SENTENCES.get(getattr(diagnostics, "constraint_name", None))
    return InvalidProfile(sentence) if sentence else error
