from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.vouchers.conftest import acting, rwf
from vouchers.actors import Actor
from vouchers.codes import MistypedCode, parse_code
from vouchers.errors import LimitExceeded, Locked
from vouchers.models import GuessCounter, Profile
from vouchers.services import guesses
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

    from vouchers.models import Station

pytestmark = pytest.mark.django_db


def fail(actor: Actor, times: int = 10) -> None:
    for _ in range(times):
        guesses.count_failure(actor=actor)


def let_pass(time: timedelta) -> None:
    for counter in GuessCounter.objects.all():
        for field in ("window_started_at", "locked_until", "last_failed_at"):
            if (at := getattr(counter, field)) is not None:
                setattr(counter, field, at - time)
        counter.save()


def locked_for(actor: Actor) -> int:
    try:
        guesses.check(actor=actor)
    except Locked as error:
        return error.retry_after
    return 0


def test_check__ten_failures__locks(aline: Profile) -> None:
    fail(acting(aline), 9)
    assert locked_for(acting(aline)) == 0
    fail(acting(aline), 1)
    assert 3500 < locked_for(acting(aline)) <= 3600


def test_check__repeated_locks__double_up_to_a_day(aline: Profile) -> None:
    hours = []
    for _ in range(7):
        fail(acting(aline))
        hours.append(-(-locked_for(acting(aline)) // 3600))
        let_pass(timedelta(hours=hours[-1], seconds=1))
        assert locked_for(acting(aline)) == 0
    assert hours == [1, 2, 4, 8, 16, 24, 24]


def test_check__failures_counted_while_locked__do_not_lengthen_the_lock(
    aline: Profile,
) -> None:
    # Given
    fail(acting(aline))

    # When
    for _ in range(9):
        with pytest.raises(Locked):
            guesses.count_failure(actor=acting(aline))

    # Then
    levels = GuessCounter.objects.values_list("scope", "level")
    assert dict(levels)[f"profile:{aline.pk}"] == 1
    assert locked_for(acting(aline)) <= 3600


@pytest.mark.parametrize(("minutes", "is_locked"), [(50, True), (61, False)])
def test_check__tenth_failure_later__locks_within_an_hour_of_the_first(
    aline: Profile, minutes: int, is_locked: bool
) -> None:
    # Given
    fail(acting(aline), 9)
    let_pass(timedelta(minutes=minutes))

    # When
    fail(acting(aline), 1)

    # Then
    assert (locked_for(acting(aline)) > 0) is is_locked


def test_check__week_without_failures__resets_the_level(aline: Profile) -> None:
    for _ in range(2):
        fail(acting(aline))
        let_pass(timedelta(days=8))
    fail(acting(aline))
    assert locked_for(acting(aline)) <= 3600


def test_check__failures_over_hours__do_not_lock(aline: Profile) -> None:
    for _ in range(4):
        fail(acting(aline), 4)
        let_pass(timedelta(hours=1, seconds=1))
    assert locked_for(acting(aline)) == 0


def test_check__failures_of_station_staff__lock_their_station_only(
    claudine: Profile, kimironko: Station, nyabugogo: Station, diane: Profile
) -> None:
    # Given
    colleagues = [
        Profile.objects.create(role="station", station=kimironko) for _ in range(4)
    ]
    elsewhere = Profile.objects.create(role="station", station=nyabugogo)
    for each in colleagues[:3]:
        fail(acting(each), 9)
    assert locked_for(acting(claudine)) == 0
    fail(acting(colleagues[3]), 3)

    # Then
    assert locked_for(acting(claudine)) > 0
    assert locked_for(acting(elsewhere)) == 0
    assert locked_for(acting(diane)) == 0


def test_check__device_locked__locks_every_user_of_it(
    aline: Profile, bosco: Profile
) -> None:
    device = "pump-7"
    fail(Actor("profile", str(aline.pk), "api", device=device))
    assert locked_for(Actor("profile", str(bosco.pk), "api", device=device)) > 0
    assert locked_for(acting(bosco)) == 0


def test_check__user_linked_to_profile__is_one_person(
    diane: Profile, odette: User
) -> None:
    diane.user = odette
    diane.save(update_fields=["user"])
    fail(acting(diane))
    assert locked_for(Actor.of_user(odette)) > 0


def test_parse__mistyped_code__is_not_counted() -> None:
    with pytest.raises(MistypedCode):
        parse_code("0000000000000001")
    assert not GuessCounter.objects.exists()


def count_unknown(actor: Actor, times: int) -> None:
    for _ in range(times):
        guesses.check_unknown(actor=actor)
        guesses.count_unknown(actor=actor)


def test_check_unknown__twenty_unknown_in_an_hour__locked_for_an_hour(
    diane: Profile, bosco: Profile
) -> None:
    # Given
    count_unknown(acting(diane), 20)

    # Then
    with pytest.raises(Locked, match="Too many unknown numbers") as error:
        guesses.check_unknown(actor=acting(diane))
    assert 3500 < error.value.retry_after <= 3600
    guesses.check_unknown(actor=acting(bosco))

    # Then: no longer after a second time
    for _ in range(3):
        let_pass(timedelta(hours=1, seconds=1))
        count_unknown(acting(diane), 20)
        with pytest.raises(Locked) as error:
            guesses.check_unknown(actor=acting(diane))
        assert error.value.retry_after <= 3600


def test_check_unknown__codes_and_numbers__are_one_limit(diane: Profile) -> None:
    # Given
    fail(acting(diane), 9)
    count_unknown(acting(diane), 11)

    # Then: the code lock alone would come with the tenth wrong code
    with pytest.raises(Locked):
        guesses.check_unknown(actor=acting(diane))
    assert locked_for(acting(diane)) > 3500


def test_check_unknown__profile_and_account_of_one_person__are_one_limit(
    diane: Profile, odette: User
) -> None:
    # Given
    diane.user = odette
    diane.save()
    count_unknown(acting(diane), 10)
    count_unknown(Actor.of_user(odette), 10)

    # Then
    for actor in (acting(diane), Actor.of_user(odette)):
        with pytest.raises(Locked):
            guesses.check_unknown(actor=actor)


def test_limits__account_linked_to_another_person__stay_used_up(
    diane: Profile,
    bosco: Profile,
    aline: Profile,
    odette: User,
    settings: SettingsWrapper,
) -> None:
    # Given
    settings.VOUCHER_ISSUER_DAILY = 25_000
    diane.user = odette
    diane.save(update_fields=["user"])
    account = Actor.of_user(odette)
    fail(account)
    count_unknown(account, 10)

    def issue() -> None:
        key = f"k:{uuid4()}"
        issue_voucher(customer=aline, amount=rwf(10_000), actor=account, key=key)

    issue()
    issue()

    # When: the person of the account is another one
    diane.user = None
    diane.save(update_fields=["user"])
    bosco.user = odette
    bosco.save(update_fields=["user"])

    # Then
    with pytest.raises(Locked):
        guesses.check_unknown(actor=account)
    assert locked_for(account) > 0
    with pytest.raises(LimitExceeded):
        issue()


def test_check_unknown__two_tokens__have_a_limit_each() -> None:
    first, second = (Actor("token", f"{n}:caller", "api") for n in (1, 2))
    count_unknown(first, 20)

    with pytest.raises(Locked):
        guesses.check_unknown(actor=first)
    guesses.check_unknown(actor=second)
