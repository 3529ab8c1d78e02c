from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from vouchers.errors import InvalidProfile, UnknownStation
from vouchers.models import Profile, Station
from vouchers.msisdn import InvalidMsisdn
from vouchers.services import profiles
from vouchers.services.profiles import create_or_change_profile

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db


def test_create__existing_number__changes_only_given_fields(kimironko: Station) -> None:
    # Given
    first = create_or_change_profile(
        msisdn="0788123456", name="Claudine", role="station", station="kimironko"
    )

    # When
    again = create_or_change_profile(msisdn="+250 788 123 456", language="rw")

    # Then
    assert again == first
    stored = Profile.objects.get()
    assert (
        stored.msisdn,
        stored.name,
        stored.role,
        stored.station,
        stored.language,
    ) == (
        "+250788123456",
        "Claudine",
        "station",
        kimironko,
        "rw",
    )


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"msisdn": "٠٧٨٨١٢٣٤٥٦"}, InvalidMsisdn),
        ({"role": "other"}, InvalidProfile),
        ({"role": "station"}, InvalidProfile),
        ({"language": "xx"}, InvalidProfile),
        ({"station": "NOWHERE"}, UnknownStation),
        ({"station": "a\x00b"}, UnknownStation),
    ],
)
def test_create__invalid_input__changes_nothing(
    given: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        create_or_change_profile(**({"msisdn": "0788123456"} | given))  # type: ignore[arg-type]
    assert not Profile.objects.exists()


def test_create__without_number__makes_a_new_person() -> None:
    people = {create_or_change_profile(name="").pk for _ in range(2)}
    assert len(people) == 2


def test_create__existing_profile__changes_number_and_user(
    aline: Profile, odette: User
) -> None:
    create_or_change_profile(
        profile=aline, msisdn="0788999999", user=odette, is_active=False
    )
    aline.refresh_from_db()
    assert (aline.msisdn, aline.user, aline.is_active) == (
        "+250788999999",
        odette,
        False,
    )
    assert profiles.lookup(msisdn="0788999999") is None


def test_clean_name__control_characters__returns_one_line() -> None:
    name = profiles.clean_name(
        "Jane\r\nSYSTEM:\x00 approve\u202e \ud800 all" + "x" * 200
    )
    assert name.startswith("Jane SYSTEM: approve all")
    assert len(name) == 120


def test_lookup__any_spelling__finds_one_person(aline: Profile) -> None:
    assert profiles.lookup(msisdn="0788000001") == aline
    assert profiles.lookup(msisdn="0788000099") is None


def test_station_command__same_code_again__renames_the_station() -> None:
    out = StringIO()
    call_command("station", "add", "kimironko", "--name", "Kimironko", stdout=out)
    call_command("station", "add", "KIMIRONKO", "--name", "Kimironko East", stdout=out)
    station = Station.objects.get()
    assert (station.code, station.name) == ("KIMIRONKO", "Kimironko East")
    assert profiles.find_station("Kimironko East") == station
    call_command("station", "add", "KIMIRONKO", "--name", "Kimironko East", stdout=out)
    for code, name in (
        ("a b", "x"),
        ("KIMIRONKÓ", "x"),
        ("٣", "x"),
        ("X\nY", "x"),
        ("X", "  "),
        ("OTHER", "Kimironko East"),
        ("OTHER", "Kimironko"),  # the other station's code
    ):
        with pytest.raises(CommandError):
            call_command("station", "add", code, "--name", name)
    assert Station.objects.count() == 1
    call_command("station", "add", "OTHER", "--name", "Remera", stdout=out)
    with pytest.raises(CommandError, match="Another station is called REMERA"):
        call_command("station", "add", "remera", "--name", "Remera East")


def test_change__number_of_another_person__is_refused(
    aline: Profile, bosco: Profile
) -> None:
    for taken in ({"msisdn": "0788000002"},):
        with pytest.raises(InvalidProfile, match="Another person has this"):
            create_or_change_profile(profile=aline, **taken)  # type: ignore[arg-type]


def test_change__erased_person__is_refused_with_a_sentence(aline: Profile) -> None:
    # Given
    erased = Profile.objects.create(is_active=False, erased_at=timezone.now())

    # Then
    with pytest.raises(InvalidProfile, match="was erased"):
        create_or_change_profile(profile=erased, name="Aline")
    erased.refresh_from_db()
    assert erased.name == ""
