"""The PIN of a person: hashed, hard to guess, and locked after three wrong ones."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from agents.core.errors import PinNotPossible, PinRefused
from agents.core.secret_digits import HIDDEN, SecretDigits
from agents.identity import caller_digest, pin, pin_policy
from agents.identity.pin import Verdict
from agents.models import CallerPinCount, Identity, PhonePin
from tests.canaries import ALINE, BOSCO
from tests.vouchers.racing import race
from vouchers.models import ChangeRecord, Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper
    from time_machine import TimeMachineFixture

CALLER = caller_digest.digest_of(ALINE.msisdn)
OTHER_CALLER = b"o" * 32
RIGHT, WRONG = ALINE.pin, "295173"


@pytest.fixture
def aline(db: None) -> Profile:
    return Profile.objects.create(name=ALINE.name, msisdn=ALINE.msisdn)


@pytest.fixture
def with_pin(aline: Profile) -> Profile:
    pin.set_pin(profile=aline, pin=SecretDigits(RIGHT), by="tests")
    return aline


def enter(
    profile: Profile | None, digits: str, caller: bytes | None = CALLER
) -> pin.PinCheck:
    with transaction.atomic():
        return pin.check_pin(
            profile=profile, caller=caller, entered=SecretDigits(digits)
        )


REFUSED = {
    "shape": [
        "",
        "1",
        "123",
        "1234567",
        "12a4",
        "12 34",
        "١٢٣٤",
        "1234\n",
        "-135",
        "4.25",
    ],
    "repeated": ["0000", "9999", "55555", "777777", "1212", "3838", "121212", "123123"],
    "sequence": ["1234", "0123", "12345", "123456", "7890", "4321", "9876", "987654"],
    "year": ["1950", "1990", "2006", "2026"],
    "own_number": ["3456", "23456", "123456"[1:]],
}


@pytest.mark.parametrize(
    ("rule", "digits"),
    [(rule, each) for rule, all_ in REFUSED.items() for each in all_],
)
def test_set_pin__easy_to_guess__is_refused_in_a_sentence_and_nothing_is_set(
    aline: Profile, rule: str, digits: str
) -> None:
    aline.msisdn = "+250788129346" if rule == "sequence" else aline.msisdn

    with pytest.raises(PinRefused) as refused:
        pin.set_pin(profile=aline, pin=SecretDigits(digits), by="tests")

    assert refused.value.rule in {rule, "sequence"}
    assert str(refused.value).endswith("Nothing was changed.")
    assert not digits.strip() or digits.strip() not in EXPLAINED.get(rule, "").split()
    assert not PhonePin.objects.exists()


EXPLAINED = {"own_number": str(PinRefused("own_number"))}


@pytest.mark.parametrize("digits", ["7391", "73915", "739154", "0907", "2580", "1357"])
def test_set_pin__four_to_six_digits__is_stored_as_a_hash_only(
    aline: Profile, digits: str
) -> None:
    pin.set_pin(profile=aline, pin=SecretDigits(digits), by="tests")

    row = PhonePin.objects.get()
    assert row.length == len(digits)
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash FROM agents_phonepin")
        ((stored,),) = cursor.fetchall()
    assert stored.startswith("$argon2id$")
    assert enter(aline, digits).verdict == Verdict.RIGHT


def test_set_pin__same_pin_of_two_people__has_two_hashes(aline: Profile) -> None:
    bosco = Profile.objects.create(name="Bosco", msisdn=BOSCO.msisdn)

    hashes = {
        pin.set_pin(profile=person, pin=SecretDigits("7391"), by="tests").hash
        for person in (aline, bosco)
    }

    assert len(hashes) == 2
    # A copy of another person's hash does not open this one's.
    PhonePin.objects.filter(profile=bosco).update(
        hash=PhonePin.objects.get(profile=aline).hash
    )
    assert enter(bosco, "7391", OTHER_CALLER).verdict == Verdict.WRONG


@pytest.mark.parametrize("fields", [{"is_active": False}])
def test_set_pin__inactive_person__is_refused(
    aline: Profile, fields: dict[str, Any]
) -> None:
    Profile.objects.filter(pk=aline.pk).update(**fields)
    aline.refresh_from_db()

    with pytest.raises(PinNotPossible):
        pin.set_pin(profile=aline, pin=SecretDigits(RIGHT), by="tests")

    assert not PhonePin.objects.exists()


def test_check_pin__right_one__resets_both_counters(with_pin: Profile) -> None:
    enter(with_pin, WRONG)
    enter(with_pin, WRONG)

    assert enter(with_pin, RIGHT).verdict == Verdict.RIGHT

    assert PhonePin.objects.get().failures == 0
    assert CallerPinCount.objects.get().failures == 0


def test_check_pin__three_wrong__locks_for_15_minutes_and_doubles(
    with_pin: Profile, time_machine: TimeMachineFixture
) -> None:
    at = timezone.now()
    for minutes in (15, 30, 60, 120, 240, 480, 960, 1920, 1920):
        time_machine.move_to(at, tick=False)
        found = [enter(with_pin, WRONG) for _ in range(4)]
        verdicts = [each.verdict for each in found]
        assert verdicts == [Verdict.WRONG, Verdict.WRONG, *[Verdict.LOCKED] * 2]
        assert [each.tries_left for each in found[:2]] == [2, 1]
        assert [each.minutes for each in found[2:]] == [minutes, minutes]
        # The right PIN does not open a lock, up to its last second.
        time_machine.move_to(at + timedelta(minutes=minutes, seconds=-1), tick=False)
        assert enter(with_pin, RIGHT).verdict == Verdict.LOCKED
        at += timedelta(minutes=minutes)
    time_machine.move_to(at, tick=False)
    assert enter(with_pin, RIGHT).verdict == Verdict.RIGHT


def test_check_pin__after_a_right_one__the_next_lock_is_the_first_again(
    with_pin: Profile, time_machine: TimeMachineFixture
) -> None:
    at = timezone.now()
    time_machine.move_to(at, tick=False)
    [enter(with_pin, WRONG) for _ in range(3)]
    time_machine.move_to(at + timedelta(minutes=15), tick=False)
    enter(with_pin, RIGHT)

    assert [enter(with_pin, WRONG) for _ in range(3)][-1].minutes == 15


def test_check_pin__one_caller_for_two_people__locks_the_caller(
    with_pin: Profile,
) -> None:
    bosco = Profile.objects.create(name="Bosco", msisdn=BOSCO.msisdn)
    pin.set_pin(profile=bosco, pin=SecretDigits(BOSCO.pin), by="tests")

    enter(with_pin, WRONG)
    enter(bosco, WRONG)
    third = enter(with_pin, WRONG)

    assert third.verdict == Verdict.LOCKED
    # Each person has fewer than three wrong ones, and is open from elsewhere.
    assert enter(bosco, BOSCO.pin, OTHER_CALLER).verdict == Verdict.RIGHT


def test_check_pin__many_callers_for_one_person__locks_the_person(
    with_pin: Profile,
) -> None:
    for number in range(3):
        enter(with_pin, WRONG, bytes([number]) * 32)

    assert enter(with_pin, RIGHT, OTHER_CALLER).verdict == Verdict.LOCKED


@pytest.mark.parametrize("caller", [CALLER, None])
@pytest.mark.parametrize("is_known", [True, False])
def test_check_pin__nobody_or_no_pin__answers_as_for_a_wrong_one(
    aline: Profile, is_known: bool, caller: bytes | None
) -> None:
    person = aline if is_known else None

    found = [enter(person, RIGHT, caller) for _ in range(4)]

    assert [(each.verdict, each.tries_left) for each in found] == [
        (Verdict.WRONG, 2),
        (Verdict.WRONG, 1),
        (Verdict.LOCKED, 0),
        (Verdict.LOCKED, 0),
    ]
    assert pin.length_of(person) == pin_policy.MOST


@pytest.mark.parametrize("number", ["msisdn", "identity"])
def test_set_pin__locked_person__may_call_again_at_once(
    with_pin: Profile, number: str
) -> None:
    caller = CALLER
    if number == "identity":
        Identity.objects.create(
            kind=Identity.Kind.WA_ID, value="+250788999000", profile=with_pin
        )
        caller = caller_digest.digest_of("+250788999000")
    for _ in range(3):
        enter(with_pin, WRONG, caller)
    assert enter(with_pin, "2580", caller) == pin.PinCheck(Verdict.LOCKED, minutes=15)

    pin.set_pin(profile=with_pin, pin=SecretDigits("2580"), by="tests")

    assert enter(with_pin, "2580", caller).verdict == Verdict.RIGHT


def test_clear_pin__afterwards__no_pin_is_right(with_pin: Profile) -> None:
    assert pin.clear_pin(profile=with_pin) is True
    assert pin.clear_pin(profile=with_pin) is False
    assert enter(with_pin, RIGHT).verdict == Verdict.WRONG


def test_check_pin__key_was_taken_away__is_wrong_and_no_error(
    with_pin: Profile, settings: SettingsWrapper
) -> None:
    settings.EASYMO_KEYS = {"new": b"n" * 32}

    assert enter(with_pin, RIGHT).verdict == Verdict.WRONG


def test_check_pin__keys_were_rotated__the_pin_stays_right(
    with_pin: Profile, settings: SettingsWrapper
) -> None:
    settings.EASYMO_KEYS = {"new": b"n" * 32, **settings.EASYMO_KEYS}

    assert enter(with_pin, RIGHT).verdict == Verdict.RIGHT


# Wrong states that the database refuses, also from hand-written SQL.
WRONG_ROWS: dict[str, dict[str, Any]] = {
    "phone_pin_failures_below_the_limit": {"failures": 3},
    "phone_pin_locked_until_matches_locks": {"locks": 1},
    "phone_pin_is_hashed": {"hash": "7391"},
    "phone_pin_has_4_to_6_digits": {"length": 3},
    "phone_pin_set_by_somebody": {"set_by": ""},
}


@pytest.mark.parametrize("constraint", WRONG_ROWS)
def test_phone_pin__wrong_state__is_refused_by_the_database(
    with_pin: Profile, constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PhonePin.objects.update(**WRONG_ROWS[constraint])


def test_phone_pin__each_change__is_recorded_without_the_hash(
    with_pin: Profile,
) -> None:
    [enter(with_pin, WRONG) for _ in range(3)]
    pin.clear_pin(profile=with_pin)

    rows = ChangeRecord.objects.filter(table_name="agents_phonepin").order_by("id")
    assert [row.kind for row in rows] == ["insert", "update", "delete"]
    assert {row.row_id for row in rows} == {str(with_pin.pk)}
    assert "argon2" not in str([(row.before, row.after) for row in rows])


def test_secret_digits__every_text_form__hides_them() -> None:
    digits = SecretDigits("7391")

    assert {repr(digits), str(digits), f"{digits}", f"{[digits]}"[1:-1]} == {HIDDEN}
    with pytest.raises(TypeError):
        digits.__reduce_ex__(2)


# Races: real threads and commits.


@pytest.fixture
def committed(committed_db: str) -> Profile:
    person = Profile.objects.create(name=ALINE.name, msisdn=ALINE.msisdn)
    pin.set_pin(profile=person, pin=SecretDigits(RIGHT), by="tests")
    return person


def _count_hashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how many entries are really compared with the hash."""
    compared: list[int] = []
    is_right = pin._is_right

    def counted(*args: Any) -> bool:
        compared.append(1)
        return is_right(*args)

    monkeypatch.setattr(pin, "_is_right", counted)
    return compared


@pytest.mark.parametrize("callers_used", ["one", "many"])
def test_check_pin__ten_wrong_at_once__three_are_compared(
    committed: Profile, monkeypatch: pytest.MonkeyPatch, callers_used: str
) -> None:
    compared = _count_hashes(monkeypatch)

    found = race(
        *[
            lambda n=n: enter(
                committed, WRONG, CALLER if callers_used == "one" else bytes([n]) * 32
            )
            for n in range(10)
        ]
    )

    assert len(compared) == 3
    assert [each.verdict for each in found].count(Verdict.WRONG) == 2
    assert PhonePin.objects.get().locks == 1


def test_check_pin__without_the_locks__the_control_compares_more(
    committed: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(digest: bytes) -> CallerPinCount:
        return CallerPinCount.objects.get(caller_hmac=digest)

    monkeypatch.setattr(pin, "lock_caller_pin_count", unlocked)
    monkeypatch.setattr(
        pin, "lock_phone_pin", lambda person: PhonePin.objects.get(profile=person)
    )
    # The row of the caller exists: its insert would make them wait too.
    enter(committed, RIGHT)
    compared = _count_hashes(monkeypatch)

    race(*[lambda: enter(committed, WRONG)] * 10)

    assert len(compared) > 3


def test_set_pin__while_wrong_ones_come_in__never_deadlocks(committed: Profile) -> None:
    def set_again() -> str:
        pin.set_pin(profile=committed, pin=SecretDigits("2580"), by="tests")
        return "set"

    jobs: list[Callable[[], object]] = [set_again, lambda: enter(committed, WRONG)] * 6
    found = race(*jobs)

    assert PhonePin.objects.count() == 1
    assert "set" in found
    assert not [each for each in found if isinstance(each, Exception)]
